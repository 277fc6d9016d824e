# The service in an image: locked dependencies, an unprivileged user, nothing that needs a shell or a writable root.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/ requirements/
RUN python3 -m venv /build \
 && /build/bin/python -m pip install --quiet --require-hashes -r requirements/build.txt \
 && python3 -m venv /opt/actiscope \
 && /opt/actiscope/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/service.txt
COPY pyproject.toml README.md LICENSE ./
COPY service/ service/
RUN /build/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/actiscope/bin/python -m pip install --quiet --no-deps /wheels/actiscope-*.whl \
 && /opt/actiscope/bin/python -m pip uninstall --quiet --yes pip

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="Actiscope" \
      org.opencontainers.image.description="True values and derivatives of activation functions" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/actiscope /opt/actiscope
ENV PATH=/opt/actiscope/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /tmp
# Who may reach the port is decided where it is published; set keys, and every request needs one all the same.
ENV ACTISCOPE_ALLOW_NO_KEYS=true
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["actiscope", "serve", "--host", "0.0.0.0", "--port", "8000"]

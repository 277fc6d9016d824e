# The service in an image: locked dependencies, an unprivileged user, nothing that needs a shell or a writable root.
# A tag, so that a new build takes the mended system packages of its day; where builds must be alike, pin it by digest:
# docker build --build-arg BASE=python:3.13-slim-trixie@sha256:…
ARG BASE=python:3.13-slim-trixie

# The guide: pages only, so that what builds them stays out of the image.
FROM ${BASE} AS guide
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
COPY requirements/docs.txt requirements/
RUN python3 -m venv /docs && /docs/bin/python -m pip install --quiet --require-hashes -r requirements/docs.txt
COPY . .
RUN /docs/bin/python -m sphinx --quiet --fail-on-warning --keep-going --nitpicky --conf-dir docs --doctree-dir /doctrees . /guide

FROM ${BASE} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/ requirements/
# The environment of the service never holds an installer: pip works on it from outside.
RUN python3 -m venv /build \
 && /build/bin/python -m pip install --quiet --require-hashes -r requirements/build.txt \
 && python3 -m venv --without-pip /opt/actiscope \
 && /build/bin/python -m pip --python /opt/actiscope/bin/python install --quiet --no-compile --require-hashes \
      --only-binary :all: -r requirements/image.txt
COPY pyproject.toml README.md LICENSE ./
COPY service/ service/
COPY --from=guide /guide service/api/site/
COPY scripts/ scripts/
RUN /build/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /build/bin/python -m pip --python /opt/actiscope/bin/python install --quiet --no-compile --no-deps /wheels/actiscope-*.whl \
 && mkdir -p /opt/actiscope/share/actiscope \
 && /opt/actiscope/bin/python -m scripts.sbom > /opt/actiscope/share/actiscope/sbom.cdx.json \
 && /opt/actiscope/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/actiscope/lib

FROM ${BASE}
LABEL org.opencontainers.image.title="Actiscope" \
      org.opencontainers.image.description="True values and derivatives of activation functions" \
      org.opencontainers.image.licenses="MIT"
# On a read-only root nothing can be compiled later, and the base image comes without bytecode: starting takes half as long with it.
# Out go the base image's own pip, and the set-uid bits of its tools.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash -x '/(ensurepip|idlelib|site-packages|tkinter|turtledemo)/' \
      "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
 && rm -rf /usr/local/lib/python3.*/site-packages/* /usr/local/lib/python3.*/ensurepip /usr/local/bin/pip* \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY --from=build /opt/actiscope /opt/actiscope
# The working directory may be writable, so it is no place to import from.
ENV PATH=/opt/actiscope/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1
# There is no home, and matplotlib keeps its list of fonts somewhere.
ENV MPLCONFIGDIR=/tmp/matplotlib
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /tmp
# Who may reach the port is decided where it is published; set keys, and every request needs one all the same.
ENV ACTISCOPE_ALLOW_NO_KEYS=true
EXPOSE 8000
STOPSIGNAL SIGTERM
# Not by urllib, which would ask a proxy that the environment names.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000, timeout=2); c.request('GET', '/healthz'); exit(c.getresponse().status != 200)"]
CMD ["actiscope", "serve", "--host", "0.0.0.0", "--port", "8000"]

"""The service's server: uvicorn's, with our own protocol, and an end that counts as success."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess, multiprocess

from service.server.protocol import Protocol
from service.telemetry.sink import standard_error


def configuration(app: ASGIApp | Callable[[], ASGIApp] | str, **options: Any) -> uvicorn.Config:  # noqa: ANN401  uvicorn's
    """How uvicorn is to serve it; `options` are uvicorn's."""
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        server_header=False,
        proxy_headers=False,  # the application sees to it, if it trusts a proxy
        access_log=False,
        **options,
    )


class Server(uvicorn.Server):
    """Ends as told to, and then exits with 0, where uvicorn's ends itself by the signal that it has already obeyed."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Say that it ends, to those who ask whether it is ready, and end."""
        self.config.loaded_app.draining = True
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Obey SIGTERM and SIGINT meanwhile."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


class Worker(multiprocess.Process):
    """A process in which our own server runs, where uvicorn would have its own."""

    @property
    def server(self) -> uvicorn.Server:
        """The server, made in the process itself."""
        if self._server is None:
            self._server = Server(config=self.config)
        return self._server

    def target(self, sockets: list[socket] | None = None) -> None:
        """Serve until told to end; a process that multiprocessing has started does nothing else at its end."""
        super().target(sockets)
        standard_error().close()


class Supervisor(Multiprocess):
    """Refuses connections from the moment on at which it has its workers end, rather than let them wait for nobody."""

    def terminate_all(self) -> None:
        """Have all workers end."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


def run(config: uvicorn.Config) -> None:
    """Serve until told to end, in this process or in several."""
    if config.workers == 1:
        Server(config).run()
    else:
        multiprocess.Process = Worker  # type: ignore[misc]  # of which the supervisor makes each, by this name
        Supervisor(config, [config.bind_socket()]).run()

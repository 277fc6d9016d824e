"""The service's server: uvicorn's, with our own protocol, and an end that counts as success."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from service.server.protocol import Protocol


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

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Obey SIGTERM and SIGINT meanwhile."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


class Supervisor(Multiprocess):
    """Refuses connections from the moment on at which it has its workers end, rather than let them wait for nobody."""

    def terminate_all(self) -> None:
        """Have all workers end."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


def keep_standard_streams() -> None:
    """Open those that are closed to nowhere: else a connection might get their number, and what is logged."""
    while (free := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(free, True)
    os.close(free)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115  it is kept
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115  likewise


def run(config: uvicorn.Config) -> None:
    """Serve until told to end, in this process or in several."""
    if config.workers == 1:
        Server(config).run()
    else:
        Supervisor(config, [config.bind_socket()]).run()

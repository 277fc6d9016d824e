"""HTTP below the application: what cannot be parsed is answered as a problem, like every other failure."""

from uuid import uuid4

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.api.pipes import ABORT
from service.api.problems import problem

_NOWHERE: Scope = {"path": "/"}  # the path, if there is any, is not to be trusted


class Protocol(HttpToolsProtocol):
    """Uvicorn's protocol, which demands one Host and explains why it hangs up."""

    def on_headers_complete(self) -> None:
        """Refuse a request of HTTP/1.1 that does not name its host once (RFC 9112, section 3.2)."""
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise ValueError("one Host is required")  # the parser makes an error of its own of it
        self.scope["extensions"] = {ABORT: {"abort": self.transport.abort}}
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer the problem document and close the connection."""
        response = problem(_NOWHERE, "malformed_http", f"{msg} It is not HTTP/1.1 as RFC 9112 has it.")
        response.headers.update(
            {"X-Request-ID": uuid4().hex, "X-Content-Type-Options": "nosniff", "Connection": "close"}
        )
        lines = [b"HTTP/1.1 400 Bad Request"]
        lines += [name + b": " + value for name, value in [*self.server_state.default_headers, *response.raw_headers]]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.transport.close()

"""Work beside the event loop for a client that waits for it, and no longer than it waits."""

from asyncio import create_task
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request

from service.errors import Unwanted
from service.flow.stopping import while_wanted

Result = TypeVar("Result")


async def run_while_waited_for(request: Request, work: Callable[..., Result], *arguments: object) -> Result:
    """The result of the work, which stops soon after the client has hung up; then ClientDisconnect is raised."""
    gone = Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    def guarded() -> Result:
        with while_wanted(lambda: not gone.is_set()):
            return work(*arguments)

    watcher = create_task(watch())
    try:
        return await to_thread.run_sync(guarded)
    except Unwanted:
        raise ClientDisconnect from None
    finally:
        watcher.cancel()

"""Pictures as answers: in which form they are wanted, drawn beside the event loop, and kept for those who ask again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from starlette.requests import Request

from service.api.admission import Estimate, gate_of
from service.api.paces import Pace
from service.api.requests import not_acceptable, quality
from service.api.responses import Page
from service.errors import NotInstalled
from service.plots.frame import Form, Frame

MEDIA_TYPES: dict[Form, str] = {"svg": "image/svg+xml", "png": "image/png"}
KEPT_BYTES = 16 * 2**20  # of pictures, in a process

_MEMORY = 12  # bytes for each pixel, while it is drawn
_PACE = Pace(0.3)  # of pictures
_STYLED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"  # as an SVG is
HEADERS = {"Vary": "Accept", "Content-Security-Policy": _STYLED}
_KEEP = {**HEADERS, "Cache-Control": "public, max-age=3600"}


class Shelf:
    """Pictures that were asked for, so many bytes of them, by what was asked; the one unused longest goes first."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self.most = most
        self.size = 0
        self._pages: OrderedDict[Hashable, Page] = OrderedDict()

    def get(self, asked: Hashable) -> Page | None:
        """The picture, if it is here."""
        if asked in self._pages:
            self._pages.move_to_end(asked)
        return self._pages.get(asked)

    def put(self, asked: Hashable, page: Page) -> None:
        """Keep a picture, in the place of others if need be."""
        self.size += len(page.body) - (len(self._pages[asked].body) if asked in self._pages else 0)
        self._pages[asked] = page
        while self.size > self.most:
            _, gone = self._pages.popitem(last=False)
            self.size -= len(gone.body)


def form_of(request: Request) -> Form:
    """SVG, unless PNG is more welcome."""
    accept = ",".join(request.headers.getlist("accept"))
    if not accept.strip():
        return "svg"
    welcome = {form: quality(accept, media_type) for form, media_type in MEDIA_TYPES.items()}
    if not any(welcome.values()):
        raise not_acceptable(*MEDIA_TYPES.values())
    return max(welcome, key=lambda form: welcome[form])


async def drawn(request: Request, draw: Callable[[], bytes], frame: Frame) -> bytes:
    """The picture, drawn when it is this request's turn."""
    estimate = Estimate(_MEMORY * frame.width * frame.height, pace=_PACE)
    return await gate_of(request).run(request, _drawn, draw, estimate=estimate)


async def kept(request: Request, asked: Hashable, draw: Callable[[], bytes], frame: Frame) -> Page:
    """The picture, drawn unless it was before."""
    shelf: Shelf = request.scope["app"].pictures
    page = shelf.get((asked, frame))
    if page is None:
        page = Page(await drawn(request, draw, frame), MEDIA_TYPES[frame.form], _KEEP)
        shelf.put((asked, frame), page)
    return page


def _drawn(draw: Callable[[], bytes]) -> bytes:
    try:
        import service.plots.sheet  # noqa: F401, PLC0415  matplotlib is an extra
    except ImportError:
        raise NotInstalled("Pictures need matplotlib: install actiscope[plots].") from None
    except OSError:
        raise NotInstalled("Pictures need a folder that matplotlib may write to: set MPLCONFIGDIR.") from None
    return draw()

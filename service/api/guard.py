"""Who may ask, and how often: API keys, and limits on the requests of a key and of an address."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.keys import KeyRing, key_ring
from service.api.middleware import Head
from service.api.problems import HANDLERS
from service.api.quotas import Quota, Standing, place, quota_of
from service.errors import InvalidSetting, Limit, QuotaExceeded, Unauthorized
from service.settings import Settings, setting_name

OPEN = frozenset({"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})
DOCUMENTATION = frozenset({"/", "/docs", "/redoc", "/guide", "/openapi.json", "/favicon.ico", "/problems"})
_BELOW = ("/docs/assets/", "/guide/", "/problems/", "/static/explorer/")


class Guard:
    """Lets a request pass if it has a key, where keys are wanted, and is within the limits.

    Every path is guarded but those of `is_open`. Requests are counted by address first, so that guesses of keys are
    counted too.
    """

    def __init__(
        self, app: ASGIApp, keys: KeyRing | None, of_key: Quota | None, of_address: Quota | None, open_docs: bool
    ) -> None:
        self.app = app
        self.keys = keys
        self.of_key = of_key
        self.of_address = of_address
        self.open_docs = open_docs
        policies = (quota.policy for quota in (of_address, of_key) if quota)
        self.policies = ", ".join(f'"{each.name}";q={each.quota};w={each.window}' for each in policies).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before its body is read."""
        # The path that is routed: that of request.url may be another, since the header Host is part of it.
        if scope["type"] != "http" or is_open(scope["path"].removeprefix(scope["root_path"]), self.open_docs):
            await self.app(scope, receive, send)
            return
        standings: list[Standing] = []

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start" and standings:
                message["headers"] += ((b"ratelimit-policy", self.policies), (b"ratelimit", _told(standings)))
            await send(message)

        try:
            self._admit(scope, standings)
        except (Unauthorized, QuotaExceeded) as error:
            response = await HANDLERS[type(error)](Request(scope), error)
            await Head(response)(scope, receive, send_marked)
        else:
            await self.app(scope, receive, send_marked if standings else send)

    def _admit(self, scope: Scope, standings: list[Standing]) -> None:
        if self.of_address:
            peer = scope.get("client")
            _count(self.of_address, place(peer[0] if peer else ""), standings)
        if self.keys:
            owner = _owner(self.keys, scope["headers"])
            if self.of_key:
                _count(self.of_key, owner.encode(), standings)


def guarded(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application behind what the settings ask for; itself, if they ask for nothing. Raises InvalidSetting."""
    keys = key_ring(settings)
    of_key = quota_of("key", "requests_per_key", settings)
    of_address = quota_of("address", "requests_per_address", settings)
    if of_key and not keys:
        raise InvalidSetting(f"{setting_name('requests_per_key')} limits API keys, and there are none.")
    if not keys and not of_address:
        return app
    return Guard(app, keys, of_key, of_address, settings.open_docs)


def is_open(path: str, open_docs: bool) -> bool:
    """Whether anybody may ask for the path, as often as they like."""
    return path in OPEN or (open_docs and (path in DOCUMENTATION or path.startswith(_BELOW)))


def _owner(keys: KeyRing, headers: Iterable[tuple[bytes, bytes]]) -> str:
    given = list(_given(headers))
    if len(given) > 1:
        raise Unauthorized("The request has more than one API key.", given=True)
    if not given:
        raise Unauthorized("The request needs an API key: Authorization: Bearer KEY, or X-API-Key: KEY.", given=False)
    owner = keys.owner(given[0])
    if owner is None:
        raise Unauthorized("The API key is none of this service.", given=True)
    return owner


def _given(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[bytes]:
    """The keys that a request comes with; other schemes of Authorization may be meant for a proxy."""
    for name, value in headers:
        if name == b"x-api-key":
            yield value.strip()
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            yield value[7:].strip()


def _count(quota: Quota, client: bytes, standings: list[Standing]) -> None:
    standing = quota.take(client)
    standings.append(standing)
    if not standing.allowed:
        policy = quota.policy
        raise QuotaExceeded(Limit(policy.setting, policy.quota), policy.name, policy.window, standing.wait)


def _told(standings: Iterable[Standing]) -> bytes:
    return ", ".join(f'"{each.policy.name}";r={each.left};t={each.wait}' for each in standings).encode()

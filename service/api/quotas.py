"""How often one client may ask: a bucket of tokens for each, which fills steadily; a request takes one."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from time import monotonic_ns

from service.settings import Settings

MOST_CLIENTS = 2**16
_SECOND = 10**9  # nanoseconds, so that sums are exact


@dataclass(frozen=True)
class Policy:
    """A limit on requests: `quota` in each `window` of seconds, `burst` of them at once, as a setting has it."""

    name: str
    setting: str
    quota: int
    window: int
    burst: int


@dataclass(frozen=True)
class Standing:
    """Whether a client may go on, how many requests it has left then, and after how many seconds it has one more."""

    policy: Policy
    allowed: bool
    left: int
    wait: int


class Quota:
    """Holds clients to a policy.

    Of a client one number is kept: when its bucket will be full again. A full bucket needs no memory, and of more than
    `most` clients those that asked longest ago are forgotten: somebody with that many addresses is held by no limit on
    each of them, and must not be able to shut out all others.
    """

    def __init__(self, policy: Policy, most: int = MOST_CLIENTS, clock: Callable[[], int] = monotonic_ns) -> None:
        self.policy = policy
        self._most = most
        self._clock = clock
        self._interval = policy.window * _SECOND // policy.quota
        self._full_at: OrderedDict[bytes, int] = OrderedDict()

    def take(self, client: bytes) -> Standing:
        """Count a request of a client."""
        now, burst, interval = self._clock(), self.policy.burst, self._interval
        missing = max(self._full_at.pop(client, 0) - now, 0)
        left = burst - 1 - -(-missing // interval)
        allowed = left >= 0
        if allowed:
            missing += interval
        else:
            left = 0
        self._full_at[client] = now + missing
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        return Standing(self.policy, allowed, left, wait=-(-(missing - (burst - 1 - left) * interval) // _SECOND))


def quota_of(name: str, setting: str, settings: Settings) -> Quota | None:
    """What holds to the limit of a setting, if it sets one."""
    quota: int = getattr(settings, setting)
    if not quota:
        return None
    return Quota(Policy(name, setting, quota, settings.request_window_seconds, settings.request_burst or quota))


def place(host: str) -> bytes:
    """What counts as one address: an address of IPv4, or the 64 bits of IPv6 that are one subscriber's."""
    try:
        address = ip_address(host)
    except ValueError:
        return b""  # a socket of the system, or what a proxy made up
    if address.version == 4:
        return address.packed
    return address.ipv4_mapped.packed if address.ipv4_mapped else address.packed[:8]

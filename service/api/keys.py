"""API keys: how they are made, what is kept of them, and how they are known again."""

import re
import secrets
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from service.errors import InvalidSetting
from service.settings import Settings, setting_name

_NAME = r"[A-Za-z0-9._-]{1,64}"
_LINE = re.compile(rf"({_NAME}):([0-9a-f]{{64}})")


class KeyRing:
    """The keys of the service: of each the name of its owner and the SHA-256 hash, never the key itself.

    A key is 256 random bits, which nobody finds by trying: a slow hash, as passwords need it, would protect nothing
    and cost every request. Hashes are looked up, not compared one by one: the time that takes tells nothing of a key,
    since whoever guesses cannot steer the hash of the guess towards one that is kept.
    """

    def __init__(self, owners: dict[bytes, str]) -> None:
        self._owners = owners

    def owner(self, key: bytes) -> str | None:
        """The name of the key's owner, if it is a key of the service."""
        return self._owners.get(sha256(key).digest())


def new_key() -> str:
    """A key that did not exist before; its first letters let a scan for secrets find it."""
    return f"actiscope_{secrets.token_urlsafe(32)}"


def is_name(text: str) -> bool:
    """Whether the owner of a key may be called so."""
    return re.fullmatch(_NAME, text) is not None


def line_of(name: str, key: str) -> str:
    """What is kept of a key."""
    return f"{name}:{sha256(key.encode()).hexdigest()}"


def key_ring(settings: Settings) -> KeyRing | None:
    """The keys that the settings name, none if they name none; raises InvalidSetting."""
    if not wants_keys(settings):
        return None
    owners: dict[bytes, str] = {}
    for place, line in _lines(settings):
        found = _LINE.fullmatch(line)
        if found is None:  # the line is not told: it may be a key
            raise InvalidSetting(f"{place} is not name:hash as `actiscope key` prints it.")
        if owners.setdefault(bytes.fromhex(found[2]), found[1]) != found[1]:
            raise InvalidSetting(f"{place} repeats the hash of another name.")
    if not owners:
        raise InvalidSetting(f"{setting_name('keys_file')} and {setting_name('keys')} hold no key.")
    return KeyRing(owners)


def wants_keys(settings: Settings) -> bool:
    """Whether requests need a key."""
    return bool(settings.keys_file or settings.keys)


def _lines(settings: Settings) -> Iterator[tuple[str, str]]:
    """The lines that say something, each with where it stands."""
    if settings.keys_file:
        yield from _told(f"{settings.keys_file}, line", _read(settings.keys_file).splitlines())
    yield from _told(setting_name("keys") + ", entry", settings.keys.split(","))


def _told(place: str, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, start=1):
        if told := line.partition("#")[0].strip():
            yield f"{place} {number}", told


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise InvalidSetting(f"{setting_name('keys_file')} names {file}, which cannot be read: {reason}.") from None

"""What every answer tells browsers not to do with it."""

_POLICY = b"content-security-policy"

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_LOCKED = (*HEADERS, (_POLICY, b"default-src 'none'; frame-ancestors 'none'"))


def hardening(headers: list[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """The headers to add to these: a page that brings no policy of its own may load and run nothing."""
    return HEADERS if _POLICY in dict(headers) else _LOCKED

"""The last fence before a log: what looks like a secret is masked, whoever logged it and however deep it lies."""

import re
from collections.abc import Mapping
from typing import Any

SECRET_WORDS = (
    "password",
    "passwd",
    "secret",
    "token",
    "authorization",
    "cookie",
    "assertion",
    "private_key",
    "api_key",
)
MASK = "•••"
DEEPEST = 8  # levels; what lies deeper is not told at all

# Each pattern keeps its first group and masks the rest.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}",
        # name=value, name: value, "name": "value", also with a word in front: client_secret, access_token
        r"""((?:password|passwd|secret|token|assertion|api_?key)["']?\s*[=:]\s*["']?)(?![\s"']|•)[^\s"'&,;)}\]]{3,}""",
        r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+(?=@)",  # a password in an address
        r"()\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?",  # a JSON web token
        r"(\bstate=)[\w-]{40,}",  # of a consent link, in the address to which Microsoft sends the browser
        r"()(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}",  # the form of Entra's client secrets
        r"()-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    )
)


def masked_text(text: str) -> str:
    """The text with everything masked in it that looks like a secret."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def is_secret_name(name: object) -> bool:
    """Whether a value of this name speaks of a secret."""
    return isinstance(name, str) and any(word in name.lower().replace("-", "_") for word in SECRET_WORDS)


def masked(value: Any, depth: int = 0) -> Any:
    """The value as a log may show it: mappings, lists and strings looked through, other things as they are."""
    if isinstance(value, str):
        return masked_text(value)
    if depth >= DEEPEST and isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return MASK
    if isinstance(value, Mapping):
        return {name: MASK if is_secret_name(name) else masked(each, depth + 1) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [masked(each, depth + 1) for each in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return masked_text(repr(value))  # what the renderer would have written: exceptions, dates, objects

"""Ids of what comes to be while the cloud runs: random, as Microsoft's are, and marked.

The mark is there for the weather. Chance is keyed by the request, and an id that is another one in each run would give
each run another weather.
"""

from __future__ import annotations

import re
import secrets
import uuid

_MARK = "Mde"
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_OPAQUE = re.compile(rf"(AAMkA|AQAAA|\b){_MARK}[\w=%-]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")


def guid() -> str:
    """A random GUID of version 8 (RFC 9562: made as its maker likes); those of the world are of other versions."""
    text = str(uuid.uuid4())
    return f"{text[:14]}8{text[15:]}"


def opaque(prefix: str, length: int) -> str:
    """A random id of ``length`` URL-safe characters after the prefix: an item's, a rule's, a consent's."""
    return prefix + _MARK + secrets.token_urlsafe(length)[: length - len(_MARK)]


def unmarked(path: str) -> str:
    """The path with stars for made ids and for times: what stays the same from run to run."""
    for pattern in (_TIME, _GUID, _OPAQUE):
        path = pattern.sub("*", path)
    return path

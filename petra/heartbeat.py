"""The tick of beat, kept in the cache that all processes share: what beat rings and a worker answers."""

from django.core.cache import cache
from django.utils import timezone

KEY = "petra_tick"


def tick() -> None:
    """Note that beat rang just now, and that a worker heard it."""
    cache.set(KEY, timezone.now().timestamp(), timeout=None)


def age() -> float | None:
    """Seconds since the last tick; None when there was none yet."""
    last: float | None = cache.get(KEY)
    return None if last is None else max(0.0, timezone.now().timestamp() - last)

"""What a seed decides before anything has run: who dies where, what is emptied when, and Microsoft's weather."""

import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Named points of a worker's life, and how many times (on average) one is passed for each time that it kills there.
# What each means stands in `points.py`, which wraps it.
POINTS = {
    "claimed": 3,
    "tried": 3,
    "looked": 3,
    "sending": 3,
    "answered": 8,
    "sent": 3,
    "settling": 3,
    "settled": 3,
    "written": 3,
    "reading_back": 3,
    "read_back": 3,
    "verified": 3,
    "ringing": 5,
    "sweeping": 12,
    "scan_claimed": 2,
    "scan_read": 4,
    "scan_finishing": 2,
    "scan_finished": 2,
}
# A search is begun anew from its first page, so these cost the most time: each point of the engine comes first.
RARE = {"sweeping", "scan_claimed", "scan_read", "scan_finishing", "scan_finished"}

# Where a worker may also be held up for longer than its lease, and then goes on as if nothing had happened.
STALLING = {"tried", "looked", "sending", "sent", "settling"}
SHORT = 20  # kills; a longer run leaves the workers more time between them, so that much of everything gets done


@dataclass(frozen=True, slots=True)
class Plan:
    """`kills`, `stalls`: [point, how many times it has been passed]. `empties`, `restarts`: after so many kills."""

    seed: int
    kills: tuple[tuple[str, int], ...]
    stalls: tuple[tuple[str, int], ...]
    empties: tuple[int, ...]
    restarts: tuple[int, ...]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_plan(path: Path) -> Plan:
    plan = json.loads(path.read_text(encoding="utf-8"))
    kills, stalls = (tuple((point, passed) for point, passed in plan[name]) for name in ("kills", "stalls"))
    return Plan(plan["seed"], kills, stalls, tuple(plan["empties"]), tuple(plan["restarts"]))


def make_plan(seed: int, kills: int) -> Plan:
    """The schedule of a seed: the same one every time."""
    dice = random.Random(f"chaos {seed}")  # noqa: S311 - chance, not secrecy
    passed = dict.fromkeys(POINTS, 0)
    drawn = []
    slowly = 4 if kills > SHORT else 1
    for point in _order(dice, kills):
        passed[point] += dice.randint(1, 2 * slowly * POINTS[point] - 1)
        drawn.append((point, passed[point]))
    times = range(1, kills + 1)
    empties = dice.sample(times, k=min(kills, max(2, kills // 8)))
    restarts = dice.sample(times, k=min(kills, max(1, kills // 25)))
    stalls = _stalls(dice, drawn, max(1, kills // 10))
    return Plan(seed, tuple(drawn), stalls, tuple(sorted(empties)), tuple(sorted(restarts)))


def _stalls(dice: random.Random, kills: list[tuple[str, int]], count: int) -> tuple[tuple[str, int], ...]:
    """Where a worker is held up: soon after one was killed at the same point."""
    moments = [(point, passed + 1) for point, passed in kills if point in STALLING]
    free = [moment for moment in moments if moment not in kills]
    return tuple(dice.sample(free, k=min(count, len(free))))


def _order(dice: random.Random, kills: int) -> list[str]:
    """So many points, each of them as often as the next; the rare ones every other time."""
    order: list[str] = []
    while len(order) < kills:
        skipped = RARE if (len(order) // len(POINTS)) % 2 else set()
        names = [point for point in POINTS if point not in skipped]
        dice.shuffle(names)
        if not order:  # a short run is for the engine; one search dies as well
            names.sort(key=lambda point: point in RARE)
            names.insert(2, names.pop(names.index("scan_read")))
        order += names
    return order[:kills]


def weather(seed: int) -> list[dict[str, Any]]:
    """Faults for 30 % of the answers: 15 % of the round trips that carry batches, 17 % of what else is asked.

    A part of a batch that ends its connection takes the whole batch with it, so of parts that is rare.
    """
    batch, other = r"^/\$batch", r"^(?!/\$batch)"
    kinds: list[tuple[str, float, dict[str, Any]]] = [
        (batch, 0.03, {"answer": "reset"}),
        (batch, 0.03, {"answer": "lost"}),
        (batch, 0.02, {"answer": "late", "seconds": 0.7}),
        (batch, 0.02, {"answer": "late", "seconds": 2.8}),
        (batch, 0.02, {"answer": 503}),
        (batch, 0.015, {"answer": 504}),
        (batch, 0.015, {"answer": 429, "retryAfter": 1}),
        (other, 0.002, {"answer": "reset"}),
        (other, 0.002, {"answer": "lost"}),
        (other, 0.02, {"answer": "late", "seconds": 0.5}),
        (other, 0.005, {"answer": "late", "seconds": 2.8}),
        (other, 0.03, {"answer": 504, "effect": True}),
        (other, 0.03, {"answer": 503}),
        (other, 0.03, {"answer": 504}),
        (other, 0.02, {"answer": 429, "retryAfter": 1}),
        (other, 0.03, {"answer": 429, "retryAfter": 0}),
    ]
    return [
        {"match": {"path": path}, "rate": rate, "seed": seed * 100 + number, **fault}
        for number, (path, rate, fault) in enumerate(kinds)
    ]

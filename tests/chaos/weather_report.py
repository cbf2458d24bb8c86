"""How the weather was: what the cloud's log says of the answers it gave."""

from collections import Counter
from typing import Any

FINE = ""
LATE = "late"


def weather_of(log: dict[str, Any]) -> Counter[str]:
    """How many answers were spoiled in which way, and as FINE those that were not; a batch answers for its parts."""
    carriers = {line["batchId"]: line for line in log["batches"]}
    parts = Counter(line["batchId"] for line in log["requests"])
    found = Counter(_kind(line, carriers.get(line["batchId"])) for line in log["requests"])
    for batch, carrier in carriers.items():
        if not parts[batch]:  # turned away as a whole
            found[_kind(carrier, None)] += int(carrier["body"]["size"])
    return found


def _kind(line: dict[str, Any], carrier: dict[str, Any] | None) -> str:
    """How an answer was spoiled: by what befell it, or the batch that it travelled in."""
    statuses = [line["status"], *([carrier["status"]] if carrier else [])]
    spoiled = next((status for status in statuses if status in (0, 429, 503, 504)), None)
    if spoiled is None:
        return LATE if LATE in (line["fault"], (carrier or line)["fault"]) else FINE
    return f"{spoiled or 'no answer'}{', after the effect' if line['hadEffect'] else ''}"

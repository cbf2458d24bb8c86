"""Reading many things at once, and telling truly what could be read.

All finders of a step are advanced together, so what stands in one stage shares its batches with all the others.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graph import GraphError, Request, Response, in_plain_words
from remediation.actions.base import MAX_PAGES, Stages
from remediation.actions.finding import Candidate, Found

Row = dict[str, Any]

MOST_NAMED = 20  # addresses in one note
_LONGEST = 300  # characters of a text on the screen


@dataclass(slots=True)
class Look:
    """What came of reading one thing: its rows (one row for a single object), and what kept the rest away."""

    rows: list[Row] = field(default_factory=list)
    error: GraphError | None = None
    pages: int = 0
    is_cut_off: bool = False
    keep: Callable[[Row], Row | None] | None = None  # what of a row is kept; None: nothing of it
    most_pages: int = MAX_PAGES
    seen: int = 0  # how many rows came, kept or not

    @property
    def is_complete(self) -> bool:
        return self.error is None and not self.is_cut_off

    @property
    def note(self) -> str:
        """Why it is not complete, in words; empty when it is."""
        if self.error is not None:
            return in_plain_words(self.error)
        return f"Only the first {self.seen} entries were read." if self.is_cut_off else ""

    @property
    def only(self) -> Row:
        """The single object that was read; empty when it could not be."""
        return self.rows[0] if self.rows else {}

    def take(self, response: Response) -> Request | None:
        """Add what a response holds. Returns the request for the next page, if there is one."""
        if response.error is not None:
            self.error = response.error
            return None
        self.pages += 1
        rows = _rows(response.body)
        self.seen += len(rows)
        keep = self.keep
        self.rows += rows if keep is None else [kept for row in rows if (kept := keep(row)) is not None]
        following = response.next_request
        self.is_cut_off = following is not None and self.pages >= self.most_pages
        return None if self.is_cut_off else following


def _rows(body: Any) -> list[Row]:
    if not isinstance(body, dict):
        return []
    listed = body.get("value")
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else [body]


def read_all(requests: Sequence[Request], looks: Sequence[Look] = ()) -> Stages[list[Look]]:
    """Read things and whole collections, all in step: as many stages as the longest of them has pages.

    What Microsoft refuses stands in its own look; the others are read all the same. `looks` say how each is read.
    """
    looking = list(looks) or [Look() for _ in requests]
    waiting = list(zip(looking, requests, strict=True))
    while waiting:
        responses = yield [request for _, request in waiting]
        followed = [(look, look.take(response)) for (look, _), response in zip(waiting, responses, strict=True)]
        waiting = [(look, following) for look, following in followed if following is not None]
    return looking


def found(source: str, kind: str, looks: Iterable[Look], candidates: Sequence[Candidate]) -> Found:
    """Put together what was found and what it rests on: complete only when every look was.

    The rows told are those of the first look, the list that the check is about; the others explain it.
    """
    looked = list(looks)
    return Found(
        source=source,
        kind=kind,
        candidates=[_cleaned(candidate) for candidate in candidates],
        rows=len(looked[0].rows),
        is_checked=all(look.is_complete for look in looked),
        note=sentences(look.note for look in looked),
    )


def sentences(notes: Iterable[str]) -> str:
    """Join notes; what is said already is not said twice."""
    return " ".join(dict.fromkeys(note for note in notes if note))


def shown(text: Any) -> str:
    """A text of a stranger's as it may stand on the screen: no controls, no change of direction, not too long."""
    head = str(text)[: 2 * _LONGEST]
    visible = "".join(char for char in head if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
    return visible if len(visible) <= _LONGEST else f"{visible[: _LONGEST - 1]}…"


def _cleaned(candidate: Candidate) -> Candidate:
    return replace(
        candidate,
        title=shown(candidate.title).strip() or "(no name)",
        facts=tuple((label, shown(value)) for label, value in candidate.facts),
        reasons=tuple(shown(reason) for reason in candidate.reasons),
    )


def counted(count: int, noun: str) -> str:
    """A number with its noun: "1 mailbox", "2 mails with attachments"."""
    head, space, tail = noun.partition(" ")
    plural = f"{head}es" if head.endswith("x") else f"{head}s"
    return f"{count} {head if count == 1 else plural}{space}{tail}"


class Names:
    """The addresses that a note has room for: the first ones of each list, as long as there is room."""

    def __init__(self) -> None:
        self.left = MOST_NAMED

    def take(self, addresses: Sequence[str]) -> str:
        """In brackets, "a, b and 3 more"; empty when there is no room for a single one."""
        named = sorted(shown(address) for address in addresses)[: self.left]
        self.left -= len(named)
        more = f" and {len(addresses) - len(named)} more" if len(addresses) > len(named) else ""
        return f" ({', '.join(named)}{more})" if named else ""


def yes_no(value: Any) -> str:
    """A truth value in words; empty when Microsoft did not tell."""
    return "" if value is None else "Yes" if value else "No"

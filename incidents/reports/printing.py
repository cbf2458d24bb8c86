"""Foreign text made fit for a page: nothing in it can vanish, turn the line around, or run over the edge."""

import re
import unicodedata
from bisect import bisect_right
from functools import cache
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"
NO_GLYPH = "\N{REPLACEMENT CHARACTER}"
BREAK = "\N{ZERO WIDTH SPACE}"
LONGEST = 3_000  # characters; beyond it a text is cut, and says so
_MOST_MARKS = 3  # combining marks on one letter; stacks of them cover other lines
_LONGEST_WORD = 18  # characters in one line; longer ones may be broken
_BREAK_AFTER = frozenset("/\\.@_-?&=:,;+%#|~)]}>")
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # the order of a line
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
_HARMLESS = re.compile(r"[!-~]{1,18}(?: [!-~]{1,18})*")  # what nothing has to be done about: most of what is set


@cache
def _covered() -> tuple[list[int], list[int]]:
    """First and last code points of the ranges for which a font is shipped."""
    lines = (FONTS / "covered.txt").read_text(encoding="ascii").split()
    ranges = [tuple(int(end, 16) for end in line.split("-")) for line in lines]
    return [first for first, _ in ranges], [last for _, last in ranges]


def has_glyph(character: str) -> bool:
    """Whether a font of the report has it."""
    firsts, lasts = _covered()
    place = bisect_right(firsts, ord(character)) - 1
    return place >= 0 and ord(character) <= lasts[place]


def printed(value: Any) -> Any:
    """The same values, however nested, with every text in them made fit for the page."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {name: printed(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [printed(one) for one in value]
    return value


def printable(text: str) -> str:
    """Text for the page, at most `LONGEST` characters of it, in its own lines. Marks that turn the order of a line are
    shown as [U+202E], what has no glyph as a replacement mark; long words may be broken.
    """
    if len(text) <= LONGEST and _HARMLESS.fullmatch(text):
        return text
    lines = [" ".join(map(_breakable, _clean(line).split())) for line in text[:LONGEST].splitlines()]
    kept = "\n".join(line for line in lines if line)
    return f"{kept}… (cut off)" if len(text) > LONGEST else kept


def _clean(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            kept.append(_shown(character))
    return "".join(kept)


def _shown(character: str) -> str:
    if character in _TURNS:
        return f"[U+{ord(character):04X}]"
    if character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if character.isspace() or category in {"Zl", "Zp"}:
        return " "
    if category == "Cf":
        return ""
    return character if category[0] != "C" and has_glyph(character) else NO_GLYPH


def _breakable(word: str) -> str:
    if len(word) <= _LONGEST_WORD:
        return word
    parts: list[str] = []
    run = 0
    for character in word:
        parts.append(character)
        run += 1
        if run >= _LONGEST_WORD // 2 and (character in _BREAK_AFTER or run >= _LONGEST_WORD):
            parts.append(BREAK)
            run = 0
    return "".join(parts).removesuffix(BREAK)

"""The report as PDF: facts in, bytes out. Words reach the template as data, so nothing in them is a command."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import typst

HERE = Path(__file__).parent
TEMPLATE = HERE / "incident.typ"
LONG_WORD = re.compile(r"\S{25,}")
_AFTER = re.compile(r"([./@_\-?&=:;,\\])(?=\S)")
BREAK = "\u200b"  # where a long word may be broken
PIECE = 24


@cache
def fonts() -> typst.Fonts:
    """Those that come with Petra: the same report everywhere."""
    return typst.Fonts(include_system_fonts=False, font_paths=[str(HERE / "fonts")])


def pdf_of(facts: dict[str, Any]) -> bytes:
    """The report: a tagged PDF in English, with its title.

    Raises:
        typst.TypstError: when the template is at fault; no fact can be.
    """
    told = json.dumps(breakable(facts), ensure_ascii=False)
    return typst.compile(
        TEMPLATE,
        root=HERE,
        font_paths=fonts(),
        format="pdf",
        sys_inputs={"facts": told},
        pdf_standards="ua-1",
    )


def breakable(value: Any) -> Any:
    """The same facts, with places in long words at which a line may end."""
    if isinstance(value, str):
        return LONG_WORD.sub(lambda found: _broken(found[0]), value)
    if isinstance(value, dict):
        return {name: breakable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [breakable(one) for one in value]
    return value


def _broken(word: str) -> str:
    parts = _AFTER.sub(rf"\1{BREAK}", word).split(BREAK)
    pieces = [part[start : start + PIECE] for part in parts for start in range(0, len(part), PIECE)]
    return BREAK.join(pieces)

"""The report as PDF: facts in, bytes out. Words reach the template as data, so nothing in them is a command."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import structlog
import typst

from incidents.reports.printing import FONTS, printed

TEMPLATE = Path(__file__).parent / "incident.typ"
logger = structlog.get_logger(__name__)


@cache
def fonts() -> typst.Fonts:
    """Those that come with Petra and no others: the same report everywhere."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])


def pdf_of(facts: dict[str, Any], *, logo: bytes = b"") -> bytes:
    """The report: a PDF by the standard PDF/UA-1, in English, with its title. `logo` is a PNG, JPEG or SVG.

    Raises:
        typst.TypstError: when the template is at fault; no fact can be.
    """
    content, warnings = typst.compile_with_warnings(
        TEMPLATE.read_bytes(),
        font_paths=fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"facts": json.dumps(printed(facts) | {"logo": list(logo)})},
        pdf_standards="ua-1",
        timestamp=datetime.now(UTC).replace(microsecond=0),
    )
    for warning in warnings:
        logger.warning("report_set_with_warning", warning=warning.message)
    return content

"""One log format for every process: JSON lines, or coloured text where somebody looks at a terminal."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from petra.masking import masked


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Stands right before the line is written: traces and messages of libraries have become text by then."""
    masked_event: Mapping[str, Any] = masked(event)
    return masked_event


SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def formatter() -> logging.Formatter:
    """Built by Django's LOGGING; also sets structlog up so that both kinds of loggers end here."""
    if not structlog.is_configured():  # loggers in use keep the processors that they were made with
        structlog.configure(
            processors=[*SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
            cache_logger_on_first_use=True,
        )
    last: Any = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED_PROCESSORS,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_secrets,
            last,
        ],
    )

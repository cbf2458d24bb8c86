"""Error pages. An htmx request gets the short form, which stands where the answer would have stood."""

import uuid

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

logger = structlog.get_logger(__name__)


def _answer(request: HttpRequest, *, status: int, template: str, **context: object) -> HttpResponse:
    if getattr(request, "htmx", False):
        template = "components/error_notice.html"
    return render(request, template, {"status": status, **context}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, status=400, template="400.html")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, status=403, template="403.html", reason=str(exception))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came without its token: nothing was done."""
    return _answer(request, status=403, template="403_csrf.html")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, status=404, template="404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """What nobody foresaw: an id on the page, and the same id beside the trace in the log."""
    error_id = uuid.uuid4().hex[:12]
    logger.exception("unforeseen_error", error_id=error_id, path=request.path)
    return _answer(request, status=500, template="500.html", error_id=error_id)

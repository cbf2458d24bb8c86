"""To Microsoft and back again. Without PETRA_OIDC_URL these pages do not exist."""

from collections.abc import Callable

import structlog
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse

from tenants.microsoft_sign_in import FAILED, VerifyingAdapter, back_to_sign_in

logger = structlog.get_logger(__name__)


def _answer(request: HttpRequest, provider_id: str, of: Callable[..., Callable[..., HttpResponse]]) -> HttpResponse:
    try:
        return of(VerifyingAdapter(request, provider_id))(request)
    except SocialApp.DoesNotExist as error:
        raise Http404("Microsoft sign-in is not set up.") from error
    except OSError as error:  # what HTTP clients raise
        logger.warning("microsoft_sign_in_failed", error=type(error).__name__)
        return back_to_sign_in(request, FAILED)


@login_not_required
def microsoft_login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """POST leads to Microsoft; GET asks for the press."""
    return _answer(request, provider_id, OAuth2LoginView.adapter_view)


@login_not_required
def microsoft_callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """What Microsoft answered."""
    return _answer(request, provider_id, OAuth2CallbackView.adapter_view)

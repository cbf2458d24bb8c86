"""All addresses."""

from allauth.account.views import login, logout
from django.urls import include, path

from petra import demo_views, health
from tenants.microsoft_sign_in import PROVIDER
from tenants.views import microsoft_callback, microsoft_login

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),  # without a slash: that is how they are looked for
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("sign-in/", login, name="account_login"),
    path("sign-out/", logout, name="account_logout"),
    path("sign-in/microsoft/", microsoft_login, {"provider_id": PROVIDER}, name="openid_connect_login"),
    path("sign-in/microsoft/answer/", microsoft_callback, {"provider_id": PROVIDER}, name="openid_connect_callback"),
    path("demo/reset/", demo_views.reset, name="demo_reset"),
    path("account/", include("tenants.account_urls")),
    path("settings/", include("tenants.urls")),
    path("", include("tenants.connection_urls")),
    path("", include("incidents.urls")),
    path("", include("remediation.urls")),
]

handler400 = "petra.errors.bad_request"
handler403 = "petra.errors.permission_denied"
handler404 = "petra.errors.page_not_found"
handler500 = "petra.errors.server_error"

"""All addresses."""

from allauth.account.views import login, logout
from django.urls import include, path

from petra import demo_views, health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),  # without a slash: that is how they are looked for
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("sign-in/", login, name="account_login"),
    path("sign-out/", logout, name="account_logout"),
    path("demo/reset/", demo_views.reset, name="demo_reset"),
    path("settings/", include("tenants.urls")),
    path("", include("tenants.connection_urls")),
    path("", include("incidents.urls")),
    path("", include("remediation.urls")),
]

handler400 = "petra.errors.bad_request"
handler403 = "petra.errors.permission_denied"
handler404 = "petra.errors.page_not_found"
handler500 = "petra.errors.server_error"

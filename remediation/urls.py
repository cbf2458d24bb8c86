from django.urls import path

from remediation import campaign_views, views

app_name = "remediation"

PANEL = "t/<slug:tenant>/incidents/<int:incident_id>/remediation/"

urlpatterns = [
    path(PANEL, views.panel, name="panel"),
    path(f"{PANEL}steps/<int:step>/preview/", views.preview, name="preview"),
    path(f"{PANEL}steps/<int:step>/press/", views.press, name="press"),
    path(f"{PANEL}steps/<int:step>/retry/", views.retry, name="retry"),
    path(f"{PANEL}steps/<int:step>/scan/", views.scan, name="scan"),
    path(f"{PANEL}findings/<int:finding_id>/judge/", views.judge, name="judge"),
    path(f"{PANEL}passwords/<int:run_id>/reveal/", views.reveal_password, name="reveal_password"),
    path(f"{PANEL}watch/stop/", views.stop_watch, name="stop_watch"),
    path(f"{PANEL}undo/", views.undo, name="undo"),
    path(f"{PANEL}cross-tenant/", campaign_views.cross_tenant, name="cross_tenant"),
    path(f"{PANEL}cross-tenant/search/", campaign_views.cross_tenant_search, name="cross_tenant_search"),
    path("phish-sweep/", campaign_views.sweeps, name="sweeps"),
    path("phish-sweep/new/", campaign_views.sweep, name="sweep"),
    path("phish-sweep/<int:campaign_id>/", campaign_views.campaign, name="campaign"),
    path("phish-sweep/<int:campaign_id>/search/", campaign_views.search, name="campaign_search"),
]

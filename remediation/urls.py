from django.urls import path

from remediation import campaign_views, retraction_views, views
from remediation.places import in_campaign, in_incident

app_name = "remediation"

PANEL = "t/<slug:tenant>/incidents/<int:incident_id>/remediation/"

urlpatterns = [
    path(PANEL, views.panel, name="panel"),
    path(f"{PANEL}steps/<int:step>/preview/", views.preview, name="preview"),
    path(f"{PANEL}steps/<int:step>/press/", views.press, name="press"),
    path(f"{PANEL}steps/<int:step>/retry/", views.retry, name="retry"),
    path(f"{PANEL}steps/<int:step>/scan/", views.scan, name="scan"),
    path(f"{PANEL}orders/<int:order_id>/approve/", views.approve, name="approve"),
    path(f"{PANEL}orders/<int:order_id>/refuse/", views.refuse, name="refuse"),
    path(f"{PANEL}orders/<int:order_id>/override/", views.override, name="override"),
    path(f"{PANEL}findings/<int:finding_id>/judge/", views.judge, name="judge"),
    path(f"{PANEL}passwords/<int:run_id>/reveal/", views.reveal_password, name="reveal_password"),
    path(f"{PANEL}watch/stop/", views.stop_watch, name="stop_watch"),
    path(f"{PANEL}undo/", views.undo, name="undo"),
    path(f"{PANEL}cross-tenant/", campaign_views.cross_tenant, name="cross_tenant"),
    path("phish-sweep/", campaign_views.sweeps, name="sweeps"),
    path("phish-sweep/new/", campaign_views.sweep, name="sweep"),
    path("phish-sweep/<int:campaign_id>/", campaign_views.campaign, name="campaign"),
    path("t/<slug:tenant>/phish-sweep/<int:campaign_id>/", campaign_views.campaign_part, name="campaign_part"),
]

# What is done about a campaign is done on its own page and under step 2 of its incident.
RETRACTION = "retractions/<int:retraction_id>/"
for act, route in (
    (retraction_views.search, "search/"),
    (retraction_views.plan, "plan/"),
    (retraction_views.begin, "begin/"),
    (retraction_views.approve, f"{RETRACTION}approve/"),
    (retraction_views.refuse, f"{RETRACTION}refuse/"),
    (retraction_views.stop, f"{RETRACTION}stop/"),
    (retraction_views.resume, f"{RETRACTION}resume/"),
    (retraction_views.retry, f"{RETRACTION}retry/"),
    (retraction_views.undo, f"{RETRACTION}undo/"),
):
    urlpatterns += [
        path(f"phish-sweep/<int:campaign_id>/{route}", in_campaign(act), name=f"campaign_{act.__name__}"),
        path(f"{PANEL}cross-tenant/{route}", in_incident(act), name=f"cross_tenant_{act.__name__}"),
    ]

from django.urls import path

from incidents import views

app_name = "incidents"

INCIDENT = "t/<slug:tenant>/incidents/<int:incident_id>/"

urlpatterns = [
    path("", views.home, name="home"),
    path("incidents/", views.every_incident, name="list"),
    path("t/<slug:tenant>/", views.overview, name="overview"),
    path("t/<slug:tenant>/incidents/", views.tenant_incidents, name="tenant_list"),
    path("t/<slug:tenant>/incidents/open/", views.open_form, name="open_form"),
    path("t/<slug:tenant>/incidents/open/now/", views.open_incident, name="open"),
    path("t/<slug:tenant>/logs/logins/", views.tenant_logins, name="tenant_logins"),
    path("t/<slug:tenant>/logs/exchange/", views.tenant_exchange, name="tenant_exchange"),
    path("t/<slug:tenant>/logs/sharepoint/", views.tenant_sharepoint, name="tenant_sharepoint"),
    path("t/<slug:tenant>/logs/teams/", views.tenant_teams, name="tenant_teams"),
    path("t/<slug:tenant>/logs/export/", views.tenant_export, name="tenant_export"),
    path("t/<slug:tenant>/logs/<int:record_id>/", views.tenant_log_record, name="tenant_log_record"),
    path("t/<slug:tenant>/logs/<int:record_id>/raw/", views.tenant_log_raw, name="tenant_log_raw"),
    path("t/<slug:tenant>/users/", views.users, name="users"),
    path("t/<slug:tenant>/users/<int:account_id>/", views.user_activity, name="user_activity"),
    path("t/<slug:tenant>/users/<int:account_id>/export/", views.user_export, name="user_export"),
    path(INCIDENT, views.detail, name="detail"),
    path(f"{INCIDENT}header/", views.header, name="header"),
    path(f"{INCIDENT}threat/", views.threat, name="threat"),
    path(f"{INCIDENT}notes/", views.notes, name="notes"),
    path(f"{INCIDENT}impact/", views.impact, name="impact"),
    path(f"{INCIDENT}impact/message/", views.impact_message, name="impact_message"),
    path(f"{INCIDENT}reports/", views.reports, name="reports"),
    path(f"{INCIDENT}reports/ask/", views.report_ask, name="report_ask"),
    path(f"{INCIDENT}reports/<int:report_id>/", views.report_fetch, name="report"),
    path(f"{INCIDENT}timeline/", views.timeline, name="timeline"),
    path(f"{INCIDENT}logs/", views.logs, name="logs"),
    path(f"{INCIDENT}logs/export/", views.logs_export, name="logs_export"),
    path(f"{INCIDENT}logs/<int:record_id>/", views.log_record, name="log_record"),
    path(f"{INCIDENT}logs/<int:record_id>/raw/", views.log_raw, name="log_raw"),
    path(f"{INCIDENT}activity/", views.activity, name="activity"),
    path(f"{INCIDENT}live/", views.live, name="live"),
    path(f"{INCIDENT}publish/", views.publish, name="publish"),
    path(f"{INCIDENT}dismiss/", views.dismiss, name="dismiss"),
    path(f"{INCIDENT}reopen/", views.reopen, name="reopen"),
    path(f"{INCIDENT}assign/", views.assign, name="assign"),
    path(f"{INCIDENT}notes/add/", views.note, name="note"),
    path(f"{INCIDENT}indicators/add/", views.indicator_add, name="indicator_add"),
    path(f"{INCIDENT}indicators/<int:indicator_id>/accept/", views.indicator_accept, name="indicator_accept"),
    path(f"{INCIDENT}indicators/<int:indicator_id>/reject/", views.indicator_reject, name="indicator_reject"),
    path(f"{INCIDENT}phish/pick/", views.phish_pick, name="phish_pick"),
    path(f"{INCIDENT}phish/mark/", views.phish_mark, name="phish_mark"),
    path(f"{INCIDENT}phish/unmark/", views.phish_unmark, name="phish_unmark"),
]

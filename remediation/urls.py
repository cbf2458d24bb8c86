from django.urls import path

from remediation import views

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
]

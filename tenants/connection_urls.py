from django.urls import path

from tenants.views import connection

app_name = "connections"
_CONNECTION = "t/<slug:tenant>/connection/"
urlpatterns = [
    path(_CONNECTION, connection.page, name="page"),
    path(f"{_CONNECTION}test/", connection.test, name="test"),
    path(f"{_CONNECTION}consent/", connection.consent, name="consent"),
    path(f"{_CONNECTION}finish/", connection.finish, name="finish"),
    path(f"{_CONNECTION}own/", connection.own, name="own"),
    path(f"{_CONNECTION}rename/", connection.rename, name="rename"),
    path(f"{_CONNECTION}mark/", connection.mark, name="mark"),
    path(f"{_CONNECTION}pause/", connection.pause, name="pause"),
    path(f"{_CONNECTION}resume/", connection.resume, name="resume"),
    path(f"{_CONNECTION}remove/", connection.remove, name="remove"),
    path("connect/answer/", connection.answer, name="answer"),
]

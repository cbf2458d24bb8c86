from django.urls import path

from tenants import views

app_name = "tenants"
urlpatterns = [
    path("members/", views.members, name="members"),
    path("t/<slug:tenant>/petra-response/", views.petra_response, name="petra_response"),
    path("activity/", views.activity, name="activity"),
    path("activity/export/", views.activity_export, name="activity_export"),
]

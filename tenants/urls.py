from django.urls import path

from tenants import views
from tenants.views import portfolio

app_name = "tenants"
urlpatterns = [
    path("members/", views.members, name="members"),
    path("tenants/", portfolio.tenants, name="tenants"),
    path("tenants/add/", portfolio.add, name="tenant_add"),
    path("activity/", views.activity, name="activity"),
]

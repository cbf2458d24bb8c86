from django.urls import path

from tenants import views
from tenants.views import portfolio

app_name = "tenants"
urlpatterns = [
    path("members/", views.members, name="members"),
    path("t/<slug:tenant>/petra-response/", views.petra_response, name="petra_response"),
    path("members/invite/", views.member_invite, name="member_invite"),
    path("members/<int:member_id>/", views.member, name="member"),
    path("members/<int:member_id>/change/", views.member_change, name="member_change"),
    path("members/<int:member_id>/deactivate/", views.member_deactivate, name="member_deactivate"),
    path("members/<int:member_id>/reactivate/", views.member_reactivate, name="member_reactivate"),
    path("members/<int:member_id>/second-factors/remove/", views.factors_remove, name="factors_remove"),
    path("invitations/<int:invitation_id>/withdraw/", views.invitation_withdraw, name="invitation_withdraw"),
    path("security/", views.security, name="security"),
    path("security/change/", views.security_change, name="security_change"),
    path("security/approval/", views.approval_change, name="approval_change"),
    path("tenants/", portfolio.tenants, name="tenants"),
    path("tenants/add/", portfolio.add, name="tenant_add"),
    path("activity/", views.activity, name="activity"),
    path("activity/export/", views.activity_export, name="activity_export"),
]

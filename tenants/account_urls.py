"""Addresses of one's own account. The names of second factors and passwords are those that allauth leads to."""

from allauth.account.views import password_change, password_set, reauthenticate
from allauth.mfa.base.views import authenticate
from allauth.mfa.base.views import reauthenticate as mfa_reauthenticate
from allauth.mfa.recovery_codes.views import generate_recovery_codes, view_recovery_codes
from allauth.mfa.totp.views import activate_totp, deactivate_totp
from allauth.mfa.webauthn.views import add_webauthn, reauthenticate_webauthn, remove_webauthn
from django.urls import path

from tenants import views

urlpatterns = [
    path("", views.account, name="mfa_index"),
    path("second-factor/", views.second_factor, name="second_factor"),
    path("invitation/", views.invitation, name="invitation"),
    path("invitation/accept/", views.invitation_accept, name="invitation_accept"),
    path("sessions/<int:session_id>/end/", views.session_end, name="session_end"),
    path("sessions/end-others/", views.sessions_end_others, name="sessions_end_others"),
    path("password/", password_change, name="account_change_password"),
    path("password/set/", password_set, name="account_set_password"),
    path("confirm/", reauthenticate, name="account_reauthenticate"),
    path("confirm/code/", mfa_reauthenticate, name="mfa_reauthenticate"),
    path("confirm/passkey/", reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("code/", authenticate, name="mfa_authenticate"),
    path("authenticator-app/", activate_totp, name="mfa_activate_totp"),
    path("authenticator-app/remove/", deactivate_totp, name="mfa_deactivate_totp"),
    path("passkeys/add/", add_webauthn, name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/remove/", remove_webauthn, name="mfa_remove_webauthn"),
    path("recovery-codes/", view_recovery_codes, name="mfa_view_recovery_codes"),
    path("recovery-codes/new/", generate_recovery_codes, name="mfa_generate_recovery_codes"),
]

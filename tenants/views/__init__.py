"""Pages of the organization and of one's own account: members, security, sessions, and the trail of what was done."""

from tenants.views.account import account, second_factor, session_end, sessions_end_others
from tenants.views.activity import activity
from tenants.views.activity import export as activity_export
from tenants.views.invitations import invitation, invitation_accept
from tenants.views.members import (
    factors_remove,
    invitation_withdraw,
    member,
    member_change,
    member_deactivate,
    member_invite,
    member_reactivate,
    members,
)
from tenants.views.microsoft import microsoft_callback, microsoft_login
from tenants.views.security import approval_change, security, security_change
from tenants.views.switches import petra_response

__all__ = [
    "account",
    "activity",
    "activity_export",
    "approval_change",
    "factors_remove",
    "invitation",
    "invitation_accept",
    "invitation_withdraw",
    "member",
    "member_change",
    "member_deactivate",
    "member_invite",
    "member_reactivate",
    "members",
    "microsoft_callback",
    "microsoft_login",
    "petra_response",
    "second_factor",
    "security",
    "security_change",
    "session_end",
    "sessions_end_others",
]

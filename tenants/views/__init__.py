"""Pages of the organization: its members, and the trail of what was done."""

from tenants.views.activity import activity
from tenants.views.activity import export as activity_export
from tenants.views.members import members
from tenants.views.switches import petra_response

__all__ = ["activity", "activity_export", "members", "petra_response"]

"""Pages of the organization: its members, and the trail of what was done."""

from tenants.views.activity import activity
from tenants.views.members import members

__all__ = ["activity", "members"]

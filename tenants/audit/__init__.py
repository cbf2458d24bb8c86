"""The audit trail: written in the same transaction as the act it tells of, hash-chained, and never changed.

docs/audit-trail.md tells how it is chained, how to verify it, and what it cannot prove.
"""

from tenants.audit.acts import PETRA, PETRA_RESPONSE, Act, Actor, record, record_for_organization
from tenants.audit.chain import Newest, newest, newest_of_organization

__all__ = [
    "PETRA",
    "PETRA_RESPONSE",
    "Act",
    "Actor",
    "Newest",
    "newest",
    "newest_of_organization",
    "record",
    "record_for_organization",
]

"""Finders look for what a step could act on: one file per noun, advanced together by the scan.

A finder is a generator like an action: it yields requests and receives their answers. It never raises for what
Microsoft refused: what could not be read stands in its `Found`, and what could is delivered all the same.
"""

from collections.abc import Callable

from remediation.actions.base import Stages
from remediation.actions.finders.applications import find_applications
from remediation.actions.finders.auth_methods import find_auth_methods
from remediation.actions.finders.devices import find_devices
from remediation.actions.finders.forwarding import find_forwarding
from remediation.actions.finders.inbox_rules import find_inbox_rules
from remediation.actions.finders.internal_phish import find_internal_phish
from remediation.actions.finders.mailbox_permissions import find_mailbox_permissions
from remediation.actions.finders.messages import find_campaign_copies, find_phish_copies, find_remaining_phish
from remediation.actions.finding import FindScope, Found
from remediation.enums import Step

Finder = Callable[[FindScope], Stages[Found] | Stages[list[Found]]]

__all__ = ["FINDERS", "Finder", "find_campaign_copies"]

FINDERS: tuple[tuple[Step, Finder], ...] = (
    (Step.RETRACT, find_phish_copies),
    (Step.PERSISTENCE, find_inbox_rules),
    (Step.PERSISTENCE, find_forwarding),
    (Step.PERSISTENCE, find_mailbox_permissions),
    (Step.PERSISTENCE, find_applications),
    (Step.PERSISTENCE, find_devices),
    (Step.PERSISTENCE, find_auth_methods),
    (Step.PERSISTENCE, find_internal_phish),
    (Step.PERSISTENCE, find_remaining_phish),
)

"""What makes a rule, a permission, an application, a device or a sign-in method suspicious, in words.

Each kind of thing has a table of signs, one line each. A strong sign is enough by itself; of weak ones it takes two,
since honest people too mark mail as read, let an application read their mail, or bring a telephone from abroad.
"""

from remediation.actions.signs.applications import (
    REGISTRATION_SIGNS,
    UNTOUCHABLE_SIGNS,
    AppUse,
    Registration,
    access_in_words,
    consent_grounds,
)
from remediation.actions.signs.mailboxes import FORWARDING_SIGNS, TRUSTEE_SIGNS, Forwarding, Trustee, imitated_domain
from remediation.actions.signs.registrations import DEVICE_SIGNS, METHOD_SIGNS, Registered
from remediation.actions.signs.rules import MAIL_FLOW_SIGNS, RULE_SIGNS, MailRule
from remediation.actions.signs.weighing import Grounds, act_in_words, acts_of, acts_on, weigh, written

__all__ = [
    "DEVICE_SIGNS",
    "FORWARDING_SIGNS",
    "MAIL_FLOW_SIGNS",
    "METHOD_SIGNS",
    "REGISTRATION_SIGNS",
    "RULE_SIGNS",
    "TRUSTEE_SIGNS",
    "UNTOUCHABLE_SIGNS",
    "AppUse",
    "Forwarding",
    "Grounds",
    "MailRule",
    "Registered",
    "Registration",
    "Trustee",
    "access_in_words",
    "act_in_words",
    "acts_of",
    "acts_on",
    "consent_grounds",
    "imitated_domain",
    "weigh",
    "written",
]

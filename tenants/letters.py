"""The one letter that Petra writes: an invitation, where a mail server is named."""

from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import send_mail

from tenants.models import Invitation

logger = structlog.get_logger(__name__)

TEXT = """{inviter} invites you to Petra at {organization}, as {role}.

Open this link within 7 days to choose your name and password. It works once.

{link}

If you do not know what this is about, leave it alone: nothing happens without you.
"""


def invitation_send(*, invitation: Invitation, link: str) -> bool:
    """Send the link; False where no mail server is named, or it did not take the letter. No transaction is open."""
    if not settings.IS_EMAIL_ON:
        return False
    text = TEXT.format(
        inviter=invitation.invited_by.display_name,
        organization=invitation.organization.name,
        role=invitation.get_role_display(),
        link=link,
    )
    try:
        send_mail(f"Invitation to Petra at {invitation.organization.name}", text, None, [invitation.email])
    except (SMTPException, OSError) as error:
        logger.warning("invitation_not_sent", invitation_id=invitation.pk, error=type(error).__name__)
        return False
    return True

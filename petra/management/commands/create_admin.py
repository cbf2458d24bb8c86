"""`manage.py create_admin EMAIL`: the first one who can sign in."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from tenants import audit
from tenants.audit import PETRA, Act, Actor
from tenants.enums import Role
from tenants.models import Member, Organization


class Command(BaseCommand):
    help = "Make an admin. The password is asked for; without a terminal it is the first line of standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", required=True, help="display name: who did it, in the audit trail")
        parser.add_argument("--organization", required=True, help="the MSP; made if there is none of this name")

    def handle(self, *_args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        member = Member(email=email, display_name=options["name"].strip(), role=Role.ADMIN)
        try:
            validate_email(email)
            password = _password()
            validate_password(password, member)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if Member.objects.filter(email=email).exists():
            raise CommandError(f"There is a member {email} already.")
        member.set_password(password)
        _create(member, options["organization"].strip())
        self.stdout.write(f"{member.display_name} ({email}) is an admin of {member.organization}, and can sign in.")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password, 12 characters or more: ")
    if password != getpass.getpass("Once more: "):
        raise CommandError("These are two different passwords. Nobody was made.")
    return password


@transaction.atomic
def _create(member: Member, organization: str) -> None:
    member.organization, _ = Organization.objects.get_or_create(name=organization)
    member.save()
    act = Act(
        verb="create_member",
        summary=f"Admin made on the command line – {member.display_name}",
        object_type="member",
        object_id=member.pk,
    )
    audit.record_for_organization([act], organization=member.organization, by=Actor(None, PETRA))

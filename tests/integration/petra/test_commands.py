"""Commands of whoever runs the installation."""

import io

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from petra import heartbeat
from tenants.enums import Role
from tenants.models import AuditEvent, Member, Organization
from tests.factories import rows

pytestmark = pytest.mark.django_db
PASSWORD = "lantern-above-the-harbour"


@pytest.fixture
def typed(monkeypatch):
    """What comes in on standard input, which is no terminal."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def create_admin(email: str = "Ada@Lantern.example", organization: str = "Lantern") -> str:
    out = io.StringIO()
    call_command("create_admin", email, "--name", "Ada Moreau", "--organization", organization, stdout=out)
    return out.getvalue()


def test_the_first_admin_can_sign_in(typed):
    typed(PASSWORD + "\n")
    assert create_admin() == "Ada Moreau (ada@lantern.example) is an admin of Lantern, and can sign in.\n"
    made = Member.objects.get()
    assert (made.email, made.role, made.organization.name) == ("ada@lantern.example", Role.ADMIN, "Lantern")
    answer = Client().post("/sign-in/", {"login": "ada@lantern.example", "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    event = AuditEvent.objects.get()
    assert (event.verb, event.organization_id, event.object_id) == ("create_member", made.organization_id, str(made.pk))


def test_an_organization_that_is_there_is_joined(typed):
    rows.organization("Lantern")
    typed(PASSWORD)
    create_admin()
    assert Organization.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "password", "words"),
    [
        ("ada@lantern.example", "short", "too short"),
        ("ada@lantern.example", "", "too short"),
        ("ada@lantern.example", "passwordpassword1234"[:8], "too common"),
        ("no address", PASSWORD, "valid email"),
        ("known@lantern.example", PASSWORD, "There is a member known@lantern.example already"),
    ],
)
def test_what_is_refused_makes_nobody(typed, email, password, words):
    rows.member(rows.organization("Lantern"), email="known@lantern.example")
    typed(password)
    with pytest.raises(CommandError, match=words):
        create_admin(email, "Another")
    assert (Member.objects.count(), Organization.objects.count()) == (1, 1)


def test_a_probe_tells_what_is_missing():
    cache.delete(heartbeat.KEY)
    call_command("probe", "database", "broker", "migrations", stdout=io.StringIO())
    with pytest.raises(CommandError, match="Not ready: beat"):
        call_command("probe", "database", "beat")
    heartbeat.tick()
    out = io.StringIO()
    call_command("probe", "beat", stdout=out)
    assert out.getvalue() == "Ready: beat.\n"

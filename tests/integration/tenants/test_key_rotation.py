"""Secrets under an old key, put under a new one; the old key goes, and they are still readable."""

from collections.abc import Callable
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast
from django.test import override_settings

from tenants import key_rotation
from tenants.encryption import InvalidToken, decrypt
from tenants.key_rotation import encrypted_columns, fingerprint, keys_in_use
from tenants.models import Connection
from tenants.scoping import unscoped
from tests.factories import rows

pytestmark = pytest.mark.django_db
OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


def keys(*given: str):
    return override_settings(ENCRYPTION_KEYS=list(given))


@pytest.fixture
def connections() -> list[int]:
    """Three connections under the old key; the second with a certificate besides."""
    with keys(OLD):
        lantern = rows.organization()
        more = [{}, {"certificate_private_key": "PEM"}, {}]
        return [
            rows.connection(rows.tenant(lantern), client_secret=f"secret {number}", **values).pk
            for number, values in enumerate(more)
        ]


def stored(pk: int) -> QuerySet[Connection]:
    return Connection.objects.filter(pk=pk)


def ciphertext(pk: int) -> str:
    with unscoped(reason="a test looks at what is stored"):
        return stored(pk).values_list(Cast("client_secret", TextField()), flat=True).get()


def rotated() -> str:
    out = StringIO()
    call_command("rotate_encryption_keys", stdout=out)
    return out.getvalue()


def test_every_encrypted_column_is_known():
    found = {f"{model._meta.label}.{column}" for model, column in encrypted_columns()}
    assert found == {
        "tenants.Connection.client_secret",
        "tenants.Connection.certificate_private_key",
        "remediation.IssuedPassword.password",
    }


def test_second_factors_are_rotated_and_stay_as_used_as_they_were():
    with keys(OLD):
        member = rows.member(rows.organization())
        TOTP.activate(member, "JBSWY3DPEHPK3PXP")
        codes = RecoveryCodes.activate(member)
        first, *others = codes.generate_codes()
        assert codes.validate_code(first)
    with keys(NEW, OLD):
        assert rotated().splitlines()[0] == "Encrypted anew: 2. Under the first key now: 2 of 2."
    with keys(NEW):
        app, found = Authenticator.objects.order_by("pk")
        assert decrypt(app.data["secret"]) == "JBSWY3DPEHPK3PXP"
        assert found.wrap().get_unused_codes() == others


def test_the_old_key_can_go(connections):
    with keys(NEW, OLD):
        said = rotated().splitlines()
        assert said == [
            "Encrypted anew: 4. Under the first key now: 4 of 4.",
            f"Key 1 (fingerprint {fingerprint(NEW)}): encrypts what is new.",
            f"Key 2 (fingerprint {fingerprint(OLD)}): no longer needed here. Older backups need it: keep it with them.",
        ]
        again = rotated().splitlines()
        assert again == ["Encrypted anew: 0. Under the first key now: 4 of 4.", *said[1:]]
    with keys(NEW), unscoped(reason="a test reads all"):
        found = list(Connection.objects.order_by("pk").values_list("client_secret", "certificate_private_key"))
        assert found == [("secret 0", ""), ("secret 1", "PEM"), ("secret 2", "")]
    with keys(OLD), unscoped(reason="a test reads all"), pytest.raises(InvalidToken):
        stored(connections[0]).get()


def test_what_no_key_opens_is_named_and_stops_nothing(connections):
    with keys(LOST), unscoped(reason="a test's row"):
        stored(connections[1]).update(client_secret="lost")
    before = ciphertext(connections[1])
    with keys(NEW, OLD), pytest.raises(CommandError) as refused:
        rotated()
    assert str(refused.value).splitlines()[-1:] == [f"  tenants.Connection {connections[1]} (client_secret)"]
    assert refused.value.returncode == 1
    assert ciphertext(connections[1]) == before
    with keys(NEW):
        found = keys_in_use()
        assert (dict(found.needed), [secret.pk for secret in found.unreadable]) == (
            {fingerprint(NEW): 3},
            [connections[1]],
        )


@pytest.fixture
def while_read(monkeypatch):
    """Somebody writes between the rotation's reading a value and its writing it: at the boundary of the two."""

    def at_first_reading(write: Callable[[], object]) -> None:
        read, calls = key_rotation._ciphertext, []

        def reading(secret):
            found = read(secret)
            calls.append(secret)
            if len(calls) == 1:
                write()
            return found

        monkeypatch.setattr(key_rotation, "_ciphertext", reading)

    return at_first_reading


def test_what_is_changed_meanwhile_is_not_lost(connections, while_read):
    while_read(lambda: stored(connections[0]).update(client_secret="changed"))
    with keys(NEW, OLD):
        rotated()
    with keys(NEW), unscoped(reason="a test reads all"):
        assert stored(connections[0]).get().client_secret == "changed"


def test_what_is_destroyed_meanwhile_stays_destroyed(connections, while_read):
    while_read(lambda: stored(connections[0]).update(client_secret=""))
    with keys(NEW, OLD):
        assert rotated().splitlines()[0] == "Encrypted anew: 3. Under the first key now: 3 of 3."
    with keys(NEW), unscoped(reason="a test reads all"):
        assert stored(connections[0]).get().client_secret == ""


def test_moments_of_rows_are_left_as_they_are(connections):
    with unscoped(reason="a test reads all"):
        moments = Connection.objects.order_by("pk").values_list("pk", F("updated_at"))
        before = list(moments)
        with keys(NEW, OLD):
            rotated()
        assert list(moments.all()) == before

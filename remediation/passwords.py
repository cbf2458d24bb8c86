"""A new password: strong, possible to read aloud, encrypted until seen, and then gone."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from graph import SecretRef
from remediation.enums import RETRIABLE_STATES, RunState
from remediation.models import ActionRun, IssuedPassword
from tenants import audit
from tenants.audit import Act, Actor
from tenants.models import Member
from tenants.scoping import tenant_scope, unscoped

LIFETIME = timedelta(minutes=15)
LIFETIME_UNSENT = timedelta(hours=1)  # since the press, for what Microsoft never took
# No letters or digits that look or sound alike; consonant and vowel take turns so that a group can be spoken.
CONSONANTS = "bdfghkmnprstvz"
VOWELS = "aeiu"
DIGITS = "23456789"
SYMBOLS = "-+=#"

_WORDS = (
    "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo "
    "Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"
)
SPELLING = {word[0].lower(): word for word in _WORDS.split(" ")} | {
    "-": "dash",
    "+": "plus",
    "=": "equals",
    "#": "hash",
}


class PasswordGone(Exception):
    """The password is no longer there, or not for this reader. The message says which."""


def make_password() -> str:
    """Four spoken groups and digits, such as "Tabiku-hezani-Rudegi-sapemu-4728": some 83 bits of randomness."""
    groups = ["".join(secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(3)) for _ in range(4)]
    groups[0], groups[2] = groups[0].capitalize(), groups[2].capitalize()
    digits = "".join(secrets.choice(DIGITS) for _ in range(4))
    return secrets.choice(SYMBOLS).join([*groups, digits])


def spell(password: str) -> list[tuple[str, str]]:
    """Each character with the word to say for it: ("T", "TANGO"), ("a", "alfa"), ("4", "4")."""
    spoken = []
    for character in password:
        word = SPELLING.get(character.lower(), character)
        spoken.append((character, word.upper() if character.isupper() else word.lower()))
    return spoken


def resolve(reference: SecretRef) -> str:
    """The password that a run's request refers to. Called by the client when it sends.

    Raises:
        KeyError: when it is not stored any more.
    """
    with unscoped(reason="the client's sending thread knows the reference and nothing else"):
        issued = IssuedPassword.objects.filter(reference=reference.reference).first()
    if issued is None or not issued.password:
        raise KeyError(reference.reference)
    return issued.password


def accept(runs: Sequence[ActionRun], *, at: datetime) -> None:
    """Microsoft took these passwords: their 15 minutes start. Call inside the settlement's transaction.

    Whatever else is stored for the same accounts is dead: accepted before, or of an earlier press.
    """
    alive = IssuedPassword.objects.filter(run__in=runs, destroyed_at=None)
    taken = set(alive.values_list("run_id", flat=True))
    alive.update(accepted_at=at, expires_at=at + LIFETIME)
    for run in runs:
        if run.pk in taken:
            same_account = {"tenant_id": run.tenant_id, "run__target__user_id": run.target["user_id"]}
            others = IssuedPassword.objects.filter(run__action_key=run.action_key, destroyed_at=None, **same_account)
            dead = others.exclude(run_id__in=taken).filter(Q(run_id__lt=run.pk) | Q(accepted_at__isnull=False))
            dead.update(password="", destroyed_at=at)


def discard(runs: Sequence[ActionRun]) -> None:
    """These passwords will never be valid (refused, or it was so already): destroy them at once."""
    IssuedPassword.objects.filter(run__in=runs).update(password="", destroyed_at=timezone.now())


def reveal(*, run: ActionRun, by: Member) -> str:
    """The password, once, to the one who pressed. Reading it destroys it.

    Raises:
        PasswordGone: when it was seen, has expired, or belongs to somebody else's press.
    """
    with transaction.atomic():
        issued = IssuedPassword.objects.select_for_update().filter(run=run).first()
        if issued is None or issued.accepted_at is None:
            raise PasswordGone("There is no password to show.")
        if issued.viewer_id != by.pk:
            raise PasswordGone("Only the member who pressed Reset Password can see it. Press again for a new one.")
        now = timezone.now()
        if issued.seen_at or not issued.password or issued.expires_at is None or issued.expires_at <= now:
            raise PasswordGone("The password was shown once, or 15 minutes have passed: it is gone. Reset it again.")
        password = issued.password
        IssuedPassword.objects.filter(pk=issued.pk).update(password="", seen_at=now, destroyed_at=now)
        act = Act(
            verb="reveal_password",
            summary=f"New password shown once – {run.title}",
            object_type="action_run",
            object_id=run.pk,
            incident_id=run.incident_id,
        )
        audit.record([act], tenant=run.tenant, by=Actor.of(by))
    return password


def destroy_expired(*, now: datetime) -> int:
    """Destroy what nobody looked at in time, and what Microsoft never took. Returns how many."""
    unsent = Q(
        accepted_at=None,
        run__state__in=(*RETRIABLE_STATES, RunState.SKIPPED, RunState.CANCELED),
        run__order__created_at__lte=now - LIFETIME_UNSENT,
    )
    with unscoped(reason="expiry concerns the passwords of all tenants"):
        stale = IssuedPassword.objects.filter(Q(expires_at__lte=now) | unsent, destroyed_at=None)
        return stale.update(password="", destroyed_at=now)


def store(*, run: ActionRun, viewer: Member | None) -> IssuedPassword:
    """Make the password of a run and keep it encrypted, before anything is sent. Every retry sends the same one."""
    with tenant_scope([run.tenant_id]):
        return IssuedPassword.objects.create(
            tenant_id=run.tenant_id,
            run=run,
            reference=run.target["secret"],
            viewer_id=viewer.pk if viewer else None,
            password=make_password(),
        )


def renew(run: ActionRun) -> bool:
    """Before a failed reset is tried again: a new password under the same reference, where the old one was destroyed.

    The tries are counted anew: a change that an earlier try made is no sign that this password was set. Returns
    whether a new one was made. Call inside the transaction that puts the run back in the queue.
    """
    fresh = {"password": make_password(), "accepted_at": None, "expires_at": None, "seen_at": None}
    destroyed = IssuedPassword.objects.filter(run=run, destroyed_at__isnull=False)
    if not destroyed.update(**fresh, destroyed_at=None):
        return False
    run.tries = 0
    ActionRun.objects.filter(pk=run.pk).update(tries=0)
    return True

"""Sign-in methods of the account: with one of their own, an attacker comes back after the password was changed.

Which method is the default one is not to be seen over the API; Microsoft refuses to remove it while others exist.
"""

from collections.abc import Iterable, Sequence

from graph import security, users
from remediation.actions.base import Stages, moment
from remediation.actions.finders.reading import Row, found, read_all
from remediation.actions.finding import Candidate, FindScope, Found, details
from remediation.actions.signs import METHOD_SIGNS, Registered, weigh, written

SOURCE = "Sign-in methods"
_KINDS = {
    "phoneAuthenticationMethod": "Telephone",
    "microsoftAuthenticatorAuthenticationMethod": "Microsoft Authenticator",
    "fido2AuthenticationMethod": "Passkey or security key",
    "softwareOathAuthenticationMethod": "One-time code app",
    "emailAuthenticationMethod": "E-mail for password reset",
    "temporaryAccessPassAuthenticationMethod": "Temporary Access Pass",
    "windowsHelloForBusinessAuthenticationMethod": "Windows Hello for Business",
    "platformCredentialAuthenticationMethod": "Platform credential",
}
_PASSWORD = "passwordAuthenticationMethod"  # noqa: S105 - the name of a type
_REFUSAL = "Petra cannot remove a sign-in method of this kind. Remove it by hand in the Entra admin center."

# ITU-T E.164: zones 1 and 7 are one country code, these have two digits, all others have three.
_TWO_DIGITS = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66"
_TWO_DIGITS += " 81 82 84 86 90 91 92 93 94 95 98"


def find_auth_methods(scope: FindScope) -> Stages[Found]:
    """Read the sign-in methods, and the telephone numbers that the directory has of the person."""
    person = users.get(scope.user_id, select=("id", "mobilePhone", "businessPhones"))
    methods, profile = yield from read_all([security.authentication_methods(scope.user_id), person])
    rows = [row for row in methods.rows if _type(row) != _PASSWORD]
    known = _directory_numbers(profile.only)
    # Without the person's own numbers only a weak sign is missing: the check rests on the list of methods.
    return found(SOURCE, "auth_method", [methods], [_candidate(row, rows, known, scope) for row in rows])


def country_code(number: str) -> str:
    """Return the country code of an international telephone number ("+44 7700 900123" -> "44"), or ""."""
    text = number.strip().replace("00", "+", 1) if number.strip().startswith("00") else number.strip()
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    if not text.startswith("+") or len(digits) < 5:
        return ""
    if digits[0] in "17":
        return digits[0]
    return digits[:2] if digits[:2] in _TWO_DIGITS.split() else digits[:3]


def _directory_numbers(profile: Row) -> list[str]:
    return [str(number) for number in [profile.get("mobilePhone"), *(profile.get("businessPhones") or [])] if number]


def _type(row: Row) -> str:
    return security.method_type(str(row.get("@odata.type") or ""))


def _candidate(row: Row, rows: Sequence[Row], known: Iterable[str], scope: FindScope) -> Candidate:
    kind, detail = _KINDS.get(_type(row), _type(row)), _detail(row)
    registered_at = moment(row.get("createdDateTime"))
    others = [str(other["phoneNumber"]) for other in rows if other is not row and _is_older_phone(other, scope)]
    thing = Registered(
        names=tuple(name for name in (detail, str(row["id"])) if name),
        registered_at=registered_at,
        country_code=country_code(str(row.get("phoneNumber") or "")),
        known_codes=frozenset(code for number in (*known, *others) if (code := country_code(number))),
    )
    grounds = weigh(thing, scope, METHOD_SIGNS)
    refusal = "" if _type(row) in security.REMOVABLE_METHOD_TYPES else _REFUSAL
    return Candidate(
        kind="auth_method",
        action_key="remove_auth_method",
        target={"user_id": scope.user_id, "odata_type": str(row.get("@odata.type") or ""), "method_id": str(row["id"])},
        title=f"{kind}: {detail}" if detail else kind,
        facts=details(
            Kind=kind, Detail=detail, Registered=written(registered_at) if registered_at else "Microsoft does not tell"
        ),
        reasons=grounds.reasons,
        is_suspicious=grounds.are_enough and not refusal,
        refusal=refusal,
        before={"exists": True},
    )


def _is_older_phone(row: Row, scope: FindScope) -> bool:
    """Whether a number is one of the person's own: a number from the attack says nothing about the person."""
    at = moment(row.get("createdDateTime"))
    return bool(row.get("phoneNumber")) and at is not None and at < scope.since


def _detail(row: Row) -> str:
    named = row.get("phoneNumber") or row.get("emailAddress") or row.get("displayName") or row.get("model")
    return str(named or "")

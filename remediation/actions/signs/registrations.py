"""What makes a device or a sign-in method suspicious."""

from dataclasses import dataclass
from datetime import datetime

from remediation.actions.finding import FindScope
from remediation.actions.signs.weighing import (
    STRONG,
    WEAK,
    Table,
    act_in_words,
    acts_of,
    acts_on,
    during_attack,
    written,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A device or a sign-in method. `country_code` is of a telephone, `known_codes` those of the person's others."""

    names: tuple[str, ...]
    registered_at: datetime | None
    country_code: str = ""
    known_codes: frozenset[str] = frozenset()


DEVICE_OPERATIONS = ("Add device.", "Register device.", "Add registered owner to device.")
METHOD_OPERATIONS = (
    "User registered security info",
    "User registered all required security info",
    "Admin registered security info",
)


def _registered_in_window(thing: Registered, scope: FindScope) -> str:
    return during_attack("Registered", thing.registered_at, scope)


def _device_by_attacker(thing: Registered, scope: FindScope) -> str:
    return act_in_words("Registered", acts_on(scope, DEVICE_OPERATIONS, thing.names))


def _method_by_attacker(thing: Registered, scope: FindScope) -> str:
    return act_in_words("Registered", acts_on(scope, METHOD_OPERATIONS, thing.names))


def _undated_method(thing: Registered, scope: FindScope) -> str:
    """Microsoft leaves the date out for some methods; then an attacker's registration may well have been this one."""
    acts = acts_of(scope, METHOD_OPERATIONS)
    if thing.registered_at is not None or not acts:
        return ""
    return f"Microsoft gives no date for it, and the attacker registered a method on {written(acts[0].at)}"


def _country_is_new(thing: Registered, _scope: FindScope) -> str:
    if not thing.country_code or not thing.known_codes or thing.country_code in thing.known_codes:
        return ""
    known = ", ".join(f"+{code}" for code in sorted(thing.known_codes))
    return f"A number with country code +{thing.country_code}; the person's other numbers have {known}"


DEVICE_SIGNS: Table[Registered] = ((STRONG, _registered_in_window), (STRONG, _device_by_attacker))
METHOD_SIGNS: Table[Registered] = (
    (STRONG, _registered_in_window),
    (STRONG, _method_by_attacker),
    (WEAK, _undated_method),
    (WEAK, _country_is_new),
)

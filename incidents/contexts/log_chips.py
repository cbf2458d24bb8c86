"""The filters that are set, each with the address at which it is not."""

from dataclasses import dataclass, replace

from incidents.contexts.log_addresses import log_url
from incidents.selectors import Logbook, LogChoice
from incidents.selectors.log_conditions import NOT

_WORDS = {
    "since": "From {}",
    "until": "To {}",
    "operation": "Operation has “{}”",
    "ip": "IP address {}",
    "network": "Network has “{}”",
    "application": "Application has “{}”",
    "user": "User has “{}”",
    "subject": "Subject has “{}”",
    "sender": "Sender has “{}”",
}
_RESULTS = {"succeeded": "Succeeded", "failed": "Failed"}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in words, and the address without it."""

    name: str
    words: str
    url: str


def chips_of(book: Logbook, choice: LogChoice) -> list[Chip]:
    """A chip for each filter."""
    first = replace(choice, before=None)
    chips = [
        Chip(name, words, log_url(book, replace(first, asked=_without(choice, name))))
        for name, words in filter_words(choice)
        if name != "who"
    ]
    if choice.only_attacker:
        chips.append(Chip("who", "Attacker only", log_url(book, replace(first, only_attacker=False))))
    return chips


def filter_words(choice: LogChoice) -> list[tuple[str, str]]:
    """Each filter by its name, in words."""
    given = dict(choice.asked)
    told = [(name, _told(name, value, given)) for name, value in choice.asked if name != "country_is"]
    return [*told, ("who", "Attacker only")] if choice.only_attacker else told


def _told(name: str, value: str, given: dict[str, str]) -> str:
    if name == "country":
        return f"Country is {'not ' if given.get('country_is') == NOT else ''}{value}"
    if name == "hosting":
        return f"Hosting network (by name): {value}"
    if name == "result":
        return _RESULTS[value]
    return _WORDS[name].format(value)


def _without(choice: LogChoice, name: str) -> tuple[tuple[str, str], ...]:
    gone = {name, "country_is"} if name == "country" else {name}
    return tuple(pair for pair in choice.asked if pair[0] not in gone)

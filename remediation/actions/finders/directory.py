"""The people of the tenant: who stands behind an address, a name or an id in a log or a permission."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from graph import users
from remediation.actions.base import moment
from remediation.actions.finders.reading import Row

_SELECT = (
    "id", "userPrincipalName", "mail", "displayName", "proxyAddresses", "userType", "createdDateTime", "accountEnabled",
)  # fmt: skip

# Every finder that needs people asks for the same, so it is asked once.
PEOPLE = users.list_users(select=_SELECT)

_SYNC_PREFIX = "sync_"
_SYNC_NAME = "on-premises directory synchronization service account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account of the tenant."""

    user_id: str
    principal_name: str
    mail: str = ""
    display_name: str = ""
    addresses: frozenset[str] = frozenset()  # lower case
    is_guest: bool = False
    is_enabled: bool = True
    created_at: datetime | None = None

    @property
    def mailbox(self) -> str:
        """The address that people know the mailbox by."""
        return self.mail or self.principal_name

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which logs and permissions may call this account."""
        aliases = (self.principal_name.partition("@")[0], self.mail.partition("@")[0])
        names = (self.principal_name, self.mail, self.display_name, self.user_id, *aliases)
        return tuple(dict.fromkeys(name for name in names if name))


class Directory:
    """The accounts of a tenant, by each of their names."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.people = {person.user_id: person for person in map(_person, rows)}
        self._by_address: dict[str, Person] = {}
        self._by_name: dict[str, Person | None] = {}
        for person in self.people.values():
            self._by_address.update(dict.fromkeys(person.addresses, person))
            for name in person.names:
                # Two people of one name: then the name says nothing.
                known = self._by_name.setdefault(name.casefold(), person)
                self._by_name[name.casefold()] = person if known is person else None

    def at_address(self, address: str) -> Person | None:
        """Whose mailbox has this address; None for a group, or somebody outside."""
        return self._by_address.get(address.strip().casefold())

    def called(self, name: str) -> Person | None:
        """Who is meant by an address, an id, an alias or a display name; None when nobody, or more than one, is."""
        key = name.strip().casefold()
        return self.at_address(key) or self._by_name.get(key)

    def count_others(self, user_id: str) -> int:
        """How many people could use what is open to everybody, besides one."""
        return sum(
            person.is_enabled and not person.is_guest and person.user_id != user_id for person in self.people.values()
        )


def _person(row: Mapping[str, str]) -> Person:
    proxies = [str(each) for each in row.get("proxyAddresses") or []]
    smtp = [each[5:] for each in proxies if each[:5].casefold() == "smtp:"]
    addresses = {row.get("userPrincipalName") or "", row.get("mail") or "", *smtp}
    return Person(
        user_id=row["id"],
        principal_name=row.get("userPrincipalName") or "",
        mail=row.get("mail") or "",
        display_name=row.get("displayName") or "",
        addresses=frozenset(address.casefold() for address in addresses if address),
        is_guest=row.get("userType") == "Guest",
        is_enabled=bool(row.get("accountEnabled", True)),
        created_at=moment(row.get("createdDateTime")),
    )


def is_sync_account(principal_name: str, display_name: str = "") -> bool:
    """Whether this is the account with which Entra Connect writes to the directory."""
    is_named = principal_name.strip().casefold().startswith(_SYNC_PREFIX)
    return is_named or display_name.strip().casefold() == _SYNC_NAME

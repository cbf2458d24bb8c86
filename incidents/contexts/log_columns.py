"""The columns of the logs, as fits each tab. Time and what was done come before them, always."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from incidents.enums import Workload
from incidents.models import LogRecord


class Cell(NamedTuple):
    """What stands in a column. `form`: mono, copy for what is copied often, or empty; `note` stands under it, muted."""

    text: str
    form: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    cell: Callable[[LogRecord], Cell]


def result_words(record: LogRecord) -> str:
    """How it ended, as far as the record says."""
    if record.result:
        return record.result
    return {True: "Succeeded", False: "Failed", None: ""}[record.is_success]


def place_words(record: LogRecord) -> str:
    """City and country, as far as they are known."""
    return ", ".join(part for part in (record.city, record.country) if part)


def _result(record: LogRecord) -> Cell:
    failed = "Failed" if record.is_success is False else ""
    words = result_words(record)
    return Cell(words, note=failed if words != failed else "")


def _network(record: LogRecord) -> Cell:
    return Cell(record.network, note="Hosting network, by its name" if record.is_hosting else "")


def _network_and_place(record: LogRecord) -> Cell:
    place = place_words(record)
    return Cell(record.network, note=f"{place}, hosting by name" if record.is_hosting and place else place)


USER = Column("User", lambda record: Cell(record.user_principal_name, "mono"))
RESULT = Column("Result", _result)
ADDRESS = Column("IP address", lambda record: Cell(record.ip_address, "copy"))
NETWORK = Column("Network", _network)
PLACE = Column("Place", lambda record: Cell(place_words(record)))
NETWORK_PLACE = Column("Network, place", _network_and_place)
APPLICATION = Column("Application", lambda record: Cell(record.application))
DEVICE = Column("Device", lambda record: Cell(record.device or record.user_agent))
CLIENT = Column("Client", lambda record: Cell(record.user_agent or record.device, note=record.application))
SESSION = Column("Session", lambda record: Cell(record.session_id, "mono"))
SUBJECT = Column("Subject", lambda record: Cell(record.subject))
SENDER = Column("Sender", lambda record: Cell(record.sender, "mono"))
FOLDER = Column("Folder or item", lambda record: Cell(record.item))
FILE = Column("File or search", lambda record: Cell(record.item))
ITEM = Column("Item", lambda record: Cell(record.item))

_COLUMNS: dict[Workload, Sequence[Column]] = {
    Workload.LOGINS: (RESULT, ADDRESS, NETWORK, PLACE, APPLICATION, DEVICE, SESSION),
    Workload.EXCHANGE: (SUBJECT, SENDER, ADDRESS, NETWORK_PLACE, FOLDER, RESULT, CLIENT),
    Workload.SHAREPOINT: (FILE, RESULT, ADDRESS, NETWORK_PLACE, CLIENT),
    Workload.TEAMS: (ITEM, RESULT, ADDRESS, NETWORK_PLACE, CLIENT),
    Workload.DIRECTORY: (ITEM, RESULT, ADDRESS, NETWORK_PLACE, CLIENT),
    Workload.OTHER: (ITEM, RESULT, ADDRESS, NETWORK_PLACE, CLIENT),
}


def columns_of(workload: Workload, *, of_one_person: bool) -> Sequence[Column]:
    """The columns of a tab. Who did it is told where the rows are of many, and in the directory, where others act."""
    columns = _COLUMNS[workload]
    return columns if of_one_person and workload != Workload.DIRECTORY else (USER, *columns)

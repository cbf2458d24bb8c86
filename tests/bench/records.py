"""Audit log records in any number: invented ones of the shapes that Exchange, Entra and SharePoint write, varied.

The same count gives the same records. Three of four are Exchange's; people, addresses and messages recur as they do in
a tenant of some hundred people over two months.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
SPAN = timedelta(days=60)
DOMAIN = "bench.example"
PEOPLE = tuple(f"person{number}@{DOMAIN}" for number in range(400))
SUBJECTS = ("Invoice", "Quarterly plan", "Re: Delivery dates", "Minutes of Tuesday", "Änderung im Vertrag", "見積書")
FOLDERS = ("\\Inbox", "\\Sent Items", "\\Inbox\\Suppliers", "\\Archive")
APPLICATIONS = ("00000002-0000-0ff1-ce00-000000000000", "d3590ed6-52b3-4102-aeff-aad2292ab01c")
ORGANIZATION = "5a0f6f0e-0000-4000-8000-000000000001"
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)

Record = dict[str, Any]


def record_lines(count: int) -> Iterator[str]:
    """So many records as JSON lines, each with its line end, spread evenly over the span."""
    return (json.dumps(record, ensure_ascii=False) + "\n" for record in audit_records(count))


def audit_records(count: int) -> Iterator[Record]:
    """So many records as documents, AuditData alone."""
    random = Random(4)  # noqa: S311  # the same records each time, and no secret
    kinds, weights = tuple(kind for kind, _ in KINDS), tuple(weight for _, weight in KINDS)
    for number in range(count):
        at = BEGIN + SPAN * (number / count)
        base = {
            "CreationTime": at.strftime("%Y-%m-%dT%H:%M:%S"),
            "Id": str(UUID(int=random.getrandbits(128), version=4)),
            "OrganizationId": ORGANIZATION,
            "UserType": 0,
            "Version": 1,
            "UserId": random.choice(PEOPLE),
            "UserKey": f"10032000{random.randrange(400):08d}",
        }
        yield base | random.choices(kinds, weights)[0](random)


def _address(random: Random) -> str:
    return (
        f"{random.choice((5, 45, 80, 91, 185))}.{random.randrange(20)}.{random.randrange(8)}.{random.randrange(1, 20)}"
    )


def _message(random: Random) -> Record:
    number = random.randrange(200_000)
    return {
        "InternetMessageId": f"<{number:012x}.{number % 97}@mail.{DOMAIN}>",
        "Id": f"RgAAAAD{number:090d}AAA",
        "Subject": f"{random.choice(SUBJECTS)} {number % 5000}",
        "SizeInBytes": 9_000 + number,
        "ParentFolder": {"Id": f"LgAAAAB{number % 40:060d}AAB", "Path": random.choice(FOLDERS)},
    }


def _mailbox(random: Random) -> Record:
    return {
        "Workload": "Exchange",
        "ResultStatus": "Succeeded",
        "ClientIPAddress": _address(random),
        "ClientInfoString": "Client=OWA;Action=ViaProxy",
        "ExternalAccess": False,
        "LogonType": 0,
        "InternalLogonType": 0,
        "LogonUserSid": f"S-1-5-21-1004336348-{random.randrange(400)}",
        "MailboxGuid": str(UUID(int=random.randrange(400), version=4)),
        "MailboxOwnerUPN": random.choice(PEOPLE),
        "OrganizationName": DOMAIN,
        "OriginatingServer": "CWLP265MB4711 (15.20.9137.018)\r\n",
        "SessionId": str(UUID(int=random.randrange(5_000), version=4)),
    }


def _bind(random: Random) -> Record:
    messages = [_message(random) for _ in range(random.randrange(1, 4))]
    items = [{name: one[name] for name in ("InternetMessageId", "Id", "SizeInBytes")} for one in messages]
    return _mailbox(random) | {
        "Operation": "MailItemsAccessed",
        "RecordType": 50,
        "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}, {"Name": "IsThrottled", "Value": "False"}],
        "Folders": [messages[0]["ParentFolder"] | {"FolderItems": items}],
        "OperationCount": len(items),
    }


def _sync(random: Random) -> Record:
    return _mailbox(random) | {
        "Operation": "MailItemsAccessed",
        "RecordType": 2,
        "OperationProperties": [{"Name": "MailAccessType", "Value": "Sync"}, {"Name": "IsThrottled", "Value": "False"}],
        "Item": {"Id": "LgAAAAB", "ParentFolder": _message(random)["ParentFolder"]},
    }


def _sent(random: Random) -> Record:
    return _mailbox(random) | {
        "Operation": random.choice(("Send", "Create")),
        "RecordType": 2,
        "Item": _message(random),
    }


def _deleted(random: Random) -> Record:
    return _mailbox(random) | {
        "Operation": random.choice(("MoveToDeletedItems", "SoftDelete", "HardDelete")),
        "RecordType": 3,
        "AffectedItems": [_message(random) for _ in range(random.randrange(1, 4))],
        "Folder": {"Id": "LgAAAAB", "Path": "\\Inbox"},
        "CrossMailboxOperation": False,
    }


def _cmdlet(random: Random) -> Record:
    return {
        "Operation": "Set-Mailbox",
        "RecordType": 1,
        "Workload": "Exchange",
        "ResultStatus": "True",
        "ClientIP": f"{_address(random)}:{random.randrange(49_152, 65_000)}",
        "ObjectId": f"alias{random.randrange(400)}",
        "Parameters": [{"Name": "Identity", "Value": "alias"}, {"Name": "AuditEnabled", "Value": "True"}],
    }


def _sign_in(random: Random) -> Record:
    failed = random.random() < 0.2
    return {
        "Operation": "UserLoginFailed" if failed else "UserLoggedIn",
        "RecordType": 15,
        "Workload": "AzureActiveDirectory",
        "ResultStatus": "Failed" if failed else "Success",
        "ApplicationId": random.choice(APPLICATIONS),
        "ActorIpAddress": (address := _address(random)),
        "ClientIP": address,
        "ErrorNumber": "50126" if failed else "0",
        "LogonError": "InvalidUserNameOrPassword" if failed else "",
        "ExtendedProperties": [
            {"Name": "ResultStatusDetail", "Value": "Redirect"},
            {"Name": "UserAgent", "Value": AGENT},
            {"Name": "RequestType", "Value": "OAuth2:Authorize"},
        ],
        "DeviceProperties": [
            {"Name": "OS", "Value": "Windows 10"},
            {"Name": "BrowserType", "Value": "Chrome"},
            {"Name": "SessionId", "Value": str(UUID(int=random.randrange(5_000), version=4))},
        ],
    }


def _directory(random: Random) -> Record:
    person = random.choice(PEOPLE)
    return {
        "Operation": "Update user.",
        "RecordType": 8,
        "Workload": "AzureActiveDirectory",
        "ResultStatus": "Success",
        "ObjectId": person,
        "Actor": [{"ID": random.choice(PEOPLE), "Type": 5}],
        "Target": [{"ID": str(UUID(int=random.randrange(400), version=4)), "Type": 2}, {"ID": person, "Type": 5}],
        "ExtendedProperties": [{"Name": "additionalDetails", "Value": json.dumps({"User-Agent": AGENT})}],
        "ModifiedProperties": [{"Name": "DisplayName", "NewValue": '["Person"]', "OldValue": "[]"}],
    }


def _file(random: Random) -> Record:
    name = f"Budget {random.randrange(3_000)}.xlsx"
    return {
        "Operation": random.choice(("FileAccessed", "FileDownloaded", "FileModified")),
        "RecordType": 6,
        "Workload": random.choice(("SharePoint", "OneDrive")),
        "ClientIP": _address(random),
        "UserAgent": AGENT,
        "SourceFileName": name,
        "ObjectId": f"https://bench.sharepoint.com/sites/finance/Shared Documents/{name}",
        "SiteUrl": "https://bench.sharepoint.com/sites/finance/",
    }


KINDS: tuple[tuple[Callable[[Random], Record], int], ...] = (
    (_bind, 45),
    (_sync, 5),
    (_sent, 15),
    (_deleted, 10),
    (_cmdlet, 2),
    (_sign_in, 10),
    (_directory, 3),
    (_file, 10),
)

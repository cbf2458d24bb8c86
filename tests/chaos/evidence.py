"""What is known after a run, from four witnesses that do not know of each other. Plain values: the verdict reads these.

Petra's rows (`Run`, `Attempt`, `Order`, `Search`, `Row`); the database's triggers (`Change`); the simulated cloud, its
log (`Effect`) and its true state (`Cloud`); and the workers' diaries (`Sent`, `Kill`). Moments are seconds since 1970.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An ActionRun. `requests`: fingerprints of the writes by which it may be applied or undone."""

    id: int
    town: str
    incident: int
    order: int
    step: int
    action: str
    target_key: str
    target: Mapping[str, Any]
    state: str
    message: str = ""
    has_lease: bool = False
    is_verified: bool = True
    is_verification_due: bool = False
    ordered_at: float = 0.0
    finished_at: float = 0.0
    requests: Mapping[str, frozenset[str]] = field(default_factory=dict)  # "apply", "undo" -> fingerprints


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    id: int
    run: int
    kind: str  # apply, undo
    fence: str
    started_at: float
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    id: int
    incident: int
    key: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A Scan."""

    id: int
    state: str
    has_lease: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the audit trail."""

    id: int
    verb: str
    object_type: str
    object_id: str
    incident: int
    outcome: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a run's state or fence, as the database's trigger kept it."""

    id: int
    run: int
    old: str
    new: str
    old_fence: str = ""
    new_fence: str = ""
    old_lease: float | None = None
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A write that really happened in the cloud, by its log; `id` orders them as they were logged."""

    id: int
    client_request_id: str
    what: str  # method, path, cmdlet: for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A write that a worker sent, and the status that it got to see: 0 no answer, None the worker did not live to see."""

    client_request_id: str
    attempt: int | None  # None: not sent by a step
    fingerprint: str
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    point: str
    ordinal: int
    fences: frozenset[str] = frozenset()  # of the sets that died with the worker


@dataclass(frozen=True, slots=True)
class Stall:
    """A worker was held up while it worked on a set, for longer than its lease, and then went on."""

    point: str
    fence: str


@dataclass(frozen=True, slots=True)
class Outage:
    """The database was away."""

    began: float
    ended: float


@dataclass(slots=True, kw_only=True)
class Cloud:
    """The true state of one tenant. Every mapping is by id."""

    accounts: Mapping[str, bool] = field(default_factory=dict)  # enabled
    sessions_valid_from: Mapping[str, float] = field(default_factory=dict)
    mails: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)  # owner, folder, internet message id
    rules: Mapping[str, bool] = field(default_factory=dict)  # enabled, by Graph's id or Exchange's number
    forwarding: Mapping[str, str] = field(default_factory=dict)  # by owner; "" for none
    principals: Mapping[str, bool] = field(default_factory=dict)  # enabled
    applications: Mapping[str, bool] = field(default_factory=dict)  # disabled
    grants: Mapping[str, str] = field(default_factory=dict)  # client id and scope
    devices: Mapping[str, bool] = field(default_factory=dict)  # enabled
    methods: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Evidence:
    runs: list[Run] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)
    audit: list[Row] = field(default_factory=list)
    history: list[Change] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    planned_kills: frozenset[tuple[str, int]] = frozenset()
    stalls: list[Stall] = field(default_factory=list)
    late: frozenset[str] = frozenset()  # fences of workers that found their set taken over, and wrote nothing
    outages: list[Outage] = field(default_factory=list)
    before: Mapping[str, Cloud] = field(default_factory=dict)  # by town
    after: Mapping[str, Cloud] = field(default_factory=dict)
    accounts: Mapping[str, tuple[str, bool | None]] = field(default_factory=dict)  # by town: id, and what Petra shows
    passwords: Mapping[int, bool] = field(default_factory=dict)  # of a reset's run: is it the account's password now
    posted_keys: frozenset[str] = frozenset()  # of the forms that were posted
    posted_twice: int = 0
    remediated: Mapping[int, bool] = field(default_factory=dict)  # by incident
    surprises: list[str] = field(default_factory=list)  # what the run itself noticed: stuck, ended by itself
    counts: dict[str, Any] = field(default_factory=dict)  # for the report

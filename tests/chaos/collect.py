"""Gathers the evidence after a run: from Petra's database, its triggers, the simulated cloud, and the diaries."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from graph.simulator.control import SimulatorControl
from graph.simulator.exchange_rules import rule_identity
from incidents.enums import IncidentState
from incidents.models import Account, Incident
from remediation.actions.registry import ACTIONS
from remediation.models import ActionAttempt, ActionRun, IssuedPassword, Scan, WorkOrder
from tenants.models import AuditEvent
from tenants.scoping import unscoped
from tests.chaos.diary import Diary
from tests.chaos.evidence import (
    Attempt,
    Change,
    Cloud,
    Effect,
    Evidence,
    Kill,
    Order,
    Outage,
    Row,
    Run,
    Search,
    Sent,
    Stall,
)
from tests.chaos.world import TOWNS, Town


def gather(seen: Evidence, control: SimulatorControl, diary: Diary, revealed: dict[str, str]) -> Evidence:
    """Fill in all that is known now. `revealed`: the last password that each town's analyst was shown."""
    with unscoped(reason="the evidence concerns all tenants"):
        seen.runs = [_run(run) for run in ActionRun.objects.select_related("tenant").order_by("pk")]
        seen.attempts = [_attempt(each) for each in ActionAttempt.objects.order_by("pk")]
        seen.orders = [_order(order) for order in WorkOrder.objects.order_by("pk")]
        seen.searches = [_search(scan) for scan in Scan.objects.order_by("pk")]
        seen.remediated = {each.pk: each.state == IncidentState.REMEDIATED for each in Incident.objects.all()}
        accounts = Account.objects.select_related("tenant")
        seen.accounts = {each.tenant.slug: (each.object_id, each.account_enabled) for each in accounts}
        seen.passwords = _passwords(seen.runs, control, revealed)
    seen.audit = [_row(event) for event in AuditEvent.objects.order_by("pk")]
    seen.history = _history()
    seen.effects = [_effect(line) for line in control.requests()["requests"] if line["hadEffect"]]
    seen.sent = _sent(diary)
    seen.kills = [Kill(point=k["point"], ordinal=k["ordinal"], fences=frozenset(k["fences"])) for k in _kills(diary)]
    seen.stalls = [Stall(each["point"], each["fence"]) for each in diary.lines("stalls")]
    seen.late = frozenset(each["fence"] for each in diary.lines("late"))
    seen.outages = [Outage(each["began"], each["at"]) for each in diary.lines("restarts")]
    seen.after = {town.slug: cloud_of(town, control) for town in TOWNS}
    return seen


def _kills(diary: Diary) -> list[dict[str, Any]]:
    return diary.lines("kills")


def _run(run: ActionRun) -> Run:
    action = ACTIONS[run.action_key]
    ways = {"apply": action.apply(run.target, run.before)}
    if action.can_undo:
        ways["undo"] = action.undo(run.target, run.before or {}, run.after or {})
    requests = {kind: frozenset(request.fingerprint for request in next(stages)) for kind, stages in ways.items()}
    return Run(
        id=run.pk,
        town=run.tenant.slug,
        incident=run.incident_id,
        order=run.order_id,
        step=run.step,
        action=run.action_key,
        target_key=run.target_key,
        target=run.target,
        state=run.state,
        message=run.message,
        has_lease=run.lease_until is not None,
        is_verified=run.verified_at is not None,
        is_verification_due=run.verify_due_at is not None,
        ordered_at=run.ordered_at.timestamp(),
        finished_at=run.finished_at.timestamp() if run.finished_at else 0.0,
        requests=requests,
    )


def _attempt(attempt: ActionAttempt) -> Attempt:
    return Attempt(
        id=attempt.pk,
        run=attempt.run_id,
        kind=attempt.kind,
        fence=attempt.fence,
        started_at=attempt.started_at.timestamp(),
        is_open=attempt.finished_at is None,
    )


def _order(order: WorkOrder) -> Order:
    return Order(id=order.pk, incident=order.incident_id, key=order.idempotency_key, state=order.state)


def _search(scan: Scan) -> Search:
    return Search(id=scan.pk, state=scan.state, has_lease=scan.lease_until is not None)


def _row(event: AuditEvent) -> Row:
    return Row(
        id=event.pk,
        verb=event.verb,
        object_type=event.object_type,
        object_id=event.object_id,
        incident=event.incident_id or 0,
        outcome=event.outcome,
        summary=event.summary,
    )


def _history() -> list[Change]:
    columns = "id, run_id, old_state, new_state, old_fence, new_fence, old_lease, at"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM chaos_history ORDER BY id")
        rows = cursor.fetchall()
    return [
        Change(
            id=row[0], run=row[1], old=row[2], new=row[3], old_fence=row[4], new_fence=row[5],
            old_lease=_seconds(row[6]), at=_seconds(row[7]) or 0.0,
        )
        for row in rows
    ]  # fmt: skip


def _seconds(moment: datetime | str | None) -> float | None:
    """SQLite gives a text in UTC, PostgreSQL a moment."""
    if moment is None:
        return None
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    return moment.timestamp()


def _cmdlet(line: dict[str, Any]) -> str:
    given = (line["body"] or {}).get("CmdletInput") if isinstance(line["body"], dict) else None
    return str(given.get("CmdletName", "")) if given else ""


def _effect(line: dict[str, Any]) -> Effect:
    what = f"{line['method']} {line['path']} {_cmdlet(line)}".rstrip()
    return Effect(id=line["id"], client_request_id=line["clientRequestId"], what=what)


def _sent(diary: Diary) -> list[Sent]:
    statuses = {line["id"]: line["status"] for line in diary.lines("answered")}
    return [
        Sent(
            client_request_id=line["id"],
            attempt=line["attempt"],
            fingerprint=line["fingerprint"],
            status=statuses.get(line["id"]),
        )
        for line in diary.lines("sent")
    ]


def _passwords(runs: list[Run], control: SimulatorControl, revealed: dict[str, str]) -> dict[int, bool]:
    """Whether the password of the last reset of each town, as Petra has or had it, is the account's now."""
    matches = {}
    resets = {run.town: run for run in runs if run.action == "reset_password" and run.state == "succeeded"}
    for town in (each for each in TOWNS if each.slug in resets):
        run = resets[town.slug]
        kept = IssuedPassword.objects.get(run_id=run.id).password
        password = revealed.get(town.slug) or kept
        matches[run.id] = bool(password) and control.password_matches(town.id("tenant"), town.victim, password)
    return matches


def cloud_of(town: Town, control: SimulatorControl) -> Cloud:
    """The true state of a tenant."""
    tenant = town.id("tenant")

    def all_of(collection: str, owner: str | None = None) -> list[dict[str, Any]]:
        return control.objects(tenant, collection, owner)

    users = all_of("users")
    mails = {mail["_immutableId"]: (user["id"], mail) for user in users for mail in all_of("messages", user["id"])}
    boxes = {box["id"]: str(box.get("ForwardingSmtpAddress") or "") for box in all_of("mailboxes")}
    return Cloud(
        accounts={user["id"]: user["accountEnabled"] for user in users},
        sessions_valid_from={user["id"]: _instant(user["signInSessionsValidFromDateTime"]) for user in users},
        mails={
            each: (owner, mail["parentFolderId"], mail["internetMessageId"]) for each, (owner, mail) in mails.items()
        },
        rules=_rules(all_of("messageRules", town.victim)),
        forwarding=boxes,
        principals={each["id"]: each["accountEnabled"] for each in all_of("servicePrincipals")},
        applications={each["id"]: bool(each.get("isDisabled")) for each in all_of("applications")},
        grants={each["id"]: f"{each['clientId']} {each['scope']}" for each in all_of("oauth2PermissionGrants")},
        devices={each["id"]: each["accountEnabled"] for each in all_of("devices")},
        methods=frozenset(each["id"] for each in all_of("authenticationMethods", town.victim)),
    )


def _rules(rules: Iterable[dict[str, Any]]) -> dict[str, bool]:
    """By Graph's id; hidden ones by Exchange's number, as Petra knows them."""
    return {str(rule_identity(rule) if rule["_hidden"] else rule["id"]): rule["isEnabled"] for rule in rules}


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()

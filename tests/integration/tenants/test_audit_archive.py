"""Retention: old entries go to closed segments, and the chain still verifies, with them and without."""

import gzip
import hashlib
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone

from tenants.audit import archive
from tenants.audit.entry import ROOT
from tenants.models import AuditChain, AuditEvent, Tenant
from tests.factories import rows
from tests.fixtures.audit_trail import lift

pytestmark = pytest.mark.django_db


def call(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def archived(folder: Path, days: int = 100) -> str:
    return call("archive_audit", "--older-than", str(days), "--to", str(folder))


def verified(folder: Path) -> str:
    return call("verify_audit", "--tenant", "acme-corp", "--archive", str(folder))


def refused(folder: Path) -> str:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", "--archive", str(folder), stdout=out)
    return out.getvalue()


def numbers() -> list[int]:
    return list(
        AuditEvent.objects.filter(tenant_id__isnull=False).order_by("sequence").values_list("sequence", flat=True)
    )


@pytest.fixture
def tenant(db) -> Tenant:
    """Six entries: four are 200 days old, two are of today."""
    made = rows.tenant(rows.organization(), "Acme Corp")
    with time_machine.travel(timezone.now() - timedelta(days=200)):
        for number in range(1, 5):
            rows.act(made, f"Act {number}", before={"é": 1.5})
    for number in (5, 6):
        rows.act(made, f"Act {number}")
    return made


def test_there_and_back(tenant, tmp_path):
    hashes = list(AuditEvent.objects.order_by("sequence").values_list("hash", flat=True))
    said = archived(tmp_path)
    assert said.startswith("Tenant Acme Corp: entries 1 to 4 are in ")
    assert numbers() == [5, 6, 7]
    told = AuditEvent.objects.get(sequence=7)
    assert (told.verb, told.actor_name, told.after["hash"]) == ("archive_audit", "Petra", hashes[3])
    head = AuditChain.objects.get()
    assert (head.archived_sequence, head.archived_hash) == (4, hashes[3])

    assert "3 entries after 4 in archives, all well" in verified(tmp_path)
    assert "3 entries after 4 in archives, all well" in call("verify_audit")
    assert archived(tmp_path) == "No entry is older than 100 days. Nothing was changed.\n"


def test_a_segment_is_verified_by_hand(tenant, tmp_path):
    """Each line's SHA-256 is what the next one names; as the documentation shows with sha256sum."""
    archived(tmp_path)
    (path,) = tmp_path.glob("*.jsonl.gz")
    manifest = json.loads(path.with_name(path.name.replace(".jsonl.gz", ".json")).read_text())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == manifest["sha256"]
    assert path.stat().st_mode & 0o777 == 0o600
    newest = ROOT
    for line in gzip.decompress(path.read_bytes()).splitlines():
        assert json.loads(line)["previous_hash"] == newest
        newest = hashlib.sha256(line).hexdigest()
    assert (newest, manifest["root"], manifest["first"], manifest["last"]) == (manifest["hash"], ROOT, 1, 4)


def test_large_chains_go_in_several_segments(tenant, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST", 3)
    assert len(archived(tmp_path).splitlines()) == 2
    assert len(list(tmp_path.glob("*.json"))) == 2
    assert "all well" in verified(tmp_path)


def test_each_chain_has_segments_of_its_own(tenant, tmp_path):
    with time_machine.travel(timezone.now() - timedelta(days=150)):
        rows.organization_act(tenant.organization)
        rows.organization_act(tenant.organization)
    archived(tmp_path)
    assert AuditChain.objects.get(tenant_id=None).archived_sequence == 2
    assert sorted(path.name.split("-0")[0] for path in tmp_path.glob("*.json")) == [
        f"audit-organization-{tenant.organization_id}",
        f"audit-tenant-{tenant.pk}",
    ]
    assert "all well" in call("verify_audit", "--archive", str(tmp_path))


def test_a_later_archiving_goes_on_where_the_first_ended(tenant, tmp_path):
    archived(tmp_path)
    with time_machine.travel(timezone.now() + timedelta(days=300)):
        rows.act(tenant, "Much later")
        archived(tmp_path)
    assert AuditChain.objects.get().archived_sequence == 7
    assert "all well" in verified(tmp_path)


def test_an_archiving_that_was_cut_off_is_done_again(tenant, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(archive, "_remove", lambda _segment: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            archived(tmp_path, days=199)
    assert numbers() == [1, 2, 3, 4, 5, 6]
    assert "6 entries, all well" in verified(tmp_path)
    with time_machine.travel(timezone.now() + timedelta(days=300)):
        rows.act(tenant, "Much later")
        archived(tmp_path)  # to a longer segment than the one that was left behind
    assert AuditChain.objects.get().archived_sequence == 6
    assert "all well" in verified(tmp_path)


def test_a_broken_chain_is_not_archived(tenant, tmp_path):
    lift()
    models.QuerySet(AuditEvent).filter(sequence=2).update(summary="x")
    with pytest.raises(CommandError, match=r"is left as it is\. Entry 2 was changed"):
        archived(tmp_path)
    assert numbers() == [1, 2, 3, 4, 5, 6]


def test_the_last_days_stay(tenant, tmp_path):
    with pytest.raises(CommandError, match="Give 30 or more"):
        archived(tmp_path, days=29)
    with pytest.raises(CommandError, match="There is no folder"):
        archived(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    assert numbers() == [1, 2, 3, 4, 5, 6]


# --- Tampering with what was archived ---------------------------------------------------------------------------------
def rewritten(path: Path, change) -> None:
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(change(lines))))


def line_changed(lines):
    return [lines[0], lines[1].replace(b"Act 2", b"Act 9"), *lines[2:]]


def last_changed(lines):
    return [*lines[:-1], lines[-1].replace(b"Act 4", b"Act 9")]


TAMPERING = {
    "a line": (line_changed, "line 3 does not follow entry 2: one was changed."),
    "the last line": (last_changed, "entry 4 was changed: its hash is"),
    "a line removed": (lambda lines: lines[:1] + lines[2:], "line 2 does not follow entry 1"),
    "lines cut off": (lambda lines: lines[:2], "ends with entry 2, and its manifest says 4."),
    "packed anew": (lambda lines: lines, "its SHA-256 is another"),
    "no JSON": (lambda _lines: [b"x"], "cannot be read"),
}


@pytest.mark.parametrize(("change", "words"), TAMPERING.values(), ids=TAMPERING)
def test_tampering_with_a_segment_is_found(tenant, tmp_path, change, words):
    archived(tmp_path)
    (path,) = tmp_path.glob("*.jsonl.gz")
    rewritten(path, change)
    assert words in refused(tmp_path)


def test_a_segment_that_is_not_there(tenant, tmp_path):
    archived(tmp_path)
    (path,) = tmp_path.glob("*.jsonl.gz")
    path.rename(tmp_path / "elsewhere")
    assert "cannot be read" in refused(tmp_path)
    (tmp_path / path.name.replace(".jsonl.gz", ".json")).unlink()
    assert "The archive has no segment that ends with entry 4." in refused(tmp_path)


def test_a_segment_with_its_manifest_written_anew(tenant, tmp_path):
    archived(tmp_path)
    (path,) = tmp_path.glob("*.jsonl.gz")
    rewritten(path, last_changed)
    manifest = path.with_name(path.name.replace(".jsonl.gz", ".json"))
    last = gzip.decompress(path.read_bytes()).splitlines()[-1]
    sums = {"hash": hashlib.sha256(last).hexdigest(), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | sums))
    assert "The archive ends with another hash than the one the chain begins with." in refused(tmp_path)


@pytest.mark.parametrize("content", ["{}", "x", '{"format": 9}'])
def test_a_manifest_that_is_none(tenant, tmp_path, content):
    archived(tmp_path)
    (tmp_path / "audit-x.json").write_text(content)
    with pytest.raises(CommandError, match="is no manifest of an archived segment"):
        verified(tmp_path)

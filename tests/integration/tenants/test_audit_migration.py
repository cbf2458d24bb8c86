"""The migration links what was written before there were chains."""

from importlib import import_module

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from tenants.audit.verification import chains, is_guarded, verify_chain
from tenants.models import AuditChain, AuditEvent

BEFORE = [("tenants", "0003_evidence")]


@pytest.mark.django_db(transaction=True)
def test_entries_from_before_are_chained():
    executor = MigrationExecutor(connection)
    newest = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "tenants"]
    executor.migrate(BEFORE)
    try:
        old = executor.loader.project_state(BEFORE).apps.get_model("tenants", "AuditEvent")
        batch = import_module("tenants.migrations.0004_audit_chain").BATCH
        told = {
            "organization_id": 1,
            "at": timezone.now(),
            "actor_name": "Ada",
            "outcome": "done",
            "before": {"é": 1.0},
        }
        for tenant_id, count in ((7, batch + 3), (None, 2)):
            old.objects.bulk_create([old(tenant_id=tenant_id, summary=str(n), **told) for n in range(count)])
    finally:
        MigrationExecutor(connection).migrate(newest)
    found = {key: verify_chain(*key) for key in chains()}
    assert {key: (one.entries, one.broken) for key, one in found.items()} == {
        (1, None): (2, ""),
        (1, 7): (batch + 3, ""),
    }
    heads = AuditChain.objects.filter(sequence__in=[2, batch + 3], archived_sequence=0)
    assert heads.count() == 2
    assert list(AuditEvent.objects.filter(tenant_id=7).order_by("sequence").values_list("summary", flat=True)) == [
        str(n) for n in range(batch + 3)
    ]
    assert is_guarded()

"""What is done at the end of a transaction: in it, once, and not for what was rolled back. In real transactions."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from tenants.before_commit import before_commit
from tenants.models import AuditEvent, Organization
from tests.factories import rows

pytestmark = pytest.mark.django_db(transaction=True)


class Diary:
    """Notes what it is called with, and whether that was inside of the transaction."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def __call__(self, items: list[Any]) -> None:
        self.calls.append((items, connection.get_autocommit()))


def test_it_is_called_once_with_everything_at_the_end_and_inside():
    diary = Diary()
    with transaction.atomic():
        before_commit(diary, 1)
        with transaction.atomic():
            before_commit(diary, 2)
        assert diary.calls == []
    assert diary.calls == [([1, 2], False)]
    assert connection.get_autocommit()


def test_outside_of_a_transaction_it_is_called_at_once():
    diary = Diary()
    before_commit(diary, 1)
    assert diary.calls == [([1], False)]


def test_what_is_rolled_back_is_forgotten():
    diary = Diary()
    with transaction.atomic():
        before_commit(diary, 1)
        with transaction.atomic():
            before_commit(diary, 2)
            transaction.set_rollback(True)
    with transaction.atomic():
        before_commit(diary, 3)
        transaction.set_rollback(True)
    with transaction.atomic():
        pass
    assert diary.calls == [([1], False)]


@pytest.mark.parametrize("error", [ValueError, DatabaseError, KeyboardInterrupt])
def test_when_it_fails_all_of_the_transaction_is_rolled_back(error):
    def fail(_items: list[Any]) -> None:
        raise error

    def write() -> None:
        with transaction.atomic():
            rows.organization("Never there")
            before_commit(fail, None)

    with pytest.raises(error):
        write()
    assert not Organization.objects.exists()
    rows.organization("There")  # the connection works still
    assert Organization.objects.get().name == "There"


def test_a_change_and_its_entry_are_there_together_or_not_at_all():
    tenant = rows.tenant(rows.organization("Before"))
    rows.act(tenant)

    def change() -> None:
        with transaction.atomic():
            Organization.objects.update(name="After")
            rows.act(tenant, object_id="x" * 81 if connection.vendor == "postgresql" else None, outcome=None)

    with pytest.raises(DatabaseError):
        change()
    assert (Organization.objects.get().name, AuditEvent.objects.count()) == ("Before", 1)


def test_a_hook_of_the_commit_comes_after():
    order: list[str] = []
    with transaction.atomic():
        transaction.on_commit(lambda: order.append("after"))
        before_commit(lambda _items: order.append("before"), None)
    assert order == ["before", "after"]


def test_a_database_that_does_not_know_of_it_says_so(monkeypatch):
    monkeypatch.setattr(type(connection._connections[connection._alias]), "commit", BaseDatabaseWrapper.commit)
    with pytest.raises(RuntimeError, match=r"petra\.database"):
        before_commit(Diary(), 1)

"""The belt below every query: rows of a tenant are visible only inside an open scope that holds that tenant.

A scope is the set of tenant ids that the reader may see. A request opens the scope of its member, a worker opens the
scope of exactly the row's tenant. With no scope open, every query and every save of a scoped model raises: a forgotten
scope is an error, never a leak. Escapes are loud and listed by a test: `unscoped(reason=…)`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self, TypeVar

import structlog
from django.db import models

from tenants.row_writes import insert_rows, save_columns

ModelT = TypeVar("ModelT", bound=models.Model)
_Scope = frozenset[int] | None
_EVERYTHING: frozenset[int] = frozenset({-1})
_current: ContextVar[_Scope] = ContextVar("tenant_scope", default=None)


class ScopeError(Exception):
    """A scoped row was asked for with no scope open, or written for a tenant outside of it."""


@contextmanager
def tenant_scope(tenant_ids: Iterable[int]) -> Iterator[None]:
    """Let the code inside see and write the rows of these tenants and of no other.

    With a single tenant, what is logged inside names it.
    """
    ids = frozenset(tenant_ids)
    named = {"tenant_id": next(iter(ids))} if len(ids) == 1 else {}
    token = _current.set(ids)
    try:
        with structlog.contextvars.bound_contextvars(**named):
            yield
    finally:
        _current.reset(token)


@contextmanager
def unscoped(*, reason: str) -> Iterator[None]:
    """Lift the scope. Only for what has no tenant yet: a worker that looks for work, a migration, a demo reset."""
    if not reason:
        raise ScopeError("Say why the scope is lifted.")
    token = _current.set(_EVERYTHING)
    try:
        yield
    finally:
        _current.reset(token)


def open_scope() -> frozenset[int]:
    """The ids of the open scope.

    Raises:
        ScopeError: when none is open.
    """
    scope = _current.get()
    if scope is None:
        raise ScopeError("No tenant scope is open. Open one with tenant_scope(…).")
    return scope


def is_in_scope(tenant_id: int) -> bool:
    """Whether rows of this tenant may be seen and written now.

    Raises:
        ScopeError: when no scope is open.
    """
    scope = open_scope()
    return scope is _EVERYTHING or tenant_id in scope


class ScopedQuerySet(models.QuerySet[ModelT]):
    """A queryset that refuses to write rows of a tenant outside the open scope."""

    def create(self, **values: Any) -> ModelT:
        open_scope()
        return super().create(**values)

    def update(self, **values: Any) -> int:
        given = values.get("tenant_id", getattr(values.get("tenant"), "pk", None))
        if given is not None:
            _require_in_scope({given})
        return super().update(**values)

    def bulk_create(self, objs: Iterable[ModelT], *args: Any, **options: Any) -> list[ModelT]:
        rows = list(objs)
        _require_in_scope({row.tenant_id for row in rows})  # type: ignore[attr-defined]  # every scoped model has it
        return super().bulk_create(rows, *args, **options)

    def bulk_update(self, objs: Iterable[ModelT], *args: Any, **options: Any) -> int:
        rows = list(objs)
        _require_in_scope({row.tenant_id for row in rows})  # type: ignore[attr-defined]  # every scoped model has it
        return super().bulk_update(rows, *args, **options)


class ScopedManager(models.Manager[ModelT]):
    """The only manager of a scoped model, base manager included, so that nothing slips past the scope."""

    def insert_rows(self, rows: Sequence[ModelT]) -> None:
        """Insert new rows, several times as fast as `bulk_create` where most of them is the same."""
        _require_in_scope({row.tenant_id for row in rows})  # type: ignore[attr-defined]  # every scoped model has it
        insert_rows(rows)

    def save_columns(self, rows: Sequence[ModelT], columns: Sequence[str]) -> None:
        """Write these columns of stored rows, many times as fast as `bulk_update`."""
        _require_in_scope({row.tenant_id for row in rows})  # type: ignore[attr-defined]  # every scoped model has it
        save_columns(rows, columns)

    def get_queryset(self) -> ScopedQuerySet[ModelT]:
        scope = open_scope()
        rows: ScopedQuerySet[ModelT] = ScopedQuerySet(self.model, using=self._db)
        return rows if scope is _EVERYTHING else rows.filter(tenant_id__in=scope)


class TenantScoped(models.Model):
    """Base of every model whose rows belong to a tenant."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[ScopedManager[Self]] = ScopedManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_manager_name = "objects"

    def save(self, *args: Any, **options: Any) -> None:
        _require_in_scope({self.tenant_id})
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        _require_in_scope({self.tenant_id})
        return super().delete(*args, **options)


def _require_in_scope(tenant_ids: set[int]) -> None:
    foreign = sorted(tenant_id for tenant_id in tenant_ids if not is_in_scope(tenant_id))
    if foreign:
        raise ScopeError(f"Rows of tenant {foreign} cannot be written in this scope.")

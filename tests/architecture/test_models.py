"""Every model says whose rows it holds: a tenant's, or for a stated reason nobody's in particular."""

import pytest
from django.apps import apps
from django.db.models import Model

from tenants.scoping import ScopedManager, TenantScoped
from tests.architecture.source import APPS

GLOBAL = {
    "tenants.Organization": "holds the tenants; found through the member",
    "tenants.Tenant": "the thing that scopes are made of; found through tenants.access",
    "tenants.Member": "a person of one organization, not of one tenant",
    "tenants.Member_tenants": "which tenants a guest was given: what scopes are computed from",
    "tenants.Invitation": "makes a member of one organization; found by its token, or through the organization",
    "tenants.Invitation_tenants": "which tenants an invited guest will be given",
    "tenants.CallCount": "sums over all tenants, for the metrics; names none",
    "remediation.Retraction": "one press in many tenants; found through its work orders in those that the reader may see",
    "remediation.Campaign": "a phish in many tenants; found through what of it lies in those that the reader may see",
    "tenants.AuditEvent": "outlives the tenant it names; plain ids, filtered by the selectors",
    "tenants.AuditChain": "the head of a trail that outlives its tenant; numbers and hashes, no content",
}


def our_models() -> list[type[Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in APPS]


def scoped_models() -> list[type[TenantScoped]]:
    return [model for model in our_models() if issubclass(model, TenantScoped)]


def test_every_model_is_scoped_or_global_for_a_reason():
    assert {model._meta.label for model in our_models() if not issubclass(model, TenantScoped)} == set(GLOBAL)


@pytest.mark.parametrize("model", scoped_models(), ids=lambda model: model._meta.label)
def test_a_scoped_model_has_no_way_around_the_scope(model):
    managers = {model._base_manager, model._default_manager, *model._meta.managers}
    assert {type(manager) for manager in managers} == {ScopedManager}


@pytest.mark.parametrize("model", scoped_models(), ids=lambda model: model._meta.label)
def test_a_scoped_row_always_has_a_tenant(model):
    assert model._meta.get_field("tenant").null is False

"""What a lower app needs from a higher one is there once Django has started."""

import inspect

from incidents import extensions
from incidents.selectors import active_counts
from remediation.extension import RemediationPort
from tenants import extensions as tenant_extensions


def methods(of: type) -> dict[str, list[str]]:
    found = inspect.getmembers(of, inspect.isfunction)
    return {name: list(inspect.signature(method).parameters) for name, method in found if not name.startswith("_")}


def test_remediation_is_registered_with_incidents():
    assert isinstance(extensions.remediation(), RemediationPort)


def test_the_port_has_every_method_that_is_asked_for():
    assert methods(RemediationPort) == methods(extensions.Remediation)


def test_a_counter_of_active_incidents_is_registered_with_tenants():
    assert tenant_extensions._registered == [active_counts]

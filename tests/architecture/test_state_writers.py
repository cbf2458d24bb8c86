"""A state changes in one place: nobody else writes the column."""

import ast

from tests.architecture.source import APPS, called_name, calls, modules, name_of

# file -> whose state it writes
WRITERS = {
    "remediation/transitions.py": "WorkOrder and ActionRun",
    "incidents/services/indicators.py": "Indicator: accepted and rejected",
    "incidents/services/states.py": "Incident",
    "incidents/imports/ordering.py": "LogImport: asked for again",
    "incidents/imports/storing.py": "LogImport",
    "incidents/reports/making.py": "Report",
    "tenants/portfolio.py": "Tenant: paused, resumed, connected",
    "petra/demo.py": "Tenant: a demo tenant that was paused is connected again",
    "remediation/scanning.py": "Scan: claimed and finished",
    "remediation/services/scans.py": "Scan: given up",
    "remediation/sweeper.py": "Scan: given back when its worker died",
}


def test_only_the_named_files_write_a_state():
    found = {
        name_of(path)
        for path in modules(*APPS)
        for call in calls(path)
        if called_name(call) == "update" and any(keyword.arg == "state" for keyword in call.keywords)
    }
    assert found == set(WRITERS)


def test_nobody_assigns_a_state_and_saves():
    found = {
        f"{name_of(path)}:{node.lineno}"
        for path in modules("incidents", "remediation", "tenants")
        for call in calls(path)
        if called_name(call) in {"bulk_update", "save"}
        for node in ast.walk(call)
        if isinstance(node, ast.Constant) and node.value == "state"
    }
    assert found == set()

"""The Exchange admin endpoint."""

from __future__ import annotations

from graph.simulator.calls import Answer, Call


def invoke(call: Call) -> Answer:
    """POST /InvokeCommand; knows no cmdlet yet."""
    return Answer(200, {"value": []})

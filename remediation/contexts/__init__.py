"""What the Remediation Actions panel shows, computed from the rows: a handful of queries, however many items."""

from remediation.contexts.panel import PanelView, StepView, panel_view
from remediation.contexts.rows import GroupView, ItemView, RunView

__all__ = ["GroupView", "ItemView", "PanelView", "RunView", "StepView", "panel_view"]

"""States of work orders and action runs, and the table of what may follow what, side by side."""

from django.db.models import IntegerChoices, TextChoices


class Step(IntegerChoices):
    """The six numbered steps of the Remediation Actions panel. The labels are the words on the buttons."""

    CONTAIN = 1, "Revoke Sessions and Lock Account"
    RETRACT = 2, "Retract Phishing Emails"
    PERSISTENCE = 3, "Disable Persistence Mechanisms"
    PASSWORD = 4, "Reset Password"
    RE_ENABLE = 5, "Re-enable Account"
    REMEDIATED = 6, "Mark as Remediated"


FINDING_STEPS = (Step.RETRACT, Step.PERSISTENCE)  # they act on what a search found


class OrderState(TextChoices):
    PLANNED = "planned", "Planned"
    AWAITING_APPROVAL = "awaiting_approval", "Waits for approval"
    APPROVED = "approved", "Approved"
    STOPPED = "stopped", "Stopped"  # what had begun went to its end, the rest waits to be resumed
    FINISHED = "finished", "Finished"
    REFUSED = "refused", "Refused"  # by the second member
    EXPIRED = "expired", "Expired"  # nobody decided in time
    CANCELED = "canceled", "Canceled"


ORDER_TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.PLANNED: frozenset({OrderState.AWAITING_APPROVAL, OrderState.APPROVED, OrderState.CANCELED}),
    OrderState.AWAITING_APPROVAL: frozenset(
        {OrderState.APPROVED, OrderState.REFUSED, OrderState.EXPIRED, OrderState.CANCELED}
    ),
    OrderState.APPROVED: frozenset({OrderState.STOPPED, OrderState.FINISHED, OrderState.CANCELED}),
    OrderState.STOPPED: frozenset({OrderState.APPROVED, OrderState.CANCELED}),
    OrderState.FINISHED: frozenset({OrderState.APPROVED}),  # Retry failed and Undo open it again
    OrderState.REFUSED: frozenset(),
    OrderState.EXPIRED: frozenset(),
    OrderState.CANCELED: frozenset(),
}


class RunState(TextChoices):
    PLANNED = "planned", "Planned"
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"  # Microsoft said no
    SKIPPED = "skipped", "Already so"
    ERRORED = "errored", "Error"  # an exception of ours
    CANCELED = "canceled", "Canceled"
    UNDOING = "undoing", "Undoing"
    UNDONE = "undone", "Undone"
    UNDO_FAILED = "undo_failed", "Undo failed"


RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.PLANNED: frozenset({RunState.QUEUED, RunState.CANCELED}),
    RunState.QUEUED: frozenset({RunState.PLANNED, RunState.RUNNING, RunState.CANCELED}),  # planned: it was stopped
    RunState.RUNNING: frozenset(
        {RunState.QUEUED, RunState.SUCCEEDED, RunState.FAILED, RunState.SKIPPED, RunState.ERRORED}
    ),
    RunState.SUCCEEDED: frozenset({RunState.UNDOING}),
    RunState.FAILED: frozenset({RunState.QUEUED}),
    RunState.ERRORED: frozenset({RunState.QUEUED}),
    RunState.SKIPPED: frozenset(),
    RunState.CANCELED: frozenset(),
    RunState.UNDOING: frozenset({RunState.UNDOING, RunState.UNDONE, RunState.UNDO_FAILED}),
    RunState.UNDONE: frozenset(),
    RunState.UNDO_FAILED: frozenset({RunState.UNDOING}),
}

# A target with a run in one of these is taken: a second press finds it and makes no second one.
HOLDING_STATES = (
    RunState.PLANNED,
    RunState.QUEUED,
    RunState.RUNNING,
    RunState.SUCCEEDED,
    RunState.UNDOING,
    RunState.UNDO_FAILED,
)
WAITING_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.UNDOING)
RETRIABLE_STATES = (RunState.FAILED, RunState.ERRORED)


class AttemptKind(TextChoices):
    READ = "read", "Read"
    APPLY = "apply", "Apply"
    UNDO = "undo", "Undo"
    VERIFY = "verify", "Verify"


class ScanState(TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    COMPLETE = "complete", "Complete"
    FAILED = "failed", "Failed"


class WatchState(TextChoices):
    """Of the watch over a synchronized account that step 1 locked."""

    WATCHING = "watching", "Watching"
    WARNED = "warned", "Enabled again"  # not by the synchronization, or nobody knows by whom: a person decides
    STOPPED = "stopped", "Stopped"  # by hand
    ENDED = "ended", "Ended"  # the lock stands no longer


WATCH_TRANSITIONS: dict[WatchState, frozenset[WatchState]] = {
    WatchState.WATCHING: frozenset({WatchState.WARNED, WatchState.STOPPED, WatchState.ENDED}),
    WatchState.WARNED: frozenset({WatchState.WATCHING, WatchState.STOPPED, WatchState.ENDED}),
    WatchState.STOPPED: frozenset({WatchState.WATCHING}),  # step 1 was pressed again
    WatchState.ENDED: frozenset({WatchState.WATCHING}),
}
OPEN_WATCHES = (WatchState.WATCHING, WatchState.WARNED)


class Verdict(TextChoices):
    """What an analyst said of a finding; kept and respected by the next scan."""

    NONE = "", "No verdict"
    LEGITIMATE = "legitimate", "Legitimate"
    MALICIOUS = "malicious", "Malicious"

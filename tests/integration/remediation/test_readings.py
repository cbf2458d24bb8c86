"""What a reading may be taken for: never "done" where the thing itself was not seen."""

from datetime import UTC, datetime

from remediation.actions.finding import clean_json
from remediation.actions.registry import ACTIONS


def test_what_the_database_cannot_store_is_left_out():
    value = {"na\x00me": ["a\x00b", {"subject": "half \ud83d"}, ("x", 1)], "kept": "😀 \u202e é", "none": None}
    cleaned = clean_json(value)
    assert cleaned == {"name": ["ab", {"subject": "half "}, ["x", 1]], "kept": "😀 \u202e é", "none": None}


PRESSED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def password_set(changed: str, *, before: str | None, planned: str | None = None) -> bool:
    return ACTIONS["reset_password"].is_done(
        {"exists": True, "lastPasswordChangeDateTime": changed},
        target={"password_changed_before": planned},
        since=PRESSED,
        before={"exists": True, "lastPasswordChangeDateTime": before} if before else None,
    )


def test_a_password_that_was_changed_just_before_the_first_try_is_not_ours():
    just_before = "2026-03-01T11:59:30Z"  # inside the tolerance of the clocks
    assert not password_set(just_before, before=just_before, planned="2025-01-02T03:04:05+00:00")
    assert not password_set(just_before, before=None, planned=just_before)
    assert password_set("2026-03-01T12:00:05Z", before=just_before)
    assert password_set("2026-03-01T12:00:05Z", before=None)
    assert not password_set("2026-03-01T11:50:00Z", before="2025-01-02T03:04:05Z")


def test_only_a_password_is_never_taken_as_set_already():
    assert [key for key, action in ACTIONS.items() if action.never_skips] == ["reset_password"]

"""What a reading may be taken for: never "done" where the thing itself was not seen."""

from remediation.actions.finding import clean_json


def test_what_the_database_cannot_store_is_left_out():
    value = {"na\x00me": ["a\x00b", {"subject": "half \ud83d"}, ("x", 1)], "kept": "😀 \u202e é", "none": None}
    cleaned = clean_json(value)
    assert cleaned == {"name": ["ab", {"subject": "half "}, ["x", 1]], "kept": "😀 \u202e é", "none": None}

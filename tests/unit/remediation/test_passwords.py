"""The password itself: strong, and possible to read aloud."""

import re

from remediation.passwords import CONSONANTS, DIGITS, SPELLING, SYMBOLS, VOWELS, make_password, spell

LOOK_ALIKES = set("lIoO01qwjcxy")


def test_is_made_of_spoken_groups_without_look_alikes():
    for _ in range(200):
        password = make_password()
        parts = re.split(f"[{re.escape(SYMBOLS)}]", password)
        assert [len(part) for part in parts] == [6, 6, 6, 6, 4]
        assert all(re.fullmatch(f"([{CONSONANTS}][{VOWELS}]){{3}}", part.lower()) for part in parts[:4])
        assert set(parts[4]) <= set(DIGITS)
        assert not set(password) & LOOK_ALIKES


def test_meets_microsofts_rule_of_three_kinds_of_characters():
    password = make_password()
    kinds = [str.isupper, str.islower, str.isdigit, lambda c: c in SYMBOLS]
    assert all(any(kind(character) for character in password) for kind in kinds)
    assert len(password) >= 16


def test_two_are_never_the_same():
    assert len({make_password() for _ in range(500)}) == 500


def test_every_character_can_be_said():
    spoken = spell("Ta-4")
    assert spoken == [("T", "TANGO"), ("a", "alfa"), ("-", "dash"), ("4", "4")]
    assert set(SPELLING) >= set(CONSONANTS + VOWELS + SYMBOLS)

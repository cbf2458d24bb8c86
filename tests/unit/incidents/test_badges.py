"""Small things that several pages show."""

from datetime import timedelta

import pytest

from incidents.contexts.badges import duration_words, state_badge
from incidents.enums import IncidentState


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=-5), "0 s"),
        (timedelta(milliseconds=900), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=4, seconds=12), "4 m 12 s"),
        (timedelta(minutes=5), "5 m 0 s"),
        (timedelta(hours=2, minutes=3, seconds=4), "2 h 3 m"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
    ],
)
def test_a_length_of_time_in_its_two_largest_units(length, expected):
    assert duration_words(length) == expected


def test_every_state_has_its_badge():
    badges = [state_badge(state) for state in IncidentState]
    assert [badge.text for badge in badges] == ["Unpublished", "Active", "Remediated", "Dismissed"]
    assert len({badge.kind for badge in badges}) == 4

"""Exact times on the pages."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from tenants.templatetags.moments import log_time, moment


def test_today_shows_the_time_and_its_zone():
    now = timezone.now()
    with timezone.override("UTC"):
        assert moment(now) == f'<time class="time" datetime="{now.isoformat()}">{now:%H:%M:%S} UTC</time>'


def test_another_day_shows_its_date():
    with timezone.override("Europe/Vienna"):
        text = moment(datetime(2025, 3, 4, 23, 30, 5, tzinfo=UTC))
    assert text == '<time class="time" datetime="2025-03-04T23:30:05+00:00">5 Mar 2025, 00:30:05 CET</time>'


def test_a_column_of_times_has_dates_but_no_zone():
    with timezone.override("UTC"):
        text = log_time(datetime(2025, 3, 4, 9, 5, 7, tzinfo=UTC) + timedelta(milliseconds=900))
    assert text == '<time class="time" datetime="2025-03-04T09:05:07.900000+00:00">4 Mar 2025 09:05:07</time>'


def test_nothing_is_shown_for_no_time():
    assert (moment(None), log_time(None)) == ("", "")

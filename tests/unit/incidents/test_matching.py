"""Is this the same mail? What campaigns vary, and what must not be taken for the same."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.phish.links import Link
from incidents.phish.matching import (
    SAME_ATTACHMENT,
    SAME_LINK,
    SAME_MESSAGE_ID,
    SAME_SENDER_AND_CLOSE_SUBJECT,
    SAME_SENDER_AND_SUBJECT,
    Mail,
    has_same_subject,
    normalise_subject,
    why_same,
)

AGREEMENT, AT_HOME = Link("pages.example", "/agreement"), Link("lure.example", "/about")
LURE = Mail(
    internet_message_id="<1@lure.example>",
    sender="no-reply@lure.example",
    subject="Action required: your signed agreement DS-48213 is waiting",
    links=frozenset({AGREEMENT, AT_HOME}),
    attachment_hashes=frozenset({"ab" * 32}),
)


def other(**changes: object) -> Mail:
    known = {"internet_message_id": "<2@lure.example>", "sender": "no-reply@lure.example", "subject": "Lunch?"}
    return Mail(**(known | changes))  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (other(internet_message_id="<1@lure.example>", sender="x@y.example"), SAME_MESSAGE_ID),
        (other(subject=LURE.subject), SAME_SENDER_AND_SUBJECT),
        (other(subject=LURE.subject.upper(), sender="No-Reply@LURE.example"), SAME_SENDER_AND_SUBJECT),
        (
            other(subject="AW: Action required: your signed agreement DS-48377 is waiting"),
            SAME_SENDER_AND_CLOSE_SUBJECT,
        ),
        (other(links=frozenset({AGREEMENT})), SAME_LINK),
        (other(sender="b@c.example", links=frozenset({AT_HOME})), SAME_LINK),
        (other(links=frozenset({AT_HOME})), None),  # a sender's own site stands in all their mails
        (other(attachment_hashes=frozenset({"ab" * 32})), SAME_ATTACHMENT),
        (other(sender="b@c.example", attachment_hashes=frozenset({"ab" * 32})), SAME_ATTACHMENT),
        (other(sender="b@c.example", subject=LURE.subject), None),  # another sender alone may be a coincidence
        (other(), None),
    ],
)
def test_each_ground_is_named(mail: Mail, reason: str | None) -> None:
    assert why_same(LURE, mail) == reason


def test_nothing_known_is_not_the_same_as_nothing_known() -> None:
    assert why_same(Mail(), Mail()) is None
    assert why_same(Mail(sender="a@b.example"), Mail(sender="a@b.example")) is None


@pytest.mark.parametrize(
    "mark",
    ["RE", "Re", "FW", "Fwd", "AW", "WG", "SV", "VS", "VB", "TR", "RV", "ENC", "RIF", "Odp", "PD", "Antw", "Doorst",
     "YNT", "İLT", "Vá", "Отв", "Πρθ", "ΣΧΕΤ", "תגובה", "رد", "回复", "回覆", "转发", "返信", "転送", "답장", "RE[3]", "Re (2)"],
)  # fmt: skip
@pytest.mark.parametrize("colon", [":", ": ", " : ", "\uff1a"])
def test_reply_marks_are_set_aside(mark: str, colon: str) -> None:
    assert normalise_subject(f"{mark}{colon}Payment due") == "payment due"
    assert normalise_subject(f"Re: {mark}{colon}Payment due") == "payment due"


@pytest.mark.parametrize(
    ("subject", "left"),
    [
        ("[EXTERNAL] RE: Payment due", "payment due"),
        ("***SPAM*** Payment due", "payment due"),
        ("Payment due [#48213]", "payment due"),
        ("Payment due #7", "payment due"),
        ("Payment due (INV-2026/00417)", "payment due"),
        ("Payment  due – today!", "payment due today"),
        ("Pay\u200bment due", "payment due"),
        ("\uff30\uff41yment due", "payment due"),
        ("Commission statement Q3", "commission statement q3"),
        ("请确认订单48213已发货", "请确认订单 已发货"),
        ("Meeting: payment due", "meeting payment due"),
        ("DS-48213", ""),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_what_is_left_of_a_subject(subject: str, left: str) -> None:
    assert normalise_subject(subject) == left


def test_the_recipients_own_name_is_set_aside() -> None:
    to_renee = Mail(subject="Renée, your mailbox is full", names=("Renée Castellane", "renee.castellane@acme.example"))
    to_tom = Mail(subject="Tom Farrant, your mailbox is full", names=("Tom Farrant", "tom.farrant@acme.example"))
    by_address = Mail(subject="Your mailbox is full: jo.li@acme.example", names=("Jo Li", "jo.li@acme.example"))
    assert has_same_subject(to_renee, to_tom)
    assert normalise_subject(by_address.subject, by_address.names) == "your mailbox is full"


def test_a_name_is_not_cut_out_of_a_word() -> None:
    assert normalise_subject("Annual report", ("Ann Ual",)) == "annual report"


def test_the_home_of_a_sender_is_its_domain_and_what_lies_above_and_below() -> None:
    phish = Mail(
        sender="a@mail.lure.example", links=frozenset({Link("lure.example", "/x"), Link("w.mail.lure.example", "/x")})
    )
    assert why_same(phish, Mail(sender="A@mail.lure.example", links=phish.links)) is None
    assert why_same(phish, Mail(sender="b@other.example", links=phish.links)) == SAME_LINK


@given(st.text(max_size=80))
def test_any_subject_is_the_same_when_it_is_answered(subject: str) -> None:
    assert normalise_subject(f"RE: {subject}") == normalise_subject(subject)


@given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=3))
def test_normalising_twice_changes_nothing_that_matters(subject: str, names: list[str]) -> None:
    normal = normalise_subject(subject, names)
    assert normal == " ".join(normal.split())
    assert normal == normal.casefold()


def test_a_hostile_subject_takes_no_time() -> None:
    began = time.perf_counter()
    for subject in ("a" * 100_000, "1-" * 50_000, "[" * 100_000, "re:" * 40_000, "#" * 100_000):
        normalise_subject(subject, ("a b",))
    assert time.perf_counter() - began < 1

"""Is this the same mail? What campaigns vary, and what must not be taken for the same."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.phish.matching import (
    SAME_ATTACHMENT,
    SAME_LINK,
    SAME_MESSAGE_ID,
    SAME_SENDER_AND_CLOSE_SUBJECT,
    SAME_SENDER_AND_SUBJECT,
    Mail,
    has_same_subject,
    links_in,
    normalise_link,
    normalise_subject,
    why_same,
)

LURE = Mail(
    internet_message_id="<1@lure.example>",
    sender="no-reply@lure.example",
    subject="Action required: your signed agreement DS-48213 is waiting",
    links=frozenset({"lure.example/agreement"}),
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
        (other(sender="b@c.example", links=frozenset({"lure.example/agreement"})), SAME_LINK),
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


def test_links_are_compared_without_what_tells_recipients_apart() -> None:
    body = """<a href="https://WWW.Lure.example/agreement/?u=renee&amp;t=1">Sign</a> http://lure.example/agreement#x
        <a href="https://www.linkedin.com/company/acme">us</a> <a href="https://acme.example/about">Acme</a>"""
    assert links_in(body, ["acme.example"]) == {"lure.example/agreement"}


def test_safe_links_are_unwrapped() -> None:
    wrapped = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Flure.example%2Fa%3Fu%3D1&data=05"
    assert normalise_link(wrapped) == "lure.example/a"


@pytest.mark.parametrize(
    ("link", "normal"),
    [
        ("https://lure.example", "lure.example"),
        ("https://lure.example/?id=7", "lure.example/?id=7"),
        ("https://lure.example/a.", "lure.example/a"),
        ("https://[broken", ""),
        ("not a link", ""),
    ],
)
def test_odd_links(link: str, normal: str) -> None:
    assert normalise_link(link) == normal


@given(st.text(max_size=80))
def test_any_subject_is_the_same_when_it_is_answered(subject: str) -> None:
    assert normalise_subject(f"RE: {subject}") == normalise_subject(subject)


@given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=3))
def test_normalising_twice_changes_nothing_that_matters(subject: str, names: list[str]) -> None:
    normal = normalise_subject(subject, names)
    assert normal == " ".join(normal.split())
    assert normal == normal.casefold()


@given(st.text(max_size=200))
def test_any_body_can_be_read(body: str) -> None:
    assert all(link and not link.startswith(("http:", "https:")) for link in links_in(f"https://{body}"))


def test_a_hostile_subject_takes_no_time() -> None:
    began = time.perf_counter()
    for subject in ("a" * 100_000, "1-" * 50_000, "[" * 100_000, "re:" * 40_000, "#" * 100_000):
        normalise_subject(subject, ("a b",))
    assert time.perf_counter() - began < 1

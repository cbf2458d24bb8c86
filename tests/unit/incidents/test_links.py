"""Links: one spelling, what somebody typed, and which links are meant by it."""

import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.phish.links import Link, all_links, read_link, read_typed, telling_links

SAFE = "https://eur01.safelinks.protection.outlook.com/?url={}&data=05"


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("HTTPS://WWW.Lure.Example:8443/Sign/?a=1#top", Link("lure.example", "/Sign", "a=1")),
        ("http://lure.example", Link("lure.example")),
        ("https://lüre.example/ü", Link("xn--lre-hoa.example", "/ü")),
        (SAFE.format("https%3A%2F%2Flure.example%2Fa%3Fu%3D1"), Link("lure.example", "/a", "u=1")),
        ("https://user:secret@lure.example/a).", Link("lure.example", "/a")),
        ("https://[::1/a", None),
        ("https:///a", None),
        ("", None),
    ],
)
def test_one_spelling(text: str, link: Link | None) -> None:
    assert read_link(text) == link


def test_what_was_wrapped_again_when_it_was_forwarded_is_unwrapped_and_not_without_end() -> None:
    link = "https://lure.example/a"
    for is_unwrapped in (True, True, True, False):
        link = SAFE.format(quote(link, safe=""))
        assert (read_link(link) == Link("lure.example", "/a")) is is_unwrapped


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("lure.example", Link("lure.example")),
        (" WWW.Lure.example/ ", Link("lure.example")),
        ("lure.example/sign?u=1", Link("lure.example", "/sign", "u=1")),
        ("hxxps://lure[.]example/sign", Link("lure.example", "/sign")),
        ("203.0.113.7/a", Link("203.0.113.7", "/a")),
        ("javascript:alert(1)", None),
        ("ftp://lure.example/a", None),
        ("lure", None),
        ("two words.example", None),
        ("<script>alert(1)</script>", None),
        ("https://" + "a" * 300 + ".example", None),
        ("\x00", None),
    ],
)
def test_what_somebody_typed(text: str, link: Link | None) -> None:
    assert read_typed(text) == link


@pytest.mark.parametrize(
    ("wanted", "link", "is_meant"),
    [
        ("lure.example", "https://lure.example/any/thing?x=1", True),
        ("lure.example", "https://login.lure.example/", False),
        ("lure.example", "https://lure.example.evil.example/", False),
        ("https://lure.example/a", "http://LURE.example/a/?u=bob#x", True),
        ("https://lure.example/a", "https://lure.example/A", False),
        ("https://lure.example/a", "https://lure.example/ab", False),
        ("https://lure.example/a?u=1", "https://lure.example/a?u=1", True),
        ("https://lure.example/a?u=1", "https://lure.example/a?u=2", False),
        ("https://lure.example/?u=1", "https://lure.example?u=1", True),
        ("https://lure.example/?u=1", "https://lure.example/a?u=1", False),
    ],
)
def test_which_links_are_meant(wanted: str, link: str, is_meant: bool) -> None:
    typed, found = read_typed(wanted), read_link(link)
    assert typed is not None
    assert found is not None
    assert typed.covers(found) is is_meant


def test_all_links_of_a_body_also_those_that_everybody_links_to() -> None:
    body = '<a href="https://lure.example/a?x=1&amp;y=2">https://shown.example/</a> HTTP://google.com/forms/1, (x)'
    assert set(all_links(body)) == {
        Link("lure.example", "/a", "x=1&y=2"),
        Link("shown.example"),
        Link("google.com", "/forms/1"),
    }


def test_of_links_those_tell_that_lead_somewhere_of_their_own() -> None:
    body = """<a href="https://WWW.Lure.example/agreement/?u=renee&amp;t=1">Sign</a> http://lure.example/agreement#x
        <a href="https://www.linkedin.com/company/acme">us</a> <a href="https://acme.example/about">Acme</a>
        <a href="https://u1.ct.sendgrid.net/ls/click?upn=abc">here</a> <a href="https://www.partner.example/">Partner</a>
        <img src="https://cdn.partner.example/logo.png"><td background='https://cdn.partner.example/b.png'>
        <style>p { background: url(https://cdn.partner.example/c.png) }</style> https://short.example/?id=7"""
    assert telling_links(body, ["ACME.example"]) == (
        Link("lure.example", "/agreement"),
        Link("short.example", "", "id=7"),
    )


@pytest.mark.parametrize("link", ["https://evil.pages.dev/", "https://evil.pages.dev/#renee@acme.example"])
def test_a_front_page_tells_where_there_is_nothing_else(link: str) -> None:
    assert telling_links(f"{link} https://acme.example/x", ["acme.example"]) == (Link("evil.pages.dev"),)


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (
            "https://linkprotect.cudasvc.com/url?a=https%3A%2F%2Flure.example%2Fx%3Fu%3D1&amp;c=E",
            [
                Link("linkprotect.cudasvc.com", "/url", "a=https%3A%2F%2Flure.example%2Fx%3Fu%3D1&c=E"),
                Link("lure.example", "/x"),
            ],
        ),
        ("https://www.google.com/url?q=https://lure.example/x?u=1", [Link("lure.example", "/x")]),
        (
            "https://urldefense.proofpoint.com/v2/url?u=https-3A__lure.example_x&d=1",
            [Link("urldefense.proofpoint.com", "/v2/url", "u=https-3A__lure.example_x&d=1")],
        ),
    ],
)
def test_a_link_that_leads_on_is_not_known_by_its_path(link: str, told: list[Link]) -> None:
    assert list(telling_links(link)) == told


def test_a_link_within_a_link_is_found() -> None:
    assert Link("lure.example", "/x", "u=1") in all_links("https://www.google.com/url?q=https://lure.example/x?u=1")


@pytest.mark.parametrize("odd", ["\x00", "\x1f", "\ud800"])
def test_what_cannot_be_stored_ends_a_link(odd: str) -> None:
    assert telling_links(f"https://lure.example/a{odd}b") == (Link("lure.example", "/a"),)


def test_a_hostile_body_takes_no_time() -> None:
    began = time.perf_counter()
    safe = "https://a.SAFELINKS.protection.outlook.com/?url="
    for body in (
        safe * 5000,
        safe.replace(".", "\u3002") * 5000,
        'src="' * 50_000,
        "url(" * 50_000,
        "https://a.example/?" + "u=https://b.example/&" * 9000,
    ):
        telling_links(body)
    assert time.perf_counter() - began < 5


@given(st.text(max_size=200))
def test_any_body_can_be_read_and_a_link_be_written_down(body: str) -> None:
    for link in telling_links(f"https://a.example/{body} https://{body}"):
        assert link.covers(link)
        assert read_link(str(link)) == link


@pytest.mark.parametrize(
    "text", ["https://lure.example/a/b.html", "https://lure.example/?u=1", "https://203.0.113.7/a"]
)
def test_a_defanged_link_is_no_link_and_can_still_be_read(text: str) -> None:
    link = read_link(text)
    assert link is not None
    assert all_links(link.defanged) == ()
    assert read_typed(link.defanged) == link

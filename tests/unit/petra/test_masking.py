"""No secret reaches a log: by the name of what holds it, and by its looks."""

import io
import json
import logging

import pytest
import structlog

from petra.logging import formatter
from petra.masking import MASK, masked, masked_text

ENTRA = "abc8Q~" + "x1Y2z3W4v5U6t7S8r9Q0p1O2n3M4l5K6j7"
JWT = "eyJ0eXAiOiJKV1Qi.eyJhdWQiOiJodHRwczovL2dyYXBo.c2lnbmF0dXJl"
TEXTS = {
    f"Authorization: Bearer {JWT}": f"Authorization: Bearer {MASK}",
    "sent with bearer abcdefgh12345678": f"sent with bearer {MASK}",
    "grant_type=client_credentials&client_secret=hunter2&scope=x": f"grant_type=client_credentials&client_secret={MASK}&scope=x",
    '{"access_token": "hunter2", "expires_in": 3599}': f'{{"access_token": "{MASK}", "expires_in": 3599}}',
    "{'newPassword': 'hunter2'}": f"{{'newPassword': '{MASK}'}}",
    "connection to postgres://petra:hunter2@db:5432/petra failed": f"connection to postgres://petra:{MASK}@db:5432/petra failed",
    "redis://:hunter2@redis:6379/0": f"redis://:{MASK}@redis:6379/0",
    f"the token was {JWT}": f"the token was {MASK}",
    f"secret {ENTRA} expired": f"secret {MASK} expired",
    f"GET /connect/answer/?tenant=t&state={'k-_9' * 11}&admin_consent=True": (
        f"GET /connect/answer/?tenant=t&state={MASK}&admin_consent=True"
    ),
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----": MASK,
    "-----BEGIN PRIVATE KEY-----\nMIIE, cut off": MASK,
}
HARMLESS = [
    "The connection's secret cannot be decrypted with the keys of this installation. Enter it again.",
    "GET /t/acme/incidents/7/remediation/steps/4/password/",
    "POST /users/alice@acme.example/revokeSignInSessions",
    "https://graph.microsoft.com/v1.0/users/alice@acme.example/messages",
    "Password of run 7",
    "GET /incidents/?state=active&sort=-opened",
    "basic sign-in is off",
    "2026-11-24T03:00:00+00:00",
    "6f9619ff-8b86-d011-b42d-00c04fc964ff",
]


@pytest.mark.parametrize(("text", "wanted"), TEXTS.items(), ids=range(len(TEXTS)))
def test_what_looks_like_a_secret_is_masked(text, wanted):
    assert masked_text(text) == wanted
    assert masked_text(wanted) == wanted


@pytest.mark.parametrize("text", HARMLESS)
def test_what_does_not_stays_as_it_is(text):
    assert masked_text(text) == text


def test_secrets_are_found_however_deep_they_lie():
    event = {
        "event": "sent",
        "Set-Cookie": "x",
        "client_secret": None,
        "body": {"passwordProfile": {"password": "hunter2"}, "items": [{"api-key": "k"}, ("Bearer hunter2hunter2", 7)]},
        "error": ValueError("token=hunter2"),
        "count": 3,
        "is_first": True,
    }
    assert masked(event) == {
        "event": "sent",
        "Set-Cookie": MASK,
        "client_secret": MASK,
        "body": {"passwordProfile": MASK, "items": [{"api-key": MASK}, [f"Bearer {MASK}", 7]]},
        "error": f"ValueError('token={MASK}')",
        "count": 3,
        "is_first": True,
    }


def test_what_is_too_deep_to_look_through_is_not_told():
    deep: list = ["hunter2"]
    for _ in range(20):
        deep = [deep]
    assert "hunter2" not in json.dumps(masked(deep))


def test_a_value_that_holds_itself_ends():
    loop: dict = {}
    loop["self"] = loop
    assert MASK in json.dumps(masked(loop), ensure_ascii=False)


@pytest.fixture
def lines():
    """What a logger of Petra and one of a library write, as parsed JSON lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter())
    logger = logging.getLogger("masking-test")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)


def test_both_kinds_of_loggers_end_at_the_fence(lines):
    structlog.get_logger("masking-test").info("signed", body={"client_secret": "hunter2"})
    logging.getLogger("masking-test").info("GET %s", "https://x/?access_token=hunter2")
    try:
        raise RuntimeError("posted client_secret=hunter2")
    except RuntimeError:
        logging.getLogger("masking-test").exception("broke")
    first, second, third = lines()
    assert first["body"] == {"client_secret": MASK}
    assert second["event"] == f"GET https://x/?access_token={MASK}"
    assert f"RuntimeError: posted client_secret={MASK}" in third["exception"]
    assert "hunter2" not in third["exception"]  # the quoted line of source included

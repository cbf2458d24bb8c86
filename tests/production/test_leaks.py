"""All six steps, with refusals and exceptions on the way; afterwards every place is searched for every secret."""

import html
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from cryptography.fernet import Fernet

from graph import CLOUDS, AppCredentials, GraphClient, SecretRef, users
from graph.simulator.world import story
from remediation.models import IssuedPassword
from tenants.models import Connection
from tests.fixtures.analyst import Analyst, notice
from tests.fixtures.services import children_of
from tests.fixtures.stack import ADMIN, Stack, sign_in, start_stack, stop_stack
from tests.production.places import leaks, places, queue, rows
from tests.production.sign_up import sign_up_secrets

CANARY = "canary-k4z9-w2m7-q8"
PAGES = ("/", "/incidents/", "/t/acme-corp/", "/settings/members/", "/settings/activity/", "/account/")
PARTS = ("", "header/", "threat/", "notes/", "timeline/", "logs/", "activity/", "remediation/")


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A demo that logs all it can."""
    running = start_stack(tmp_path_factory.mktemp("talkative"), PETRA_LOG_LEVEL="DEBUG")
    yield running
    stop_stack(running)


@contextmanager
def worker_paused(stack: Stack) -> Iterator[None]:
    """No message is taken meanwhile: what is sent lies in the queue."""
    workers = [pid for pid in children_of(stack.process.pid) if b"celery" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(workers) == 1
    os.killpg(workers[0], signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(workers[0], signal.SIGCONT)


def stored_password(stack: Stack) -> str:
    """The new password that waits to be sent, decrypted with the installation's key."""
    ciphertexts = rows(stack, "SELECT password FROM remediation_issuedpassword WHERE password <> ''")
    assert len(ciphertexts) == 1
    key = (stack.data / "encryption_key").read_text()
    return Fernet(key).decrypt(ciphertexts[0][0]).decode()


def plant_canary(stack: Stack, analyst: Analyst) -> None:
    """Let what the search looks for pass through each place once, in a form that is no secret."""
    form = {"tenant": analyst.tenant, "text": CANARY}
    headers = {"X-CSRFToken": str(analyst.session.headers["X-CSRFToken"])}
    answer = analyst.session.post(f"{analyst.url}{analyst.incident}notes/add/", data=form, headers=headers, timeout=30)
    assert answer.status_code == 200
    assert analyst.session.get(f"{analyst.url}/{CANARY}/", timeout=30).status_code == 404
    requests.get(f"{stack.control.url}/v1.0/users/{CANARY}", headers=_token(stack), timeout=30)
    (stack.data / CANARY).touch()
    if stack.redis is None:
        (stack.data / "queue" / "messages" / f"0_{CANARY}.nobodys.msg").touch()
    else:
        with stack.redis.client() as client:
            client.rpush("nobodys", CANARY)


def _token(stack: Stack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack._token(story.ACME.tenant_id, 'graph.microsoft.com')}"}


def set_changed_at(stack: Stack, value: str) -> None:
    known = stack.control.objects(story.ACME.tenant_id, "users")
    (renee,) = [user for user in known if user["userPrincipalName"] == story.RENEE.victim]
    stack.control.plant(story.ACME.tenant_id, "users", {**renee, "lastPasswordChangeDateTime": value})


def refused_password(stack: Stack, analyst: Analyst) -> str:
    """Press step 4 while Microsoft refuses every password; returns the one that was made."""
    refusal = {"match": {"method": "PATCH", "path": "/users/"}, "answer": 400, "times": 1}
    stack.control.configure(story.ACME.tenant_id, faults=[refusal])
    with worker_paused(stack):
        # Redis hands the next message to a worker that waits for one already, even to one that is held: this one.
        assert analyst.post("steps/2/scan/").status_code == 200
        assert analyst.press(4).status_code == 200
        password = stored_password(stack)
        waiting = queue(stack)
        assert b"run_due" in waiting, "the message lies in the queue"
        assert leaks({"queue": waiting}, {"password": password}) == []
    analyst.wait_for(lambda: 'id="step-4-retry"' in analyst.panel(), "the password was refused")
    return password


def issued_password(stack: Stack, analyst: Analyst) -> str:
    """Retry: it is taken, and reading it back meets nonsense. Returns the password, once it was shown."""
    set_changed_at(stack, "no moment at all")
    with worker_paused(stack):
        assert analyst.post("steps/4/retry/").status_code == 200
        password = stored_password(stack)
    analyst.wait_for(lambda: "no moment at all" in stack.log.read_text(), "an exception of ours is in the log")
    shown = re.search(r"passwords/(\d+)/reveal/", analyst.panel())
    assert shown, "the password can be shown"
    answer = analyst.post(f"passwords/{shown[1]}/reveal/")
    assert html.unescape(answer.text).count(password) == 1
    analyst.seen.remove(answer.text)  # the one answer in which it may stand
    again = analyst.post(f"passwords/{shown[1]}/reveal/")
    assert (again.status_code, "shown once" in notice(again)) == (409, True)
    return password


def through_all_steps(stack: Stack) -> tuple[Analyst, dict[str, str]]:
    """The whole incident, then a new member; and the passwords and other secrets that were made on the way."""
    analyst = Analyst(stack.url)
    analyst.wait_for_scan(2)
    analyst.wait_for_scan(3)
    plant_canary(stack, analyst)
    analyst.finish(1)
    for step in (2, 3):
        analyst.finish(step, all="on")
    passwords = {"refused password": refused_password(stack, analyst), "password": issued_password(stack, analyst)}
    analyst.finish(5, reason=CANARY)
    analyst.finish(6, reason=CANARY)
    for page in (*PAGES, *(analyst.incident + part for part in PARTS)):
        analyst.page(page)
    admin = sign_in(stack.url, ADMIN)
    passwords |= sign_up_secrets(stack, admin)
    analyst.seen += [admin.get(f"{stack.url}{page}", timeout=30).text for page in PAGES]
    return analyst, passwords


def test_no_secret_is_left_behind(talkative: Stack):
    analyst, secrets = through_all_steps(talkative)
    (acme,) = [each for each in talkative.control.tenants() if each["tenantId"] == story.ACME.tenant_id]
    secrets["client secret"] = acme["clientSecret"]
    secrets["secret key"] = (talkative.data / "secret_key").read_text()
    secrets["encryption key"] = (talkative.data / "encryption_key").read_text()
    found = places(talkative, analyst)
    everywhere = sorted(f"canary in {place}" for place in found)
    assert sorted(leaks(found, {"canary": CANARY})) == everywhere, "the search sees what passed through each place"
    assert '"logger": "incidents.collection"' in talkative.log.read_text(), "the worker's lines are among the log"
    assert leaks(found, secrets) == []


@pytest.mark.parametrize(
    "written", ["Ta/bi+ku=hez#ani", "Ta%2Fbi%2Bku%3Dhez%23ani", "54612f62692b6b753d68657a23616e69"]
)
def test_the_search_knows_a_secret_in_other_clothes(written: str):
    assert leaks({"place": f"<p>{written}</p>".encode()}, {"secret": "Ta/bi+ku=hez#ani"}) == ["secret in place"]


def test_the_search_knows_a_token_by_its_shape(talkative: Stack):
    assert leaks({"place": repr(_token(talkative)).encode()}, {}) == ["a bearer token in place"]


def test_what_holds_a_secret_does_not_show_it():
    secret = "Ta/bi+ku=hez#ani"
    connection = Connection(client_id="c", microsoft_tenant_id="t", client_secret=secret)
    password = IssuedPassword(password=secret)
    credentials = AppCredentials(tenant_id="t", client_id="c", secret=secret)
    client = GraphClient(credentials=credentials, cloud=CLOUDS["global"], resolve_secret=lambda _reference: secret)
    request = users.set_password("u", SecretRef("run/1"), force_change=True)
    shown = [repr(each) + str(each) for each in (connection, password, client, request, credentials)]
    assert leaks({"repr": "".join(shown).encode()}, {"secret": secret}) == []

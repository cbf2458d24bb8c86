"""The commands of docker-compose.yml, started against a real PostgreSQL and Redis, take step 1 through themselves.

There is no container engine here: commands, environment, secret files and health checks are those of the file, and
addresses are translated (tests/production/compose.py). Requests come as from the proxy that speaks HTTPS.
"""

import secrets
import subprocess
import time
from collections.abc import Iterator
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet

from graph.simulator.control import SimulatorControl
from graph.simulator.world import story
from tests.fixtures.analyst import Analyst
from tests.fixtures.services import Postgres, Redis
from tests.fixtures.stack import ADMIN, PASSWORD, sign_in
from tests.production.compose import SERVICES, Compose, composed

CONSOLE = ("web", "worker", "strike", "beat")
SECRETS = {
    "secret_key": secrets.token_urlsafe(60),
    "encryption_keys": Fernet.generate_key().decode(),
    "metrics_token": secrets.token_urlsafe(24),
    "application_secret": secrets.token_urlsafe(24),
    "database_password": secrets.token_urlsafe(24),
}
PROXY = {"Host": "petra.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}

pytestmark = pytest.mark.timeout(400)  # a dozen processes of Django start here


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory, own_postgres: Postgres, own_redis: Redis) -> Iterator[Compose]:
    """All services of the file, up and ready."""
    own_redis.flush()
    services = composed(tmp_path_factory.mktemp("compose"), own_postgres, own_redis, SECRETS)
    collected = services.run(
        "migrate", ["python", "manage.py", "collectstatic", "--noinput"], services.log("build")
    )  # as the Dockerfile does
    assert collected.wait(120) == 0
    services.start("simulator")
    assert services.start("migrate").wait(120) == 0, services.log("migrate").read_text()
    for name in CONSOLE:
        services.start(name)
    yield services
    services.stop()


def address(compose: Compose) -> str:
    return f"http://127.0.0.1:{compose.places['8000']}"


class BeforeTheProxy(DefaultCookiePolicy):
    """Takes cookies as over HTTPS, which they have to ask for, and sends them over the plain connection behind it."""

    def set_ok(self, cookie: Cookie, request: Any) -> bool:
        assert cookie.secure, f"{cookie.name} would go over plain HTTP"
        cookie.secure = False
        return super().set_ok(cookie, request)


def through_proxy() -> requests.Session:
    """A session whose requests arrive as those of the proxy, which took HTTPS off."""
    session = requests.Session()
    session.headers.update(PROXY | {"Referer": "https://petra.example.com/"})
    session.cookies.set_policy(BeforeTheProxy())
    return session


@pytest.fixture(scope="module")
def analyst(compose: Compose) -> Analyst:
    """The first admin, made on the command line, with the demo's incidents before her."""
    command = ["python", "manage.py", "create_admin", ADMIN, "--name", "Ada Moreau", "--organization", "Lantern"]
    told = subprocess.run(
        [compose.here(word) for word in command],
        cwd=".",
        env=compose.environment("web"),
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "is an admin of Lantern" in told.stdout, told.stderr
    wait_until_ready(compose)
    session = sign_in(address(compose), ADMIN, through_proxy())
    assert session.post(f"{address(compose)}/demo/reset/", timeout=60, allow_redirects=False).status_code == 302
    return Analyst(address(compose), session=session)


def wait_until_ready(compose: Compose) -> None:
    deadline = time.monotonic() + 120
    answer = None
    while answer is None or answer.status_code != 200:
        assert time.monotonic() < deadline, answer and answer.text
        try:
            answer = requests.get(f"{address(compose)}/readyz", headers=PROXY, timeout=10)
        except requests.ConnectionError:
            pass  # the web server is not there yet
        time.sleep(0.2)


def test_step_1_goes_through_the_services_to_microsoft(compose: Compose, analyst: Analyst):
    analyst.finish(1)
    cloud = SimulatorControl(f"http://127.0.0.1:{compose.places['8100']}")
    (renee,) = [
        user for user in cloud.objects(story.ACME.tenant_id, "users") if user["userPrincipalName"] == story.RENEE.victim
    ]
    assert renee["accountEnabled"] is False
    calls = cloud.requests(story.ACME.tenant_id)["byPath"]
    assert calls["POST /users/{id}/revokeSignInSessions"] == 1
    metrics = requests.get(
        f"{address(compose)}/metrics",
        headers=PROXY | {"Authorization": f"Bearer {SECRETS['metrics_token']}"},
        timeout=10,
    )
    assert metrics.status_code == 200
    assert 'petra_action_runs{state="succeeded",step="1"} 2.0' in metrics.text, metrics.text


def test_the_form_is_refused_without_its_token(analyst: Analyst):
    headers = {**PROXY, "HX-Request": "true"}
    answer = requests.post(
        f"{analyst.url}{analyst.incident}remediation/steps/5/press/",
        data={"tenant": analyst.tenant},
        headers=headers,
        cookies=analyst.session.cookies.get_dict(),
        timeout=10,
    )
    assert answer.status_code == 403


def test_health_addresses(compose: Compose, analyst: Analyst):
    alive = requests.get(f"{address(compose)}/healthz", timeout=10)  # as the container asks: no proxy, no TLS
    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    ready = requests.get(f"{address(compose)}/readyz", headers=PROXY, timeout=10).json()
    assert {name: part["ready"] for name, part in ready["parts"].items()} == {
        "database": True,
        "broker": True,
        "migrations": True,
        "beat": True,
    }
    assert requests.get(f"{address(compose)}/metrics", headers=PROXY, timeout=10).status_code == 401


@pytest.mark.parametrize("name", CONSOLE)
def test_the_health_check_of_the_file_passes(compose: Compose, analyst: Analyst, name: str):
    assert compose.is_healthy(name), compose.log("health").read_text()


def test_plain_http_is_led_to_https(compose: Compose, analyst: Analyst):
    answer = requests.get(
        f"{address(compose)}/", headers={"Host": "petra.example.com"}, timeout=10, allow_redirects=False
    )
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://petra.example.com/")


def test_no_secret_is_in_a_log_and_all_end_when_asked(compose: Compose, analyst: Analyst):
    ended = compose.stop()
    assert set(ended) == {"simulator", "migrate", *CONSOLE}
    assert set(ended) <= set(SERVICES)
    assert -9 not in ended.values(), "each ends within its grace"
    logs = "".join(compose.log(name).read_text() for name in ended)
    assert "Traceback" not in logs
    assert [name for name, secret in SECRETS.items() if secret in logs] == []

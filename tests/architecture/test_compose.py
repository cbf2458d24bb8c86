"""docker-compose.yml and Dockerfile, read: there is no container engine where the tests run."""

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import get_commands

from petra.celery import app
from petra.masking import is_secret_name
from tests.architecture.source import ROOT
from tests.architecture.test_docs import variables

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "petra"}
CONSOLE = {name: service for name, service in OURS.items() if "environment" in service}
ONE_SHOT = {"migrate"}
# Variables of other images, as their documentation names them.
OF_IMAGES = {"db": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE"}}
GIVEN = {"PETRA_ALLOWED_HOSTS": "petra.example.com", "PETRA_TRUSTED_ORIGINS": "https://petra.example.com"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def each(services: dict) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "service"), services.items(), ids=services)


def interpolated(text: str, given: dict[str, str]) -> str:
    """As compose does it: ${NAME}, ${NAME:-default}, ${NAME:?what to say}."""

    def value(found: re.Match[str]) -> str:
        name, how, words = found.groups()
        if given.get(name):
            return given[name]
        assert how == "-", f"{name} is needed: {words}"
        return words

    return re.sub(r"\$\{(\w+)(?::([-?])([^}]*))?\}", value, text)


# --- Services ---------------------------------------------------------------------------------------------------------
def test_the_services_are_those_of_the_documents():
    assert set(SERVICES) == {"web", "worker", "strike", "beat", "migrate", "db", "redis", "simulator"}
    assert set(CONSOLE) == {"web", "worker", "strike", "beat", "migrate"}


@each({name: service for name, service in SERVICES.items() if name not in ONE_SHOT})
def test_what_runs_on_is_watched(name, service):
    check = service["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout"} <= set(check)
    assert service["restart"] == "unless-stopped"


def test_all_wait_for_the_migrations_and_these_for_the_database():
    assert SERVICES["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    found = {name: service["depends_on"] for name, service in CONSOLE.items() if name not in ONE_SHOT}
    wanted = {"migrate": {"condition": "service_completed_successfully"}, "redis": {"condition": "service_healthy"}}
    assert found == dict.fromkeys(found, wanted)


@each(SERVICES)
def test_nobody_has_more_rights_than_needed(name, service):
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    if name != "db":
        assert service["read_only"] is True
    if name not in OURS:
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])


def test_web_alone_is_published_and_on_loopback():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"web"}
    assert [interpolated(port, {}) for port in published["web"]] == ["127.0.0.1:8000:8000"]
    assert [name for name, service in SERVICES.items() if "network_mode" in service] == []


def test_the_simulated_cloud_is_for_the_demo_and_stays_inside():
    assert {name: service.get("profiles") for name, service in SERVICES.items() if "profiles" in service} == {
        "simulator": ["demo"]
    }
    inside = {name for name, service in SERVICES.items() if service["networks"] == ["inside"]}
    assert inside == {"beat", "migrate", "db", "redis", "simulator"}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    environment = {key: interpolated(value, GIVEN) for key, value in SERVICES["web"]["environment"].items()}
    assert (environment["PETRA_SIMULATOR_URL"], environment["PETRA_DEMO"]) == ("", "0")


# --- Variables and secrets --------------------------------------------------------------------------------------------
@each(SERVICES)
def test_every_variable_is_known_to_who_gets_it(name, service):
    known = OF_IMAGES.get(name) or {each for known in variables() for each in (known, f"{known}_FILE")}
    assert set(service.get("environment", {})) - known == set()


@each(SERVICES)
def test_secrets_come_from_files(name, service):
    environment = service.get("environment", {})
    assert [key for key in environment if is_secret_name(key.removesuffix("_FILE")) and not key.endswith("_FILE")] == []
    files = {value.removeprefix("/run/secrets/") for key, value in environment.items() if key.endswith("_FILE")}
    assert files == set(service.get("secrets", []))
    assert files <= set(COMPOSE["secrets"])
    assert "env_file" not in service


def test_no_value_of_a_secret_is_in_it():
    assert COMPOSE["secrets"] == {name: {"file": f"./secrets/{name}"} for name in COMPOSE["secrets"]}
    assert re.findall(r"://[^@\s]*:[^@\s]*@", (ROOT / "docker-compose.yml").read_text()) == []
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("is_demo", [False, True], ids=["real", "demo"])
def test_petra_starts_with_what_the_services_are_given(tmp_path: Path, is_demo):
    assert [service["environment"] for service in CONSOLE.values()].count(SERVICES["web"]["environment"]) == len(
        CONSOLE
    )
    contents = {"secret_key": os.urandom(32).hex(), "encryption_keys": Fernet.generate_key().decode()}
    for name in COMPOSE["secrets"]:
        (tmp_path / name).write_text(contents.get(name, "words of a test") + "\n")
    demo = {"PETRA_SIMULATOR_URL": "http://simulator:8100", "PETRA_DEMO": "1"} if is_demo else {}
    environment = {
        key: interpolated(value, GIVEN | demo).replace("/run/secrets", str(tmp_path))
        for key, value in SERVICES["web"]["environment"].items()
    } | {"PATH": os.environ["PATH"], "PETRA_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    code = "from django.conf import settings; print(settings.DATABASES['default']['PASSWORD'])"
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
    done = subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == "words of a test\n"


# --- Commands ---------------------------------------------------------------------------------------------------------
@each(OURS)
def test_commands_are_plain_and_name_what_exists(name, service):
    command = service["command"]
    assert all(isinstance(word, str) for word in command)
    match command:
        case ["uvicorn", target, *options]:
            module, _, attribute = target.partition(":")
            assert callable(getattr(import_module(module), attribute))
            assert (ROOT / options[options.index("--log-config") + 1]).is_file()
        case ["celery", "-A", module, kind, *_]:
            assert import_module(module).celery_app is app
            assert kind in {"worker", "beat"}
        case ["python", "-m", module, *_]:
            assert find_spec(f"{module}.__main__")
        case ["python", "manage.py", known]:
            assert known in get_commands()
        case _:
            pytest.fail(f"{command} is of no known kind")


def test_every_queue_has_hands_and_step_1_has_its_own():
    queues = {
        name: SERVICES[name]["command"][SERVICES[name]["command"].index("--queues") + 1]
        for name in ("worker", "strike")
    }
    assert queues == {"worker": f"{settings.STRIKE_QUEUE},{settings.WORK_QUEUE}", "strike": settings.STRIKE_QUEUE}


def test_beat_is_one():
    assert [name for name, service in OURS.items() if "beat" in service["command"] or "-B" in service["command"]] == [
        "beat"
    ]


# --- The image --------------------------------------------------------------------------------------------------------
def test_the_image_is_not_run_by_root():
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users == ["10001:10001"]
    last = DOCKERFILE.rindex("\nFROM")
    assert DOCKERFILE.index("USER") > last
    assert DOCKERFILE.rindex("COPY") < DOCKERFILE.index("USER")


def test_the_image_installs_what_is_locked_and_collects_what_is_static():
    assert "pip install --require-hashes -r requirements.txt" in DOCKERFILE
    assert re.search(r"PETRA_DATA_DIR=/tmp/\S+ PETRA_STATIC_ROOT=(\S+) .*manage.py collectstatic", DOCKERFILE)[1] in (
        re.findall(r"PETRA_STATIC_ROOT=(\S+)$", DOCKERFILE, re.MULTILINE)
    )


def test_the_image_starts_web_in_production():
    start = json.loads(re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[1])
    assert SERVICES["web"]["command"][: len(start)] == start
    assert re.search(r"^    PETRA_PRODUCTION=1 \\$", DOCKERFILE, re.MULTILINE)


def test_no_secret_gets_into_the_image():
    stages = re.split(r"^FROM .*$", DOCKERFILE, flags=re.MULTILINE)
    named = re.findall(r"(?:^(?:ENV|ARG) |^    |^RUN )(\w+)=", stages[-1], re.MULTILINE)
    assert [name for name in named if is_secret_name(name)] == []
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert ignored[0] == "*"
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    packages = {"petra", "tenants", "incidents", "remediation", "graph", "templates", "static"}
    assert let_in == {"requirements.txt", "pyproject.toml", "manage.py"} | packages

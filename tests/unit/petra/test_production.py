"""What Petra refuses to start with in production, each by its variable, and all of it together."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet

from petra.production import Values, problems, refusal
from tests.architecture.source import ROOT

SECRET = "q8Zr2LmW0xUe5Tn7VbYc1KdGh3PsJf4AoIi6QyXw9NuMtRlEvBkC"
KEY = Fernet.generate_key().decode()
SOUND = Values(
    is_debug=False,
    secret_key=SECRET,
    encryption_keys=[KEY],
    is_sqlite=False,
    broker_url="redis://redis:6379/0",
    is_https=True,
    trusted_origins=["https://petra.example.com"],
    allowed_hosts=["petra.example.com"],
    simulator_url="",
    is_demo_meant=False,
)
REFUSED = {
    "debug": ({"is_debug": True}, ["PETRA_DEBUG is on"]),
    "no secret key": ({"secret_key": ""}, ["PETRA_SECRET_KEY is not set"]),
    "short secret key": ({"secret_key": "short"}, ["PETRA_SECRET_KEY is too weak"]),
    "dull secret key": ({"secret_key": "ab" * 40}, ["PETRA_SECRET_KEY is too weak"]),
    "a tutorial's secret key": ({"secret_key": "django-insecure-" + SECRET}, ["PETRA_SECRET_KEY is too weak"]),
    "no encryption keys": ({"encryption_keys": []}, ["PETRA_ENCRYPTION_KEYS is not set"]),
    "no Fernet key": ({"encryption_keys": [KEY, "password"]}, ["PETRA_ENCRYPTION_KEYS: key 2"]),
    "a key of zeros": ({"encryption_keys": ["A" * 43 + "="]}, ["PETRA_ENCRYPTION_KEYS: key 1"]),
    "SQLite": ({"is_sqlite": True}, ["DATABASE_URL is not set"]),
    "no broker": ({"broker_url": ""}, ["REDIS_URL is not set"]),
    "a broker of files": ({"broker_url": "petra-files://localhost"}, ["REDIS_URL is not set"]),
    "plain http": ({"is_https": False}, ["PETRA_HTTPS is off"]),
    "no origin": ({"trusted_origins": []}, ["PETRA_TRUSTED_ORIGINS is not set"]),
    "a plain origin": (
        {"trusted_origins": ["https://petra.example.com", "http://petra.example.com"]},
        ["PETRA_TRUSTED_ORIGINS holds http://petra.example.com"],
    ),
    "no host": ({"allowed_hosts": []}, ["PETRA_ALLOWED_HOSTS is not set"]),
    "any host": ({"allowed_hosts": ["petra.example.com", "*"]}, ["PETRA_ALLOWED_HOSTS holds *"]),
    "a simulated cloud": ({"simulator_url": "http://simulator:8100"}, ["PETRA_SIMULATOR_URL is set"]),
    "two at once": ({"is_debug": True, "is_https": False}, ["PETRA_HTTPS is off", "PETRA_DEBUG is on"]),
}
ENVIRONMENT = {
    "PETRA_PRODUCTION": "1",
    "DATABASE_URL": "postgres://petra@db.invalid:5432/petra",
    "REDIS_URL": "redis://redis.invalid:6379/0",
    "PETRA_SECRET_KEY": SECRET,
    "PETRA_ENCRYPTION_KEYS": KEY,
    "PETRA_HTTPS": "1",
    "PETRA_TRUSTED_ORIGINS": "https://petra.example.com",
    "PETRA_ALLOWED_HOSTS": "petra.example.com",
}


def test_sound_settings_are_taken():
    assert problems(SOUND) == []


def test_a_demo_that_is_meant_is_taken():
    assert problems(replace(SOUND, simulator_url="http://simulator:8100", is_demo_meant=True)) == []


@pytest.mark.parametrize(("change", "wanted"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(change, wanted):
    found = problems(replace(SOUND, **change))
    assert [problem[: len(start)] for problem, start in zip(found, wanted, strict=True)] == wanted


def test_all_is_told_together_and_no_value_of_a_secret_is():
    told = refusal(problems(replace(SOUND, secret_key="hunter2", is_sqlite=True, encryption_keys=["hunter3"])))
    assert [line.split()[1] for line in told.splitlines()[1:]] == [
        "PETRA_SECRET_KEY",
        "PETRA_ENCRYPTION_KEYS:",
        "DATABASE_URL",
    ]
    assert "hunter" not in told


# --- The settings themselves, in a process of their own ---------------------------------------------------------------
def check(tmp_path, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {"PATH": os.environ["PATH"], "PETRA_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "petra.settings"}
    command = [sys.executable, "-W", "error", "manage.py", "check", *options]
    return subprocess.run(
        command, check=False, cwd=ROOT, env=kept | environment, capture_output=True, text=True, timeout=60
    )


def test_the_deployment_check_has_nothing_to_say(tmp_path):
    done = check(tmp_path, "--deploy", "--fail-level", "WARNING", **ENVIRONMENT)
    assert (done.returncode, done.stdout.split(" (")[0]) == (0, "System check identified no issues"), done.stderr


@pytest.mark.parametrize("name", ["PETRA_SECRET_KEY", "PETRA_ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL"])
def test_what_is_left_out_is_named(tmp_path, name):
    done = check(tmp_path, **{key: value for key, value in ENVIRONMENT.items() if key != name})
    assert done.returncode == 1
    assert f"\n  - {name} is not set" in done.stderr


def test_who_names_a_postgresql_means_production(tmp_path):
    done = check(tmp_path, DATABASE_URL=ENVIRONMENT["DATABASE_URL"])
    assert "ImproperlyConfigured: Petra does not start in production like this" in done.stderr
    assert check(tmp_path, DATABASE_URL=ENVIRONMENT["DATABASE_URL"], PETRA_PRODUCTION="0").returncode == 0


def test_secrets_may_come_from_files(tmp_path):
    environment = dict(ENVIRONMENT)
    for name in ("PETRA_SECRET_KEY", "PETRA_ENCRYPTION_KEYS"):
        (tmp_path / name).write_text(environment.pop(name) + "\n")
        environment[f"{name}_FILE"] = str(tmp_path / name)
    assert check(tmp_path, **environment).returncode == 0


def test_a_file_that_is_not_there_is_named(tmp_path):
    done = check(tmp_path, **ENVIRONMENT | {"PETRA_SECRET_KEY_FILE": "/nowhere/secret"})
    assert "PETRA_SECRET_KEY_FILE names a file that cannot be read" in done.stderr

"""What Petra refuses to start with in production. Pure: values go in, sentences come out."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

SHORTEST_KEY = 50  # characters: what `manage.py check --deploy` asks for
FEWEST_CHARACTERS = 5  # different ones; as above
FILES = "Give it as a value, or as the path of a file in {name}_FILE."


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The settings that matter, as the operator gave them: what Petra made itself in the data folder is empty here."""

    is_debug: bool
    secret_key: str
    encryption_keys: Sequence[str]
    is_sqlite: bool
    broker_url: str
    is_https: bool
    trusted_origins: Sequence[str]
    allowed_hosts: Sequence[str]
    simulator_url: str
    is_demo_meant: bool


def problems(values: Values) -> list[str]:
    """Everything that is wrong, each with the name of its variable and what to do; empty when Petra may start."""
    return [*_keys(values), *_services(values), *_web(values), *_toys(values)]


def refusal(found: Sequence[str]) -> str:
    """The message of the refusal, all problems told together."""
    head = "Petra does not start in production like this (PETRA_PRODUCTION=0 says that this is no production):"
    return "\n".join([head, *(f"  - {problem}" for problem in found)])


def _keys(values: Values) -> list[str]:
    found = []
    if not values.secret_key:
        found.append("PETRA_SECRET_KEY is not set. " + FILES.format(name="PETRA_SECRET_KEY"))
    elif _is_weak(values.secret_key):
        found.append(
            f"PETRA_SECRET_KEY is too weak. Take {SHORTEST_KEY} random characters or more: `openssl rand -base64 48`."
        )
    if not values.encryption_keys:
        found.append("PETRA_ENCRYPTION_KEYS is not set. " + FILES.format(name="PETRA_ENCRYPTION_KEYS"))
    found += [
        f"PETRA_ENCRYPTION_KEYS: key {number} is no Fernet key, which is 32 random bytes as url-safe base64: "
        "`openssl rand -base64 32 | tr '+/' '-_'`."
        for number, key in enumerate(values.encryption_keys, 1)
        if not is_fernet_key(key)
    ]
    return found


def _is_weak(key: str) -> bool:
    return len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_CHARACTERS or key.startswith("django-insecure-")


def is_fernet_key(key: str) -> bool:
    """Whether Fernet takes it, and it is not one byte repeated."""
    try:
        Fernet(key)
    except ValueError:
        return False
    return len(set(key.rstrip("="))) >= FEWEST_CHARACTERS


def _services(values: Values) -> list[str]:
    found = []
    if values.is_sqlite:
        found.append("DATABASE_URL is not set, or names SQLite. Set it to postgres://user@host:5432/name.")
    if urlsplit(values.broker_url).scheme not in {"redis", "rediss", "sentinel", "amqp", "amqps"}:
        found.append("REDIS_URL is not set. Set it to redis://host:6379/0, or another broker in CELERY_BROKER_URL.")
    return found


def _web(values: Values) -> list[str]:
    found = []
    if not values.is_https:
        found.append("PETRA_HTTPS is off. Put Petra behind a proxy that speaks HTTPS, and set PETRA_HTTPS=1.")
    if not values.trusted_origins:
        found.append("PETRA_TRUSTED_ORIGINS is not set. Name the console's address: https://petra.example.com.")
    found += [
        f"PETRA_TRUSTED_ORIGINS holds {origin}, which is not HTTPS. Write https:// in front, or take it out."
        for origin in values.trusted_origins
        if urlsplit(origin).scheme != "https"
    ]
    if not values.allowed_hosts:
        found.append("PETRA_ALLOWED_HOSTS is not set. Name the host of the console: petra.example.com.")
    if any(host.strip() == "*" for host in values.allowed_hosts):
        found.append("PETRA_ALLOWED_HOSTS holds *, so anybody's host name would do. Name the console's own.")
    return found


def _toys(values: Values) -> list[str]:
    found = []
    if values.is_debug:
        found.append("PETRA_DEBUG is on: its pages show settings and code. Take it out.")
    if values.simulator_url and not values.is_demo_meant:
        found.append("PETRA_SIMULATOR_URL is set. Take it out; if a demo is meant, set PETRA_DEMO=1 beside it.")
    return found

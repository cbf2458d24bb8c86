"""Settings, read from the environment. Without any, Petra runs on SQLite and an embedded queue in PETRA_DATA_DIR.

Every variable is described in docs/settings.md.
"""

import logging
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from petra import production
from petra.data_folder import data_folder, key_material
from petra.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

DEBUG = env.bool("PETRA_DEBUG", default=False)
DATA_DIR = data_folder(env.str("PETRA_DATA_DIR", default=str(BASE_DIR / ".petra")))
PORT = env.int("PORT", default=8000)

# In production they are given, and the guard at the end of this file refuses to go on without.
GIVEN_SECRET_KEY = env.str("PETRA_SECRET_KEY", default="")
GIVEN_ENCRYPTION_KEYS = [key.strip() for key in env.list("PETRA_ENCRYPTION_KEYS", default=[])]

GIVEN_HOSTS = env.list("PETRA_ALLOWED_HOSTS", default=[])
ALLOWED_HOSTS = [*GIVEN_HOSTS, "127.0.0.1", "localhost", "[::1]"]  # a container's own health check asks there
CSRF_TRUSTED_ORIGINS = env.list("PETRA_TRUSTED_ORIGINS", default=[])

# Where the simulated Microsoft cloud listens; empty in production. Demo tenants speak to it, no other tenant can.
SIMULATOR_URL = env.str("PETRA_SIMULATOR_URL", default="")
DEMO = env.bool("PETRA_DEMO", default=bool(SIMULATOR_URL))

# One multi-tenant application for all tenants; empty where each tenant has an application of its own.
APPLICATION_ID = env.str("PETRA_APPLICATION_ID", default="")
APPLICATION_CLOUD = env.str("PETRA_APPLICATION_CLOUD", default="global")
APPLICATION_SECRET = env.str("PETRA_APPLICATION_SECRET", default="")
APPLICATION_SECRET_EXPIRES = env.str("PETRA_APPLICATION_SECRET_EXPIRES", default="")
APPLICATION_CERTIFICATE = env.str("PETRA_APPLICATION_CERTIFICATE", default="")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_structlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "csp",
    "petra",
    "tenants",
    "incidents",
    "remediation",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenants.middleware.SignInMiddleware",
    "tenants.gates.SessionMiddleware",
    "tenants.gates.BillingMiddleware",
    "tenants.middleware.tenant_scope_middleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "petra.urls"
ASGI_APPLICATION = "petra.asgi.application"
WSGI_APPLICATION = "petra.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tenants.contexts.frame",
            ],
            "builtins": ["django.templatetags.static"],
        },
    }
]

# --- Database ---------------------------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'petra.sqlite3'}")
}
if password := env.str("PETRA_DATABASE_PASSWORD", default=""):  # so that one file serves Petra and PostgreSQL alike
    DATABASES["default"]["PASSWORD"] = password
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
# Django's own, with a hook before the commit: the audit trail is the last thing that a transaction writes.
DATABASES["default"]["ENGINE"] = f"petra.database.{'sqlite3' if IS_SQLITE else 'postgresql'}"
if not IS_SQLITE:
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DATABASE_KEEPS_IDLE = 60  # seconds; of PostgreSQL's connections, see petra/database/kept.py
if IS_SQLITE:
    # IMMEDIATE takes the write lock when a transaction opens; Django's DEFERRED fails with "database is locked"
    # whenever two transactions read first and write later.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
    }
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # "Undo all" names every run that it undoes
ATOMIC_REQUESTS = False  # every GET would become a writer on SQLite
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",  # shared by all processes: rate limits need that
        "LOCATION": "petra_cache",
    }
}

# --- Queue ------------------------------------------------------------------------------------------------------------
BROKER_URL = env.str("CELERY_BROKER_URL", default="") or env.str("REDIS_URL", default="")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True  # progress lives in our own rows
CELERY_TASK_ALWAYS_EAGER = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
# Two queues: step 1 never stands in line behind searches and retractions.
STRIKE_QUEUE, WORK_QUEUE = "strike", "work"
CELERY_TASK_DEFAULT_QUEUE = WORK_QUEUE
CELERY_TASK_ROUTES = {
    "remediation.tasks.strike_due": {"queue": STRIKE_QUEUE},
    "petra.tasks.tick": {"queue": STRIKE_QUEUE},  # a long queue of work is no reason to call beat dead
}
CELERY_BEAT_SCHEDULE = {
    "resume-stalled": {"task": "remediation.tasks.resume_stalled", "schedule": 5.0},
    "collect-overdue": {"task": "incidents.tasks.collect_overdue", "schedule": 60.0},
    "import-overdue": {"task": "incidents.tasks.import_overdue", "schedule": 30.0},
    "reports-overdue": {"task": "incidents.tasks.reports_overdue", "schedule": 30.0},
    "tick": {"task": "petra.tasks.tick", "schedule": 10.0, "options": {"expires": 30}},
    "destroy-passwords": {"task": "remediation.tasks.destroy_expired_passwords", "schedule": 20.0},
}
if BROKER_URL:
    CELERY_BROKER_URL = BROKER_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "visibility_timeout": 900,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    }
else:
    QUEUE_DIR = DATA_DIR / "queue"
    for folder in ("messages", "control", "processed"):
        (QUEUE_DIR / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    CELERY_BROKER_URL = "petra-files://localhost"
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
    CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "control_folder": str(QUEUE_DIR / "control"),
        "processed_folder": str(QUEUE_DIR / "processed"),
        "polling_interval": 0.02,
    }

# --- People -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.Member"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "tenants.sign_in.SignInAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "10/m/ip,5/5m/key"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60  # seconds between a password or code and a change of second factors
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "tenants.sign_in.address_tried"  # without an address a lock would shut out its whole network
AXES_IPWARE_PROXY_COUNT = ALLAUTH_TRUSTED_PROXY_COUNT = env.int("PETRA_PROXY_COUNT", default=0)

MFA_ADAPTER = "tenants.second_factor.SecondFactorAdapter"
MFA_FORMS = {"activate_totp": "tenants.second_factor.TOTPForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Petra"
MFA_TOTP_TOLERANCE = 1  # clocks of phones go up to half a minute wrong
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an admin vouches for the address when they invite

# Sign-in with the MSP's own Microsoft accounts, where a tenant is named: see tenants/microsoft_sign_in.py.
OIDC_URL = env.str("PETRA_OIDC_URL", default="").rstrip("/")
if {"common", "organizations", "consumers"} & set(OIDC_URL.split("/")):
    raise ImproperlyConfigured("PETRA_OIDC_URL lets any Microsoft account in. Name your own tenant's id in it.")
SOCIALACCOUNT_ADAPTER = "tenants.microsoft_sign_in.MicrosoftAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "microsoft",
                "name": env.str("PETRA_OIDC_NAME", default="Microsoft"),
                "client_id": env.str("PETRA_OIDC_CLIENT_ID", default=""),
                "secret": env.str("PETRA_OIDC_CLIENT_SECRET", default=""),
                "settings": {"server_url": OIDC_URL, "fetch_userinfo": False},
            }
        ]
        if OIDC_URL
        else [],
    }
}

# --- E-mail: invitations only, and only where a server is named ------------------------------------------------------
EMAIL_TIMEOUT = 10
if IS_EMAIL_ON := bool(env.str("PETRA_EMAIL_URL", default="")):
    vars().update(env.email_url("PETRA_EMAIL_URL"))
DEFAULT_FROM_EMAIL = env.str("PETRA_EMAIL_FROM", default="petra@localhost")

# --- What the browser may do ------------------------------------------------------------------------------------------
IS_HTTPS = env.bool("PETRA_HTTPS", default=False)
# Cookies do not know ports: two installations on one host would sign each other out.
SESSION_COOKIE_NAME = f"petra_session_{PORT}"
CSRF_COOKIE_NAME = f"petra_csrf_{PORT}"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
SESSION_COOKIE_AGE = 12 * 60 * 60
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]  # asked from within, past the proxy
# The subdomains of the console's host are not ours to promise HTTPS for, nor the domain to have preloaded.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "petra.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *(["{0.scheme}://{0.netloc}".format(urlsplit(OIDC_URL))] if OIDC_URL else [])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

# --- Static files and language ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
IMPORT_MEGABYTES = env.int("PETRA_IMPORT_MEGABYTES", default=2048)  # largest audit log that may be uploaded
# Where the operator keeps newer tables of addresses than the one that comes with the installation.
COUNTRY_DATABASE = env.str("PETRA_COUNTRY_DATABASE", default="")
NETWORK_DATABASE = env.str("PETRA_NETWORK_DATABASE", default="")
STATIC_ROOT = data_folder(env.str("PETRA_STATIC_ROOT", default=str(DATA_DIR / "static")))
# Production collects static files (hashed, compressed); a demo serves them as they lie. collectstatic makes the list.
IS_COLLECTED = (STATIC_ROOT / "staticfiles.json").exists() or "collectstatic" in sys.argv
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not IS_COLLECTED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if IS_COLLECTED
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
DATETIME_FORMAT = "Y-m-d H:i:s"

# --- What machines ask ------------------------------------------------------------------------------------------------
METRICS_TOKEN = env.str("PETRA_METRICS_TOKEN", default="")  # /metrics does not exist without

# --- Logs: structured, on standard error, with request and task ids and never a secret --------------------------------
DJANGO_STRUCTLOG_CELERY_DEFAULT_LOG_LEVEL = (
    logging.DEBUG
)  # bells ring every few seconds; what they did is told by itself
DJANGO_STRUCTLOG_CELERY_TASK_FAILURE_LOG_LEVEL = logging.ERROR
DJANGO_STRUCTLOG_REQUEST_CANCELLED_LOG_LEVEL = logging.INFO  # every closed page ends its live updates that way
LOG_LEVEL = env.str("PETRA_LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"structured": {"()": "petra.logging.formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "axes": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
        "msal": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
    },
}

# --- The guard of production ------------------------------------------------------------------------------------------
# Who names a PostgreSQL and no simulated cloud means it, and has to say so when not.
IS_PRODUCTION = env.bool("PETRA_PRODUCTION", default=not IS_SQLITE and not SIMULATOR_URL)
if IS_PRODUCTION and (
    found := production.problems(
        production.Values(
            is_debug=DEBUG,
            secret_key=GIVEN_SECRET_KEY,
            encryption_keys=GIVEN_ENCRYPTION_KEYS,
            is_sqlite=IS_SQLITE,
            broker_url=BROKER_URL,
            is_https=IS_HTTPS,
            trusted_origins=CSRF_TRUSTED_ORIGINS,
            allowed_hosts=GIVEN_HOSTS,
            simulator_url=SIMULATOR_URL,
            is_demo_meant=DEMO and "PETRA_DEMO" in env,
        )
    )
):
    raise ImproperlyConfigured(production.refusal(found))
if IS_HTTPS and not CSRF_TRUSTED_ORIGINS:
    raise ImproperlyConfigured("PETRA_HTTPS is on: name the address of this console in PETRA_TRUSTED_ORIGINS.")

# Embedded installations make their own keys on first start; they live in the data folder, readable by the owner only.
SECRET_KEY = GIVEN_SECRET_KEY or key_material(DATA_DIR, "secret_key")
ENCRYPTION_KEYS = GIVEN_ENCRYPTION_KEYS or [key_material(DATA_DIR, "encryption_key")]

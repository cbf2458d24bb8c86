"""Settings of the tests: Petra's own, in a data folder that lasts as long as the test run (of this worker).

On SQLite; on PostgreSQL when tests/on_services.py says so. A DATABASE_URL that happens to be set is not touched.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_folder = Path(tempfile.mkdtemp(prefix="petra-tests-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["PETRA_DATA_DIR"] = str(_folder)
os.environ["PETRA_PRODUCTION"] = "0"  # also where the tests run on PostgreSQL
# The browser tests run an event loop in this very thread; to Django, tests of the database then look async.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
for _name in (
    "PETRA_SIMULATOR_URL",
    "PETRA_HTTPS",
    "DATABASE_URL",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "PETRA_APPLICATION_ID",
):
    os.environ.pop(_name, None)
if "PETRA_TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ["PETRA_TEST_DATABASE_URL"]

from petra.settings import *  # noqa: E402, F403  # only now: they read the environment

# A file and not memory: threads and the live watcher have connections of their own, as in the real thing.
if IS_SQLITE:  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / "test.sqlite3")}  # noqa: F405
DATABASE_KEEPS_IDLE = 0  # the database of a test goes when the test does
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Argon2 is slow by design

"""The event stream: the version at once, each change soon, a sign of life now and then, and an end."""

import asyncio
import contextlib
import threading
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from incidents import live
from incidents.models import Incident
from petra.asgi import application
from tenants.scoping import unscoped
from tests.factories import rows

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 5.0  # seconds; far longer than it takes
SESSION = "s" * 32


@pytest.fixture(autouse=True)
def session(db):
    """The session that the streams are opened in."""
    expires = timezone.now() + timedelta(hours=1)
    return Session.objects.create(session_key=SESSION, session_data="", expire_date=expires)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(live, "INTERVAL", 0.02)


@pytest.fixture(autouse=True)
def no_connection_is_left():
    """The watcher's connection would hold the test database open."""
    yield
    live._reader.submit(lambda: connection.close()).result()  # noqa: PLW0108  # the thread has a connection of its own


def change(incident):
    with unscoped(reason="a test changes something"):
        Incident.objects.filter(pk=incident.pk).update(version=F("version") + 1)


async def changed(incident):
    await asyncio.to_thread(in_thread, change, incident)


def in_thread(act, *arguments):
    try:
        return act(*arguments)
    finally:
        connection.close()


@asynccontextmanager
async def stream(incident, known=0, heartbeat=60.0, session_key=SESSION):
    """An open stream; ended as a server ends it when the browser is gone."""
    messages = live.versions(incident.pk, known=known, session_key=session_key, heartbeat=heartbeat)
    try:
        yield messages
    finally:
        await messages.aclose()


async def following(messages):
    return await asyncio.wait_for(anext(messages), SOON)


def run(story):
    asyncio.run(story)


def test_the_version_at_once_then_each_change(console):
    async def story():
        async with stream(console.incident) as messages:
            assert await following(messages) == b"data: 0\n\n"
            for version in (1, 2):
                await changed(console.incident)
                assert await following(messages) == b"data: %d\n\n" % version

    run(story())


def test_what_changed_between_page_and_stream_is_told(console):
    change(console.incident)

    async def story():
        async with stream(console.incident, known=0) as messages:
            assert await following(messages) == b"data: 0\n\n"
            assert await following(messages) == b"data: 1\n\n"

    run(story())


def test_many_streams_are_told_by_one_question(console, monkeypatch):
    other = rows.incident(console.neighbour)
    asked = []
    original = live._versions

    def counted(incident_ids):
        asked.append(incident_ids)
        return original(incident_ids)

    monkeypatch.setattr(live, "_versions", counted)

    async def story():
        async with stream(console.incident) as one, stream(console.incident) as two, stream(other) as third:
            for messages in (one, two, third):
                await following(messages)
            await changed(console.incident)
            assert await asyncio.gather(following(one), following(two)) == [b"data: 1\n\n"] * 2
            await changed(other)
            assert await following(third) == b"data: 1\n\n"

    run(story())
    assert sorted([console.incident.pk, other.pk]) in asked
    assert max(len(incident_ids) for incident_ids in asked) == 2


def test_a_stream_ends_with_its_session(console, session):
    session.pk = None
    session.session_key = "t" * 32
    session.save(force_insert=True)

    async def story():
        async with stream(console.incident) as ending, stream(console.incident, session_key="t" * 32) as going_on:
            for messages in (ending, going_on):
                assert await following(messages) == b"data: 0\n\n"
            await asyncio.to_thread(in_thread, Session.objects.filter(session_key=SESSION).delete)
            with pytest.raises(StopAsyncIteration):
                await following(ending)
            await changed(console.incident)
            assert await following(going_on) == b"data: 1\n\n"

    run(story())


def test_a_sign_of_life(console):
    async def story():
        async with stream(console.incident, heartbeat=0.05) as messages:
            await following(messages)
            assert await following(messages) == b": still here\n\n"

    run(story())


def test_nothing_is_watched_once_the_last_stream_is_gone(console):
    async def story():
        async with stream(console.incident) as messages:
            await following(messages)
            watcher = live._watchers[asyncio.get_running_loop()]
            assert set(watcher._boxes) == {console.incident.pk}
        assert (watcher._boxes, watcher._known) == ({}, {})
        await asyncio.wait_for(watcher._task, SOON)

    run(story())


def test_a_fault_of_the_database_does_not_end_the_stream(console, monkeypatch):
    failed = threading.Event()

    def refuse(**_):
        failed.set()
        raise OperationalError("database is locked")

    async def story():
        async with stream(console.incident) as messages:
            await following(messages)
            with monkeypatch.context() as broken:
                broken.setattr(live, "unscoped", refuse)
                assert await asyncio.to_thread(failed.wait, SOON)
            await changed(console.incident)
            assert await following(messages) == b"data: 1\n\n"

    run(story())


# --- Over ASGI, as the real server asks -------------------------------------------------------------------------------
def scope(path, client):
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    headers = [(b"host", b"localhost"), (b"cookie", cookies.encode())]
    return {"type": "http", "http_version": "1.1", "method": "GET", "path": path, "query_string": b"",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("localhost", 80), "scheme": "http"}  # fmt: skip


def address(incident):
    return reverse("incidents:live", args=[incident.tenant.slug, incident.pk])


def test_the_stream_over_asgi(console, analyst):
    async def story():
        server = ApplicationCommunicator(application, scope(address(console.incident), analyst))
        await server.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await server.receive_output(SOON)
        headers = dict(start["headers"])
        assert (start["status"], headers[b"Content-Type"]) == (200, b"text/event-stream")
        assert headers[b"X-Accel-Buffering"] == b"no"
        assert (await server.receive_output(SOON))["body"] == b"data: 0\n\n"
        await changed(console.incident)
        assert (await server.receive_output(SOON))["body"] == b"data: 1\n\n"
        await server.send_input({"type": "http.disconnect"})
        with contextlib.suppress(asyncio.CancelledError):
            await server.wait(SOON)
        assert not live._watchers[asyncio.get_running_loop()]._boxes

    run(story())


def test_strangers_hear_nothing(console, analyst, client, guest):
    assert client.get(address(console.incident)).status_code == 302
    assert guest.get(address(console.incident)).status_code == 404
    assert analyst.get(address(console.their_incident)).status_code == 404
    assert analyst.post(address(console.incident)).status_code == 405

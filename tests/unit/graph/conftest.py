"""Fixtures for the Graph client's own tests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from graph import GraphClient
from tests.unit.graph.tiny_cloud import TinyCloud


@pytest.fixture
def tiny_cloud() -> Iterator[TinyCloud]:
    """A cloud on loopback whose answers the test scripts."""
    cloud = TinyCloud()
    yield cloud
    cloud.close()


@dataclass
class FakeTime:
    """A clock that only moves when somebody sleeps."""

    now: float = 1000.0
    sleeps: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@pytest.fixture
def fake_time() -> FakeTime:
    """Time that passes only by sleeping, so that nobody waits for a Retry-After."""
    return FakeTime()


def patient(cloud: TinyCloud, time: FakeTime, **settings: Any) -> GraphClient:
    """A client whose waiting costs no time."""
    return cloud.client(clock=time.clock, sleep=time.sleep, **settings)

"""Advancing many generators together."""

from collections.abc import Callable, Sequence

from graph import BadRequest, Request, Response
from remediation.stages import advance


class Echo:
    """A client that answers each request with its path and counts the sets it was given."""

    def __init__(self) -> None:
        self.sets: list[list[str]] = []

    def send_all(self, requests: Sequence[Request], *, pulse: Callable[[], None]) -> list[Response]:
        self.sets.append([request.path for request in requests])
        return [Response(request, 200, {"path": request.path}) for request in requests]


def walk(*paths: str):
    seen = []
    for path in paths:
        (response,) = yield [Request("GET", path)]
        seen.append(response.require()["path"])
    return seen


def fails(error: Exception):
    yield [Request("GET", "/x")]
    raise error


def silent():
    return "nothing asked"
    yield


def test_one_set_a_stage_however_many_generators():
    client = Echo()
    results = advance(client, [walk("/a", "/b"), walk("/c"), silent(), walk("/d", "/e", "/f")])
    assert results == [["/a", "/b"], ["/c"], "nothing asked", ["/d", "/e", "/f"]]
    assert client.sets == [["/a", "/c", "/d"], ["/b", "/e"], ["/f"]]


def test_an_exception_ends_only_its_own_generator():
    refused, broken = BadRequest(message="no"), RuntimeError("ours")
    results = advance(Echo(), [fails(refused), walk("/a"), fails(broken)])
    assert results == [refused, ["/a"], broken]

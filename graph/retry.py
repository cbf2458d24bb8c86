"""What to do with an answer: keep it, or send the request again, and when. Pure functions, no clock and no network.

Microsoft's guidance: https://learn.microsoft.com/graph/throttling, https://learn.microsoft.com/graph/errors.
"""

from dataclasses import dataclass, replace

from graph.auth import claims_challenge
from graph.errors import CONCURRENCY, AuthenticationFailed, FailedDependency, GraphError, Throttled
from graph.request import Response


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient to be. Times in seconds."""

    tries: int = 4
    # A longer wait than this is not slept through: the answer says when, and the caller comes back then.
    long_wait: float = 10.0
    first_wait: float = 0.5
    longest_wait: float = 8.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What has been tried for one request so far, the answer at hand included."""

    tries: int = 1
    token_renewed: bool = False
    dependency_failed: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to send again, after how many seconds, and whether on a connection of its own."""

    again: bool
    wait: float = 0.0
    fresh_connection: bool = False


KEEP = Decision(again=False)


def decide(response: Response, tried: Tried, policy: Policy, jitter: float) -> Decision:
    """Return what to do with a response. `jitter` is a random number from 0 to 1 that spreads the retries."""
    error = response.error
    if error is None:
        return KEEP
    if wants_new_token(response):
        return Decision(again=not tried.token_renewed)
    if isinstance(error, FailedDependency):
        return Decision(again=not tried.dependency_failed)
    if tried.tries >= policy.tries or not may_send_again(response):
        return KEEP
    wait = error.retry_after if error.retry_after is not None else backoff(tried.tries, policy, jitter)
    if wait > policy.long_wait:
        return KEEP
    return Decision(again=True, wait=wait, fresh_connection=response.status == 503)


def may_send_again(response: Response) -> bool:
    """Return whether sending the request again can help and cannot do harm.

    A read may whenever the fault is passing. A write may only where it is certain that nothing was done.
    """
    error = response.error
    if error is None or not error.is_transient:
        return False
    return response.request.is_read or is_surely_undone(response.status, error)


def is_surely_undone(status: int, error: GraphError) -> bool:
    """Return whether the request never left (status 0), or was turned away before anything was done."""
    if error.outcome_unknown:
        return False
    return status == 0 or isinstance(error, Throttled | FailedDependency) or error.code == CONCURRENCY


def wants_new_token(response: Response) -> bool:
    """Return whether the answer turned the token away, not the application: a claims challenge, or one run out."""
    if response.status != 401 or not isinstance(response.error, AuthenticationFailed):
        return False
    return claims_challenge(response.headers) is not None or response.error.code == "InvalidAuthenticationToken"


def backoff(tries: int, policy: Policy, jitter: float) -> float:
    """Return the seconds to wait after so many tries: doubling, capped, and spread by half to the whole of it."""
    whole: float = min(policy.first_wait * 2.0 ** (tries - 1), policy.longest_wait)
    return whole * (0.5 + jitter / 2)


def after(tried: Tried, response: Response) -> Tried:
    """Return what has been tried once the request is sent again because of this response."""
    if wants_new_token(response):
        return replace(tried, token_renewed=True)
    if isinstance(response.error, FailedDependency):
        return replace(tried, dependency_failed=True)
    return replace(tried, tries=tried.tries + 1)

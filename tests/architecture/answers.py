"""What comes back from an address, as far as it could give something away, to be held against another answer."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpResponseBase

TOKENS = re.compile(  # new in each answer
    r'(csrfmiddlewaretoken" value=|"X-CSRFToken": |nonce=|name="key" value=)"[^"]*"'
    r"|(?<=\?token=)[\w-]{43}"  # an invitation's
    r"|(?<=-)[0-9a-f]{8}(?=/connection/)"  # the end of a new tenant's address
)
CHANGING = {"X-Request-ID", "Content-Length"}


def without_empty(found: dict) -> dict:
    return {where: what for where, what in found.items() if what}


@dataclass(frozen=True)
class Seen:
    """Everything that an answer could give away."""

    status: int
    headers: dict[str, str]
    queries: int
    body: str

    @classmethod
    def of(cls, response: HttpResponseBase, *, queries: int, without: Iterable[str]) -> "Seen":
        """An answer, without what is new in each one and without the words that were asked for."""
        pieces = response.streaming_content if response.streaming else [response.content]
        body = TOKENS.sub(r"\1", b"".join(pieces).decode(errors="replace"))
        headers = response.headers.items()
        kept = {name: TOKENS.sub(r"\1", value) for name, value in headers if name not in CHANGING}
        for word in sorted(without, key=len, reverse=True):
            body = body.replace(word, "…")
            kept = {name: value.replace(word, "…") for name, value in kept.items()}
        return cls(response.status_code, kept, queries, body)

    def unlike(self, other: "Seen") -> list[str]:
        """How it differs from another; told shortly, for a page is long."""
        found = [
            f"{name}: {mine} and {theirs}"
            for name in ("status", "headers", "queries")
            if (mine := getattr(self, name)) != (theirs := getattr(other, name))
        ]
        if self.body != other.body:
            at = next((i for i, (a, b) in enumerate(zip(self.body, other.body, strict=False)) if a != b), 0)
            found.append(
                f"body: {self.body[max(0, at - 60) : at + 60]!r} and {other.body[max(0, at - 60) : at + 60]!r}"
            )
        return found

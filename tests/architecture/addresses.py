"""Every address of the console, read from the URLconf."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter

from tests.architecture.cast import NO_ID, Place


@dataclass(frozen=True)
class Address:
    """One URL pattern: its full name, and the names of what stands in it."""

    name: str
    parameters: tuple[str, ...]
    integers: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    @property
    def has_tenant(self) -> bool:
        return "tenant" in self.parameters

    @property
    def objects(self) -> tuple[str, ...]:
        """The parameters that name rows."""
        return tuple(name for name in self.integers if name != "step")

    def path(self, slug: str = "", **ids: int) -> str:
        """The path for a tenant and the rows given; what is not given is step 3, or no row's id."""
        values = {name: 3 if name == "step" else ids.get(name, NO_ID) for name in self.integers}
        return reverse(self.name, kwargs=values | ({"tenant": slug} if self.has_tenant else {}))

    def path_in(self, place: Place) -> str:
        return self.path(place.tenant.slug, **place.ids)


def addresses() -> list[Address]:
    return list(_walk(get_resolver(), ()))


def _walk(resolver: URLResolver, above: tuple[str, ...]) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, (*above, pattern.namespace) if pattern.namespace else above)
        else:
            yield _address(pattern, above)


def _address(pattern: URLPattern, above: tuple[str, ...]) -> Address:
    converters = pattern.pattern.converters
    assert pattern.name, f"{pattern} has no name"
    return Address(
        ":".join((*above, pattern.name)),
        tuple(converters),
        tuple(name for name, converter in converters.items() if isinstance(converter, IntConverter)),
    )

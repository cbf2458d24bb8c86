"""OData's query options, contexts and pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from graph.simulator.calls import Answer, Call, bad_request
from graph.simulator.entities import check_select, shown
from graph.simulator.filters import Compiled, compile_filter
from graph.simulator.state import Query
from graph.simulator.tables import DIRECTORY_COLLECTIONS, filing

CONTEXT = "https://graph.microsoft.com"
_OPTIONS = {"select", "filter", "top", "skip", "skiptoken", "orderby", "count", "search", "expand", "format"}


@dataclass(frozen=True, slots=True)
class Listing:
    """A collection as one operation shows it."""

    collection: str  # in the store
    entity: str  # in the metadata
    context: str  # after `$metadata#`
    where: str = "1"
    params: tuple[Any, ...] = ()
    order: str = "seq"
    default_top: int = 100
    max_top: int = 999
    typed: str = ""  # the @odata.type of each item, where the collection is polymorphic


def query_of(text: str) -> dict[str, str]:
    """The query options under their names without ``$``; v1.0 accepts them with and without."""
    pairs = parse_qsl(text, keep_blank_values=True)
    return {name.removeprefix("$"): value for name, value in pairs}


def selected(call: Call, entity: str) -> list[str]:
    """The names in `$select`, in order. Raises Refusal 400 for an unknown one."""
    names = [name.strip() for name in call.query.get("select", "").split(",") if name.strip()]
    if "*" in names:
        return []
    check_select(entity, names, call.version)
    return names


def page_size(call: Call, default: int, maximum: int) -> int:
    """`$top`, or the default. Raises Refusal 400 beyond the limits."""
    text = call.query.get("top", str(default))
    if not text.isdigit() or not 0 < int(text) <= maximum:
        raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and {maximum} inclusive.")
    return int(text)


def context(call: Call, name: str, select: list[str] | None = None) -> str:
    """The @odata.context of an answer."""
    chosen = f"({','.join(select)})" if select else ""
    return f"{CONTEXT}/{call.version}/$metadata#{name.replace('{select}', chosen)}"


def single(
    call: Call, entity: str, name: str, document: dict[str, Any], extra: Mapping[str, Any] | None = None
) -> Answer:
    """200 with one entity, its context and, for typed ones, more annotations."""
    select = selected(call, entity)
    chosen = f"({','.join(select)})" if select else ""
    head: dict[str, Any] = {"@odata.context": context(call, f"{name}{chosen}/$entity"), **(extra or {})}
    return Answer(200, head | shown(entity, document, select, call.version))


def conditions(call: Call, listing: Listing) -> Compiled:
    """The listing's own condition and the caller's `$filter`, joined."""
    text = call.query.get("filter", "").strip()
    if not text:
        return listing.where, list(listing.params)
    compiled, values = compile_filter(text, listing.entity, filing(listing.collection).columns(), call.version)
    return f"({listing.where}) AND ({compiled})", [*listing.params, *values]


def listed(call: Call, listing: Listing) -> Answer:
    """200 with one page of a collection, and a nextLink when more may follow."""
    if call.query.get("expand"):
        raise bad_request("Expand is not supported by this simulated resource.", "Request_UnsupportedQuery")
    _check_advanced(call, listing)
    select = selected(call, listing.entity)
    size = page_size(call, listing.default_top, listing.max_top)
    offset = offset_of(call)
    where, params = conditions(call, listing)
    order = ordering(call, listing)
    query = Query(listing.collection, where, tuple(params), order, size + 1, offset)
    found = call.store.rows(call.tenant, query, lagged=True)
    annotation = {"@odata.type": listing.typed} if listing.typed else {}
    items = [annotation | shown(listing.entity, each, select, call.version) for each in found[:size]]
    name = listing.context + (f"({','.join(select)})" if select else "")
    body: dict[str, Any] = {"@odata.context": context(call, name)}
    # Only on the first page, and only where the caller accepts an eventually consistent count.
    if call.query.get("count") == "true" and not offset and "eventual" in call.headers.get("consistencylevel", ""):
        body["@odata.count"] = call.store.count(call.tenant, query, lagged=True)
    if len(found) > size:
        body["@odata.nextLink"] = next_link(call, {"skiptoken": f"m~{offset + size}"})
    return Answer(200, body | {"value": items})


def _check_advanced(call: Call, listing: Listing) -> None:
    """DOCS concepts/aad-advanced-queries: ne, not and endswith on directory objects want an eventual consistency."""
    if "search" in call.query:
        raise bad_request("Search is not supported by this simulated resource.", "Request_UnsupportedQuery")
    words = re.sub(r"'(?:[^']|'')*'", "", call.query.get("filter", ""))
    is_advanced = re.search(r"\b(ne|not|endswith)\b", words, re.IGNORECASE) is not None
    is_eventual = call.headers.get("consistencylevel", "").lower() == "eventual" and call.query.get("count") == "true"
    if is_advanced and listing.collection in DIRECTORY_COLLECTIONS and not is_eventual:
        text = "Operator or function is not supported without ConsistencyLevel: eventual and $count=true."
        raise bad_request(text, "Request_UnsupportedQuery")


def ordering(call: Call, listing: Listing) -> str:
    """`$orderby` as SQL, or the listing's own order. Raises Refusal 400 for an unknown property."""
    text = call.query.get("orderby", "").strip()
    if not text:
        return listing.order
    terms = []
    for term in text.split(","):
        path, _, direction = term.strip().partition(" ")
        check_select(listing.entity, [path.partition("/")[0]], call.version)
        if direction.lower() not in ("", "asc", "desc") or not path.replace("/", "").isalnum():
            raise bad_request(f"Invalid orderby clause: {text}")
        column = filing(listing.collection).columns().get(path) or f"json_extract(body, '$.{path.replace('/', '.')}')"
        terms.append(f"{column} {direction}")
    return ", ".join(terms)


def offset_of(call: Call) -> int:
    """Where the page begins. Raises Refusal 400 for a token that is not ours."""
    token = call.query.get("skiptoken", "").removeprefix("m~") or call.query.get("skip", "0")
    if not token.isdigit():
        raise bad_request("Invalid skip token.")
    return int(token)


def next_link(call: Call, position: Mapping[str, str]) -> str:
    """The link to the next page: the same options with another position, at this simulator's own address."""
    kept = {name: value for name, value in call.query.items() if name not in ("skip", "skiptoken", "count")}
    pairs = {(f"${name}" if name in _OPTIONS else name): value for name, value in {**kept, **position}.items()}
    return f"{call.base_url}/{call.version}{call.path}?{urlencode(pairs, quote_via=quote, safe='$,')}"


def polymorphic(call: Call, name: str, items: list[tuple[str, dict[str, Any]]]) -> Answer:
    """200 with objects of several types, each with its @odata.type."""
    value = []
    for entity, document in items:
        select = [each for each in call.query.get("select", "").split(",") if each.strip()]
        known = shown(entity, document, select, call.version)
        value.append({"@odata.type": f"#microsoft.graph.{entity}"} | known)
    return Answer(200, {"@odata.context": context(call, name), "value": value})

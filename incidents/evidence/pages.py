"""Reading a log page by page. Each page's rows are stored together with the place where the next one begins, so a
reading that was broken off goes on there, and no record is stored or counted twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from graph import GraphClient, Request, ServiceFailed
from incidents.enums import LogSource
from incidents.evidence.rows import raw_of, row_of, sheet_of, sheet_store
from incidents.evidence.sources import SOURCES
from incidents.models import SourceReading

MOST_PAGES = 2_000  # of one reading, at up to 1,000 records each; beyond that a service is sending in circles


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one reading under way. `extend` keeps the hold on the incident, and raises when that is lost."""

    client: GraphClient
    reading: SourceReading
    extend: Callable[[], None]

    def read(self, requests: Sequence[Request]) -> int:
        """Read the requests to their last pages, from the place where an earlier reading was broken off; returns how
        many records were new.

        Raises:
            GraphError: when a page cannot be read; those before it are stored.
        """
        part, page = self._place(requests)
        added = 0
        for _ in range(MOST_PAGES):
            if page is None:
                return added
            response = self.client.send(page)
            records = response.items()
            following = response.next_request
            if following is None:
                part += 1
                following = requests[part] if part < len(requests) else None
            added += self._keep(records, part, following)
            page = following
            self.extend()
        raise ServiceFailed(message="The pages of this log come to no end.", code="TooManyPages")

    def _place(self, requests: Sequence[Request]) -> tuple[int, Request | None]:
        """The part and the page to go on with: the first, or where it was broken off."""
        place = self.reading.position or {}
        part = place.get("part", 0)
        if not place or part >= len(requests):
            return 0, requests[0]
        return part, replace(requests[part], path=place["path"], version=place["version"])

    def _keep(self, records: list[dict[str, object]], part: int, following: Request | None) -> int:
        reading, source = self.reading, LogSource(self.reading.source)
        told = ((SOURCES[source].parse(record), record) for record in records)
        rows = (row_of(one, raw_of(record)) for one, record in told if one)
        sheet = sheet_of(rows, tenant_id=reading.tenant_id, source=source)
        with transaction.atomic():
            added = sheet_store(sheet, tenant_id=reading.tenant_id, source=source)
            reading.added += added
            # A later reading begins before the end of the one before it: what it finds again was counted there.
            reading.found += len(records) if reading.complete_until is None else added
            reading.position = following and {"part": part, "path": following.path, "version": following.version}
            reading.save(update_fields=["found", "added", "position"])
        return added

"""Who got which mail: message traces over Graph, and over Exchange where Graph's cannot be had.

Both reach back 90 days, take 10 days a question, and count 100 questions in five minutes. What a trace cannot tell is
said: whoever asks then looks through the mailboxes themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from graph import GraphError, Request, exchange, in_plain_words, mail, odata
from graph.exchange import TraceQuestion
from remediation.actions.base import MAX_PAGES, Stages
from remediation.actions.finders.reading import Look, Row, read_all, sentences

A_PAGE = exchange.MOST_TRACES  # the most that Microsoft gives at once, over Graph too
REACH = timedelta(days=90)
LONGEST = timedelta(days=10)
MOST_QUESTIONS = 90  # of the 100 that Microsoft answers in five minutes
TRANSIT = timedelta(hours=1)  # a mail is traced a little earlier than it lies in its mailbox
EVERYBODY = "so every mailbox was looked through."
TOO_OLD = "Message trace reaches back 90 days only,"
TOO_MANY = "Message trace would have had to be asked more often than Microsoft allows,"
NEITHER = "Message trace could not be used,"
FROM_EXCHANGE = "Message trace over Graph could not be used, so Exchange's own message trace was asked."

Span = tuple[datetime, datetime]


@dataclass(slots=True)
class Traces:
    """What message traces tell; complete only when they name everybody who got such a mail."""

    rows: list[Row] = field(default_factory=list)
    is_complete: bool = True
    note: str = ""  # where it comes from, if not from Graph, or why it is not complete


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Which deliveries are asked for: of these messages, from these senders, with these subjects.

    Those of a message are asked for up to now, the others before `until`.
    """

    since: datetime
    now: datetime
    until: datetime | None = None
    ids: Sequence[str] = ()
    senders: Sequence[str] = ()
    subjects: Sequence[str] = ()
    untraced: str = ""  # why no trace can tell, where it is not asked at all
    most: int = MOST_QUESTIONS  # that may be asked
    most_pages: int = MAX_PAGES  # of each answer
    otherwise: str = EVERYBODY  # what is done where no trace can tell

    @property
    def problem(self) -> str:
        """Why no trace can tell all of it; empty when one can."""
        if self.untraced:
            return self.untraced
        if self.since < self.now - REACH:
            return f"{TOO_OLD} {self.otherwise}"
        return f"{TOO_MANY} {self.otherwise}" if len(self._graph()) > self.most else ""

    def requests(self) -> list[Request]:
        """The questions to Graph; none when it could not tell all."""
        return [] if self.problem else self._graph()

    def questions(self) -> list[TraceQuestion]:
        """The same for Exchange, which takes several senders or messages at once."""
        ids = [partial(TraceQuestion, ids=tuple(self.ids))] if self.ids else []
        others = [partial(TraceQuestion, senders=tuple(self.senders))] if self.senders else []
        others += [partial(TraceQuestion, subject=subject) for subject in self.subjects]
        return [
            ask(since=since, until=until)
            for asks, spans in ((ids, self._spans(self.now)), (others, self._spans(self.until or self.now)))
            for ask in asks
            for since, until in spans
        ]

    def _graph(self) -> list[Request]:
        ids = [f"messageId eq {odata.literal(each)}" for each in self.ids]
        others = [f"senderAddress eq {odata.literal(sender)}" for sender in self.senders]
        # Microsoft compares a subject by a part of it only; whether it is the very same, the caller looks.
        others += [f"contains(subject, {odata.literal(subject)})" for subject in self.subjects]
        return [
            mail.message_traces(filter=f"{wanted} and {_within(span)}", top=A_PAGE)
            for conditions, spans in ((ids, self._spans(self.now)), (others, self._spans(self.until or self.now)))
            for wanted in conditions
            for span in spans
        ]

    def _spans(self, end: datetime) -> list[Span]:
        """The time from `since` to an end, in spans that Microsoft takes; each begins where the last one ended."""
        end = min(end, self.now)
        start = max(self.since - TRANSIT, self.now - REACH)
        spans = []
        while start < end:
            spans.append((start, min(start + LONGEST, end)))
            start += LONGEST
        return spans


def _within(span: Span) -> str:
    since, until = map(odata.moment, span)
    return f"receivedDateTime ge {since} and receivedDateTime le {until}"


def traces_of(asked: Deliveries, looks: Sequence[Look]) -> Stages[Traces]:
    """Make traces of what Graph answered to `asked.requests()`; where it refused, ask Exchange.

    What both refuse is told as incomplete, with both reasons.
    """
    if asked.problem:
        return Traces(is_complete=False, note=asked.problem)
    reasons = sentences(look.note for look in looks)
    if not reasons:
        return Traces([row for look in looks for row in look.rows])
    if all(look.error is None for look in looks):  # too many rows: another source has just as many
        return Traces(is_complete=False, note=sentences([f"{NEITHER} {asked.otherwise}", reasons]))
    trails = yield from _over_exchange(asked.questions(), asked.most_pages)
    refused = sentences(trail.note for trail in trails)
    if refused:
        return Traces(is_complete=False, note=sentences([f"{NEITHER} {asked.otherwise}", reasons, refused]))
    return Traces([row for trail in trails for row in trail.rows], note=sentences([FROM_EXCHANGE, reasons]))


@dataclass(slots=True)
class _Trail:
    """One question to Exchange, asked on from where an answer ended: it has no pages."""

    following: TraceQuestion | None
    most_rounds: int
    rows: list[Row] = field(default_factory=list)
    error: GraphError | None = None
    rounds: int = 0
    is_cut_off: bool = False

    @property
    def note(self) -> str:
        if self.error is not None:
            return in_plain_words(self.error)
        return f"Only the first {len(self.rows)} deliveries were read." if self.is_cut_off else ""

    def take(self, look: Look) -> None:
        asked, self.following = self.following, None
        self.rounds += 1
        self.rows += [_as_graph_tells(row) for row in look.rows]
        self.error, self.is_cut_off = look.error, look.is_cut_off
        if asked and look.is_complete and len(look.rows) >= A_PAGE:
            self._go_on(asked)

    def _go_on(self, asked: TraceQuestion) -> None:
        last = self.rows[-1]
        after = (last["receivedDateTime"], last["recipientAddress"])
        # An answer that ends where it began would be asked for without end.
        self.is_cut_off = self.rounds >= self.most_rounds or not all(after) or after == asked.after
        self.following = None if self.is_cut_off else replace(asked, after=after)


def _over_exchange(questions: Sequence[TraceQuestion], most_rounds: int) -> Stages[list[_Trail]]:
    trails = [_Trail(question, most_rounds) for question in questions]
    while asking := [(trail, trail.following) for trail in trails if trail.following]:
        looks = yield from read_all([exchange.message_trace(question) for _, question in asking])
        for (trail, _), look in zip(asking, looks, strict=True):
            trail.take(look)
    return trails


def _as_graph_tells(row: Row) -> Row:
    """A delivery of Exchange's under Graph's names."""
    names = {
        "messageId": "MessageId",
        "recipientAddress": "RecipientAddress",
        "senderAddress": "SenderAddress",
        "subject": "Subject",
    }
    received = str(row.get("Received") or "")
    # Exchange writes UTC, and does not always say so.
    is_bare = received and datetime.fromisoformat(received).tzinfo is None
    return {
        "receivedDateTime": f"{received}Z" if is_bare else received,
        **{name: str(row.get(theirs) or "") for name, theirs in names.items()},
    }

"""Composing batches from lanes."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from graph import DIRECTORY, Request, mailbox_lane
from graph.batching import BUSY_ELSEWHERE_WAIT, MAILBOX_LIMIT, Item, MailboxGate, Schedule


def items(*lanes: str) -> list[Item]:
    return [Item(position, Request("GET", f"/{position}", lane=lane)) for position, lane in enumerate(lanes)]


def mailboxes(names: Iterable[str]) -> list[Item]:
    return items(*(mailbox_lane(name) for name in names))


def schedule(waiting: list[Item], size: int = 20, gate: MailboxGate | None = None) -> Schedule:
    return Schedule(waiting, size=size, gate=gate or MailboxGate())


def lanes_of(batch: list[Item]) -> Counter[str]:
    return Counter(item.request.lane.removeprefix("mailbox:") for item in batch)


def test_the_directory_fills_batch_after_batch() -> None:
    plan = schedule(items(*[DIRECTORY] * 45))

    assert [len(plan.next_batch(0)) for _ in range(4)] == [20, 20, 5, 0]


def test_four_of_a_mailbox_stand_in_a_batch_and_the_rest_waits_for_it() -> None:
    plan = schedule(mailboxes("aaaaaa"))

    first = plan.next_batch(0)

    assert lanes_of(first) == {"a": 4}
    assert plan.next_batch(0) == []
    plan.finished(first)
    assert lanes_of(plan.next_batch(0)) == {"a": 2}


def test_a_batch_prefers_different_mailboxes() -> None:
    names = [f"m{number}" for number in range(30) for _ in range(4)]
    plan = schedule(mailboxes(names))

    first, second = plan.next_batch(0), plan.next_batch(0)

    assert lanes_of(first) == {f"m{number}": 1 for number in range(20)}
    assert lanes_of(second) == {f"m{number}": 2 for number in range(20, 30)}


def test_few_mailboxes_give_several_each_so_that_all_may_be_under_way_at_once() -> None:
    names = [f"m{number}" for number in range(80) for _ in range(5)]
    plan = Schedule(mailboxes(names), size=20, gate=MailboxGate(), batches=16)

    batches = [plan.next_batch(0) for _ in range(17)]

    assert [len(batch) for batch in batches] == [20] * 16 + [0]
    assert {count for batch in batches for count in lanes_of(batch).values()} == {4}
    for batch in batches:
        plan.finished(batch)
    assert [len(plan.next_batch(0)) for _ in range(5)] == [20, 20, 20, 20, 0]


def test_a_short_round_goes_round_again() -> None:
    plan = schedule(mailboxes("aaaaabbbbb"))

    assert lanes_of(plan.next_batch(0)) == {"a": 4, "b": 4}


def test_the_directory_and_mailboxes_share_a_batch() -> None:
    plan = schedule([*items(*[DIRECTORY] * 30), *mailboxes("abc")])

    assert lanes_of(plan.next_batch(0)) == {DIRECTORY: 17, "a": 1, "b": 1, "c": 1}


def test_the_directory_may_stand_in_several_batches_in_flight() -> None:
    plan = schedule([*items(*[DIRECTORY] * 30), *mailboxes("aaaaaaaa")])

    assert lanes_of(plan.next_batch(0)) == {DIRECTORY: 16, "a": 4}
    assert lanes_of(plan.next_batch(0)) == {DIRECTORY: 14}


def test_a_throttled_lane_waits_and_the_others_go_on() -> None:
    plan = schedule(mailboxes("aabb"), size=2)
    first = plan.next_batch(0)
    plan.finished(first)
    plan.send_again(first[0], ready_at=5)

    assert lanes_of(plan.next_batch(0)) == {"b": 1}
    assert plan.next_batch(4.9) == []
    assert plan.next_ready_at() == 5
    assert lanes_of(plan.next_batch(5)) == {"a": 2}


def test_what_is_sent_again_goes_first() -> None:
    plan = schedule(mailboxes("aaaaaa"))
    first = plan.next_batch(0)
    plan.finished(first)
    plan.send_again(first[3], ready_at=0)

    assert [item.position for item in plan.next_batch(0)] == [3, 4, 5]


def test_a_throttled_mailbox_can_be_withdrawn_but_not_the_directory() -> None:
    plan = schedule([*mailboxes("aaaaaa"), *items(*[DIRECTORY] * 30)])
    batch = plan.next_batch(0)
    by_lane = {item.request.lane: item for item in batch}

    assert len(plan.withdraw_mailbox(by_lane[mailbox_lane("a")])) == 2
    assert plan.withdraw_mailbox(by_lane[DIRECTORY]) == []


def test_a_withdrawn_mailbox_leaves_no_gap() -> None:
    plan = schedule(mailboxes("aaaaab"), size=1)
    first = plan.next_batch(0)
    plan.finished(first)
    plan.withdraw_mailbox(first[0])

    assert lanes_of(plan.next_batch(0)) == {"b": 1}
    assert plan.next_batch(0) == []


def test_a_mailbox_that_is_busy_elsewhere_is_looked_at_again_soon() -> None:
    gate = MailboxGate()
    mine, other = schedule(mailboxes("aaaa"), gate=gate), schedule(mailboxes("ab"), gate=gate)
    batch = mine.next_batch(0)

    assert lanes_of(other.next_batch(0)) == {"b": 1}
    assert other.next_ready_at() == BUSY_ELSEWHERE_WAIT
    mine.finished(batch)
    assert lanes_of(other.next_batch(BUSY_ELSEWHERE_WAIT)) == {"a": 1}


def test_two_connections_do_not_count_each_others_mailboxes() -> None:
    gate = MailboxGate()
    one = Schedule(mailboxes("aaaa"), size=20, gate=gate, account="one/")
    two = Schedule(mailboxes("aaaa"), size=20, gate=gate, account="two/")

    assert len(one.next_batch(0)) == len(two.next_batch(0)) == 4


def test_a_schedule_is_done_when_all_is_answered() -> None:
    plan = schedule(mailboxes("ab"))
    batch = plan.next_batch(0)

    assert not plan.is_done
    for item in batch:
        plan.answered(item)
    assert plan.is_done
    assert schedule([]).is_done


@given(
    lanes=st.lists(st.sampled_from([DIRECTORY, *(mailbox_lane(name) for name in "abcdef")]), max_size=120),
    size=st.integers(1, 20),
    at_once=st.integers(1, 5),
    unlucky=st.integers(2, 7),
)
def test_whatever_the_mix_everything_is_sent_and_no_limit_is_passed(
    lanes: list[str], size: int, at_once: int, unlucky: int
) -> None:
    plan = schedule(items(*lanes), size=size)
    answered: list[int] = []
    in_flight: list[list[Item]] = []
    now, steps, turned_away = 0.0, 0, set[int]()
    while not plan.is_done:
        steps += 1
        assert steps < 2000
        while len(in_flight) < at_once and (batch := plan.next_batch(now)):
            assert len(batch) <= size
            in_flight.append(batch)
        _check_mailboxes(in_flight)
        if not in_flight:
            now = plan.next_ready_at() or now
            continue
        landed = in_flight.pop(0)
        plan.finished(landed)
        for item in landed:
            if item.position % unlucky == 0 and item.position not in turned_away:
                turned_away.add(item.position)
                plan.send_again(item, ready_at=now + 1)
            else:
                answered.append(item.position)
                plan.answered(item)

    assert sorted(answered) == list(range(len(lanes)))


def _check_mailboxes(in_flight: list[list[Item]]) -> None:
    batches = Counter(lane for batch in in_flight for lane in {item.request.lane for item in batch})
    requests = Counter(item.request.lane for batch in in_flight for item in batch)
    for lane in requests:
        if lane != DIRECTORY:
            assert batches[lane] == 1
            assert requests[lane] <= MAILBOX_LIMIT


def test_ten_thousand_requests_over_a_thousand_mailboxes_cost_a_step_each() -> None:
    waiting = mailboxes(f"m{number % 1000}" for number in range(10_000))
    takes = 0

    class CountingGate(MailboxGate):
        def try_enter(self, mailbox: str) -> bool:
            nonlocal takes
            takes += 1
            return super().try_enter(mailbox)

    plan = schedule(waiting, gate=CountingGate())
    batches = 0
    while batch := plan.next_batch(0):
        batches += 1
        plan.finished(batch)

    assert batches == 500
    assert takes == 10_000

"""The same seed, the same schedule."""

import multiprocessing
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.diary import Diary
from tests.chaos.plan import POINTS, make_plan, read_plan, weather


def test_the_same_seed_gives_the_same_schedule():
    assert make_plan(7, 100) == make_plan(7, 100)
    assert weather(7) == weather(7)


def test_another_seed_gives_another():
    assert make_plan(7, 100) != make_plan(8, 100)
    assert weather(7) != weather(8)


@pytest.mark.parametrize("kills", [1, 10, 100])
def test_there_are_as_many_kills_as_were_asked_for_each_at_a_moment_of_its_own(kills):
    planned = make_plan(3, kills).kills
    assert len(set(planned)) == len(planned) == kills


def test_a_long_run_kills_at_every_point():
    assert set(Counter(point for point, _ in make_plan(7, 100).kills)) == set(POINTS)


@pytest.mark.parametrize("kills", [1, 10, 100])
def test_no_worker_is_held_up_where_it_is_killed(kills):
    plan = make_plan(3, kills)
    assert set(plan.stalls) & set(plan.kills) == set()


def test_a_plan_survives_being_written_down(tmp_path):
    plan = make_plan(7, 10)
    plan.write(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == plan


def _count_a_hundred_times(folder: Path) -> None:
    diary = Diary(folder)
    for _ in range(100):
        diary.count("claimed")


def test_processes_count_together(tmp_path):
    workers = [multiprocessing.Process(target=_count_a_hundred_times, args=[tmp_path]) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Diary(tmp_path).counted("claimed") == 300

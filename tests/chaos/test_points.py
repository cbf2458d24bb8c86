"""Dying at a point: what is written down, and that one death does not swallow another."""

import multiprocessing
import signal
import threading
from pathlib import Path

from tests.chaos.diary import Diary
from tests.chaos.plan import POINTS, Plan
from tests.chaos.points import Reaper

EVERYWHERE = Plan(1, tuple((point, 1) for point in POINTS), (), (), ())


def _pass_all_points_at_once(folder: Path) -> None:
    reaper, ready = Reaper(EVERYWHERE, Diary(folder), stall=0.0), threading.Barrier(len(POINTS))
    reaper.begins("a set")

    def hurry(point: str) -> None:
        ready.wait()
        reaper.passes(point)

    for point in POINTS:
        threading.Thread(target=hurry, args=[point]).start()


def test_a_point_that_was_passed_by_a_dying_worker_has_its_kill(tmp_path):
    for number in range(3):
        folder = tmp_path / str(number)
        worker = multiprocessing.get_context("spawn").Process(target=_pass_all_points_at_once, args=[folder])
        worker.start()
        worker.join(30)
        diary = Diary(folder)
        assert worker.exitcode == -signal.SIGKILL
        (kill,) = diary.lines("kills")
        assert (kill["ordinal"], kill["fences"]) == (1, ["a set"])
        assert [point for point in POINTS if diary.counted(point)] == [kill["point"]]

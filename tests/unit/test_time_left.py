"""How long a command still takes, worked by hand on a clock that the test turns."""

from __future__ import annotations

import io
import json
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.cli import terminal
from access.cli.terminal import _Left, _left_words, _of_job


class Hand:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Hand()


PLAN = (("read", 1.0), ("measure", 2.0), ("draw #", 1.0))


def test_the_pace_of_what_is_done_is_that_of_what_is_left(clock):
    job = _Left(PLAN, clock=clock)
    assert job.words() == ""
    job.begin("read")
    clock.now += 5
    assert job.seconds() is None, "nothing is done yet: nobody knows this machine's pace"
    clock.now += 5
    job.begin("measure")  # a share of 1 took 10 s, and shares of 3 are left
    assert job.seconds() == pytest.approx(30)
    clock.now += 12
    assert job.seconds() == pytest.approx(18)
    clock.now += 20  # it should have been done 12 s ago: what comes after is still to come
    assert job.seconds() == pytest.approx(10)
    clock.now += 10
    job.begin("draw 7")  # shares of 3 took 52 s
    assert job.seconds() == pytest.approx(52 / 3)
    assert job.words() == "about 15 s left"
    job.end()
    assert [step for step, _ in job.took] == ["read", "measure", "draw 7"]


def test_a_step_of_several_parts_is_one_share(clock):
    job = _Left((("rank", 2.0), ("write", 2.0)), clock=clock)
    for title in ("rank: one", "rank: other"):
        job.begin(title)
        clock.now += 5
    assert job.seconds() is None
    job.begin("write")
    assert job.seconds() == pytest.approx(10)


def test_what_nobody_expected_tells_nothing_of_the_pace(clock):
    job = _Left(PLAN, clock=clock)
    job.begin("reading a street file")
    clock.now += 100
    job.begin("read")
    clock.now += 1
    job.begin("a surprise")
    assert job.seconds() is None
    clock.now += 50
    job.begin("measure")
    assert job.seconds() == pytest.approx(3)


def test_a_step_that_is_left_out_tells_nothing_of_the_pace(clock):
    job = _Left(PLAN, clock=clock)
    job.begin("read")
    clock.now += 10
    job.begin("draw 7")  # nothing was measured: a share of 1 took 10 s
    assert job.seconds() == pytest.approx(10)


def test_a_job_done_before_is_told_from_the_start(clock, tmp_path):
    kept = tmp_path / "how-long.json"
    terminal._keep_times("run here", kept, [("read", 4.0), ("write", 6.0)])
    job = _of_job("run here", kept, clock=clock)
    job.begin("read")
    assert job.seconds() == pytest.approx(10)
    clock.now += 8  # twice as slow today: with 2.5 s of the former run, 10.5 s for 6.5
    job.begin("write")
    assert job.seconds() == pytest.approx(6 * 10.5 / 6.5)


def test_one_job_says_nothing_of_another(tmp_path):
    kept = tmp_path / "how-long.json"
    terminal._keep_times("report here", kept, [("read", 4.0)])
    assert _of_job("report there", kept)._plan == []
    assert _of_job("run there", kept)._plan == list(terminal._USUAL_RUN)
    assert _of_job("report here", None)._plan == []


@pytest.mark.parametrize(
    "held", ["", "[]", '{"run here": 3}', '{"run here": [["a"]]}', '{"run here": [["a", "x"]]}',
             '{"run here": [["a", NaN]]}', '{"run here": [["a", 1e999]]}', "\x00"],
)  # fmt: skip
def test_a_damaged_file_of_times_stops_nothing(held, tmp_path, clock):
    kept = tmp_path / "how-long.json"
    kept.write_text(held, encoding="utf-8")
    job = _of_job("run here", kept, clock=clock)
    job.begin("a")
    job.words()
    terminal._keep_times("run here", kept, [("a", 1.0)])
    assert json.loads(kept.read_text()) == {"run here": [["a", 1.0]]}


def test_times_that_cannot_be_kept_stop_nothing(tmp_path):
    (tmp_path / "how-long.json").mkdir()
    terminal._keep_times("run here", tmp_path / "how-long.json", [("a", 1.0)])


def test_few_jobs_are_kept_the_newest(tmp_path):
    kept = tmp_path / "how-long.json"
    for k in range(45):
        terminal._keep_times(f"run {k}", kept, [("a", float(k))])
    terminal._keep_times("run 10", kept, [("a", 0.5)])
    jobs = json.loads(kept.read_text())
    assert len(jobs) == 40 and list(jobs)[-1] == "run 10" and "run 4" not in jobs


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1e6)), max_size=12), st.booleans())
def test_what_is_left_is_never_less_than_nothing(steps, timed):
    clock = Hand()
    job = _Left([(name, 1.0) for name in "abc"], timed=timed, clock=clock)
    for name, seconds in steps:
        job.begin(name)
        clock.now += seconds
        told = job.seconds()
        assert told is None or (told >= 0 and math.isfinite(told))


@given(st.floats(0, 1e7))
def test_words_are_short(span):
    assert len(_left_words(span)) <= 20


class TestShown:
    def steps(self, monkeypatch, clock, tmp_path, *, terminal_: bool, **more) -> str:
        shown = io.StringIO()
        shown.isatty = lambda: terminal_
        monkeypatch.setattr(sys, "stderr", shown)
        for name, value in {"TERM": "xterm", "COLUMNS": "100"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("ACCESS_CACHE", str(tmp_path / "cache"))
        with terminal.steps(clock=clock, **more) as begin:
            begin("modelling streets")
            clock.now += 10
            begin("travel times, walk")
            clock.now += 10
            begin("writing map.html")
            clock.now += 1
        return shown.getvalue()

    def test_lines_where_nobody_watches(self, monkeypatch, clock, tmp_path):
        given = {"terminal_": False, "job": "run here"}
        first = self.steps(monkeypatch, clock, tmp_path, **given).splitlines()
        assert first[0] == "... modelling streets"
        assert first[2].startswith("... writing map.html")
        again = self.steps(monkeypatch, clock, tmp_path, **given).splitlines()
        assert again == ["... modelling streets (about 20 s left)",
                         "... travel times, walk (about 10 s left)",
                         "... writing map.html (some seconds left)"]  # fmt: skip

    def test_beside_the_running_step_on_a_terminal(self, monkeypatch, clock, tmp_path):
        terminal._keep_times("run here", tmp_path / "how-long.json", [("modelling streets", 900.0)])
        (tmp_path / "cache").mkdir()
        (tmp_path / "how-long.json").rename(tmp_path / "cache" / "how-long.json")
        shown = self.steps(monkeypatch, clock, tmp_path, terminal_=True, job="run here")
        assert "modelling streets" in shown and "about 15 min left" in shown

    def test_quiet_is_silent_and_keeps_nothing(self, monkeypatch, clock, tmp_path):
        given = {"terminal_": False, "job": "run here", "quiet": True}
        assert self.steps(monkeypatch, clock, tmp_path, **given) == ""
        assert not (tmp_path / "cache").exists()

    def test_nothing_is_kept_where_that_is_asked(self, monkeypatch, clock, tmp_path):
        self.steps(monkeypatch, clock, tmp_path, terminal_=False, job="run here", keep=False)
        assert not (tmp_path / "cache").exists()


def test_steps_go_on_where_the_screen_is_closed(monkeypatch):
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, None)
    with terminal.steps(job="compare", keep=False) as begin:
        begin("read")
        begin("measure")

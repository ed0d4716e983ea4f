"""Work on the second core: the same answer, every fault told, and nothing left behind."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from access.errors import OutputError, ScenarioError
from access.run import beside as module
from access.run.beside import beside

linux = pytest.mark.skipif(sys.platform != "linux", reason="a copy is made on Linux alone")


@pytest.fixture(autouse=True)
def two(monkeypatch):
    """Take every machine for one of two cores."""
    monkeypatch.setattr(module, "two_cores", lambda: sys.platform == "linux")


class OddError(Exception):
    """An error that cannot be handed over."""

    def __init__(self) -> None:
        super().__init__("odd")
        self.kept = lambda: None


def raises(error: BaseException):
    def work() -> None:
        raise error

    return work


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("copy", [False, pytest.param(True, marks=linux)])
class TestEitherWay:
    def test_the_answer_and_the_files_come_back(self, copy, tmp_path):
        def work() -> int:
            (tmp_path / "a").write_text("written")
            return os.getpid()

        with beside(work, copy=copy) as answer:
            assert (answer() == os.getpid()) is not copy
        assert (tmp_path / "a").read_text() == "written"

    def test_what_was_raised_there_is_raised_here(self, copy):
        told = pytest.raises(ScenarioError, match="everything closes")
        with beside(raises(ScenarioError("everything closes")), copy=copy) as answer, told:
            answer()
        with beside(raises(OddError()), copy=copy) as answer, pytest.raises(Exception, match="odd"):
            answer()

    def test_large_answers(self, copy):
        with beside(lambda: b"x" * 3_000_000, copy=copy) as answer:
            assert len(answer()) == 3_000_000


@linux
class TestACopy:
    def test_one_that_is_killed_is_told(self):
        told = pytest.raises(OutputError, match=r"ended before it was done \(signal 9\)")
        with beside(lambda: os.kill(os.getpid(), signal.SIGKILL), copy=True) as answer, told:
            answer()

    def test_one_that_ends_itself_is_told(self):
        told = pytest.raises(OutputError, match="ended before it was done")
        with beside(lambda: os._exit(3), copy=True) as answer, told:
            answer()

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("x")])
    def test_what_ends_us_ends_it(self, error, tmp_path):
        read, write = os.pipe()

        def work() -> None:
            os.write(write, str(os.getpid()).encode())
            signal.pause()

        with pytest.raises(type(error)), beside(work, copy=True):
            child = int(os.read(read, 20))
            raise error
        assert gone(child)

    def test_an_answer_nobody_asks_for_is_waited_for_by_nobody(self):
        with beside(signal.pause, copy=True):
            pass

    def test_what_is_still_to_be_written_is_not_written_twice(self, tmp_path):
        with (tmp_path / "said").open("w", encoding="utf-8") as said:
            said.write("once")  # in the buffer of both
            with beside(lambda: said.write("twice"), copy=True) as answer:
                answer()
        assert (tmp_path / "said").read_text(encoding="utf-8") == "once"


def test_one_core_makes_no_copy(monkeypatch):
    monkeypatch.setattr(module, "two_cores", lambda: False)
    with beside(os.getpid, copy=True) as answer:
        assert answer() == os.getpid()

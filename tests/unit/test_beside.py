"""What is made in a second process is what would have been made in this one, or is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import pytest

from access.analysis import job
from access.analysis.job import Beside, measure_study, run_job
from access.analysis.results import Parts
from access.document.document import Document, Paragraph
from access.document.pdf import write_pdf
from access.errors import AccessError, ParameterError
from access.report import robustness
from access.report.robustness import StudyRobustness
from access.sources.folder import new_study
from access.study import load_study

linux = pytest.mark.skipif(sys.platform != "linux", reason="one process is all there is here")
both = pytest.mark.parametrize("apart", [pytest.param(True, marks=linux), False])


@pytest.fixture
def process(monkeypatch):
    """Say whether a core is free, for few areas as for many."""
    monkeypatch.setattr(job, "_MANY_AREAS", 0)
    return lambda free: monkeypatch.setattr(job, "_a_core_is_free", lambda: free)


def gone(number: int) -> bool:
    """Tell whether a process is no more."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    return False


@both
def test_it_gives_what_was_made(process, apart):
    process(apart)
    with Beside(lambda: (os.getpid(), [1.5, "two"] * 50_000), "a list") as work:
        number, made = work.result()
    assert made == [1.5, "two"] * 50_000
    assert (number != os.getpid()) == apart == work.apart


@both
def test_what_is_raised_there_is_raised_here(process, apart):
    process(apart)

    def fail():
        raise ParameterError("keep=0; expected 1 or more")

    with Beside(fail, "nothing") as work, pytest.raises(ParameterError, match="keep=0"):
        work.result()


@linux
@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "by signal 9"),
        (lambda: os._exit(3), "before"),
    ],
)
def test_a_process_that_ends_of_its_own_is_told(process, end, said):
    process(True)
    told = pytest.raises(AccessError, match=f"how firm it is, was ended {said}")
    with Beside(end, "how firm it is") as work, told:
        work.result()
    assert gone(work._process)


@linux
def test_whoever_leaves_takes_it_along(process):
    process(True)
    with pytest.raises(ZeroDivisionError), Beside(lambda: time.sleep(600), "sleep") as work:
        raise ZeroDivisionError
    assert gone(work._process)
    with Beside(lambda: time.sleep(600), "sleep") as work:
        pass
    assert gone(work._process)


@linux
def test_an_interrupt_ends_both():
    script = textwrap.dedent("""
        import signal, time
        from access.analysis import job
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored behind a shell's &
        job._a_core_is_free = lambda: True
        with job.Beside(lambda: time.sleep(600), "sleep") as work:
            print(work._process, flush=True)
            work.result()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        number = int(parent.stdout.readline())
        parent.send_signal(signal.SIGINT)
        parent.wait(60)
    assert parent.returncode != 0
    assert gone(number)


@linux
def test_a_process_whose_parent_is_killed_does_not_stay():
    script = textwrap.dedent("""
        import os, signal, time
        from access.analysis import job
        job._a_core_is_free = lambda: True
        told, tell = os.pipe()

        def work():
            os.write(tell, b"x")
            time.sleep(600)

        with job.Beside(work, "sleep") as work:
            os.read(told, 1)
            print(work._process, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    killed = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert killed.returncode == -signal.SIGKILL
    while not gone(int(killed.stdout)):  # the system clears it away in its own time
        time.sleep(0.01)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("beside") / "town"
    new_study(folder)
    return measure_study(load_study(folder))


def anew(results):
    """Give the results with proposals of which nothing is kept yet."""
    return replace(results, proposals={k: replace(p) for k, p in results.proposals.items()})


def test_rankings_are_as_firm_whenever_they_are_drawn(measured):
    found = []
    for ahead in (False, True):
        results = anew(measured)
        assert not StudyRobustness(results, "walk", 20).is_drawn
        if ahead:
            StudyRobustness(results, "walk", 20).draw()
            results = replace(results, hubs=None)  # as when what was found elsewhere joins it
            assert StudyRobustness(results, "walk", 20).is_drawn
            assert not StudyRobustness(results, "walk", 21).is_drawn
        found.append(StudyRobustness(results, "walk", 20).draw())
    one, two = (f["three_to_two"] for f in found)
    assert one.draws.equals(two.draws)
    assert repr(one) == repr(two)


def test_what_fails_ahead_is_left_out_where_it_is_asked_for(measured, monkeypatch):
    def ask(*args, **kwargs):
        raise ParameterError("no such thing")

    results = anew(measured)
    with monkeypatch.context() as patch:
        patch.setattr(robustness.Analysis, "robustness", ask)
        StudyRobustness(results, "walk", 20).draw(parts=Parts())
    for _ in range(2):  # it fails once, and whoever asks is told
        parts = Parts()
        assert StudyRobustness(results, "walk", 20).draw(parts=parts) == {}
        (part,) = parts.left_out
        told = "how firm the ranking of Children's Centres from 3 to 2 is: no such thing"
        assert str(part) == told


@both
def test_a_run_has_work_to_do_while_hubs_are_searched_for(measured, process, apart):
    process(apart)
    asked = []
    found = run_job(measured.study, meanwhile=asked.append)
    assert len(asked) == apart
    assert found.hubs is not None
    assert all(early.hubs is None for early in asked)
    assert all(early.proposals is found.proposals for early in asked)


@linux
def test_a_copy_refuses_what_would_wait_there_for_ever(process):
    """The layout of pages keeps threads of its own, which a copy of the process has none of."""
    process(True)
    page = Document("A title", (Paragraph("Words."),))
    assert write_pdf(page).startswith(b"%PDF")
    with Beside(lambda: write_pdf(page), "a page") as work:
        assert work.apart
        with pytest.raises(AccessError, match="cannot be laid out in a copy"):
            work.result()
    assert write_pdf(page).startswith(b"%PDF")

"""The one way that the command line prints, and how long it says a command still takes."""

from __future__ import annotations

import json
import math
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from access.errors import PARTLY_DONE, ParameterError
from access.escape import terminal_text
from access.files import parse_json, read_whole, replacing
from access.labels import trip

if TYPE_CHECKING:
    from access.analysis.results import LeftOut
    from access.siting.search import Progress as Search


# How long a command still takes: what its steps usually take, at the pace of those done so far.

_Plan = Sequence[tuple[str, float]]
"""Steps in their order, each with what it usually takes."""

#: Shares of `access run` on the embedded study, for whoever has run nothing like it before.
_USUAL_RUN: _Plan = (
    ("modelling streets", 0.1), ("travel times, walk", 0.1), ("travel times, drive", 0.1),
    (f"travel times, {trip('typical')}", 0.1),
    ("before and after, and each of # alternatives", 0.6),
    ("every pair of alternatives", 1.2), ("how firm the ranking is", 4.0),
    ("where hubs would best stand", 0.6), ("writing maps, charts and the report", 3.2),
    ("writing report.docx", 0.9), ("writing report.pdf", 0.5), ("writing evidence.zip", 0.3),
)  # fmt: skip
_LEAST_SHARE = 0.04
"""Before so much of the whole is done, its pace is anybody's guess."""
_TRUSTED = 0.25
"""What a former run took counts as much as this share of it, done at the same pace."""
_MOST_JOBS, _MOST_STEPS, _MOST_BYTES = 40, 200, 1_000_000


class _Left:
    """Works out how long is left, step by step.

    Parameters
    ----------
    plan : sequence of (str, float)
        Steps in order, each with its share, or with its seconds where `timed`.
    timed : bool
        Whether the plan is what a former run took.
    clock : callable
        Gives seconds.
    """

    def __init__(
        self, plan: _Plan = (), *, timed: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._plan, self._timed, self._clock = list(plan), timed, clock
        self._spent = [0.0] * len(self._plan)
        self._at: int | None = None
        self._began = clock()
        self._planned = False
        self._step: str | None = None
        self.took: list[tuple[str, float]] = []

    def begin(self, step: str) -> None:
        """Say that a step begins, and with it that the one before is done."""
        self.end()
        self._step, self._began = step, self._clock()
        first = 0 if self._at is None else self._at
        names = (step, _kind(step))
        later = (k for k in range(first, len(self._plan)) if self._plan[k][0] in names)
        at = next(later, None)
        self._planned = at is not None  # one that nobody expected tells nothing of the pace
        self._at = self._at if at is None else at

    def end(self) -> None:
        """Say that the last step is done."""
        if self._step is None:
            return
        seconds = self._clock() - self._began
        self.took.append((self._step, seconds))
        if self._at is not None and self._planned:
            self._spent[self._at] += seconds
        self._step = None

    def seconds(self) -> float | None:
        """Give the seconds that are left; None where nothing can be said yet."""
        if self._at is None:
            return None
        usual = [share for _, share in self._plan]
        gone = range(self._at)
        done = sum(usual[k] for k in gone if self._spent[k] > 0)  # what was left out took nothing
        spent, whole = sum(self._spent[k] for k in gone), sum(usual)
        if self._timed:
            done, spent = done + _TRUSTED * whole, spent + _TRUSTED * whole
        if done < _LEAST_SHARE * whole or not spent > 0:
            return None
        pace = spent / done
        here = self._spent[self._at]
        if self._step is not None and self._planned:
            here += self._clock() - self._began
        return pace * sum(usual[self._at + 1 :]) + max(pace * usual[self._at] - here, 0.0)

    def words(self) -> str:
        """Say it in words; nothing where nothing can be said."""
        left = self.seconds()
        return "" if left is None else _left_words(left)


def _left_words(seconds: float) -> str:
    """Round a time to what can be meant by it.

    Examples
    --------
    >>> _left_words(3), _left_words(33), _left_words(300), _left_words(9000)
    ('some seconds left', 'about 35 s left', 'about 5 min left', 'about 2.5 h left')
    """
    if seconds < 7.5:
        return "some seconds left"
    if seconds < 90:
        step = 5 if seconds < 45 else 10
        return f"about {step * round(seconds / step)} s left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {round(seconds / 1800) / 2:g} h left"


def _kind(step: str) -> str:
    """Give what a step has in common with others of its kind: no name, no number."""
    return re.sub(r"\d[\d,.]*", "#", step.split(":")[0])


def _of_job(job: str, kept: Path | None, *, clock: Callable[[], float] = time.monotonic) -> _Left:
    """Start with what the same job took before, or else with the usual shares of its kind."""
    before = _jobs(kept).get(job)
    if before:
        return _Left(before, timed=True, clock=clock)
    return _Left(_USUAL_RUN if job.startswith("run ") else (), clock=clock)


def _keep_times(job: str, kept: Path | None, took: _Plan) -> None:
    """Keep what a job took for the next time; where that cannot be, nothing is lost."""
    if kept is None or not took or len(took) > _MOST_STEPS:
        return
    jobs = _jobs(kept)
    jobs.pop(job, None)
    jobs = dict([*jobs.items(), (job, list(took))][-_MOST_JOBS:])
    with suppress(Exception), replacing(kept) as handle:
        handle.write(json.dumps(jobs).encode())


def _jobs(kept: Path | None) -> dict[str, list[tuple[str, float]]]:
    """Read what jobs took; nothing of a file that is not ours or damaged."""
    if kept is None:
        return {}
    try:
        held = parse_json(read_whole(kept, _MOST_BYTES))
        jobs = {
            str(job): [(str(step), max(float(s), 0.0)) for step, s in steps]
            for job, steps in held.items()
        }
        finite = all(math.isfinite(s) for steps in jobs.values() for _, s in steps)
        return jobs if finite else {}
    except (OSError, ValueError, TypeError, AttributeError, OverflowError):
        return {}


# ------------------------------------------------------------------------------
# The one way that the command line prints: nothing in a user's text steers the terminal.


ANSWERED = threading.Event()
"""Set once anything stands on standard output."""


def say(text: object, *, nl: bool = True, err: bool = False) -> None:
    """Print text with its control characters and direction marks made visible."""
    if not err:
        ANSWERED.set()
    typer.echo(terminal_text(text), nl=nl, err=err)


def _partly_done(left_out: Sequence[LeftOut]) -> None:
    """Name what had to be left out, and end with an exit code that says so."""
    if not left_out:
        return
    say("\naccess: partly done; everything else is written. Left out:", err=True)
    for part in left_out:
        say(f"  {part}", err=True)
    raise typer.Exit(PARTLY_DONE)


def _one_mode_of(*modes: str, later: Sequence[str] = ()) -> Callable[[str | None], str | None]:
    """Refuse a way of travel that nothing is ever measured by, before anything is measured.

    What is refused `later`, with its reason, is let through and not advised.
    """

    def known(mode: str | None) -> str | None:
        if mode is not None and mode not in (*modes, *later):
            expected = f"{', '.join(modes[:-1])} or {modes[-1]}"
            raise ParameterError(f"no mode {mode!r} is measured; expected {expected}")
        return mode

    return known


_StudyArgument = Annotated[
    str,
    typer.Argument(
        metavar="[STUDY]",
        help="A study folder, or the name of an embedded study.",
        show_default=True,
    ),
]
_InternalOption = Annotated[
    bool,
    typer.Option(
        "--internal",
        help="Keep small counts, and mark every file so. Not for publication. Without it, counts "
        "of 1 to 4 that are no published statistics (disclosure.public_estimates in study.toml) "
        "stand as 2 or 3, and everything is worked out from these.",
    ),
]
_NetworkOption = Annotated[
    Path | None,
    typer.Option(
        "--network",
        metavar="FILE",
        help="Real streets: an OpenStreetMap extract (.osm.pbf, .osm, .osm.gz, .osm.bz2) or a "
        "GraphML file. Without it, streets are modelled and every output says so.",
    ),
]
_TimetableOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--timetable",
        metavar="FILE",
        help="Buses: a GTFS zip or folder of the day; repeat for more. Without it, and without "
        "bus.timetable in study.toml, minutes by bus are not known and every output says so.",
    ),
]
_NoCacheOption = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        help="Read the street extract anew, and keep nothing of it. Without this, networks and "
        "travel times are kept in your cache folder (or in the one that the environment variable "
        "ACCESS_CACHE names; 'off' there does the same as --no-cache) and the next run on the "
        "same file skips reading it.",
    ),
]
_OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where to write; default maps/STUDY/."),
]
_QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but errors; the files are the answer.")
]
_JsonOption = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print the summary as JSON instead of words; of a command that fails, one object with "
        "error, exit_code, message and faults.",
    ),
]


_EVERY_S = 2.0


@contextmanager
def steps(
    *,
    quiet: bool = False,
    job: str = "",
    keep: bool = True,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[str], None]]:
    """Show the step a command is at, how long is left, and tick off those that are done.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    job : str
        What is done to what: the same words the next time tell how long it took.
    keep : bool
        Keep how long its steps took, for that.
    clock : callable
        Gives seconds.

    Yields
    ------
    callable
        To be called with a few words at the start of each step. On a terminal the running step
        spins and counts its seconds; elsewhere each step is one plain line.
    """
    if quiet:
        yield lambda step: None
        return
    kept = _kept_times() if job and keep else None
    left = _of_job(job, kept, clock=clock)
    if sys.stderr is not None and sys.stderr.isatty():  # it may be closed
        with _spinning(left, clock) as begin:
            yield begin
    else:

        def tell(step: str) -> None:
            left.begin(step)
            words = left.words()
            say(f"... {step}" + (f" ({words})" if words else ""), err=True)

        yield tell
    left.end()
    _keep_times(job, kept, left.took)


@contextmanager
def _spinning(left: _Left, clock: Callable[[], float]) -> Iterator[Callable[[str], None]]:
    """Let the running step spin on a terminal, and count its seconds."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
    from rich.text import Text as RichText

    class LeftColumn(TextColumn):
        """Beside the running step, how long is left of the whole."""

        def render(self, task: Task) -> RichText:
            return RichText("" if task.finished else left.words(), style="dim")

    columns = (TimeElapsedColumn(), SpinnerColumn(finished_text="✓"),
               TextColumn("{task.description}", markup=False), LeftColumn(""))  # fmt: skip
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    with Progress(*columns, console=console, get_time=clock) as bars:
        running: list[Any] = []

        def begin(step: str) -> None:
            left.begin(step)
            for task in running:
                bars.update(task, completed=1)
            running[:] = [bars.add_task(terminal_text(step), total=1)]

        yield begin
        for task in running:
            bars.update(task, completed=1)


def _kept_times() -> Path | None:
    from access.sources.http import user_cache

    folder = user_cache()
    return None if folder is None else folder / "how-long.json"


@contextmanager
def _searching(
    begin: Callable[[str], None], limit_s: float | None = None
) -> Iterator[Callable[[Search], bool]]:
    """Show an optimiser closing in, and let Ctrl-C end it with what it has.

    Parameters
    ----------
    begin : callable
        As `steps` yields it.
    limit_s : float, optional
        When each search ends at the latest: what is left of that is said too.

    Yields
    ------
    callable
        For the optimiser: takes how far it is, and says whether to go on. The first Ctrl-C ends
        this search and those after it with the best found so far and its gap; a second one ends
        the command.

    Raises
    ------
    KeyboardInterrupt
        At the second Ctrl-C.
    """
    told = threading.Event()
    shown_at = 0.0

    def stop(number: int, frame: object) -> None:
        if told.is_set():
            raise KeyboardInterrupt
        told.set()
        begin("stopping: what is found so far is kept, with its gap")

    def go_on(search: Search) -> bool:
        nonlocal shown_at
        if search.seconds < shown_at:  # another search began
            shown_at = 0.0
        if search.seconds >= shown_at + _EVERY_S and not told.is_set():
            shown_at = search.seconds
            begin(_search_words(search, limit_s))
        return not told.is_set()

    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, stop) if in_main else None
    try:
        yield go_on
    finally:
        if in_main:  # None: a handler that Python did not set, and so cannot put back
            signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _search_words(search: Search, limit_s: float | None = None) -> str:
    """Say how far a search is, and how long it may still go on.

    Parameters
    ----------
    search : access.siting.search.Progress
    limit_s : float, optional

    Returns
    -------
    str

    Examples
    --------
    >>> from access.siting.search import Progress
    >>> _search_words(Progress("tree", 95.0, 100.0, 7, 3.2))
    'best so far 100, none below 95 (gap 5.00%, 3 s, 7 nodes)'
    >>> _search_words(Progress("tree", 95.0, 100.0, 7, 3.2), 60.0)
    'best so far 100, none below 95 (gap 5.00%, 3 s, at most 57 s left, 7 nodes)'
    """
    best = f"best so far {search.incumbent:,.6g}" if math.isfinite(search.incumbent) else "no set"
    time_ = f"{search.seconds:.0f} s"
    if limit_s is not None:
        time_ += f", at most {max(limit_s - search.seconds, 0):.0f} s left"
    if not math.isfinite(search.bound):
        return f"{best}, nothing proven yet ({time_})"
    return (
        f"{best}, none below {search.bound:,.6g} "
        f"(gap {search.gap:.2%}, {time_}, {search.nodes} nodes)"
    )

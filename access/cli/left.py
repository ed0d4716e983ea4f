"""How long a command still takes: what its steps usually take, at the pace of those done so far."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from access.files import parse_json, read_whole, replacing
from access.labels import trip

_Plan = Sequence[tuple[str, float]]
"""Steps in their order, each with what it usually takes."""

#: Shares of `access run` on the embedded study, for whoever has run nothing like it before.
USUAL_RUN: _Plan = (
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


class Left:
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
        return "" if left is None else left_words(left)


def left_words(seconds: float) -> str:
    """Round a time to what can be meant by it.

    Examples
    --------
    >>> left_words(3), left_words(33), left_words(300), left_words(9000)
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


def of_job(job: str, kept: Path | None, *, clock: Callable[[], float] = time.monotonic) -> Left:
    """Start with what the same job took before, or else with the usual shares of its kind."""
    before = _jobs(kept).get(job)
    if before:
        return Left(before, timed=True, clock=clock)
    return Left(USUAL_RUN if job.startswith("run ") else (), clock=clock)


def keep_times(job: str, kept: Path | None, took: _Plan) -> None:
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

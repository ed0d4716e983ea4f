"""A line that shows what a long command is doing, on the error stream."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from access.escape import terminal_text

if TYPE_CHECKING:
    from access.siting.progress import Progress as Search

_EVERY_S = 2.0


@contextmanager
def steps(*, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Show the step a command is at, and tick off those that are done.

    Parameters
    ----------
    quiet : bool
        Show nothing.

    Yields
    ------
    callable
        To be called with a few words at the start of each step. On a terminal the running step
        spins and counts its seconds; elsewhere each step is one plain line.
    """
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    if quiet:
        yield lambda step: None
    elif not console.is_terminal:
        yield lambda step: console.print(f"... {terminal_text(step)}", soft_wrap=True)
    else:
        columns = (TimeElapsedColumn(), SpinnerColumn(finished_text="✓"),
                   TextColumn("{task.description}", markup=False))  # fmt: skip
        with Progress(*columns, console=console) as bars:
            running: list = []

            def begin(step: str) -> None:
                for task in running:
                    bars.update(task, completed=1)
                running[:] = [bars.add_task(terminal_text(step), total=1)]

            yield begin
            for task in running:
                bars.update(task, completed=1)


@contextmanager
def searching(begin: Callable[[str], None]) -> Iterator[Callable[[Search], bool]]:
    """Show an optimiser closing in, and let Ctrl-C end it with what it has.

    Parameters
    ----------
    begin : callable
        As `steps` yields it.

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
            begin(search_words(search))
        return not told.is_set()

    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, stop) if in_main else None
    try:
        yield go_on
    finally:
        if in_main:  # None: a handler that Python did not set, and so cannot put back
            signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def search_words(search: Search) -> str:
    """Say how far a search is.

    Parameters
    ----------
    search : access.siting.progress.Progress

    Returns
    -------
    str

    Examples
    --------
    >>> from access.siting.progress import Progress
    >>> search_words(Progress("tree", 95.0, 100.0, 7, 3.2))
    'best so far 100, none below 95 (gap 5.00%, 3 s, 7 nodes)'
    """
    best = f"best so far {search.incumbent:,.6g}" if math.isfinite(search.incumbent) else "no set"
    if not math.isfinite(search.bound):
        return f"{best}, nothing proven yet ({search.seconds:.0f} s)"
    return (
        f"{best}, none below {search.bound:,.6g} "
        f"(gap {search.gap:.2%}, {search.seconds:.0f} s, {search.nodes} nodes)"
    )

"""A line that shows what a long command is doing, on the error stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


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
    console = Console(stderr=True)
    if quiet:
        yield lambda step: None
    elif not console.is_terminal:
        yield lambda step: console.print(f"... {step}", soft_wrap=True, markup=False)
    else:
        columns = (TimeElapsedColumn(), SpinnerColumn(finished_text="✓"),
                   TextColumn("{task.description}", markup=False))  # fmt: skip
        with Progress(*columns, console=console) as bars:
            running: list = []

            def begin(step: str) -> None:
                for task in running:
                    bars.update(task, completed=1)
                running[:] = [bars.add_task(step, total=1)]

            yield begin
            for task in running:
                bars.update(task, completed=1)

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
        To be called with a few words at the start of each step.
    """
    if quiet:
        yield lambda step: None
        return
    console = Console(stderr=True)
    columns = (SpinnerColumn(finished_text="done"), TextColumn("{task.description}"),
               TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=console) as bars:
        running: list = []

        def begin(step: str) -> None:
            for task in running:
                bars.update(task, completed=1)
                bars.stop_task(task)
            running[:] = [bars.add_task(step, total=1)]

        yield begin
        for task in running:
            bars.update(task, completed=1)

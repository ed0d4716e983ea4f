"""What the cells of a column must be, and every cell of a table that is not so.

Our own and small: a schema library would take longer to import than a command takes to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from access.errors import Fault


@dataclass(frozen=True)
class Check:
    """What every cell that is not empty must be.

    Parameters
    ----------
    holds : callable
        Takes the cells of a column, and says of each whether it is so.
    expected : str
        In words.
    """

    holds: Callable[[pd.Series], pd.Series]
    expected: str


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    kind : type
        ``str``, or ``float`` for a column that is read as numbers.
    checks : tuple of Check
    required : bool
        Whether every such table has the column.
    unique : bool
        Whether its cells are ids.

    Examples
    --------
    >>> share = Column(float, (Check(lambda cells: cells <= 1, "a share of at most 1"),))
    >>> frame = pd.DataFrame({"p": [0.5, 1.5, float("nan")]}, index=[2, 3, 4])
    >>> [str(fault) for fault in column_faults(frame, {"p": share}, "areas.csv")]
    ["areas.csv, row 3, p: found '1.5'; expected a share of at most 1"]
    """

    kind: type
    checks: tuple[Check, ...] = ()
    required: bool = True
    unique: bool = False


def column_faults(frame: pd.DataFrame, columns: Mapping[str, Column], file: str) -> list[Fault]:
    """Find every cell of a table, indexed by the rows of its sheet, that a column may not hold."""
    return [
        Fault(file, f"row {row}", name, _as_told(cell), expected)
        for name, column in columns.items()
        if name in frame
        for wrong, expected in _wrong_cells(frame[name], column)
        for row, cell in wrong.items()
    ]


def _wrong_cells(cells: pd.Series, column: Column) -> Iterator[tuple[pd.Series, str]]:
    known = cells.dropna()
    if column.unique:
        yield known[known.duplicated(keep=False)], "an id that is used once"
    for check in column.checks:
        holds = check.holds(known)
        if not holds.all():
            yield known[~holds], check.expected


def _as_told(cell: object) -> str:
    return (f"{cell:g}" if isinstance(cell, float) else str(cell))[:60]


def at_least(least: float, expected: str) -> Check:
    """Expect a number that is not below another."""
    return Check(lambda cells: cells >= least, expected)


def one_of(values: Iterable[object], expected: str) -> Check:
    """Expect one of some texts or numbers."""
    return Check(lambda cells: cells.isin(values), expected)

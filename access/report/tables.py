"""The one table model that Word, the PDF and the workbook are all written from.

A `Table` holds true values. `Table.view` turns it into a `TableView`: what may be shown, cell
by cell, with small counts hidden. Writers are only ever given the view, so that a hidden
count cannot reach a file by accident.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.escape import plain
from access.report._table_checks import faults_of
from access.report.cells import NOT_APPLICABLE, Cell, Value, cell, is_missing
from access.report.columns import Column
from access.report.suppression import Sum, suppress

NOTE_HIDDEN = (
    "[c]: hidden. The number is above 0 and below 5, or would give such a number away "
    "through a total."
)
NOTE_NOT_KNOWN = "Not known: nobody has given this figure; it is not zero."
NOTE_NOT_APPLICABLE = "[z]: does not apply."
NOTE_UNREACHED = "Cannot be reached: no way was found; it is not counted in any average."


class Totals(Enum):
    """What the last row of a table is."""

    NONE = "none"
    ADDS_UP = "people columns are the sum of the rows above"
    APART = "a row for everyone that is not the sum of the rows above"


@dataclass(frozen=True, slots=True)
class TableView:
    """A table as it may be shown: texts for pages, values for sheets.

    Parameters
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of tuple of Cell
    total : tuple of Cell or None
    notes : tuple of str
        Notes of the table and what its marks mean.
    source : str
    internal : bool
        Small counts are in it.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None
    notes: tuple[str, ...]
    source: str
    internal: bool

    @property
    def body(self) -> tuple[tuple[Cell, ...], ...]:
        """Every row, the total last."""
        return self.rows if self.total is None else (*self.rows, self.total)


@dataclass(frozen=True)
class Table:
    """A table with true values, from which public and internal views are made.

    Parameters
    ----------
    title : str
        Says what the table shows, of whom and where.
    columns : tuple of Column
    rows : tuple of tuple of value
        A value is text, a number, ``None`` or ``nan`` (not known), ``inf`` (cannot be reached)
        or `NOT_APPLICABLE`.
    total : tuple of value, optional
        Last row; see `with_total`.
    totals : Totals
        Whether the total is the sum of the rows.
    sums : tuple of (str, tuple of str)
        Additions along a row: key of a people column, and the keys that add up to it.
    also_hidden : frozenset of (int, str)
        Cells, by row (-1 is the total) and key of a people column, that a linked table hides.
    notes : tuple of str
    source : str
    short : str
        Name of its sheet in a workbook; the title when not given.

    Raises
    ------
    ParameterError
        Naming every fault of the rows and columns at once.

    Examples
    --------
    >>> table = Table("Families further away, by centre",
    ...               (Column("centre", "Centre"), Column("families", "Families", "people")),
    ...               (("Wath", 1204), ("Brookfield", 3))).with_total()
    >>> [c.text for c in table.view().rows[1]], [c.text for c in table.view().total]
    (['Brookfield', '[c]'], ['Total', '1,207'])
    >>> [c.text for c in table.view(internal=True).total]
    ['Total', '1,207']
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    total: tuple[Value, ...] | None = None
    totals: Totals = Totals.NONE
    sums: tuple[tuple[str, tuple[str, ...]], ...] = ()
    also_hidden: frozenset[tuple[int, str]] = frozenset()
    notes: tuple[str, ...] = ()
    source: str = ""
    short: str = field(default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "rows", tuple(tuple(row) for row in self.rows))
        body = [*self.rows, *([] if self.total is None else [self.total])]
        faults = faults_of(self.title, self.columns, body, self.sums)
        if faults:
            raise ParameterError(f"table {self.title!r} cannot be made", faults)

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, title: str, columns: Sequence[Column], **more: object
    ) -> Table:
        """Take the columns of a frame that are wanted, in the order wanted.

        Parameters
        ----------
        frame : DataFrame
            Holding every column's `key`.
        title : str
        columns : sequence of Column
        **more : object
            Other parameters of `Table`.

        Returns
        -------
        Table

        Raises
        ------
        ParameterError
            If the frame lacks a column.
        """
        missing = [c.key for c in columns if c.key not in frame.columns]
        if missing:
            raise ParameterError(
                f"table {title!r} needs the columns {missing}; the frame has {list(frame.columns)}"
            )
        series = [frame[c.key].tolist() for c in columns]
        return cls(title, tuple(columns), tuple(zip(*series, strict=True)), **more)  # type: ignore[arg-type]

    def with_total(self, label: str = "Total", **given: Value) -> Table:
        """Add a last row that sums the people columns.

        Parameters
        ----------
        label : str
            Text of its first column.
        **given : value
            What stands in columns that do not add up (a mean of all, say), by key; those not
            given do not apply.

        Returns
        -------
        Table
        """
        last: list[Value] = []
        for k, column in enumerate(self.columns):
            if column.key in given:
                last.append(given[column.key])
            elif k == 0:
                last.append(label)
            elif column.kind == "people" and column.adds:
                last.append(_added([row[k] for row in self.rows]))
            else:
                last.append(NOT_APPLICABLE)
        return replace(self, total=tuple(last), totals=Totals.ADDS_UP)

    def hidden(self) -> np.ndarray:
        """Say which cells a public view hides.

        Returns
        -------
        ndarray of bool, shape (rows and total, columns)
        """
        body = [*self.rows, *([] if self.total is None else [self.total])]
        people = [k for k, c in enumerate(self.columns) if c.kind == "people"]
        mask = np.zeros((len(body), len(self.columns)), dtype=bool)
        where = {c.key: k for k, c in enumerate(self.columns)}
        if body and people:
            counts = np.array([[_count(row[k]) for k in people] for row in body])
            linked = np.zeros(mask.shape, dtype=bool)
            for row, key in self.also_hidden:
                linked[row, where[key]] = True
            sums = self._sums(people, len(body))
            flat = suppress(counts.ravel(), sums, already=linked[:, people].ravel())
            mask[:, people] = flat.reshape(counts.shape)
        for k, column in enumerate(self.columns):
            for key in column.hidden_with:
                mask[:, k] |= mask[:, where[key]]
        return mask

    def _sums(self, people: list[int], height: int) -> list[Sum]:
        """List the additions a reader can make, as positions in the flat array of counts."""
        place = {self.columns[k].key: j for j, k in enumerate(people)}
        wide = len(people)
        across = [
            Sum(r * wide + place[total], tuple(r * wide + place[p] for p in parts))
            for total, parts in self.sums
            for r in range(height)
        ]
        if self.totals is not Totals.ADDS_UP:
            return across
        last = height - 1
        down = [Sum(last * wide + j, tuple(r * wide + j for r in range(last))) for j in range(wide)]
        return [*across, *(s for s in down if s.parts)]

    def view(self, *, internal: bool = False) -> TableView:
        """Give the table as it may be shown.

        Parameters
        ----------
        internal : bool
            Keep small counts; for the council's own use only.

        Returns
        -------
        TableView
        """
        body = [*self.rows, *([] if self.total is None else [self.total])]
        mask = np.zeros((len(body), len(self.columns)), bool) if internal else self.hidden()
        shown = tuple(
            tuple(
                cell(value, c.kind, c.places, signed=c.signed, hidden=bool(mask[r, k]))
                for k, (value, c) in enumerate(zip(row, self.columns, strict=True))
            )
            for r, row in enumerate(body)
        )
        rows, total = (shown, None) if self.total is None else (shown[:-1], shown[-1])
        return TableView(
            title=plain(self.title),
            columns=self.columns,
            rows=rows,
            total=total,
            notes=(*map(plain, self.notes), *_marks(shown)),
            source=plain(self.source),
            internal=internal,
        )


def _marks(body: Iterable[Iterable[Cell]]) -> tuple[str, ...]:
    """Explain each mark that stands in the table."""
    states = {c.state for row in body for c in row}
    meanings = {
        "hidden": NOTE_HIDDEN,
        "not known": NOTE_NOT_KNOWN,
        "not applicable": NOTE_NOT_APPLICABLE,
        "unreached": NOTE_UNREACHED,
    }
    return tuple(note for state, note in meanings.items() if state in states)


def _count(value: Value) -> float:
    return np.nan if is_missing(value) or isinstance(value, str) else float(value)  # type: ignore[arg-type]


def _added(values: Sequence[Value]) -> Value:
    counts = [_count(v) for v in values]
    return None if any(np.isnan(counts)) else float(sum(counts))

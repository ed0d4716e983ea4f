"""A table of the document model: its columns, cells and totals, and how each value is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
import pandas as pd

from access.disclosure import HIDDEN, NOTE_HIDDEN, Sum, is_small, suppress
from access.errors import Fault, ParameterError
from access.escape import plain
from access.text import (
    NOT_APPLICABLE,
    NOT_KNOWN,
    UNREACHED,
    NotApplicable,
    figure,
    half_up,
    is_missing,
    rise_between,
)

"""Stands in a cell to which the column does not apply (the mean of a row of names, say)."""

Value = str | int | float | None | NotApplicable | np.number


@dataclass(frozen=True, slots=True)
class _Kind:
    """How values of one kind are written.

    Parameters
    ----------
    unit : str
        Unit in the header when the column names none.
    decimals : int
        Digits after the point when the column names none.
    """

    unit: str
    decimals: int
    percent: bool = False

    def excel(self, places: int, signed: bool) -> str:
        """Give the number format of a workbook's cells."""
        digits = "#,##0" + ("." + "0" * places if places else "") + ("%" if self.percent else "")
        return f"+{digits};-{digits};{digits}" if signed else digits


_KINDS: dict[str, _Kind] = {
    "text": _Kind("", 0),
    "people": _Kind("", 0),
    "number": _Kind("", 0),
    "minutes": _Kind("minutes", 1),
    "share": _Kind("%", 1, percent=True),
    "money": _Kind("£", 0),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell shows.

    Parameters
    ----------
    text : str
        What a page shows.
    value : str or float or int
        What a workbook's cell holds: a number where it is one, else the text.
    state : str
        ``"value"``, ``"hidden"``, ``"not known"``, ``"not applicable"`` or ``"unreached"``.
    """

    text: str
    value: str | int | float
    state: str = "value"


def _cell(
    value: Value, kind: str, decimals: int, *, signed: bool = False, hidden: bool = False
) -> Cell:
    """Write one cell."""
    if value is NOT_APPLICABLE:
        return Cell(str(NOT_APPLICABLE.value), str(NOT_APPLICABLE.value), "not applicable")
    if is_missing(value):
        return Cell(NOT_KNOWN, NOT_KNOWN, "not known")
    if hidden:
        return Cell(HIDDEN, HIDDEN, "hidden")
    if kind == "text" or isinstance(value, str):
        return Cell(plain(value), plain(value))
    number = float(value)  # type: ignore[arg-type]
    if np.isinf(number):
        return Cell(UNREACHED, UNREACHED, "unreached")
    shown = number * 100 if _KINDS[kind].percent else number
    places = decimals + 2 if _KINDS[kind].percent else decimals
    held = half_up(number, places)
    return Cell(figure(shown, decimals, signed=signed), int(held) if places == 0 else held)


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of a table holds.

    Parameters
    ----------
    key : str
        Name that `Table.from_frame`, `hidden_with` and `sums` refer to.
    label : str
        Header, without its unit.
    kind : str
        ``"text"``, ``"people"`` (a count of people or families, hidden when small),
        ``"number"``, ``"minutes"``, ``"share"`` (a fraction, shown as %), ``"money"`` (pounds).
    unit : str, optional
        Unit shown in the header; the kind's own when not given.
    decimals : int, optional
        Digits after the point, the same down the whole column; the kind's own when not given.
    signed : bool
        Show a plus before a rise.
    note : str
        What a reader needs to know of this column.
    hidden_with : tuple of str
        Keys of people columns: where one of them is hidden in a row, this cell is too, because
        it would give the count away (a share) or rests on so few (a mean).
    share_of : str
        Key of the people column that a share is of: a share of it that stands for a small count
        is hidden as that count would be.
    rise_of : tuple of str
        Keys of a before and an after column: the rise is then written as the rounded after less
        the rounded before, where it is their difference.
    adds : bool
        A people column whose total is the sum of its rows.
    width : float
        Relative width on a page.

    Examples
    --------
    >>> Column("walk", "Extra walk", "minutes", signed=True).header
    'Extra walk (minutes)'
    """

    key: str
    label: str
    kind: str = "text"
    unit: str | None = None
    decimals: int | None = None
    signed: bool = False
    note: str = ""
    hidden_with: tuple[str, ...] = ()
    rise_of: tuple[str, ...] = ()
    share_of: str = ""
    adds: bool = True
    width: float = 1.0

    @property
    def header(self) -> str:
        """Label with its unit in brackets."""
        unit = _KINDS[self.kind].unit if self.unit is None else self.unit
        return f"{plain(self.label)} ({plain(unit)})" if unit else plain(self.label)

    @property
    def places(self) -> int:
        """Digits after the point."""
        return _KINDS[self.kind].decimals if self.decimals is None else self.decimals

    @property
    def align(self) -> str:
        """``"left"`` for text, ``"right"`` for figures."""
        return "left" if self.kind == "text" else "right"

    @property
    def excel_format(self) -> str:
        """Number format of the column in a workbook."""
        return _KINDS[self.kind].excel(self.places, self.signed)


def _faults_of(
    title: str,
    columns: Sequence[Column],
    body: Sequence[Sequence[Value]],
    sums: Sequence[tuple[str, tuple[str, ...]]],
) -> list[Fault]:
    """List what is wrong with a table's columns and rows."""
    return [*_column_faults(title, columns, sums), *_row_faults(title, columns, body)]


def _column_faults(
    title: str, columns: Sequence[Column], sums: Sequence[tuple[str, tuple[str, ...]]]
) -> list[Fault]:
    keys = [c.key for c in columns]
    people = {c.key for c in columns if c.kind == "people"}
    named = [(c.key, (*c.hidden_with, *filter(None, [c.share_of]))) for c in columns]
    named += [(total, (total, *parts)) for total, parts in sums]
    faults = [
        Fault(title, "", key, "", "every column's key once")
        for key in sorted({k for k in keys if keys.count(k) > 1})
    ]
    faults += [
        Fault(title, "", c.key, c.kind, f"a kind among {sorted(_KINDS)}")
        for c in columns
        if c.kind not in _KINDS
    ]
    return faults + [
        Fault(title, "", key, other, f"a people column, any of {sorted(people)}")
        for key, others in named
        for other in others
        if other not in people
    ]


def _row_faults(
    title: str, columns: Sequence[Column], body: Sequence[Sequence[Value]]
) -> list[Fault]:
    faults = []
    for r, row in enumerate(body):
        if len(row) != len(columns):
            faults.append(
                Fault(
                    title,
                    f"row {r + 1}",
                    "",
                    f"{len(row)} cells",
                    f"{len(columns)} cells, one a column",
                )
            )
            continue
        for column, value in zip(columns, row, strict=True):
            if problem := _value_problem(column, value):
                faults.append(Fault(title, f"row {r + 1}", column.key, str(value), problem))
    return faults


def _value_problem(column: Column, value: Value) -> str:
    if column.kind not in _KINDS or is_missing(value):
        return ""
    if column.kind == "text":  # a float would be shown as 466.0, and be no number in a workbook
        return "a text, or a kind of column for numbers" if isinstance(value, float) else ""
    if isinstance(value, str | bool) or not isinstance(value, int | float | np.number):
        return "a number, None for not known, inf for cannot be reached, or NOT_APPLICABLE"
    if column.kind == "people" and (value < 0 or np.isinf(value)):
        return "a count of 0 or more"
    return ""


_NOTE_NOT_KNOWN = "Not known: nobody has given this figure; it is not zero."
_NOTE_NOT_APPLICABLE = "[z]: does not apply."
_NOTE_UNREACHED = "Cannot be reached: no way was found; it is not counted in any average."


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
    notes : tuple of str
        Notes of the table and what its marks mean.
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
        Cells, by row (-1 is the total) and key of a column, that a linked table hides.
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
        faults = _faults_of(self.title, self.columns, body, self.sums)
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

    def without_unknown(self, *keys: str) -> Table:
        """Leave out columns of which nothing is known in any row.

        Parameters
        ----------
        *keys : str
            Columns that may be left out.

        Returns
        -------
        Table
        """
        lost = {
            k
            for k, column in enumerate(self.columns)
            if column.key in keys and all(is_missing(row[k]) for row in self.rows)
        }
        kept = [k for k in range(len(self.columns)) if k not in lost]
        return replace(
            self,
            columns=tuple(self.columns[k] for k in kept),
            rows=tuple(tuple(row[k] for k in kept) for row in self.rows),
            total=None if self.total is None else tuple(self.total[k] for k in kept),
        )

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
            if column.share_of:
                whole = where[column.share_of]
                parts = np.array([_count(row[k]) * _count(row[whole]) for row in body])
                mask[:, k] |= is_small(np.round(parts, 6))
        for row, key in self.also_hidden:
            mask[row, where[key]] = True
        return mask

    def _told(self, row: Sequence[Value], columns: Sequence[Column]) -> list[Value]:
        """Write every rise of a row as the difference of what is shown before it and after.

        A mean or a share of nobody is not a figure that is not known: it does not apply.
        """
        at = dict(zip((c.key for c in columns), row, strict=True))

        def told(value: Value, c: Column) -> Value:
            if is_missing(value) and any(_count(at[key]) == 0 for key in c.hidden_with):
                return NOT_APPLICABLE
            if not c.rise_of:
                return value
            places = c.places + 2 if _KINDS[c.kind].percent else c.places  # a share is held as 0.1
            rise: Value = rise_between(at[c.rise_of[0]], at[c.rise_of[1]], value, places)
            return rise

        return [told(value, c) for value, c in zip(row, columns, strict=True)]

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

    def view(self, *, internal: bool = False, whole_minutes: bool = False) -> TableView:
        """Give the table as it may be shown.

        Parameters
        ----------
        internal : bool
            Keep small counts; for the council's own use only.
        whole_minutes : bool
            Write minutes without decimals, as the public reads them.

        Returns
        -------
        TableView
        """
        body = [*self.rows, *([] if self.total is None else [self.total])]
        mask = np.zeros((len(body), len(self.columns)), bool) if internal else self.hidden()
        columns = tuple(
            replace(c, decimals=0) if whole_minutes and c.kind == "minutes" else c
            for c in self.columns
        )
        shown = tuple(
            tuple(
                _cell(value, c.kind, c.places, signed=c.signed, hidden=bool(mask[r, k]))
                for k, (value, c) in enumerate(zip(self._told(row, columns), columns, strict=True))
            )
            for r, row in enumerate(body)
        )
        rows, total = (shown, None) if self.total is None else (shown[:-1], shown[-1])
        return TableView(
            title=plain(self.title),
            columns=columns,
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
        "not known": _NOTE_NOT_KNOWN,
        "not applicable": _NOTE_NOT_APPLICABLE,
        "unreached": _NOTE_UNREACHED,
    }
    return tuple(note for state, note in meanings.items() if state in states)


def _count(value: Value) -> float:
    return np.nan if is_missing(value) or isinstance(value, str) else float(value)  # type: ignore[arg-type]


def _added(values: Sequence[Value]) -> Value:
    counts = [_count(v) for v in values]
    return None if any(np.isnan(counts)) else float(sum(counts))

"""Everything that can be wrong with a table, found at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from access.errors import Fault
from access.report.cells import KINDS, Value, is_missing
from access.report.columns import Column


def faults_of(
    title: str,
    columns: Sequence[Column],
    body: Sequence[Sequence[Value]],
    sums: Sequence[tuple[str, tuple[str, ...]]],
) -> list[Fault]:
    """List what is wrong with a table's columns and rows.

    Parameters
    ----------
    title : str
    columns : sequence of Column
    body : sequence of rows
        The total last, where there is one.
    sums : sequence of (str, tuple of str)

    Returns
    -------
    list of Fault
    """
    return [*_column_faults(title, columns, sums), *_row_faults(title, columns, body)]


def _column_faults(
    title: str, columns: Sequence[Column], sums: Sequence[tuple[str, tuple[str, ...]]]
) -> list[Fault]:
    keys = [c.key for c in columns]
    people = {c.key for c in columns if c.kind == "people"}
    named = [(c.key, c.hidden_with) for c in columns]
    named += [(total, (total, *parts)) for total, parts in sums]
    faults = [
        Fault(title, "", key, "", "every column's key once")
        for key in sorted({k for k in keys if keys.count(k) > 1})
    ]
    faults += [
        Fault(title, "", c.key, c.kind, f"a kind among {sorted(KINDS)}")
        for c in columns
        if c.kind not in KINDS
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
    if column.kind == "text" or column.kind not in KINDS or is_missing(value):
        return ""
    if isinstance(value, str | bool) or not isinstance(value, int | float | np.number):
        return "a number, None for not known, inf for cannot be reached, or NOT_APPLICABLE"
    if column.kind == "people" and (value < 0 or np.isinf(value)):
        return "a count of 0 or more"
    return ""

"""Answers as a notebook and a terminal show them: a sentence, a small table, what is assumed.

Everything that comes from outside is escaped here, in one place.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import pandas as pd

from access.escape import notebook_text, terminal_text
from access.text import NOT_KNOWN, UNREACHED, figure, is_missing

_Row = Sequence[object]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a table's rows, each value plain and by its column: a tenth of pandas' own time.

    Examples
    --------
    >>> records(pd.DataFrame({"site": ["X", "Y"], "families": [3.0, 40.0]}))
    [{'site': 'X', 'families': 3.0}, {'site': 'Y', 'families': 40.0}]
    """
    titles = [str(title) for title in table.columns]
    columns = [list(map(_native, column.tolist())) for _, column in table.items()]
    return [dict(zip(titles, row, strict=True)) for row in zip(*columns, strict=True)]


def _native(value: Any) -> Any:
    if value is pd.NA:
        return None
    return value.item() if isinstance(value, np.generic) else value


_TABLE = "margin:.4em 0;border-collapse:collapse;font-size:inherit"
_CELL = "vertical-align:top;padding:.2em .8em .2em 0;border-bottom:1px solid #b1b4b6"
_TEXT = f"{_CELL};text-align:left"
_FIGURE = f"{_CELL};text-align:right"
_FIXED = ";white-space:nowrap;font-variant-numeric:tabular-nums"
_WIDTH = 88
_CELL_WIDTH = 44


def html_answer(
    sentence: str,
    head: Sequence[str] = (),
    rows: Sequence[_Row] = (),
    *,
    notes: Sequence[str] = (),
    text_columns: Collection[int] = (0,),
    title: str = "",
    warning: str = "",
    notes_title: str = "What these numbers assume",
) -> str:
    """Write an answer as HTML, everything escaped.

    Examples
    --------
    >>> html_answer("1 < 2 centres stay.", notes=["Made up."])
    '<p>1 &lt; 2 centres stay.</p><details><summary>What these numbers assume</summary>...'
    """
    parts = [f"<p><strong>{notebook_text(title)}</strong></p>"] if title else []
    if sentence:
        parts.append(f"<p>{notebook_text(sentence)}</p>")
    if head:
        parts.append(_html_table(head, rows, text_columns=text_columns))
    if warning:
        parts.append(f"<p><strong>{notebook_text(warning)}</strong></p>")
    if notes:
        items = "".join(f"<li>{notebook_text(note)}</li>" for note in notes)
        title = notebook_text(notes_title)
        parts.append(f"<details><summary>{title}</summary><ul>{items}</ul></details>")
    return "".join(parts)


def _html_table(
    head: Sequence[str], rows: Sequence[_Row], *, text_columns: Collection[int] = (0,)
) -> str:
    """Write a table as HTML, everything escaped.

    Examples
    --------
    >>> _html_table(["site", "minutes"], [["<b>", 5]]).count("&lt;b&gt;")
    1
    """

    def style(column: int) -> str:
        return _TEXT if column in text_columns else _FIGURE

    def cell(column: int, value: object) -> str:
        tag, scope = ("th", " scope='row'") if column == 0 else ("td", "")
        more = ";font-weight:normal" if column == 0 else ""
        more += "" if column in text_columns else _FIXED
        return f"<{tag}{scope} style='{style(column)}{more}'>{notebook_text(value)}</{tag}>"

    top = "".join(
        f"<th scope='col' style='{style(k)}'>{notebook_text(h)}</th>" for k, h in enumerate(head)
    )
    body = "".join(
        "<tr>" + "".join(cell(k, value) for k, value in enumerate(row)) + "</tr>" for row in rows
    )
    return f"<table style='{_TABLE}'><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def frame_cells(frame: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Give a table's head and rows as `html_answer` takes them, figures to two decimals.

    Examples
    --------
    >>> frame_cells(pd.DataFrame({"site": ["X"], "minutes": [1.234]}))
    (['site', 'minutes'], [['X', '1.23']])
    """
    rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return [str(column) for column in frame.columns], rows


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if is_missing(value):
        return NOT_KNOWN
    if isinstance(value, float):
        return figure(value, 2) if np.isfinite(value) else UNREACHED
    return str(value)


def text_answer(
    sentence: str,
    head: Sequence[str] = (),
    rows: Sequence[_Row] = (),
    *,
    text_columns: Collection[int] = (0,),
) -> str:
    """Write an answer for a terminal.

    Examples
    --------
    >>> print(text_answer("Two sites.", ["site", "minutes"], [["Wath", 5], ["Aston", 12]]))
    Two sites.
      site   minutes
      Wath         5
      Aston       12
    """
    lines = textwrap.wrap(terminal_text(sentence), _WIDTH)
    if head:
        table = [
            [textwrap.wrap(terminal_text(c), _CELL_WIDTH) for c in row] for row in (head, *rows)
        ]
        widths = [
            max((len(line) for row in table for line in row[k]), default=0)
            for k in range(len(head))
        ]
        for row in table:
            for parts in zip_longest(*row, fillvalue=""):
                cells = [
                    part.ljust(width) if k in text_columns else part.rjust(width)
                    for k, (part, width) in enumerate(zip(parts, widths, strict=True))
                ]
                lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)

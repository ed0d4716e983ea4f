"""Answers as a notebook and a terminal show them: a sentence, a small table, what is assumed.

Everything that comes from outside is escaped here, in one place.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

Row = Sequence[object]

_TABLE = "margin:.4em 0;border-collapse:collapse"
_TEXT = "text-align:left;vertical-align:top"
_FIGURE = "text-align:right;vertical-align:top;font-variant-numeric:tabular-nums"
_WIDTH = 88


def html_answer(
    sentence: str,
    head: Sequence[str] = (),
    rows: Sequence[Row] = (),
    *,
    notes: Sequence[str] = (),
    text_columns: int = 1,
    title: str = "",
) -> str:
    """Write an answer as HTML, everything escaped.

    Parameters
    ----------
    sentence : str
    head : sequence of str
        Column headers of the table; no table is written without.
    rows : sequence of sequence
        Cells; the first of each row heads it.
    notes : sequence of str
        What the numbers assume; folded away under one line.
    text_columns : int
        How many columns, from the left, hold words; the others are figures.
    title : str
        A line above the sentence.

    Returns
    -------
    str

    Examples
    --------
    >>> html_answer("1 < 2 centres stay.", notes=["Made up."])
    '<p>1 &lt; 2 centres stay.</p><details><summary>What these numbers assume</summary>...'
    """
    parts = [f"<p><strong>{html.escape(title)}</strong></p>"] if title else []
    if sentence:
        parts.append(f"<p>{html.escape(sentence)}</p>")
    if head:
        parts.append(html_table(head, rows, text_columns=text_columns))
    if notes:
        items = "".join(f"<li>{html.escape(str(note))}</li>" for note in notes)
        parts.append(
            f"<details><summary>What these numbers assume</summary><ul>{items}</ul></details>"
        )
    return "".join(parts)


def html_table(head: Sequence[str], rows: Sequence[Row], *, text_columns: int = 1) -> str:
    """Write a table as HTML, everything escaped.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence
    text_columns : int
        As in `html_answer`.

    Returns
    -------
    str

    Examples
    --------
    >>> html_table(["site", "minutes"], [["<b>", 5]]).count("&lt;b&gt;")
    1
    """

    def style(column: int) -> str:
        return _TEXT if column < text_columns else _FIGURE

    def cell(column: int, value: object) -> str:
        tag, scope = ("th", " scope='row'") if column == 0 else ("td", "")
        weight = ";font-weight:normal" if column == 0 else ""
        return f"<{tag}{scope} style='{style(column)}{weight}'>{html.escape(str(value))}</{tag}>"

    top = "".join(
        f"<th scope='col' style='{style(k)}'>{html.escape(str(h))}</th>" for k, h in enumerate(head)
    )
    body = "".join(
        "<tr>" + "".join(cell(k, value) for k, value in enumerate(row)) + "</tr>" for row in rows
    )
    return f"<table style='{_TABLE}'><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def text_answer(
    sentence: str, head: Sequence[str] = (), rows: Sequence[Row] = (), *, text_columns: int = 1
) -> str:
    """Write an answer for a terminal.

    Parameters
    ----------
    sentence : str
        Wrapped at 88 characters.
    head : sequence of str
    rows : sequence of sequence
    text_columns : int
        As in `html_answer`.

    Returns
    -------
    str

    Examples
    --------
    >>> print(text_answer("Two sites.", ["site", "minutes"], [["Wath", 5], ["Aston", 12]]))
    Two sites.
      site   minutes
      Wath         5
      Aston       12
    """
    lines = textwrap.wrap(sentence, _WIDTH)
    if head:
        table = [[str(h) for h in head], *([str(c) for c in row] for row in rows)]
        widths = [max(len(row[k]) for row in table) for k in range(len(head))]
        for row in table:
            cells = [
                c.ljust(w) if k < text_columns else c.rjust(w)
                for k, (c, w) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)

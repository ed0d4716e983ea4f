"""How wide each column of a table stands on a page, the same in Word and in the PDF."""

from __future__ import annotations

from access.report.tables import TableView

_LONGEST = 30  # characters of a text cell that are worth a line of their own
_PADDING = 2.0
_BOLD = 1.12  # bold headers are wider than the figures below them
WHOLE_ROWS = 13
"""A table of no more rows than this stands on one page; a longer one may break between rows."""
_BUDGET = {False: 96.0, True: 110.0}  # characters across a page, in usual and in compact type


def column_shares(view: TableView, *, compact: bool = False) -> list[float]:
    """Share the page's width among a table's columns by what stands in them.

    Parameters
    ----------
    view : TableView
    compact : bool
        In smaller type.

    Returns
    -------
    list of float
        One a column, summing to 1. No word is broken while the page has room for all of them;
        what is left over goes to the columns with the longest texts.

    Examples
    --------
    >>> from access.report.columns import Column
    >>> from access.report.tables import Table
    >>> table = Table("T", (Column("a", "Centre"), Column("b", "Families", "people")),
    ...               (("Wath Victoria", 1204),))
    >>> [round(share, 2) for share in column_shares(table.view())]
    [0.89, 0.11]
    """
    least, wanted = [], []
    for k, column in enumerate(view.columns):
        texts = [row[k].text for row in view.body]
        words = [_BOLD * len(word) for word in column.header.replace("/", "/ ").split()]
        words += [float(len(word)) for text in texts for word in text.split()]
        narrow = min(max(words, default=1.0), 40.0) + _PADDING
        cap = _LONGEST if column.kind == "text" else 12
        wide = min(max(map(len, texts), default=0), cap) + _PADDING
        least.append(narrow)
        wanted.append(max(narrow, wide * column.width))
    spare = _BUDGET[compact] - sum(least)
    if spare > 0:
        asked = [want - need for want, need in zip(wanted, least, strict=True)]
        total = sum(asked)
        extra = [spare * a / total for a in asked] if total else [spare / len(least)] * len(least)
        least = [need + more for need, more in zip(least, extra, strict=True)]
    full = sum(least)
    return [need / full for need in least]

"""How wide each column of a table stands on a page, the same in Word and in the PDF."""

from __future__ import annotations

from access.report.tables import TableView

_LONGEST = 26  # characters of a text cell that are worth a line of their own
_SHORTEST = 5


def column_shares(view: TableView) -> list[float]:
    """Share the page's width among a table's columns by what stands in them.

    Parameters
    ----------
    view : TableView

    Returns
    -------
    list of float
        One a column, summing to 1.

    Examples
    --------
    >>> from access.report.columns import Column
    >>> from access.report.tables import Table
    >>> table = Table("T", (Column("a", "Centre"), Column("b", "Families", "people")),
    ...               (("Wath Victoria", 1204),))
    >>> [round(share, 2) for share in column_shares(table.view())]
    [0.62, 0.38]
    """
    wants = []
    for k, column in enumerate(view.columns):
        longest_word = max((len(word) for word in column.header.split()), default=0)
        longest_cell = max((len(row[k].text) for row in view.body), default=0)
        cap = _LONGEST if column.kind == "text" else 12
        wants.append(max(longest_word, min(longest_cell, cap), _SHORTEST) * column.width)
    total = sum(wants)
    return [want / total for want in wants]

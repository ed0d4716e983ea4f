"""What one column of a table holds: its unit, precision and note."""

from __future__ import annotations

from dataclasses import dataclass

from access.escape import plain
from access.report.cells import KINDS


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
    adds: bool = True
    width: float = 1.0

    @property
    def header(self) -> str:
        """Label with its unit in brackets."""
        unit = KINDS[self.kind].unit if self.unit is None else self.unit
        return f"{plain(self.label)} ({plain(unit)})" if unit else plain(self.label)

    @property
    def places(self) -> int:
        """Digits after the point."""
        return KINDS[self.kind].decimals if self.decimals is None else self.decimals

    @property
    def align(self) -> str:
        """``"left"`` for text, ``"right"`` for figures."""
        return "left" if self.kind == "text" else "right"

    @property
    def excel_format(self) -> str:
        """Number format of the column in a workbook."""
        return KINDS[self.kind].excel(self.places, self.signed)

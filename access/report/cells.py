"""One cell of a table: how a value of each kind is written, and what its marks mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.escape import plain


class _NotApplicable(Enum):
    """The type of `NOT_APPLICABLE`."""

    TOKEN = "[z]"

    def __repr__(self) -> str:
        return "NOT_APPLICABLE"


NOT_APPLICABLE: Final = _NotApplicable.TOKEN
"""Stands in a cell to which the column does not apply (the mean of a row of names, say)."""

Value = str | int | float | None | _NotApplicable | np.number

MINUS = "\u2212"
HIDDEN = "[c]"
NOT_KNOWN = "not known"
UNREACHED = "cannot be reached"


@dataclass(frozen=True, slots=True)
class Kind:
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
        """Give the number format of a workbook's cells.

        Parameters
        ----------
        places : int
        signed : bool

        Returns
        -------
        str
        """
        digits = "#,##0" + ("." + "0" * places if places else "") + ("%" if self.percent else "")
        return f"+{digits};-{digits};{digits}" if signed else digits


KINDS: dict[str, Kind] = {
    "text": Kind("", 0),
    "people": Kind("", 0),
    "number": Kind("", 0),
    "minutes": Kind("minutes", 1),
    "share": Kind("%", 1, percent=True),
    "money": Kind("£", 0),
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


def is_missing(value: object) -> bool:
    """Say whether a value is one that has no figure: not known, or not applicable.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool

    Examples
    --------
    >>> is_missing(None), is_missing(float("nan")), is_missing(0), is_missing("")
    (True, True, False, True)
    """
    if value is None or value is NOT_APPLICABLE or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def figure(number: float, decimals: int = 0, *, signed: bool = False) -> str:
    """Write a number as it stands in a table: commas, one precision, a true minus.

    Parameters
    ----------
    number : float
    decimals : int
    signed : bool
        Show a plus before a number above zero.

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        If the number is not finite: that is for words to say.

    Examples
    --------
    >>> figure(4884.0), figure(-0.04, 1), figure(3.25, 1, signed=True)
    ('4,884', '0.0', '+3.3')
    """
    if not np.isfinite(number):
        raise ParameterError(f"{number!r} is no figure; write it out in words")
    rounded = _half_up(float(number), decimals)
    text = f"{abs(rounded):,.{decimals}f}"
    if rounded == 0:
        return text
    return (MINUS if rounded < 0 else "+" if signed else "") + text


def _half_up(number: float, decimals: int) -> float:
    """Round a half away from zero, as people do; Python's own rounds it to the even digit."""
    scale = 10.0**decimals
    return float(np.copysign(np.floor(abs(number) * scale + 0.5 + 1e-9), number) / scale)


def cell(
    value: Value, kind: str, decimals: int, *, signed: bool = False, hidden: bool = False
) -> Cell:
    """Write one cell.

    Parameters
    ----------
    value : value
        Text, a number, ``None`` or ``nan``, ``inf`` or `NOT_APPLICABLE`.
    kind : str
        A name in `KINDS`.
    decimals : int
    signed : bool
    hidden : bool
        Show ``[c]`` in its place.

    Returns
    -------
    Cell

    Examples
    --------
    >>> cell(0.1234, "share", 1).text, cell(3, "people", 0, hidden=True).text
    ('12.3', '[c]')
    >>> cell(None, "money", 0).text, cell(float("inf"), "minutes", 1).text
    ('not known', 'cannot be reached')
    """
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
    shown = number * 100 if KINDS[kind].percent else number
    places = decimals + 2 if KINDS[kind].percent else decimals
    held = _half_up(number, places)
    return Cell(figure(shown, decimals, signed=signed), int(held) if places == 0 else held)

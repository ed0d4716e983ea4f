"""Counts and minutes said to the public or to planners, with their edges.

In public, minutes are whole, counts are rounded and counts below 5 are not told; for planners
minutes have one decimal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from access.report.cells import NOT_KNOWN, figure, is_missing
from access.report.suppression import THRESHOLD
from access.report.words import about


@dataclass(frozen=True, slots=True)
class Voice:
    """For whom a text is written.

    Parameters
    ----------
    internal : bool
        Counts below 5 may be told.
    decimals : int
        Digits of minutes: 0 in public, 1 for planners.

    Examples
    --------
    >>> Voice().minutes(21.6), Voice(decimals=1).minutes(21.6)
    ('22 minutes', '21.6 minutes')
    """

    internal: bool = False
    decimals: int = 0

    def people(self, count: float | None, noun: str) -> str:
        """Say how many people.

        Parameters
        ----------
        count : float or None
        noun : str
            In the plural: ``"children under five"``.

        Returns
        -------
        str

        Examples
        --------
        >>> voice = Voice()
        >>> voice.people(4884.0, "children under five")
        'about 4,900 children under five'
        >>> voice.people(0, "children"), voice.people(3, "children"), voice.people(37, "children")
        ('no children', 'fewer than five children', '37 children')
        >>> voice.people(None, "children")
        'a number of children that is not known'
        """
        if is_missing(count) or count is None:
            return f"a number of {noun} that is not known"
        if count == 0:
            return f"no {noun}"
        if count < THRESHOLD and not self.internal:
            return f"fewer than five {noun}"
        if round(count) <= 1:
            return f"1 of the {noun}" if count >= 0.5 else f"fewer than 1 of the {noun}"
        return f"{about(count)} {noun}"

    def minutes(self, minutes: float | None) -> str:
        """Say a length of time.

        Parameters
        ----------
        minutes : float or None
            0 or more.

        Returns
        -------
        str

        Examples
        --------
        >>> voice = Voice()
        >>> [voice.minutes(m) for m in (0, 0.2, 0.9, 1.4, 22.4)]
        ['no time', 'less than a minute', '1 minute', '1 minute', '22 minutes']
        >>> voice.minutes(float("inf")), voice.minutes(None)
        ('out of reach', 'a time that is not known')
        """
        if is_missing(minutes) or minutes is None:
            return "a time that is not known"
        if math.isinf(minutes):
            return "out of reach"
        if minutes == 0:
            return "no time"
        text = figure(minutes, self.decimals)
        if float(text.replace(",", "")) == 0 or (self.decimals == 0 and minutes < 0.5):
            return "less than a minute" if self.decimals == 0 else "less than 0.1 minutes"
        return f"{text} minute{'' if text == '1' else 's'}"

    def change(self, minutes: float | None, *, more: str = "longer", less: str = "shorter") -> str:
        """Say by how much a time changes.

        Parameters
        ----------
        minutes : float or None
            After less before.
        more, less : str

        Returns
        -------
        str

        Examples
        --------
        >>> voice = Voice()
        >>> [voice.change(m) for m in (9.4, -2, 0, 0.1)]
        ['9 minutes longer', '2 minutes shorter', 'no longer', 'less than a minute longer']
        >>> voice.change(float("inf")), voice.change(None)
        ('out of reach', 'not known')
        """
        if is_missing(minutes) or minutes is None:
            return NOT_KNOWN
        if math.isinf(minutes):
            return "out of reach"
        if minutes == 0:
            return f"no {more}"
        return f"{self.minutes(abs(minutes))} {more if minutes > 0 else less}"

"""Sentences written from numbers, and no sentence that claims more than its number.

Each function takes a number and gives the words for it, with its edges said: none, one, many,
zero, a tie, not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.escape import plain

_NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def about(count: float) -> str:
    """Write a count as people say it: from a hundred to the nearest ten, from a thousand hundred.

    Examples
    --------
    >>> about(4884.0), about(4900), about(184), about(37)
    ('about 4,900', '4,900', 'about 180', '37')
    """
    unit = 1 if count < 100 else 10 if count < 1000 else 100
    rounded = round(count / unit) * unit
    return f"{'' if rounded == count else 'about '}{rounded:,}"


def percent(share: float | None) -> str:
    """Say a share; never all or none of it unless it is.

    Examples
    --------
    >>> [percent(s) for s in (0, 0.001, 0.19, 0.999, 1)]
    ['none', 'less than 1%', '19%', 'more than 99%', 'all']
    >>> percent(None)
    'a share that is not known'
    """
    if is_missing(share) or share is None:
        return "a share that is not known"
    if share <= 0 or share >= 1:
        return "none" if share <= 0 else "all"
    if share < 0.01:
        return "less than 1%"
    if share > 0.99:
        return "more than 99%"
    return f"{figure(share * 100)}%"


def number(count: int, one: str, many: str = "") -> str:
    """Say a number of things, in words up to nine.

    Examples
    --------
    >>> number(0, "option"), number(1, "option"), number(9, "centre"), number(220, "way")
    ('no options', 'one option', 'nine centres', '220 ways')
    """
    words = _NUMERALS[count] if count < len(_NUMERALS) else f"{count:,}"
    return f"{words} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[str], *, none: str = "none", most: int | None = None) -> str:
    """List names as a sentence does.

    Examples
    --------
    >>> listed([]), listed(["A"]), listed(["A", "B"]), listed(["A", "B", "C"])
    ('none', 'A', 'A and B', 'A, B and C')
    >>> listed(["A", "B", "C", "D"], most=2)
    'A, B and two others'
    """
    shown = [plain(name) for name in names]
    if most is not None and len(shown) > most + 1:
        shown = [*shown[:most], number(len(shown) - most, "other")]
    if not shown:
        return none
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def pounds(amount: float | None) -> str:
    """Say an amount of money.

    Examples
    --------
    >>> pounds(498_000), pounds(0), pounds(None), pounds(-1200)
    ('£498,000', '£0', 'not known', '−£1,200')
    """
    if is_missing(amount) or amount is None:
        return NOT_KNOWN
    return f"{_MINUS if amount <= -0.5 else ''}£{figure(abs(amount))}"


def times_as_much(ratio: float | None, others: str) -> str:
    """Say how a group's change compares with everyone else's.

    Examples
    --------
    >>> times_as_much(1.46, "others"), times_as_much(1.02, "others"), times_as_much(0.6, "others")
    ('1.5 times that of others', 'about the same as that of others', '0.6 times that of others')
    >>> times_as_much(None, "others")
    'not comparable with that of others'
    """
    if is_missing(ratio) or ratio is None or math.isinf(ratio) or ratio < 0:
        return f"not comparable with that of {others}"
    if ratio < 0.05:
        return f"next to nothing beside that of {others}"
    if abs(ratio - 1) < 0.05:
        return f"about the same as that of {others}"
    return f"{figure(ratio, 1)} times that of {others}"


def sentence(text: str) -> str:
    """Start with a capital and end with one full stop.

    Examples
    --------
    >>> sentence("no children have further to go"), sentence("Done."), sentence("")
    ('No children have further to go.', 'Done.', '')
    """
    line = plain(text)
    if not line:
        return ""
    return line[0].upper() + line[1:] + ("" if line[-1] in ".?!" else ".")


def figure_words(value: object) -> str:
    """Write a setting's value as a reader would: lists with commas, none as "none".

    Examples
    --------
    >>> figure_words([10, 15.5]), figure_words({"a": 1}), figure_words([]), figure_words(True)
    ('10, 15.5', 'a: 1', 'none', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{plain(k)}: {figure_words(v)}" for k, v in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(figure_words(v) for v in value) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return plain(value) or "none"


_MODE_WORDS = {
    "walk": "walk",
    "drive": "drive",
    "typical": "typical family trip",
}


def count_words(count: float) -> str:
    """Write a count for the public: to the nearest hundred from a thousand, ten from a hundred.

    Examples
    --------
    >>> count_words(4884.2), count_words(184), count_words(37.6), count_words(0)
    ('about 4,900', 'about 180', '38', '0')
    """
    if count >= 100:
        return f"about {round(count, -2 if count >= 1000 else -1):,.0f}"
    return f"{count:,.0f}" if count >= 0.5 or count == 0 else "fewer than 1"


def minutes_words(minutes: float | None, signed: bool = False) -> str:
    """Write minutes to one decimal, or that they are not known.

    Examples
    --------
    >>> minutes_words(12.34), minutes_words(2.0, signed=True), minutes_words(float("inf"))
    ('12.3 minutes', '+2.0 minutes', 'cannot be reached')
    """
    if minutes is None or math.isnan(minutes):
        return "not known"
    if math.isinf(minutes):
        return "cannot be reached"
    text = f"{minutes:+.1f}" if signed else f"{minutes:.1f}"
    return f"{text} minute{'' if abs(minutes) == 1 else 's'}"


def list_words(items: Sequence[str]) -> str:
    """Join names as a sentence does.

    Examples
    --------
    >>> list_words(["Park View", "Broom Valley", "Wath Victoria"])
    'Park View, Broom Valley and Wath Victoria'
    """
    items = list(items)
    return items[0] if len(items) == 1 else " and ".join([", ".join(items[:-1]), items[-1]])


def mode_words(mode: str) -> str:
    """Name a mode's trip.

    Examples
    --------
    >>> mode_words("walk"), mode_words("bus")
    ('walk', 'bus trip')
    """
    return _MODE_WORDS.get(mode, f"{mode} trip")


def named(ids: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Put names to ids where they are known.

    Examples
    --------
    >>> named(["CC01", "CC02"], {"CC01": "Aughton"})
    ['Aughton', 'CC02']
    """
    return [str(names.get(i, i)) for i in ids]


def ordinal(number: int) -> str:
    """Write a rank.

    Examples
    --------
    >>> [ordinal(n) for n in (1, 2, 3, 11, 22, 113)]
    ['1st', '2nd', '3rd', '11th', '22nd', '113th']
    """
    suffix = (
        "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number:,}{suffix}"


def place_of(
    rank: int | None,
    tied: int = 0,
    *,
    options: int | None = None,
    of: bool = True,
    others: bool = True,
) -> str:
    """Write a place in a ranking; one that others share is called joint.

    Examples
    --------
    >>> place_of(17), place_of(1, 110), place_of(1, 110, others=False), place_of(4, 1)
    ('17th', 'joint 1st (with 110 others)', 'joint 1st', 'joint 4th (with 1 other)')
    >>> place_of(1, options=220), place_of(17, 2, options=220), place_of(220, options=220)
    ('best of 220', 'joint 17th of 220 (with 2 others)', 'last of 220')
    >>> place_of(1, 3, options=4), place_of(1, options=1), place_of(None)
    ('level with all 3 others', 'the only option', 'not ranked')
    """
    if rank is None:
        return "not ranked"
    place = ordinal(rank)
    if options is not None:
        if options == 1:
            return "the only option"
        if tied and tied == options - 1:
            return f"level with all {tied:,} others" if tied > 1 else "level with the only other"
        place = "best" if rank == 1 else "last" if rank + tied == options else place
        place += f" of {options:,}" if of else ""
    if not tied:
        return place
    sharing = f" (with {tied:,} other{'' if tied == 1 else 's'})" if others else ""
    return f"joint {place}{sharing}"


class _NotApplicable(Enum):
    """The type of `NOT_APPLICABLE`."""

    TOKEN = "[z]"

    def __repr__(self) -> str:
        return "NOT_APPLICABLE"


NOT_APPLICABLE: Final = _NotApplicable.TOKEN


_MINUS = "\u2212"


NOT_KNOWN = "not known"


UNREACHED = "cannot be reached"


def is_missing(value: object) -> bool:
    """Say whether a value is one that has no figure: not known, or not applicable.

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
    return (_MINUS if rounded < 0 else "+" if signed else "") + text


def _half_up(number: float, decimals: int) -> float:
    """Round a half away from zero, as people do; Python's own rounds it to the even digit."""
    scale = 10.0**decimals
    return float(np.copysign(np.floor(abs(number) * scale + 0.5 + 1e-9), number) / scale)

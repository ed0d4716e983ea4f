"""Sentences written from numbers, and no sentence that claims more than its number.

Each function takes a number and gives the words for it, with its edges said: none, one, many,
zero, a tie, not known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from access.escape import plain
from access.report.cells import MINUS, NOT_KNOWN, figure, is_missing

_NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def about(count: float) -> str:
    """Write a count as people say it: from a hundred to the nearest ten, from a thousand hundred.

    Parameters
    ----------
    count : float
        0 or more.

    Returns
    -------
    str
        With "about" where it is rounded.

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

    Parameters
    ----------
    share : float or None
        0 to 1.

    Returns
    -------
    str

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

    Parameters
    ----------
    count : int
    one, many : str
        What is counted; many is one with an s when not given.

    Returns
    -------
    str

    Examples
    --------
    >>> number(0, "option"), number(1, "option"), number(9, "centre"), number(220, "way")
    ('no options', 'one option', 'nine centres', '220 ways')
    """
    words = _NUMERALS[count] if count < len(_NUMERALS) else f"{count:,}"
    return f"{words} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[str], *, none: str = "none", most: int | None = None) -> str:
    """List names as a sentence does.

    Parameters
    ----------
    names : sequence of str
    none : str
        What is said of an empty list.
    most : int, optional
        Name no more than these, and count the others.

    Returns
    -------
    str

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

    Parameters
    ----------
    amount : float or None
        Pounds.

    Returns
    -------
    str

    Examples
    --------
    >>> pounds(498_000), pounds(0), pounds(None), pounds(-1200)
    ('£498,000', '£0', 'not known', '−£1,200')
    """
    if is_missing(amount) or amount is None:
        return NOT_KNOWN
    return f"{MINUS if amount <= -0.5 else ''}£{figure(abs(amount))}"


def times_as_much(ratio: float | None, others: str) -> str:
    """Say how a group's change compares with everyone else's.

    Parameters
    ----------
    ratio : float or None
        The group's mean change over the others'.
    others : str
        Who they are compared with.

    Returns
    -------
    str

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

    Parameters
    ----------
    text : str

    Returns
    -------
    str

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

    Parameters
    ----------
    value : object
        A plain value, list or dict.

    Returns
    -------
    str

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

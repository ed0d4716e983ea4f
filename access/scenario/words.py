"""Numbers and lists as people say them; no analysis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

_MODE_WORDS = {
    "walk": "walk",
    "drive": "drive",
    "typical": "typical family trip",
}


def count_words(count: float) -> str:
    """Write a count for the public: to the nearest hundred from a thousand, ten from a hundred.

    Parameters
    ----------
    count : float

    Returns
    -------
    str

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

    Parameters
    ----------
    minutes : float or None
    signed : bool
        Put a plus before an increase.

    Returns
    -------
    str

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

    Parameters
    ----------
    items : sequence of str

    Returns
    -------
    str

    Examples
    --------
    >>> list_words(["Park View", "Broom Valley", "Wath Victoria"])
    'Park View, Broom Valley and Wath Victoria'
    """
    items = list(items)
    return items[0] if len(items) == 1 else " and ".join([", ".join(items[:-1]), items[-1]])


def mode_words(mode: str) -> str:
    """Name a mode's trip.

    Parameters
    ----------
    mode : str

    Returns
    -------
    str

    Examples
    --------
    >>> mode_words("walk"), mode_words("bus")
    ('walk', 'bus trip')
    """
    return _MODE_WORDS.get(mode, f"{mode} trip")


def named(ids: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Put names to ids where they are known.

    Parameters
    ----------
    ids : sequence of str
    names : mapping of str to str

    Returns
    -------
    list of str

    Examples
    --------
    >>> named(["CC01", "CC02"], {"CC01": "Aughton"})
    ['Aughton', 'CC02']
    """
    return [str(names.get(i, i)) for i in ids]


def ordinal(number: int) -> str:
    """Write a rank.

    Parameters
    ----------
    number : int

    Returns
    -------
    str

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

    Parameters
    ----------
    rank : int or None
        1 is best; equals share the least rank.
    tied : int
        How many others have the same rank.
    options : int, optional
        How many there are, itself among them; with it the ends are called best and last.
    of : bool
        Say of how many, where `options` are given.
    others : bool
        Say how many share the place; a title leaves it out.

    Returns
    -------
    str

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

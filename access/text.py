"""Sentences written from numbers, and no sentence that claims more than its number.

Each function takes a number and gives the words for it, with its edges said: none, one, many,
zero, a tie, not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from numbers import Real
from typing import Any, Final

from access.errors import ParameterError
from access.escape import plain


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing a sentence says: what is measured, how it stands, and the figures it rests on."""

    what: str
    relation: str
    numbers: tuple[float, ...] = ()


class Said(str):
    """A sentence that carries what it claims as data, so that a test can hold it to account.

    Examples
    --------
    >>> Said("All 9 have further to go.", [Claim("lengthened", "all", (9.0, 9.0))]).claims[0].what
    'lengthened'
    """

    __slots__ = ("claims",)
    claims: tuple[Claim, ...]

    def __new__(cls, text: str, claims: Iterable[Claim] = ()) -> Said:
        """Keep the claims beside the text."""
        said = super().__new__(cls, text)
        said.claims = tuple(claims)
        return said


def joined(parts: Iterable[str], between: str = " ") -> Said:
    """Put what is said together, with all that it claims; what is empty is left out.

    Examples
    --------
    >>> said = joined([Said("One.", [Claim("a", "is")]), "", Said("Two.", [Claim("b", "is")])])
    >>> said, [claim.what for claim in said.claims]
    ('One. Two.', ['a', 'b'])
    """
    told = [part for part in parts if part]
    claims = [claim for part in told if isinstance(part, Said) for claim in part.claims]
    return Said(between.join(told), claims)


_NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def about(count: float) -> str:
    """Write a count as people say it: from a hundred to the nearest ten, from a thousand hundred.

    Examples
    --------
    >>> about(4884.0), about(4900), about(184), about(37.6), about(0.2), about(0)
    ('about 4,900', '4,900', 'about 180', 'about 38', 'fewer than 1', '0')
    >>> about(0.5), about(105), about(2450)
    ('about 1', 'about 110', 'about 2,500')
    """
    if 0 < count < 0.5:
        return "fewer than 1"
    unit = 1 if count < 100 else 10 if count < 1000 else 100
    rounded = int(half_up(count / unit, 0)) * unit
    return f"{'' if rounded == count else 'about '}{rounded:,}"


def share_figure(share: float, decimals: int = 0, *, signed: bool = False) -> str:
    """Write a share as a figure.

    Examples
    --------
    >>> share_figure(0.444), share_figure(0.444, 1), share_figure(-0.05, 1, signed=True)
    ('44%', '44.4%', '\u22125.0%')
    """
    return f"{figure(share * 100, decimals, signed=signed)}%"


def percent(share: float | None, *, ends: bool = True) -> str:
    """Say a share; never all or none of it unless it is.

    Examples
    --------
    >>> [percent(s) for s in (0, 0.001, 0.19, 0.999, 1)]
    ['none', 'less than 1%', '19%', 'more than 99%', 'all']
    >>> percent(None), percent(1, ends=False)
    ('a share that is not known', '100%')
    """
    if is_missing(share) or share is None:
        return "a share that is not known"
    if share <= 0 or share >= 1:
        if not ends:  # beside a bar, where no sentence stands round it
            return share_figure(share)
        return "none" if share <= 0 else "all"
    if share < 0.01:
        return "less than 1%"
    if share > 0.99:
        return "more than 99%"
    return share_figure(share)


def shares_of(parts: Mapping[str, float]) -> str:
    """Say how much each of several counts for, in shares that add up to 100.

    Examples
    --------
    >>> shares_of({"A": 1.0}), shares_of({"A": 1 / 3, "B": 1 / 3, "C": 1 / 3})
    ('A', 'A, B and C, which count alike')
    >>> shares_of({"A": 0.445, "B": 0.445, "C": 0.11})
    'A 45%, B 44% and C 11%'
    """
    given = {plain(name): share for name, share in parts.items()}
    total = sum(given.values())
    if len(given) < 2 or not total > 0:
        return listed(list(given))
    if max(given.values()) - min(given.values()) < 1e-9:
        return f"{listed(list(given))}, which count alike"
    exact = {name: 100 * share / total for name, share in given.items()}
    whole = {name: math.floor(x + 1e-9) for name, x in exact.items()}
    largest = sorted(exact, key=lambda name: whole[name] - exact[name])
    for name in largest[: 100 - sum(whole.values())]:
        whole[name] += 1
    return listed([f"{name} {n}%" for name, n in whole.items()])


def numeral(count: int) -> str:
    """Say a count, in words up to nine.

    Examples
    --------
    >>> numeral(0), numeral(2), numeral(1200)
    ('no', 'two', '1,200')
    """
    return _NUMERALS[count] if count < len(_NUMERALS) else f"{count:,}"


def number(count: int, one: str, many: str = "") -> str:
    """Say a number of things, in words up to nine.

    Examples
    --------
    >>> number(0, "option"), number(1, "option"), number(9, "centre"), number(220, "way")
    ('no options', 'one option', 'nine centres', '220 ways')
    """
    return f"{numeral(count)} {one if count == 1 else many or one + 's'}"


def counted(count: int, one: str, many: str = "") -> str:
    """Say a number of things in digits, as lists and tables do.

    Examples
    --------
    >>> counted(0, "area"), counted(1, "area"), counted(1234, "area")
    ('0 areas', '1 area', '1,234 areas')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


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


def level_words(level: int, *, or_more: bool = False) -> str:
    """Say beside a best one how many others are as good.

    Examples
    --------
    >>> level_words(0), level_words(1), level_words(75)
    ('', ', level with 1 other', ', level with 75 others')
    >>> level_words(9, or_more=True)
    ', level with at least 9 others'
    """
    least = "at least " if or_more else ""
    return f", level with {least}{level:,} other{'' if level == 1 else 's'}" if level else ""


def share_span(low: float, high: float) -> str:
    """Write an interval of a share, rounded outwards: what is shown holds no less.

    Examples
    --------
    >>> share_span(0.73241, 0.74369), share_span(0, 0.000184), share_span(0.0123, 1.0)
    ('73.2 to 74.4%', '0 to 0.019%', '1.2 to 100%')
    """
    places = 1 if high >= 0.01 else 3
    step = 10.0**places
    ends = (math.floor(100 * low * step + 1e-6) / step, math.ceil(100 * high * step - 1e-6) / step)
    texts = [f"{end:.{places}f}" if 0 < end < 100 else f"{end:.0f}" for end in ends]
    return f"{texts[0]} to {texts[1]}%"


def at_most(share: float) -> str:
    """Write the share that something is within, rounded upwards: it is then no more than that.

    Examples
    --------
    >>> at_most(0.0144), at_most(0.0047), at_most(0.02), at_most(0.00004)
    ('1.5%', '0.5%', '2.0%', '0.1%')
    """
    return share_figure(math.ceil(share * 1000 - 1e-6) / 1000, 1)


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
    return capital(line) + ("" if line[-1] in ".?!" else ".")


def capital(text: str) -> str:
    """Start with a capital, and leave the other letters as they are.

    Examples
    --------
    >>> capital("an IMD rank"), capital("")
    ('An IMD rank', '')
    """
    return text[:1].upper() + text[1:]


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


def minutes_words(minutes: float | None, decimals: int = 1, *, signed: bool = False) -> str:
    """Write minutes, or that they are not known.

    Examples
    --------
    >>> minutes_words(12.34), minutes_words(2.0, signed=True), minutes_words(float("inf"))
    ('12.3 minutes', '+2.0 minutes', 'cannot be reached')
    >>> minutes_words(0.2, 0), minutes_words(1.4, 0), minutes_words(0.01), minutes_words(None)
    ('less than a minute', '1 minute', 'less than 0.1 minutes', 'not known')
    """
    if is_missing(minutes) or minutes is None:
        return NOT_KNOWN
    if math.isinf(minutes):
        return UNREACHED
    text = figure(minutes, decimals, signed=signed)
    if minutes > 0 and not signed and float(text.replace(",", "")) == 0:
        return "less than a minute" if decimals == 0 else f"less than {10**-decimals:g} minutes"
    return f"{text} minute{'' if text in ('1', '+1', f'{_MINUS}1') else 's'}"


def limit_words(minutes: float) -> str:
    """Write a limit of minutes as it was set.

    Examples
    --------
    >>> limit_words(1.0), limit_words(12.5)
    ('1 minute', '12.5 minutes')
    """
    return f"{minutes:g} minute{'' if minutes == 1 else 's'}"


def instead_words(after: float, before: float, how: str = "") -> str:
    """Set whole minutes against those before; those alike once rounded are not set twice.

    Examples
    --------
    >>> instead_words(43.3, 22.4, " on foot"), instead_words(12.4, 11.6)
    ('43 minutes on foot instead of 22 minutes', "12 minutes, within a minute of today's")
    """
    now, then = minutes_words(before, 0), minutes_words(after, 0)
    return (
        f"{then}{how}, within a minute of today's"
        if now == then
        else f"{then}{how} instead of {now}"
    )


def goes_words(before: float, after: float, decimals: int = 1) -> str:
    """Say how minutes go from one to the other; rounding neither hides a change nor makes one.

    Examples
    --------
    >>> goes_words(12.34, 15.0), goes_words(0.4, 1.2, 0)
    ('goes from 12.3 to 15.0 minutes', 'goes from less than a minute to 1 minute')
    >>> goes_words(12.34, 12.34), goes_words(12.31, 12.34)
    ('stays at 12.3 minutes', 'rises by less than 0.1 minutes, at about 12.3 minutes')
    >>> goes_words(4.4, 3.5, 0)
    'falls by less than a minute, at about 4 minutes'
    >>> goes_words(3.5, 3.46, 0)  # rounding would make a minute of it
    'falls by less than a minute, to about 3 minutes'
    """
    old, new = (minutes_words(m, decimals) for m in (before, after))
    step = 10.0**-decimals
    if old != new and abs(after - before) >= step / 2:
        return f"goes from {old.removesuffix(' minutes')} to {new}"
    if abs(after - before) < 1e-9:
        return f"stays at {new}" if before == after else f"stays at about {new}"
    least = "a minute" if decimals == 0 else f"{step:g} minutes"
    to = "at" if old == new else "to"
    then = new if new.startswith("less") else f"about {new}"
    return f"{'rises' if after > before else 'falls'} by less than {least}, {to} {then}"


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


def about_ordinal(number: int, of: int | None = None) -> str:
    """Write a rank as precisely as such a list is known: beyond a hundred to two digits.

    One that would so come after the last of a list stands as it is.

    Examples
    --------
    >>> [about_ordinal(n) for n in (1, 87, 100, 101, 1256, 21755)]
    ['1st', '87th', '100th', 'about 100th', 'about 1,300th', 'about 22,000th']
    >>> about_ordinal(215, of=216), about_ordinal(211, of=216), about_ordinal(215, of=220)
    ('215th', 'about 210th', 'about 220th')
    """
    if number <= 100:
        return ordinal(number)
    unit = 10 ** (len(str(number)) - 2)
    about = (2 * number + unit) // (2 * unit) * unit
    return ordinal(number) if of is not None and about > of else f"about {ordinal(about)}"


def place_of(
    rank: int | None,
    tied: int = 0,
    *,
    options: int | None = None,
    of: bool = True,
    others: bool = True,
    allowed: bool = True,
) -> str:
    """Write a place in a ranking; one that others share is called joint.

    What breaks a rule is none of the options, so that it is never the best or the last of them.

    Examples
    --------
    >>> place_of(17), place_of(1, 110), place_of(1, 110, others=False), place_of(4, 1)
    ('17th', 'joint 1st (with 110 others)', 'joint 1st', 'joint 4th (with 1 other)')
    >>> place_of(1, options=220), place_of(17, 2, options=220), place_of(220, options=220)
    ('best of 220', 'joint 17th of 220 (with 2 others)', 'last of 220')
    >>> place_of(1, 3, options=4), place_of(1, options=1), place_of(None)
    ('level with all 3 others', 'the only option', 'not ranked')
    >>> place_of(2, options=2, allowed=False), place_of(2, 1, options=2, allowed=False)
    ('2nd', 'joint 2nd (with 1 other)')
    """
    if rank is None:
        return "not ranked"
    place = ordinal(rank)
    if options is not None and allowed:
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


class NotApplicable(Enum):
    """The type of `NOT_APPLICABLE`."""

    TOKEN = "[z]"

    def __repr__(self) -> str:
        return "NOT_APPLICABLE"


NOT_APPLICABLE: Final = NotApplicable.TOKEN


_MINUS = "\u2212"


NOT_KNOWN = "not known"


UNREACHED = "cannot be reached"


#: What pandas calls a value that is not known; it is not imported for words alone.
_NOT_KNOWN = ("NAType", "NaTType")


def is_missing(value: object) -> bool:
    """Say whether a value is one that has no figure: not known, or not applicable.

    Examples
    --------
    >>> is_missing(None), is_missing(float("nan")), is_missing(0), is_missing("")
    (True, True, False, True)
    """
    if value is None or value is NOT_APPLICABLE or type(value).__name__ in _NOT_KNOWN:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, Real) and bool(value != value)


def figure(number: float, decimals: int = 0, *, signed: bool = False) -> str:
    """Write a number as it stands in a table: commas, one precision, a true minus.

    Examples
    --------
    >>> figure(4884.0), figure(-0.04, 1), figure(3.25, 1, signed=True)
    ('4,884', '0.0', '+3.3')
    """
    if not math.isfinite(number):
        raise ParameterError(f"{number!r} is no figure; write it out in words")
    rounded = half_up(float(number), decimals)
    text = f"{abs(rounded):,.{decimals}f}"
    if rounded == 0:
        return text
    return (_MINUS if rounded < 0 else "+" if signed else "") + text


def rise_between(before: Any, after: Any, exact: Any, decimals: int = 1) -> Any:
    """Give a rise as it stands between a rounded before and a rounded after; round once, not twice.

    Where those averaged before and after are not the same people, the rise is not their
    difference, and stays as it is.

    Examples
    --------
    >>> rise_between(6.26, 12.34, 6.08), rise_between(6.0, 12.0, 3.0), rise_between(None, 1.0, None)
    (6.0, 3.0, None)
    """
    figures = (before, after, exact)
    if any(is_missing(v) or not isinstance(v, int | float) or math.isinf(v) for v in figures):
        return exact
    old, new, rise = (float(v) for v in figures)
    if abs(new - old - rise) > 1e-6:
        return exact
    return round(half_up(new, decimals) - half_up(old, decimals), decimals)


ROUNDED_ONCE = "Minutes are rounded first; a rise is the rounded after less the rounded before."


def half_up(number: float, decimals: int) -> float:
    """Round a half away from zero, as people do; Python's own rounds it to the even digit."""
    scale = 10.0**decimals
    steps = abs(number) * scale + 0.5 + 1e-9
    if not math.isfinite(steps):
        return float(number)
    return math.copysign(math.floor(steps), number) / scale

"""One table each of what modes, criteria and groupings are called.

Report, charts, notebook, command line and the public page all take their words from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from access.text import (
    capital,
    figure,
    is_missing,
    limit_words,
    minutes_words,
    ordinal,
    pounds,
    share_figure,
)


@dataclass(frozen=True, slots=True)
class _Mode:
    """What one way to travel is called: as a heading, a trip, a verb, a longer trip, a manner."""

    title: str
    trip: str
    verb: str
    further: str
    how: str


_MODES = {
    "walk": _Mode("walking", "walk", "walk", "further to walk", "on foot"),
    "pram": _Mode("walking with a pram", "walk with a pram", "walk", "further to walk",
                  "with a pram"),
    "drive": _Mode("driving", "drive", "drive", "further to drive", "by car"),
    "bus": _Mode("bus", "bus trip", "travel by bus", "longer by bus", "by bus"),
    "typical": _Mode("family trip", "family trip", "travel", "a longer trip",
                     "by the family trip"),
}  # fmt: skip
#: Where the words of a page say more than `how` in one place: the choice of modes.
_CHOICES = {"typical": "Family trip (walking or driving)"}


def _mode(mode: str) -> _Mode:
    """Give a mode's words; a user's own mode is called by its name."""
    own = _Mode(mode, f"{mode} trip", "travel", "a longer trip", f"by {mode}")
    return _MODES.get(mode, own)


def mode_title(mode: str) -> str:
    """Name a mode as a heading.

    Examples
    --------
    >>> mode_title("walk"), mode_title("typical"), mode_title("bus"), mode_title("tram")
    ('walking', 'family trip', 'bus', 'tram')
    """
    return _mode(mode).title


def trip(mode: str) -> str:
    """Name a mode's trip.

    Examples
    --------
    >>> trip("walk"), trip("typical"), trip("bus")
    ('walk', 'family trip', 'bus trip')
    """
    return _mode(mode).trip


def travel_verb(mode: str) -> str:
    """Say what people do by a mode: they walk, drive or travel further."""
    return _mode(mode).verb


def further_words(mode: str) -> str:
    """Say what people have whose trip by a mode grows.

    Examples
    --------
    >>> further_words("drive"), further_words("typical")
    ('further to drive', 'a longer trip')
    """
    return _mode(mode).further


def how(mode: str) -> str:
    """Say in which manner people travel.

    Examples
    --------
    >>> how("walk"), how("drive")
    ('on foot', 'by car')
    """
    return _mode(mode).how


@dataclass(frozen=True, slots=True)
class _Criterion:
    """What a criterion is called in a sentence and beside an axis, on the page, and its kind."""

    words: str
    short: str
    page: str
    kind: str = "minutes"


_CRITERIA = {
    "mean": _Criterion("average {trip}", "average", "Average trip"),
    "weighted_mean": _Criterion(
        "everyone's average {trip}, deprived areas counting more",
        "average, deprived count more", "Everyone’s average, counting deprived areas more",
    ),
    "deprived_mean": _Criterion("average {trip} of the most deprived fifth",
                                "deprived fifth, average",
                                "Average trip in the most deprived fifth"),
    "deprived_moved": _Criterion("share of the most deprived fifth with {further}",
                                 "deprived fifth, further to go",
                                 "Share of the most deprived fifth with a longer trip than today",
                                 "share"),
    "deprived_p90": _Criterion("the {trip} that nine in ten of the most deprived fifth are within",
                               "deprived fifth, nine in ten",
                               "Nine in ten of the most deprived fifth are within"),
    "p90": _Criterion("the {trip} that nine in ten are within", "nine in ten within",
                      "Nine in ten are within"),
    "worst": _Criterion("the longest {trip}", "longest", "Longest trip of any neighbourhood"),
    "share_beyond": _Criterion("share beyond {limit}", "beyond {limit}",
                               "Share further than {limit} minutes", "share"),
    "gap": _Criterion("gap between most and least deprived fifths", "gap by deprivation",
                      "Most deprived fifth less the least deprived"),
    "savings": _Criterion("savings", "savings", "Saving a year", "money"),
}  # fmt: skip


def _limit(threshold_minutes: float | None) -> str:
    return "the threshold" if threshold_minutes is None else limit_words(threshold_minutes)


def criterion_words(criterion: str, mode: str, threshold_minutes: float | None = None) -> str:
    """Name a criterion in plain words.

    Examples
    --------
    >>> criterion_words("mean", "walk"), criterion_words("share_beyond", "walk", 20)
    ('average walk', 'share beyond 20 minutes')
    """
    words = _CRITERIA[criterion].words
    return words.format(
        trip=trip(mode), further=further_words(mode), limit=_limit(threshold_minutes)
    )


def counting_words(scheme: str, lam: float) -> str:
    """Say how much more than others those in deprived areas count in a weighted mean.

    Examples
    --------
    >>> [counting_words("linear", lam) for lam in (1.0, 0.5)], counting_words("green_book", 1)
    (['up to twice', 'up to 1.5 times'], 'more')
    """
    if scheme != "linear":
        return "more"
    return "up to twice" if lam == 1 else f"up to {1 + lam:g} times"


def criterion_short(criterion: str, threshold_minutes: float | None = None) -> str:
    """Name a criterion where there is little room.

    Examples
    --------
    >>> criterion_short("p90"), criterion_short("share_beyond", 20)
    ('nine in ten within', 'beyond 20 minutes')
    """
    return _CRITERIA[criterion].short.format(limit=_limit(threshold_minutes))


def criterion_kind(criterion: str) -> str:
    """Say what a criterion counts: ``minutes``, ``share`` or ``money``."""
    return _CRITERIA[criterion].kind


def criterion_value(criterion: str, value: object, *, unit: str = "") -> str:
    """Write a criterion's value with its unit.

    Examples
    --------
    >>> criterion_value("mean", 12.34), criterion_value("share_beyond", 0.441)
    ('12.3 minutes', '44.1%')
    >>> criterion_value("savings", 1200), criterion_value("p90", float("inf"))
    ('£1,200', 'some out of reach')
    """
    if is_missing(value) or not isinstance(value, int | float):
        return "some out of reach" if value is None else minutes_words(None)
    number = float(value)
    if number in (float("inf"), float("-inf")):
        return "some out of reach"
    kind = criterion_kind(criterion)
    if kind == "minutes":
        return f"{figure(number, 1)} {unit}" if unit else minutes_words(number)
    return pounds(number) if kind == "money" else share_figure(number, 1)


GROUPINGS = {
    "imd_decile": "deprivation tenth",
    "imd_fifth": "deprivation fifth",
    "idaci_decile": "child poverty tenth",
    "idaci_fifth": "child poverty fifth",
    "locality": "locality",
    "p_no_car": "households without a car",
    "ward": "ward",
}


def grouping_words(column: str) -> str:
    """Name what a column groups people by.

    Examples
    --------
    >>> grouping_words("imd_decile"), grouping_words("school_zone")
    ('deprivation tenth', 'school zone')
    """
    return GROUPINGS.get(column, column.replace("_", " "))


def group_words(column: str, group: object) -> str:
    """Name one group of a grouping.

    Examples
    --------
    >>> group_words("imd_decile", 1), group_words("imd_fifth", 5), group_words("ward", "Wath")
    ('most deprived tenth', 'least deprived fifth', 'Wath')
    """
    known = str(group).isdigit()
    if column == "p_no_car" and str(group)[:1].isdigit():
        return f"areas with {group} without a car"
    if not known or not column.startswith(("imd_", "idaci_")):
        return str(group)
    number = int(str(group))
    of, last = ("tenth", 10) if column.endswith("decile") else ("fifth", 5)
    if number == last:
        return f"least deprived {of}"
    return f"most deprived {of}" if number == 1 else f"{ordinal(number)} most deprived {of}"


def page_words() -> dict[str, str]:
    """Give the public page's English words for modes and criteria, by their keys there.

    Examples
    --------
    >>> page_words()["criterion_mean"], page_words()["how_walk"]
    ('Average trip (minutes)', 'On foot')
    """
    words = {}
    for key, mode in _MODES.items():
        words[f"mode_{key}"] = mode.how
        words[f"how_{key}"] = _CHOICES.get(key, capital(mode.how))
    for key, criterion in _CRITERIA.items():
        unit = " (minutes)" if criterion.kind == "minutes" else ""
        words[f"criterion_{key}"] = f"{criterion.page}{unit}"
    for key in ("weighted_mean", "p90", "worst"):
        words[f"figure_{key}"] = _CRITERIA[key].page
    return words


#: Measures of what is on offer within reach, in the order in which tables give them.
OFFER_MEASURES = {
    "cumulative": "{unit} within {limit}",
    "gravity": "{unit}, counting less the longer the trip (gravity)",
    "two_step": "shared among all within {limit} (2SFCA)",
    "enhanced_two_step": "shared, the nearer counting more (E2SFCA)",
    "three_step": "shared, everybody choosing among sites (3SFCA)",
}


def offer_words(measure: str, catchment_minutes: float, unit: str) -> str:
    """Name a measure of what is on offer within reach.

    Examples
    --------
    >>> offer_words("cumulative", 30, "sites"), offer_words("two_step", 15, "sites")
    ('sites within 30 minutes', 'shared among all within 15 minutes (2SFCA)')
    """
    return OFFER_MEASURES[measure].format(limit=limit_words(catchment_minutes), unit=unit)

"""What is asked: costs, demand, goals and rules, read from callers with every fault named."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from access.arguments import by_id, checked, text, whole
from access.errors import Fault, ParameterError
from access.network.matrix import TravelMatrix
from access.siting.search import Floats
from access.units import great_circle_m

# Reading what a caller hands over: costs, weights, ids; every fault is named at once.

_SHOWN = 12
_LONGEST_SHOWN = 80


@dataclass(frozen=True, eq=False)
class _CostTable:
    """Minutes by area and site, with ids.

    Parameters
    ----------
    minutes : ndarray, shape (areas, sites)
        0 or more, ``inf`` where a site cannot be reached.
    """

    area_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    minutes: Floats


class _Faults:
    """A list of what is wrong, raised together.

    Parameters
    ----------
    call : str
        What is being checked, for the message.
    """

    def __init__(self, call: str) -> None:
        self.call = call
        self.found: list[Fault] = []

    def add(self, where: str, value: object, expected: str) -> None:
        """Note one fault."""
        self.found.append(Fault(self.call, where, "", str(value), expected))

    def stop(self) -> None:
        """Raise if anything is wrong."""
        if self.found:
            count = len(self.found)
            raise ParameterError(
                f"{self.call} cannot be worked out: {count} fault{'s' if count > 1 else ''}",
                self.found,
            )


class _NotNumbersError(Exception):
    """What was found among values that should be numbers."""


def _numbers(values: Any) -> Floats:
    """Make an array of numbers: text, booleans and dates are none, though numpy would take them."""
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind in "iuf":
        values = np.ma.filled(values.astype(np.float64), np.nan)  # what is masked is not known
    try:
        array = np.asarray(values if hasattr(values, "__array__") else _as_they_are(values))
        if array.dtype.kind in "iuf":
            return np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)
        if array.dtype.kind != "O":
            raise _NotNumbersError(f"{array.dtype.name} values")
        odd = {t for t in set(map(type, array.ravel())) if not _is_number(t)}
        if odd:
            first = next(value for value in array.ravel() if type(value) in odd)
            raise _NotNumbersError(f"{first!r} ({type(first).__name__})"[:_LONGEST_SHOWN])
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise _NotNumbersError(type(values).__name__) from error


def _as_they_are(values: Any) -> np.ndarray:
    """Hold values as they are, so that numpy does not make numbers of what stands among them."""
    return np.array(values, dtype=object)


def _float_of(number: Any) -> float:
    """Make a float; a whole number too great for one counts as infinite."""
    try:
        return float(number)
    except OverflowError:
        return float("inf")


def _is_number(kind: type) -> bool:
    return issubclass(kind, Real | Decimal) and not issubclass(kind, bool | np.bool_)


def _read_costs(costs: Any, faults: _Faults, name: str = "costs") -> _CostTable | None:
    """Read a table of minutes: a DataFrame, an array or a `TravelMatrix`."""
    if isinstance(costs, TravelMatrix):
        return _CostTable(costs.area_ids, costs.site_ids, costs.total_minutes)
    areas: Iterable[Any]
    sites: Iterable[Any]
    if isinstance(costs, pd.DataFrame):
        areas, sites = costs.index.tolist(), costs.columns.tolist()
    else:
        areas = sites = ()
    try:
        minutes = _numbers(costs.to_numpy() if isinstance(costs, pd.DataFrame) else costs)
    except _NotNumbersError as found:
        faults.add(name, found, "a table of numbers, minutes by area and site")
        return None
    if minutes.ndim != 2 or 0 in minutes.shape:
        faults.add(name, f"shape {minutes.shape}", "at least one area (rows) and site (columns)")
        return None
    if not isinstance(costs, pd.DataFrame):
        areas, sites = range(minutes.shape[0]), range(minutes.shape[1])
    table = _CostTable(tuple(map(str, areas)), tuple(map(str, sites)), minutes)
    for what, ids in (("area", table.area_ids), ("site", table.site_ids)):
        if twice := _named_twice(ids):
            faults.add(f"{name}, {what} ids", _shorten(twice), "every id once")
    _check_minutes(table, faults, name)
    return table


def _check_minutes(table: _CostTable, faults: _Faults, name: str) -> None:
    minutes = table.minutes
    # One pass that nearly always passes; the slow look is only taken to name the cells.
    if minutes.min() >= 0:
        return
    wrong = np.argwhere(~(minutes >= 0))
    for i, j in wrong[:_SHOWN]:
        faults.add(
            f"{name}, area {table.area_ids[i]}, site {table.site_ids[j]}",
            minutes[i, j],
            "minutes of 0 or more, or inf where the site cannot be reached",
        )
    if len(wrong) > _SHOWN:
        faults.add(name, f"{len(wrong) - _SHOWN} more such cells", "0 or more, or inf")


def _read_by_id(
    values: Any, ids: Sequence[str], faults: _Faults, name: str, *, default: float = 1.0
) -> Floats:
    """Read one number for every id, by id from a Series or mapping, by position from an array."""
    n = len(ids)
    if values is None:
        return np.full(n, default)
    if isinstance(values, Real) and not isinstance(values, bool):
        values = np.full(n, _float_of(values))
    if isinstance(values, Mapping):
        values = pd.Series(dict(values))
    try:
        if isinstance(values, pd.Series):
            array = _align(values, ids, faults, name)
        else:
            array = _numbers(values)
    except _NotNumbersError as found:
        faults.add(name, found, "numbers, one for each id")
        return np.zeros(n)
    if array.shape != (n,):
        faults.add(name, f"shape {array.shape}", f"one number for each of {n} ids")
        return np.zeros(n)
    wrong = np.flatnonzero(~((array >= 0) & np.isfinite(array)))
    for i in wrong[:_SHOWN]:
        faults.add(f"{name}, {ids[i]}", array[i], "a finite number of 0 or more")
    if len(wrong) > _SHOWN:
        faults.add(name, f"{len(wrong) - _SHOWN} more such numbers", "finite, 0 or more")
    return np.where(np.isfinite(array), array, 0.0)


def _align(values: pd.Series, ids: Sequence[str], faults: _Faults, name: str) -> Floats:
    array, given = _numbers(values), list(map(str, values.index.tolist()))
    if twice := _named_twice(given):
        faults.add(name, _shorten(twice), "every id once")
    if given == list(ids):  # in order already, as tables mostly are
        return array
    by: dict[str, float] = {}
    for i, number in zip(given, array.tolist(), strict=True):
        by.setdefault(i, number)
    known = set(ids)
    missing = [i for i in ids if i not in by]
    unknown = [i for i in by if i not in known]
    if missing:
        faults.add(name, _shorten(missing), "a number for every id; these have none")
    if unknown:
        faults.add(name, _shorten(unknown), "known ids only; these stand in no cost table")
    return np.array([by.get(i, 0.0) for i in ids], dtype=np.float64)


def _named_twice(ids: Sequence[str]) -> list[str]:
    """List the ids that stand more than once."""
    if len(set(ids)) == len(ids):
        return []
    index = pd.Index(ids)
    return index[index.duplicated()].unique().tolist()


def _read_ids(values: Any, known: Sequence[str], faults: _Faults, name: str) -> tuple[str, ...]:
    """Read a list of ids that must be known."""
    wanted = [str(v) for v in _listed_values(values, faults, name)]
    allowed = set(known)
    unknown = [w for w in wanted if w not in allowed]
    if unknown:
        faults.add(name, _shorten(unknown), f"known ids, such as {_shorten(list(known)[:5])}")
    inside = set(wanted)
    return tuple(k for k in known if k in inside)


def _listed_values(values: Any, faults: _Faults, name: str) -> list[Any]:
    """List ids handed over one after another; a plain string is one id."""
    if isinstance(values, str):
        return [values]
    one_row = not isinstance(values, Mapping | bytes | bytearray) and (
        getattr(values, "ndim", 1) == 1
    )
    if not one_row or not isinstance(values, Iterable):
        faults.add(name, repr(values)[:_LONGEST_SHOWN], "a list of ids, also for a single one")
        return []
    return list(values)


def _read_flag(value: Any, faults: _Faults, name: str) -> bool:
    """Read True or False; nothing else is taken for either."""
    if not isinstance(value, bool | np.bool_):
        faults.add(name, repr(value)[:_LONGEST_SHOWN], "True or False")
    return bool(value is True or (isinstance(value, np.bool_) and value))


def _read_count(value: Any, least: int, most: int, faults: _Faults, name: str) -> int:
    """Read a whole number within a range."""
    whole = isinstance(value, Integral) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool | np.bool_) or not whole or not least <= value <= most:
        faults.add(name, repr(value), f"a whole number in the range [{least}, {most}]")
        return least
    return int(value)


def _read_number(
    value: Any, faults: _Faults, name: str, *, least: float = 0.0, strict: bool = False
) -> float:
    """Read a finite number of at least (or, strictly, above) a value."""
    good = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    if good:
        number = _float_of(value)
        good = np.isfinite(number) and (number > least if strict else number >= least)
    if not good:
        faults.add(name, repr(value), f"a number {'above' if strict else 'of at least'} {least:g}")
        return least
    return number


def _shorten(items: Sequence[object]) -> str:
    """Name a few of many things."""
    text = ", ".join(str(i) for i in items[:_SHOWN])
    return text if len(items) <= _SHOWN else f"{text} and {len(items) - _SHOWN} more"


# ------------------------------------------------------------------------------
# What is asked: the demand, the goals and the whole of a siting problem, as plain values.


def _keep_to_read_again(thing: object, *names: str) -> None:
    """Make tuples of a frozen value's fields that could be read only once.

    A question is read when it is solved and again when its answer is checked; a generator would
    be empty by then.
    """
    for name in names:
        value = getattr(thing, name)
        if isinstance(value, Iterator):
            object.__setattr__(thing, name, tuple(value))


@dataclass(frozen=True, eq=False)
class AtLeast:
    """At least so many of some sites are open (a locality's minimum).

    Parameters
    ----------
    sites : iterable of str
    count : int
    name : str
        What the group is called in messages.
    """

    sites: Iterable[str]
    count: int
    name: str = "the group"

    def __post_init__(self) -> None:
        _keep_to_read_again(self, "sites")


@dataclass(frozen=True, eq=False)
class AtMost:
    """At most so many of some sites are open (two addresses of one building).

    Parameters
    ----------
    sites : iterable of str
    count : int
    name : str
    """

    sites: Iterable[str]
    count: int = 1
    name: str = "the group"

    def __post_init__(self) -> None:
        _keep_to_read_again(self, "sites")

    @classmethod
    def of_kinds(cls, kinds: Mapping[str, str], most: Mapping[str, int]) -> tuple[AtMost, ...]:
        """Let at most so many hubs stand at sites of a kind.

        Parameters
        ----------
        kinds : mapping of str to str
            Kind of every site.
        most : mapping of str to int
            By kind; kinds that no site is of are no rule.
        """
        groups = {kind: [i for i, own in kinds.items() if own == kind] for kind in most}
        return tuple(
            cls(tuple(ids), most[kind], f"sites of kind {kind}")
            for kind, ids in groups.items()
            if ids
        )

    @classmethod
    def apart(
        cls, ids: Sequence[str], lon: Sequence[float], lat: Sequence[float], metres: float
    ) -> tuple[AtMost, ...]:
        """Let no two hubs stand within so many metres of one another, straight line.

        Parameters
        ----------
        ids : sequence of str
        lon, lat : sequence of float
            Degrees, WGS84.
        metres : float
            0 for no rule.
        """
        if metres <= 0:
            return ()
        x, y = np.asarray(lon, float), np.asarray(lat, float)
        found: list[AtMost] = []
        for k, site in enumerate(ids):
            near = np.flatnonzero(great_circle_m(x[k], y[k], x[k + 1 :], y[k + 1 :]) < metres)
            found += [
                cls((site, ids[k + 1 + int(j)]), 1, f"{site} and {ids[k + 1 + int(j)]}")
                for j in near
            ]
        return tuple(found)


@dataclass(frozen=True, eq=False)
class Within:
    """Areas must have an open site within so many minutes.

    Parameters
    ----------
    minutes : float
    areas : iterable of str, optional
        Every area that has any demand when None.
    demand : str, optional
        For which demand the minutes count; for each of them when None.
    """

    minutes: float
    areas: Iterable[str] | None = None
    demand: str | None = None

    def __post_init__(self) -> None:
        _keep_to_read_again(self, "areas")


@dataclass(frozen=True, eq=False)
class NoWorse:
    """Named areas may not end up more than so many minutes further than today.

    Parameters
    ----------
    minutes : float
        How much further is bearable.
    areas : iterable of str
        For example the areas of IMD deciles 1 and 2.
    today : iterable of str or mapping of str to float
        The site ids open today (all must be columns of the costs), or minutes today by area.
    demand : str, optional
    name : str
        What the areas are called in messages.
    """

    minutes: float
    areas: Iterable[str]
    today: Iterable[str] | Mapping[str, float]
    demand: str | None = None
    name: str = "the named areas"

    def __post_init__(self) -> None:
        _keep_to_read_again(self, "areas", "today")


@dataclass(frozen=True, eq=False)
class Budget:
    """The open sites may cost so much together.

    Parameters
    ----------
    limit : float
        In the unit of the problem's `site_costs`.
    """

    limit: float


@dataclass(frozen=True)
class ServeAll:
    """Every area that has any demand must be able to reach an open site."""


@dataclass(frozen=True, eq=False)
class Capacity:
    """Sites can take so much demand.

    Parameters
    ----------
    capacities : Series, mapping, array_like or float
        By site.
    uses : Series, mapping, array_like or None
        What each area takes up; its weight when None.
    split : bool
        Whether an area may be shared among sites.
    """

    capacities: Any
    uses: Any = None
    split: bool = False


Rule = AtLeast | AtMost | Within | NoWorse | Budget | ServeAll | Capacity


@checked(localities=by_id(text), minimum=whole(1))
def per_locality(localities: Any, minimum: int = 1) -> tuple[AtLeast, ...]:
    """Make a rule for every locality: at least so many open sites in each.

    Parameters
    ----------
    localities : Series or mapping of str to str
        Locality of every site.
    minimum : int

    Returns
    -------
    tuple of AtLeast

    Examples
    --------
    >>> [rule.name for rule in per_locality({"a": "North", "b": "South", "c": "North"})]
    ['North', 'South']
    """
    groups: dict[str, list[str]] = {}
    for site, locality in dict(localities).items():
        groups.setdefault(str(locality), []).append(str(site))
    return tuple(AtLeast(tuple(groups[name]), minimum, name) for name in sorted(groups))


_MOST_SHOWN = 20


KINDS = ("total", "mean", "worst", "beyond", "left_out", "sites", "cost")


@dataclass(frozen=True, eq=False)
class Demand:
    """Families of one service, and their minutes to every candidate site.

    Parameters
    ----------
    costs : DataFrame, array_like or TravelMatrix, shape (areas, sites)
        Minutes; ``inf`` where a site cannot be reached.
    weights : Series, mapping, array_like or None
        Families by area; 1 each when None. Areas of weight 0 count for nothing.
    share : float
        How much this service counts beside the others of the problem.
    name : str

    Examples
    --------
    >>> Demand([[5, 9], [7, 2]], weights=[10, 20], name="early years").share
    1.0
    """

    costs: Any
    weights: Any = None
    share: float = 1.0
    name: str = "all"


@dataclass(frozen=True)
class Goal:
    """What is to be least: one measure, or a weighted blend of several.

    Use the class methods; they are the only measures there are.

    Parameters
    ----------
    parts : tuple of (kind, minutes or None, factor)
    within : float
        Goals that come after this one may make it worse by this share at most (0.05 = 5 %).

    Examples
    --------
    >>> Goal.blend((0.7, Goal.mean()), (0.3, Goal.worst())).words
    '0.7 x mean minutes + 0.3 x worst minutes'
    >>> Goal.beyond(15).words
    'share beyond 15 minutes'
    """

    parts: tuple[tuple[str, float | None, float], ...]
    within: float = 0.0

    @classmethod
    def total(cls, *, within: float = 0.0) -> Goal:
        """Weighted sum of minutes (family-minutes), the p-median objective."""
        return cls((("total", None, 1.0),), within)

    @classmethod
    def mean(cls, *, within: float = 0.0) -> Goal:
        """Weighted mean minutes; with several demands, the mean of their means by share."""
        return cls((("mean", None, 1.0),), within)

    @classmethod
    def worst(cls, *, within: float = 0.0) -> Goal:
        """Minutes of the worst-off area that has any demand."""
        return cls((("worst", None, 1.0),), within)

    @classmethod
    def beyond(cls, minutes: float, *, within: float = 0.0) -> Goal:
        """Share of demand further than so many minutes from its nearest open site."""
        return cls((("beyond", minutes, 1.0),), within)

    @classmethod
    def left_out(cls, minutes: float, *, within: float = 0.0) -> Goal:
        """Demand further than so many minutes from its nearest open site (not as a share)."""
        return cls((("left_out", minutes, 1.0),), within)

    @classmethod
    def sites(cls, *, within: float = 0.0) -> Goal:
        """Count open sites."""
        return cls((("sites", None, 1.0),), within)

    @classmethod
    def cost(cls, *, within: float = 0.0) -> Goal:
        """Cost of the open sites, by the problem's `site_costs`."""
        return cls((("cost", None, 1.0),), within)

    @classmethod
    def blend(cls, *parts: tuple[float, Goal], within: float = 0.0) -> Goal:
        """Weighted sum of other goals, each in its own unit."""
        for part in parts:
            pair = isinstance(part, tuple | list) and len(part) == 2
            number = pair and isinstance(part[0], Real) and not isinstance(part[0], bool)
            if (
                not number
                or not abs(part[0]) <= sys.float_info.max
                or not isinstance(part[1], Goal)
            ):
                raise ParameterError(
                    f"Goal.blend: found {part!r}; expected pairs of a number and a Goal, such as "
                    "(0.5, Goal.mean())"
                )
        flat = tuple(
            (kind, minutes, float(factor) * inner)
            for factor, goal in parts
            for kind, minutes, inner in goal.parts
        )
        return cls(flat, within)

    @property
    def kinds(self) -> frozenset[str]:
        """Which measures it is made of."""
        return frozenset(kind for kind, _, _ in self.parts)

    @property
    def words(self) -> str:
        """The goal in plain words."""
        names = {
            "total": "family-minutes",
            "mean": "mean minutes",
            "worst": "worst minutes",
            "sites": "number of sites",
            "cost": "cost of sites",
        }
        texts = []
        for kind, minutes, factor in self.parts:
            far = "demand beyond" if kind == "left_out" else "share beyond"
            limit = f"{minutes:g}" if isinstance(minutes, float) else f"{minutes!r}"[:_MOST_SHOWN]
            name = names.get(kind) or f"{far} {limit} minutes"
            texts.append(name if len(self.parts) == 1 and factor == 1 else f"{factor:g} x {name}")
        return " + ".join(texts)


@dataclass(frozen=True, eq=False)
class Problem:
    """A siting question: demands, number of sites, goals in order of importance, rules.

    Parameters
    ----------
    demands : Demand or sequence of Demand
        All over the same sites.
    p : int, optional
        Exactly so many open sites.
    fewest, most : int, optional
        A range instead of `p`.
    goals : Goal or sequence of Goal
        The first matters most; each later one is sought among the answers whose earlier goals
        are within their `within` of the best.
    locked_open, locked_closed : iterable of str
    site_costs : Series, mapping, array_like or None
    rules : sequence of Rule

    Examples
    --------
    >>> problem = Problem(Demand([[1, 9], [9, 1], [4, 5]]), p=1, goals=Goal.worst())
    >>> problem.p
    1
    """

    demands: Demand | Sequence[Demand]
    p: int | None = None
    fewest: int | None = None
    most: int | None = None
    goals: Goal | Sequence[Goal] = field(default_factory=Goal.mean)
    locked_open: Iterable[str] = ()
    locked_closed: Iterable[str] = ()
    site_costs: Any = None
    rules: Sequence[Rule] = ()

    def __post_init__(self) -> None:
        _keep_to_read_again(self, "demands", "goals", "locked_open", "locked_closed", "rules")

    @property
    def goal_list(self) -> tuple[Goal, ...]:
        """The goals as a tuple."""
        return _several(self.goals)

    @property
    def demand_list(self) -> tuple[Demand, ...]:
        """The demands as a tuple."""
        return _several(self.demands)


def _several(given: Any) -> tuple[Any, ...]:
    """Make a tuple of one thing or of a list of them; what is no list stands for itself."""
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def _problem_of_p(
    demand: Demand,
    p: int,
    *,
    goal: Goal,
    locked_open: Iterable[str] = (),
    locked_closed: Iterable[str] = (),
    rules: Iterable[Rule] = (),
    serve_all: bool = False,
) -> Problem:
    """Make the problem of choosing exactly p sites by one goal."""
    if p is None:
        raise ParameterError("p is missing; expected a whole number of sites to open")
    faults = _Faults("site")
    wanted = _listed_values(rules, faults, "rules")
    serve_all = _read_flag(serve_all, faults, "must_serve_all")
    faults.stop()
    return Problem(
        demand,
        p=p,
        goals=goal,
        locked_open=locked_open,
        locked_closed=locked_closed,
        rules=(*wanted, *((ServeAll(),) if serve_all else ())),
    )

"""What is asked: the demand, the goals and the whole of a siting problem, as plain values."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from access.arguments import by_id, checked, text, whole
from access.errors import ParameterError
from access.siting.inputs import _Faults, _read_flag, listed
from access.units import great_circle_m


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


_SHOWN = 20


def at_most_of(kinds: Mapping[str, str], most: Mapping[str, int]) -> tuple[Rule, ...]:
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
        AtMost(tuple(ids), most[kind], f"sites of kind {kind}")
        for kind, ids in groups.items()
        if ids
    )


def apart(
    ids: Sequence[str], lon: Sequence[float], lat: Sequence[float], metres: float
) -> tuple[Rule, ...]:
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
    found: list[Rule] = []
    for k, site in enumerate(ids):
        near = np.flatnonzero(great_circle_m(x[k], y[k], x[k + 1 :], y[k + 1 :]) < metres)
        found += [
            AtMost((site, ids[k + 1 + int(j)]), 1, f"{site} and {ids[k + 1 + int(j)]}")
            for j in near
        ]
    return tuple(found)


def in_group(kinds: Mapping[str, str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Name the sites whose kind is one of those wanted."""
    return tuple(i for i, kind in kinds.items() if kind in set(wanted))


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
            limit = f"{minutes:g}" if isinstance(minutes, float) else f"{minutes!r}"[:_SHOWN]
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
    wanted = listed(rules, faults, "rules")
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

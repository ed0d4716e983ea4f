"""The rules that a problem may set: groups, minutes, budgets, capacities, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


def keep_to_read_again(thing: object, *names: str) -> None:
    """Make tuples of a frozen value's fields that could be read only once.

    A question is read when it is solved and again when its answer is checked; a generator would
    be empty by then.

    Parameters
    ----------
    thing : object
    names : str
        Of its fields.

    Examples
    --------
    >>> AtLeast((name for name in ["a", "b"]), 1).sites
    ('a', 'b')
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
        keep_to_read_again(self, "sites")


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
        keep_to_read_again(self, "sites")


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
        keep_to_read_again(self, "areas")


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
        keep_to_read_again(self, "areas", "today")


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

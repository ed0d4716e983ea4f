"""A problem as the search sees it: checked arrays by position, rules with their names."""

from __future__ import annotations

from dataclasses import dataclass

from access.siting.model import Bools, Floats, Ints
from access.siting.problem import Goal, Problem


@dataclass(frozen=True, eq=False)
class Service:
    """One demand, checked.

    Parameters
    ----------
    name : str
    area_ids : tuple of str
    minutes : ndarray, shape (areas, sites)
    weights : ndarray, shape (areas,)
    share : float
        Shares of all services add up to 1.
    """

    name: str
    area_ids: tuple[str, ...]
    minutes: Floats
    weights: Floats
    share: float


@dataclass(frozen=True, eq=False)
class CountRule:
    """Between `low` and `high` of some sites are open, in all or counted at a cost each.

    Parameters
    ----------
    label : str
        The rule in a planner's words.
    amounts : ndarray, shape (sites,)
        What each site counts when it is open: 1 or 0 for a group, its cost for a budget.
    low, high : float
    kind : str
        ``"at least"``, ``"at most"`` or ``"budget"``.
    """

    label: str
    amounts: Floats
    low: float
    high: float
    kind: str


@dataclass(frozen=True, eq=False)
class ReachRule:
    """Areas of one service must have an open site within their own cap of minutes.

    Parameters
    ----------
    label : str
        The rule in a planner's words.
    service : int
        Position of the service.
    areas : ndarray of int
        Positions of the areas among those of the service.
    base : ndarray, shape (areas of the rule,)
        Minutes today; 0 for a rule that does not look at today.
    extra : float
        Minutes allowed on top of `base`.
    kind : str
        ``"within"`` or ``"no worse"``.
    """

    label: str
    service: int
    areas: Ints
    base: Floats
    extra: float
    kind: str

    @property
    def caps(self) -> Floats:
        """Minutes each area may have at most."""
        return self.base + self.extra


@dataclass(frozen=True, eq=False)
class Capacities:
    """What sites can take and areas take up.

    Parameters
    ----------
    room : ndarray, shape (sites,)
    uses : ndarray, shape (areas,)
        In the unit of `room`.
    split : bool
        Whether an area may be shared among sites.
    """

    room: Floats
    uses: Floats
    split: bool


@dataclass(frozen=True, eq=False)
class Resolved:
    """A problem as checked arrays.

    Parameters
    ----------
    problem : Problem
        As it was asked.
    site_ids : tuple of str
    services : tuple of Service
    goals : tuple of Goal
        The first matters most.
    fewest, most : int
        Least and greatest number of open sites.
    must, may : ndarray of bool, shape (sites,)
        Locked open; not locked closed.
    site_costs : ndarray, shape (sites,), or None
    counts : tuple of CountRule
        Groups and budgets.
    reaches : tuple of ReachRule
        Rules on areas' minutes.
    serve_all : bool
        Whether every area with demand must be served.
    capacities : Capacities or None
    """

    problem: Problem
    site_ids: tuple[str, ...]
    services: tuple[Service, ...]
    goals: tuple[Goal, ...]
    fewest: int
    most: int
    must: Bools
    may: Bools
    site_costs: Floats | None
    counts: tuple[CountRule, ...]
    reaches: tuple[ReachRule, ...]
    serve_all: bool
    capacities: Capacities | None

"""What the board wishes of candidate sites, as rules: never, must, at most so many, apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from access.siting.problem import AtMost, Rule
from access.units import great_circle_m


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

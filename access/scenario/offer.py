"""What is on offer within reach before and after a change: gravity and floating catchments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.arguments import a, checked, ids, number, open_sites, optional, table, text
from access.display import records
from access.labels import OFFER_MEASURES, offer_words, trip
from access.measure.catchment import every_catchment
from access.measure.decay import exponential, stepped
from access.measure.demand import align_demand
from access.measure.distribution import weighted_mean, weighted_quantile, within
from access.measure.trips import WEEKDAYS
from access.network.matrix import TravelMatrix
from access.scenario.criteria import fifths
from access.scenario.impact import _plain
from access.scenario.scenario import Scenario
from access.scenario.sites import Baseline
from access.text import Claim, Said, about, figure, limit_words, listed, named
from access.units import LSOAS_ENGLAND_2011

_CATCHMENT_MINUTES = 30.0
_DECAY_PER_MINUTE = 0.1
"""Declared choices, not estimates: no published decay of such services is known."""
#: Shares are of so many people: of the fewest for whom a share is seen with two decimals.
_PEOPLE = (1e3, 1e4, 1e5, 1e6)
_LEAST_SEEN = 0.1
#: Ends of the zones as parts of the catchment, and what each weighs: Luo and Qi (2009).
_ZONES, _ZONE_WEIGHTS = (1 / 3, 2 / 3, 1.0), (1.0, 0.68, 0.22)
_FLOATING = ("two_step", "enhanced_two_step", "three_step")
_WHEN = ("before", "after")
_LEAST = 1e-9
_LOWEST = 0.1
_Sides = Sequence[str] | Baseline | Scenario


@dataclass(frozen=True, eq=False)
class OfferChange:
    """What is on offer within reach before and after a change, by every measure.

    Parameters
    ----------
    areas : DataFrame
        One row an area, in the matrix's order: ``id count reach_before reach_after`` (``within``
        the catchment, ``beyond`` it, or ``unreachable``), then each measure before and after. An
        area that reaches nothing has 0.
    table : DataFrame
        One row a measure: ``measure words unit mean_before mean_after mean_change
        most_have_before most_have_after deprived_before deprived_after none_before none_after
        less``: means, what nine in ten have at least, the most deprived fifth's means (missing
        where deprivation is not known), and people with nothing and with less than before.
    supply : DataFrame
        One row a site: ``site name before after``, what it offers; 0 where it is not open.
    mode, who, unit : str
        Of the minutes; whom the counts count; what is on offer.
    catchment_minutes : float
    per : float
        Of how many people the shares of the floating catchments are.
    assumptions : tuple of str
        What must stand where the figures stand.
    names : dict
        Site names by id.
    """

    areas: pd.DataFrame
    table: pd.DataFrame
    supply: pd.DataFrame
    mode: str
    who: str
    unit: str
    catchment_minutes: float
    per: float
    assumptions: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of any figure must be told."""
        return self.assumptions

    @property
    def summary(self) -> dict[str, Any]:
        """Every figure as plain values."""
        rows = records(self.table)
        return {
            "mode": self.mode,
            "catchment_minutes": self.catchment_minutes,
            "unit": self.unit,
            "per": self.per,
            "measures": [
                {str(k): v if isinstance(v, str) else _plain(v) for k, v in row.items()}
                for row in rows
            ],
            "supply": records(self.supply),
            "assumptions": list(self.assumptions),
        }

    def to_frame(self) -> pd.DataFrame:
        """Give every measure before and after.

        Returns
        -------
        DataFrame
            As `table`.
        """
        return self.table.copy()

    def sentence(self) -> Said:
        """Say the floating catchments' finding in words that can be read aloud.

        Returns
        -------
        Said
            With what it claims as data.
        """
        at = self.table["measure"].tolist().index("two_step")
        before, after, less, none = (
            float(self.table[key].iloc[at])
            for key in ("mean_before", "mean_after", "less", "none_after")
        )
        where = f"within {limit_words(self.catchment_minutes)} ({trip(self.mode)})"
        goes = (
            f"stays at {figure(before, 2)}"
            if figure(before, 2) == figure(after, 2)
            else f"goes from {figure(before, 2)} to {figure(after, 2)}"
        )
        text = (
            f"What is on offer {where} {goes} {self.unit} per {self.per:,.0f} {self.who} on average"
        )
        everyone = about(float(self.areas["count"].sum()))
        text += (
            f"; less than before for {about(less)} of {everyone}" if less else "; less for nobody"
        )
        claims = [
            Claim("offer_before", "is", (before,)),
            Claim("offer_after", "is", (after,)),
            Claim("offer_less", "is" if less else "none", (less,)),
            Claim("offer_none", "is" if none else "none", (none,)),
        ]
        return Said(f"{text}{f', none for {about(none)}' if none else ''}.", claims)

    def lines(self) -> tuple[list[str], list[list[str]]]:
        """Give the head and the rows of the table as text, counts as people say them.

        Returns
        -------
        tuple of list of str and list of list of str
        """
        head = ["on offer within reach", "mean before", "after", "nine in ten have", "after",
                "none before", "after", "less"]  # fmt: skip
        rows = [
            [
                str(r["words"]),
                *(_written(r[f"{k}_{when}"]) for k in ("mean", "most_have") for when in _WHEN),
                *(about(float(r[k])) for k in ("none_before", "none_after", "less")),
            ]
            for r in records(self.table)
        ]
        return head, rows


def _written(value: float) -> str:
    return figure(value, 2) if np.isfinite(value) else "not known"


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    before=open_sites,
    after=open_sites,
    demand=table(),
    neighbours=ids,
    catchment_minutes=number(0, above=True),
    decay_per_minute=number(0, above=True),
    who=text,
    matrix_after=optional(a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives")),
)
def offer_change(
    matrix: TravelMatrix,
    *,
    before: _Sides,
    after: _Sides,
    demand: pd.DataFrame,
    neighbours: Sequence[str] = (),
    catchment_minutes: float = _CATCHMENT_MINUTES,
    decay_per_minute: float = _DECAY_PER_MINUTE,
    names: Mapping[str, str] | None = None,
    who: str = "families",
    matrix_after: TravelMatrix | None = None,
) -> OfferChange:
    """Measure what is on offer within reach before and after, by gravity and floating catchments.

    Parameters
    ----------
    matrix : TravelMatrix
    before, after : sequence of str, Baseline or Scenario
        Sites open. A baseline's or scenario's capacities say how much each offers where every site
        open before or after has one; else each counts the same. Days a week count in proportion.
    demand : DataFrame
        ``id count`` and, where known, ``imd_decile`` or ``imd_fifth``.
    neighbours : sequence of str
        Sites open before and after that are not the council's.
    catchment_minutes : float
        How far the catchments reach, minutes.
    decay_per_minute : float
        Of gravity: each minute more counts ``exp(-decay_per_minute)`` times.
    names : mapping of str to str, optional
    who : str
    matrix_after : TravelMatrix, optional
        As in `access.compare`.

    Returns
    -------
    OfferChange

    Raises
    ------
    ParameterError
        If ids do not match or a number cannot be used.
    ScenarioError
        If no site is open before or after.

    Notes
    -----
    `access.measure.catchment` has the formulas and their sources. A site's offer is shared among
    all who reach it: over everybody the shares add up to what is offered by the sites that anybody
    reaches.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 9], [40, 9]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [300, 100]})
    >>> found = offer_change(m, before=["X", "Y"], after=["Y"], demand=demand)
    >>> found.areas[["two_step_before", "two_step_after"]].round(2).to_numpy().tolist()
    [[5.83, 2.5], [2.5, 2.5]]
    """
    later = matrix if matrix_after is None else matrix_after.areas(matrix.area_ids)
    given_ids: list[Any] = [getattr(side, "open_ids", side) for side in (before, after)]
    own = [sorted({*map(str, side)}) for side in given_ids]
    sides = [tuple(sorted({*ids_, *map(str, neighbours)})) for ids_ in own]
    supply, unit, told = _supply((before, after), sides)
    people = align_demand(demand, matrix.area_ids)
    given = pd.DataFrame({"id": list(matrix.area_ids), "count": people["count"].to_numpy(float)})
    per = _people_per(supply[0], given["count"].to_numpy(float))
    reach = [
        _reach(m, list(open_), catchment_minutes)
        for m, open_ in zip((matrix, later), sides, strict=True)
    ]
    measured = [
        _measured(m, offered, given, catchment_minutes, decay_per_minute, per)
        for m, offered in zip((matrix, later), supply, strict=True)
    ]
    found = pd.DataFrame(
        {
            "id": given["id"],
            "count": given["count"],
            **{f"reach_{when}": words for when, words in zip(_WHEN, reach, strict=True)},
            **{
                f"{key}_{when}": side[key]
                for key in OFFER_MEASURES
                for when, side in zip(_WHEN, measured, strict=True)
            },
        }
    )
    known = {k: v for side in (before, after) for k, v in getattr(side, "names", {}).items()}
    called = {**known, **(names or {})}
    listed_ = sorted({*sides[0], *sides[1]})
    return OfferChange(
        areas=found,
        table=_offer_table(found, people, catchment_minutes, unit, f"per {per:,.0f} {who}"),
        supply=pd.DataFrame(
            {
                "site": listed_,
                "name": named(listed_, called),
                **{w: [s.get(i, 0.0) for i in listed_] for w, s in zip(_WHEN, supply, strict=True)},
            }
        ),
        mode=matrix.mode,
        who=who,
        unit=unit,
        catchment_minutes=float(catchment_minutes),
        per=per,
        assumptions=(
            told,
            *_declared(catchment_minutes, decay_per_minute, per),
            *_unused(found, supply, (matrix, later), catchment_minutes, called),
        ),
        names=called,
    )  # fmt: skip


def _supply(
    given: Sequence[_Sides], sides: Sequence[Sequence[str]]
) -> tuple[list[dict[str, float]], str, str]:
    """Give what each open site offers before and after, in which unit, and how that was taken."""
    room = [dict(getattr(side, "capacities", {})) for side in given]
    days = [dict(getattr(side, "days", {})) for side in given]
    every = sorted({*sides[0], *sides[1]})
    has = [i for i in every if all(i not in s or i in r for s, r in zip(sides, room, strict=True))]
    if len(has) == len(every):
        out = [{i: r[i] for i in s} for s, r in zip(sides, room, strict=True)]
        for i in set(out[0]) & set(out[1]):  # other days, the same room: less or more is open
            if out[0][i] == out[1][i]:
                was, now = (min(d.get(i, WEEKDAYS), WEEKDAYS) for d in days)
                out[1][i] *= now / was
        return (
            out,
            "places",
            "each site offers its capacity; with other days a week than today, in proportion",
        )
    out = [
        {i: min(d.get(i, WEEKDAYS), WEEKDAYS) / WEEKDAYS for i in s}
        for s, d in zip(sides, days, strict=True)
    ]
    told = "no capacity is given"
    if has:
        told = f"a capacity is given for {len(has)} of {len(every)} sites alone"
    part = any(value < 1 for side in out for value in side.values())
    more = ", as its days of five" if part else ""
    return out, "sites", f"{told}: each site counts the same{more}"


def _measured(
    matrix: TravelMatrix,
    offered: Mapping[str, float],
    demand: pd.DataFrame,
    catchment_minutes: float,
    decay_per_minute: float,
    per: float,
) -> dict[str, NDArray[np.float64]]:
    """Give every measure of one side, area by area; shares are of so many people."""
    made = every_catchment(
        matrix,
        supply=offered,
        demand=demand,
        cutoff_minutes=catchment_minutes,
        decay=exponential(decay_per_minute),
        zones=stepped([catchment_minutes * z for z in _ZONES], _ZONE_WEIGHTS),
    )
    return {key: per * made[key] if key in _FLOATING else made[key] for key in OFFER_MEASURES}


def _reach(matrix: TravelMatrix, sites: list[str], catchment_minutes: float) -> list[str]:
    """Say of every area whether a site is within the catchment, beyond it, or unreachable."""
    least = matrix.sites(sites).total_minutes.min(axis=1)  # site by site, as the measures read it
    words = np.where(within(least, catchment_minutes), "within", "beyond")
    return [str(w) for w in np.where(np.isfinite(least), words, "unreachable")]


def _offer_table(
    areas: pd.DataFrame, people: pd.DataFrame, catchment_minutes: float, unit: str, per: str
) -> pd.DataFrame:
    """Sum the areas up, one row a measure."""
    count = areas["count"].to_numpy(float)
    known = fifths(people.filter(["imd_fifth", "imd_decile"]), LSOAS_ENGLAND_2011)
    fifth = np.zeros(len(count)) if known is None else np.where(known == 1, count, 0.0)
    rows = []
    for key in OFFER_MEASURES:
        old, new = (areas[f"{key}_{when}"].to_numpy(float) for when in _WHEN)
        less = new < old - _LEAST * np.maximum(1.0, np.abs(old))
        rows.append(
            {
                "measure": key,
                "words": offer_words(key, catchment_minutes, unit),
                "unit": f"{unit} {per}" if key in _FLOATING else unit,
                "mean_before": weighted_mean(old, count),
                "mean_after": weighted_mean(new, count),
                "mean_change": weighted_mean(new - old, count),
                "most_have_before": weighted_quantile(old, count, _LOWEST),
                "most_have_after": weighted_quantile(new, count, _LOWEST),
                "deprived_before": weighted_mean(old, fifth),
                "deprived_after": weighted_mean(new, fifth),
                "none_before": float(count[old <= 0].sum()),
                "none_after": float(count[new <= 0].sum()),
                "less": float(count[less].sum()),
            }
        )
    return pd.DataFrame(rows)


def _people_per(offered: Mapping[str, float], count: NDArray[np.float64]) -> float:
    """Give of how many people a share is told: an offer to everybody alike is seen in it."""
    each = sum(offered.values()) / max(float(count.sum()), 1.0)
    return next((per for per in _PEOPLE if per * each >= _LEAST_SEEN), _PEOPLE[-1])


def _declared(catchment_minutes: float, decay_per_minute: float, per: float) -> tuple[str, ...]:
    """Say what was chosen, and what the shares leave out."""
    zones = [f"{catchment_minutes * z:.4g}" for z in _ZONES]
    return (
        f"a catchment is {limit_words(catchment_minutes)}; zones end at {listed(zones)} minutes "
        f"and weigh {listed([f'{w:g}' for w in _ZONE_WEIGHTS])} (Luo and Qi 2009)",
        f"by gravity a minute more counts {np.exp(-decay_per_minute):.3g} times: a declared "
        "choice, not an estimate",
        "offers are shared among those counted in the study; nobody from beyond it is counted",
        f"shares are per {per:,.0f} of those counted: over everybody they add up to what is "
        "offered, so that their means are alike by making; who has less is what they tell",
        "who reaches nothing has 0 and is in every mean",
    )


def _unused(
    areas: pd.DataFrame,
    supply: Sequence[Mapping[str, float]],
    matrices: Sequence[TravelMatrix],
    catchment_minutes: float,
    names: Mapping[str, str],
) -> tuple[str, ...]:
    """Name the sites whose catchment holds nobody: their offer is in no mean of shares."""
    lived = areas["count"].to_numpy(float) > 0
    told = []
    for when, offered, matrix in zip(_WHEN, supply, matrices, strict=True):
        own = list(offered)
        near = within(matrix.sites(own).total_minutes[lived].min(axis=0), catchment_minutes)
        far = [i for i, here in zip(own, near, strict=True) if not here]
        if far:
            told.append(f"within the catchment of nobody {when}: {listed(named(far, names))}")
    return tuple(told)

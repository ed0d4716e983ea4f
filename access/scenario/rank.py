"""Rank every way of closing sites, and say where a proposal stands among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from access.errors import ParameterError, ScenarioError
from access.measure.weights import LSOAS_ENGLAND_2011
from access.network.matrix import TravelMatrix
from access.scenario.enumerate import MAX_OPTIONS, Indices
from access.scenario.evaluate import CRITERIA, evaluate, sums
from access.scenario.joint import pair_criteria
from access.scenario.prepared import Floats
from access.scenario.ranking import Ranking
from access.scenario.service import Options, ServiceChoice, Yardstick, list_options
from access.scenario.standing import rank_table, stand

_GAP_NOTE = (
    "gap: mean minutes of the most deprived national fifth less those of the least deprived; "
    "less is better"
)
_ABSOLUTE_GAP_NOTE = "gap: mean minutes between the most and least deprived national fifths"
_WHY_NOT = {
    "weighted_mean": "weights are none (they need an imd_rank, income or weights column)",
    "gap": "demand has no families in both the most and the least deprived national fifth "
    "(it needs imd_decile or imd_rank)",
    "savings": "savings are not known for every site that may close",
}


def rank_closures(
    matrix: TravelMatrix,
    *,
    keep: int,
    demand: pd.DataFrame,
    proposal: Sequence[str] | object | None = None,
    weights: str | None = None,
    lam: float = 1.0,
    national_areas: int = LSOAS_ENGLAND_2011,
    median_income: float | None = None,
    threshold_minutes: float = 20.0,
    sites: Sequence[str] | None = None,
    always_open: Sequence[str] = (),
    never_close: Sequence[str] = (),
    localities: Mapping[str, str] | None = None,
    min_per_locality: int | Mapping[str, int] | None = None,
    savings: Mapping[str, float] | None = None,
    criteria: Sequence[str] | None = None,
    absolute_gap: bool = False,
    joint: ServiceChoice | None = None,
    shares: tuple[float, float] | None = None,
    names: Mapping[str, str] | None = None,
) -> Ranking:
    """List every way to keep some of the sites, and rank the proposal among them.

    Parameters
    ----------
    matrix : TravelMatrix
        Minutes to the baseline's sites (all its columns, unless `sites` says which).
    keep : int
        How many stay open.
    demand : DataFrame
        One row an area: ``id count`` and, for deprivation, ``imd_rank`` or ``imd_decile``.
    proposal : sequence of str or Scenario, optional
        Ids of the sites that the proposal keeps. A list of as many sites as close (and not as
        many as are kept) is read as the sites closed, and the notes say so.
    weights, lam, national_areas, median_income
        See `access.measure.deprivation_weights`.
    threshold_minutes : float
        For the share of families beyond it.
    sites : sequence of str, optional
        The baseline's sites, where the matrix holds others too.
    always_open : sequence of str
        Sites of the matrix that count but are nobody's to close, such as a neighbour's.
    never_close : sequence of str
        Sites of the baseline that every option keeps.
    localities : mapping of str to str, optional
        Locality of each site.
    min_per_locality : int or mapping of str to int, optional
        Least number of sites kept in every locality, or by locality.
    savings : mapping of str to float, optional
        Saved a year by closing each site; more is better. Needs a figure for every site that
        may close, else the criterion is left out.
    criteria : sequence of str, optional
        Some of ``mean weighted_mean p90 worst share_beyond gap savings``; by default all that
        the data support. The Pareto front is over these.
    absolute_gap : bool
        Take the gap between fifths whichever of them is better off.
    joint : ServiceChoice, optional
        A second service: every pair of options is ranked over the families of both.
    shares : tuple of float, optional
        With `joint`, what each service counts for as a whole; by default its families.
    names : mapping of str to str, optional
        Site names, for sentences.

    Returns
    -------
    Ranking

    Raises
    ------
    ParameterError
        If ids are unknown, demand does not match, or a criterion asked for is not supported.
    ScenarioError
        If the rules leave no option, the options are too many, or the proposal does not keep
        `keep` sites.

    Notes
    -----
    Families that no site reaches under any option are left out of the means, and count as
    beyond the threshold. An option that leaves anyone else unreached has mean, worst and gap
    ``inf``. The gap is the mean of the most deprived national fifth less that of the least
    deprived: less is better, so an option is not rewarded for lengthening poor families'
    trips. Quantiles as in `access.measure.distribution`. Values are rounded to 9 decimals, so
    that float noise breaks no tie.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12, 9], [9, 3, 30]],
    ...                               area_ids=["a", "b"], site_ids=["X", "Y", "Z"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [30, 10]})
    >>> ranking = rank_closures(m, keep=2, demand=demand, proposal=["X", "Z"])
    >>> ranking.table["mean"].tolist(), ranking.proposal["rank_mean"]
    ([7.5, 6.0, 4.5], 2)
    """
    asked = _asked(criteria)
    if weights is None and asked is not None and "weighted_mean" in asked:
        weights = "linear"
    yard = Yardstick(weights, lam, national_areas, median_income, threshold_minutes, absolute_gap)
    rules = (sites, always_open, never_close, localities, min_per_locality, savings)
    services = [list_options(ServiceChoice(matrix, keep, demand, proposal, *rules), yard)]
    if joint is not None:
        services.append(list_options(joint, yard))
    chosen, left_out = _supported(services, asked)
    count = int(np.prod([len(s.kept) for s in services]))
    if count > MAX_OPTIONS:
        raise ScenarioError(
            f"{count:,} joint options are too many to list (at most {MAX_OPTIONS:,}); "
            "name sites in never_close, or rank each service alone"
        )
    values = values_of(services, [s.kept for s in services], shares, absolute_gap)
    table = _table(services, values)
    rank_table(table, chosen, chosen)
    notes = [note for s in services for note in s.notes] + left_out
    if "gap" in chosen:
        notes.append(_ABSOLUTE_GAP_NOTE if absolute_gap else _GAP_NOTE)
    what = " and ".join(s.choice_words for s in services)
    return Ranking(
        table=table,
        proposal=_proposal(services, table, chosen, shares, absolute_gap),
        criteria=chosen,
        what=f"{count:,} way{'s' if count != 1 else ''} to keep {what}",
        mode=matrix.mode,
        names=dict(names or {}),
        notes=tuple(dict.fromkeys(notes)),
    )


def _asked(asked: Sequence[str] | None) -> tuple[str, ...] | None:
    if asked is None:
        return None
    listed = [asked] if isinstance(asked, str) else list(asked)
    unknown = [c for c in listed if c not in CRITERIA]
    if unknown or not listed:
        raise ParameterError(f"criteria {unknown} are not known; expected any of {list(CRITERIA)}")
    return tuple(c for c in CRITERIA if c in listed)


def _supported(
    services: Sequence[Options], asked: tuple[str, ...] | None
) -> tuple[tuple[str, ...], list[str]]:
    """Criteria to rank on, and what was left out and why."""
    supported = frozenset.intersection(*(s.supports for s in services))
    if asked is None:
        chosen = tuple(c for c in CRITERIA if c in supported)
        return chosen, [f"{c} left out: {_WHY_NOT[c]}" for c in CRITERIA if c not in supported]
    missing = [c for c in asked if c not in supported]
    if missing:
        raise ParameterError(
            "; ".join(f"criterion {c!r} cannot be given: {_WHY_NOT[c]}" for c in missing)
        )
    return asked, []


def values_of(
    services: Sequence[Options],
    kept: Sequence[Indices],
    shares: tuple[float, float] | None = None,
    absolute_gap: bool = False,
) -> dict[str, Floats]:
    """Give every criterion of options of one service, or of all pairs of two.

    Parameters
    ----------
    services : sequence of Options
        One or two.
    kept : sequence of ndarray
        Options of each.
    shares : tuple of float, optional
    absolute_gap : bool

    Returns
    -------
    dict of ndarray
    """
    if len(services) == 1:
        return evaluate(services[0].ready, kept[0], absolute_gap=absolute_gap)
    ready = (services[0].ready, services[1].ready)
    parts = (sums(ready[0], kept[0]), sums(ready[1], kept[1]))
    return pair_criteria(ready, parts, shares, absolute_gap=absolute_gap)


def _texts(ids: Sequence[str], rows: Indices) -> list[tuple[str, ...]]:
    return list(map(tuple, np.array(ids, dtype=object)[rows].tolist()))


def _table(services: Sequence[Options], values: Mapping[str, Floats]) -> pd.DataFrame:
    first = services[0]
    closed, kept = _texts(first.ids, first.closed), _texts(first.ids, first.kept)
    saved = first.savings
    for other in services[1:]:
        more_closed, more_kept = _texts(other.ids, other.closed), _texts(other.ids, other.kept)
        closed = [one + two for one in closed for two in more_closed]
        kept = [one + two for one in kept for two in more_kept]
        more = other.savings
        saved = None if saved is None or more is None else np.add.outer(saved, more).ravel()
    columns: dict[str, object] = {"closed": closed, "kept": kept}
    columns |= {c: values[c] for c in CRITERIA if c in values}
    if saved is not None:
        columns["savings"] = saved
    columns["unreached"] = values["unreached"]
    return pd.DataFrame(columns)


def _proposal(
    services: Sequence[Options],
    table: pd.DataFrame,
    chosen: tuple[str, ...],
    shares: tuple[float, float] | None,
    absolute_gap: bool,
) -> dict[str, object] | None:
    proposals = [s.proposal for s in services if s.proposal is not None]
    if not proposals:
        return None
    if len(proposals) < len(services):
        raise ParameterError("a joint ranking needs a proposal for both services, or for neither")
    rows = [s.row_of(kept) for s, kept in zip(services, proposals, strict=True)]
    row = {c: float(v[0]) for c, v in values_of(services, rows, shares, absolute_gap).items()}
    closed = tuple(
        i for s, kept in zip(services, proposals, strict=True) for i in s.ids if i not in kept
    )
    if "savings" in chosen:
        known = {i: value for s in services for i, value in s.site_savings.items()}
        row["savings"] = sum(known[i] for i in closed)
    option: int | None = 0
    for service, own in zip(services, rows, strict=True):
        where = np.flatnonzero((service.kept == own).all(axis=1))
        if option is not None:
            option = option * len(service.kept) + int(where[0]) if len(where) else None
    return {
        "closed": closed,
        "kept": tuple(i for kept in proposals for i in kept),
        "option": option,
        "allowed": option is not None,
        "unreached": row["unreached"],
        **stand(table, row, chosen, chosen, listed=option is not None),
    }

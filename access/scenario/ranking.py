"""Where a proposal stands among all alternatives: the result of a ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from access.arguments import (
    a,
    array,
    by_id,
    checked,
    flag,
    ids,
    number,
    optional,
    table,
    text,
    whole,
)
from access.display import html_answer
from access.errors import ParameterError, ScenarioError
from access.labels import criterion_value, criterion_words
from access.network.matrix import TravelMatrix
from access.scenario.criteria import _CRITERIA, SHOWN, Floats, _evaluate, _pair_criteria, _sums
from access.scenario.options import (
    MAX_OPTIONS,
    CriteriaSettings,
    Indices,
    Options,
    ServiceChoice,
    _kept_or_closed,
    _least,
    in_pounds,
    list_options,
)
from access.text import Claim, Said, joined, level_words, listed, named, place_of
from access.units import LSOAS_ENGLAND_2011

_Bools = NDArray[np.bool_]


def _competition_rank(values: ArrayLike) -> NDArray[np.int64]:
    """Rank with 1 as best; equals share the least rank (1, 2, 2, 4)."""
    given = np.asarray(values)
    order = np.argsort(given)
    rising = given[order]
    starts = np.arange(len(given))
    starts[1:][rising[1:] == rising[:-1]] = 0
    ranks = np.empty_like(starts)
    ranks[order] = np.maximum.accumulate(starts) + 1
    return ranks


def _pareto_front(columns: ArrayLike) -> _Bools:
    """Mark the rows that no other row dominates; less is better in every column.

    Row p dominates row q when p is at most q in every column and less in one. Equal rows do
    not dominate each other: both are on the front, or neither is.

    Parameters
    ----------
    columns : array_like, shape (options, criteria)
        ``inf`` allowed, ``nan`` not.

    Returns
    -------
    ndarray of bool, shape (options,)

    Examples
    --------
    >>> _pareto_front([[1, 5], [2, 2], [3, 3], [2, 2]]).tolist()
    [True, True, False, True]
    """
    table = np.asarray(columns, float)
    n, m = table.shape
    if n == 0 or m == 0:
        return np.ones(n, dtype=bool)
    return _front_of([_competition_rank(table[:, j]) for j in range(m)])


def _front_of(by_column: Sequence[NDArray[np.int64]]) -> _Bools:
    """Mark the rows that no other row dominates, by their ranks in every column."""
    ranks = np.column_stack(by_column).astype(np.int32)
    n, m = ranks.shape
    front = np.zeros(n, dtype=bool)
    # By the sum of ranks, nobody is dominated by a later one; so the first that is left stays.
    order = np.argsort(ranks.sum(axis=1, dtype=np.int64), kind="stable")
    left = np.ascontiguousarray(ranks[order].T)
    where = order
    while where.size:
        first = left[:, 0]
        front[where[0]] = True
        better = left[0] < first[0]
        same = left[0] == first[0]
        for j in range(1, m):
            better |= left[j] < first[j]
            same &= left[j] == first[j]
        front[where[same]] = True
        stay = better & ~same
        left, where = left[:, stay], where[stay]
    return front


def _dominating(columns: ArrayLike, row: ArrayLike) -> _Bools:
    """Mark the rows that dominate a given one."""
    table, one = np.asarray(columns, float), np.asarray(row, float)
    return np.asarray((table <= one).all(axis=1) & (table < one).any(axis=1))


_NEAR_TIES = {"1pct": 0.01, "5pct": 0.05}


def _least_is_best(criterion: str, values: np.ndarray) -> np.ndarray:
    """Turn a criterion's values so that less is better."""
    return -values if criterion == "savings" else values


def _near(values: np.ndarray, within: float) -> np.ndarray:
    """Mark values within a share of the least one."""
    least = values.min()
    if not np.isfinite(least):
        return np.zeros(len(values), dtype=bool)
    near: np.ndarray = values <= least + within * abs(least) + 1e-9
    return near


def _ranked(options: Mapping[str, Any], criteria: tuple[str, ...]) -> dict[str, Any]:
    """Give the columns of options with their ranks, and the Pareto front of these."""
    ranks = {
        c: _competition_rank(_least_is_best(c, np.asarray(options[c], float))) for c in criteria
    }
    front = _front_of(list(ranks.values()))
    return {**options, **{f"rank_{c}": ranks[c] for c in criteria}, "on_front": front}


def _stand(
    table: pd.DataFrame,
    row: Mapping[str, float],
    criteria: tuple[str, ...],
    front_on: tuple[str, ...],
    *,
    listed: bool = True,
) -> dict[str, Any]:
    """Say where one option stands among all."""
    out: dict[str, Any] = {"options": len(table)}
    for c in criteria:
        values = _least_is_best(c, table[c].to_numpy(float))
        own = float(_least_is_best(c, np.asarray(row[c], float)))
        worse, level = int((values > own).sum()), int((values == own).sum())
        others = max(len(values) - int(listed), 1)
        least = values.min()
        out[c] = float(row[c]) if np.isfinite(row[c]) else None
        out[f"rank_{c}"] = int((values < own).sum()) + 1
        out[f"tied_{c}"] = max(level - int(listed), 0)
        out[f"percentile_{c}"] = 100.0 * worse / others
        regret = own - least if np.isfinite(own) else np.nan
        out[f"regret_{c}"] = float(regret) if np.isfinite(regret) else None
        for name, within in _NEAR_TIES.items():
            out[f"near_ties_{name}_{c}"] = max(int(_near(values, within).sum()) - 1, 0)
            limit = least + within * abs(least) + 1e-9
            out[f"within_{name}_{c}"] = bool(np.isfinite(own) and own <= limit)
    columns = np.column_stack([_least_is_best(c, table[c].to_numpy(float)) for c in front_on])
    own_row = [float(_least_is_best(c, np.asarray(row[c], float))) for c in front_on]
    out["dominated_by"] = int(_dominating(columns, own_row).sum())
    out["on_front"] = out["dominated_by"] == 0
    return out


#: Words for each criterion, as sentences use them.


@dataclass(frozen=True, eq=False)
class Ranking:
    """Every alternative with its criteria and ranks, and where the proposal stands.

    Parameters
    ----------
    table : DataFrame
        One row an option, ordered by the sites closed: ``closed kept`` (tuples of ids), each
        criterion, ``unreached`` (families), ``rank_*`` and ``on_front``.
    proposal : dict or None
        ``closed kept option allowed on_front dominated_by options`` and, for each criterion c,
        ``c rank_c tied_c percentile_c regret_c near_ties_1pct_c near_ties_5pct_c within_1pct_c
        within_5pct_c``.
    criteria : tuple of str
        Those that the data support (or that were asked for).
    what : str
        The choice in words: ``"220 ways to keep 9 of 12"``.
    mode : str
    names : dict
    notes : tuple of str
    threshold_minutes : float or None
        Of the share beyond it.

    Notes
    -----
    Rank 1 is best, equals share the least rank. Tied: how many other options share it.
    Percentile: the share (0-100) of the other options that are strictly worse. Regret: how much
    worse than the best option, in the criterion's unit. Near ties: how many options other than
    the best are within 1 % (5 %) of the best value. Within: whether the proposal is.
    """

    table: pd.DataFrame
    proposal: dict[str, Any] | None
    criteria: tuple[str, ...]
    what: str
    mode: str
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    threshold_minutes: float | None = None

    @property
    def front(self) -> pd.DataFrame:
        """Options that no other beats everywhere, the best by the first criterion first."""
        rows = self.table[self.table["on_front"]]
        return rows.sort_values(f"rank_{self.criteria[0]}", kind="stable").reset_index(drop=True)

    def best(self, criterion: str = "mean") -> pd.Series:
        """Best option on a criterion; of equals, the first by the ids closed.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        Series
            A row of `table`.

        Raises
        ------
        ParameterError
            If the criterion is not one of this ranking.
        """
        self._check(criterion)
        return self.table.iloc[int(self.table[f"rank_{criterion}"].to_numpy().argmin())]

    def near_ties(self, criterion: str = "mean", within: float = 0.01) -> pd.DataFrame:
        """List options within a share of the best value, the best first.

        Parameters
        ----------
        criterion : str
        within : float
            0.01 is one in a hundred of the best value.

        Returns
        -------
        DataFrame
            Rows of `table`.

        Raises
        ------
        ParameterError
            If the criterion is not one of this ranking, or `within` is negative.
        """
        self._check(criterion)
        if not within >= 0:
            raise ParameterError(f"within={within!r}; expected 0 or more")
        close = _near(_least_is_best(criterion, self.table[criterion].to_numpy(float)), within)
        return self.table[close].sort_values(f"rank_{criterion}", kind="stable")

    def place(self, criterion: str, *, others: bool = True) -> str:
        """Write the proposal's place on a criterion; one that others share is called joint.

        Parameters
        ----------
        criterion : str
        others : bool
            Say how many share it.

        Returns
        -------
        str
            ``"joint 1st (with 110 others)"``.

        Raises
        ------
        ParameterError
            If the criterion is not one of this ranking, or there is no proposal.
        """
        self._check(criterion)
        if self.proposal is None:
            raise ParameterError("the ranking has no proposal to place; expected proposal=ids")
        p = self.proposal
        return place_of(p[f"rank_{criterion}"], p[f"tied_{criterion}"], others=others)

    def _check(self, criterion: str) -> None:
        if criterion not in self.criteria:
            raise ParameterError(
                f"criterion {criterion!r} is not in this ranking; expected any of "
                f"{list(self.criteria)}"
            )

    def to_frame(self) -> pd.DataFrame:
        """Give the table with ids as text, ready for a file.

        Returns
        -------
        DataFrame
            ``closed`` and ``kept`` as ids parted by a blank.
        """
        out = self.table.copy()
        for column in ("closed", "kept"):
            out[column] = [" ".join(ids) for ids in out[column]]
        return out

    def sentence(self) -> Said:
        """Say where the proposal stands, in words that can be read aloud.

        Returns
        -------
        Said
            With what it claims as data.
        """
        if self.proposal is None:
            best = self._best_words()
            return Said(f"Of {self.what}, closing {best}.", [self._options_claim(), *best.claims])
        p = self.proposal
        places = listed([f"{self.place(c)} by {self.words(c)}" for c in self.criteria])
        closed = listed(named(p["closed"], self.names), none="nothing")
        of = "Of" if p["allowed"] else "Set beside"  # one that breaks a rule is none of them
        where = Said(
            f"{of} {self.what}, the proposal (closing {closed}) is {places}.",
            [self._options_claim()]
            + [Claim(f"rank:{c}", "rank", (p[f"rank_{c}"], p[f"tied_{c}"])) for c in self.criteria],
        )
        return joined([where, joined([self._against_the_best(p), self._beaten_words(p)], "; ")])

    def _options_claim(self) -> Claim:
        return Claim("options", "is", (float(len(self.table)),))

    def _best_words(self) -> Said:
        """Say what the best by the first criterion closes, and how many are as good."""
        first = self.criteria[0]
        best = self.best(first)
        level = int((self.table[f"rank_{first}"] == 1).sum()) - 1
        closes = listed(named(best["closed"], self.names), none="nothing")
        value = criterion_value(first, best[first])
        text = f"{closes} is best by {self.words(first)} ({value}{level_words(level)})"
        claims = [Claim(f"least:{first}", "is", (float(best[first]),)),
                  Claim(f"level:{first}", "is", (float(level),))]  # fmt: skip
        return Said(text, claims)

    def _against_the_best(self, p: Mapping[str, Any]) -> Said:
        """Set the proposal beside the best by the first criterion."""
        first = self.criteria[0]
        best, by, regret = self.best(first), self.words(first), p[f"regret_{first}"]
        if p[f"rank_{first}"] == 1:
            return Said(f"None is better by {by}", [Claim(f"rank:{first}", "best", (1.0,))])
        value = criterion_value(first, best[first])
        claims = [Claim(f"least:{first}", "is", (float(best[first]),))]
        own = "some people no longer reach any site"
        if regret is not None:
            than = "less" if first == "savings" else "more"
            own = f"{criterion_value(first, regret)} {than}"
            claims.append(Claim(f"regret:{first}", "is", (float(regret),)))
        level = level_words(int((self.table[f"rank_{first}"] == 1).sum()) - 1)
        closes = listed(named(best["closed"], self.names), none="nothing")
        return Said(f"The best by {by} closes {closes} ({value}{level}; the proposal: {own})",
                    claims)  # fmt: skip

    def _beaten_words(self, p: Mapping[str, Any]) -> Said:
        """Say how many options are as good on every criterion and better on one."""
        count = int(p["dominated_by"])
        claims = [Claim("dominating", "is" if count else "none", (float(count),))]
        many = "no option is"
        if count:
            many = f"{count:,} option{' is' if count == 1 else 's are'}"
        return Said(f"{many} at least as good on every count and better on one.", claims)

    def words(self, criterion: str) -> str:
        """Name a criterion of this ranking in plain words."""
        return criterion_words(criterion, self.mode, self.threshold_minutes)

    def _rows(self) -> list[list[str]]:
        rows = []
        for c in self.criteria:
            best = self.best(c)
            row = [self.words(c), criterion_value(c, best[c]), " ".join(best["closed"])]
            if self.proposal is not None:
                row += [criterion_value(c, self.proposal[c]), self.place(c)]
            rows.append(row)
        return rows

    def _head(self) -> list[str]:
        head = ["criterion", "best", "best closes"]
        return head + (["proposal", f"rank of {len(self.table):,}"] if self.proposal else [])

    def __repr__(self) -> str:
        table = pd.DataFrame(self._rows(), columns=self._head())
        return f"{self.sentence()}\n{table.to_string(index=False)}"

    def _repr_html_(self) -> str:
        return html_answer(self.sentence(), self._head(), self._rows(), notes=self.notes)


_GAP_NOTE = (
    "gap: mean minutes of the most deprived national fifth less those of the least deprived; "
    "shown, and not ranked by: it also falls when the least deprived lose"
)
_ABSOLUTE_GAP_NOTE = "gap: mean minutes between the most and least deprived national fifths"
_NO_FIFTH = (
    "demand has no people in the most deprived national fifth (it needs imd_decile or imd_rank)"
)
_WHY_NOT = {
    "weighted_mean": "weights are none (they need an imd_rank, income or weights column)",
    "deprived_mean": _NO_FIFTH,
    "deprived_moved": _NO_FIFTH,
    "deprived_p90": _NO_FIFTH,
    "gap": "demand has no people in both the most and the least deprived national fifth "
    "(it needs imd_decile or imd_rank)",
    "savings": "savings are not known for every site that may close",
}


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    keep=whole(1),
    demand=table(),
    proposal=optional(_kept_or_closed),
    weights=optional(text),
    lam=number(0, 1000),
    national_areas=whole(2),
    median_income=optional(number(0, above=True)),
    threshold_minutes=number(0),
    sites=optional(ids),
    always_open=ids,
    never_close=ids,
    localities=optional(by_id(text)),
    min_per_locality=optional(_least),
    savings=optional(by_id()),
    criteria=optional(ids),
    absolute_gap=flag,
    joint=optional(a(ServiceChoice, expected="a ServiceChoice")),
    shares=optional(array(unknown=False)),
    names=optional(by_id(text)),
)
def rank_closures(
    matrix: TravelMatrix,
    *,
    keep: int,
    demand: pd.DataFrame,
    proposal: Sequence[str] | Mapping[str, Sequence[str]] | object | None = None,
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
    proposal : sequence of str, ``{"kept": ids}``, ``{"closed": ids}`` or Scenario, optional
        Ids of the sites that the proposal keeps. A list of as many sites as close (and not as
        many as are kept) is read as the sites closed, and the notes say so; where as many close
        as are kept, it is read as those kept, and the notes ask for one by name.
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
        Some of ``mean weighted_mean deprived_mean deprived_moved deprived_p90 p90 worst
        share_beyond savings gap``; by default all that the data support but the gap, which is
        shown and not ranked by. The Pareto front is over these.
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
        If ids are unknown, demand does not match, a criterion asked for is not supported, or
        `shares` are given without `joint`.
    ScenarioError
        If the rules leave no option, the options are too many, or the proposal does not keep
        `keep` sites.

    Notes
    -----
    Families that no site reaches under any option are left out of the means, and count as
    beyond the threshold. An option that leaves anyone else unreached has mean, worst and gap
    ``inf``. ``deprived_mean``, ``deprived_p90`` and ``deprived_moved`` (the share with
    further to go than with every site open) are of families in the most deprived national
    fifth alone. The gap is the mean of that fifth less that of the least deprived; it falls
    too when the least deprived lose, so it is ranked by only where `criteria` names it.
    Quantiles as in `access.measure.distribution`. Values are rounded to 9 decimals, so that
    float noise breaks no tie.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12, 9], [9, 3, 30]],
    ...                               area_ids=["a", "b"], site_ids=["X", "Y", "Z"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [30, 10]})
    >>> ranking = rank_closures(m, keep=2, demand=demand, proposal=["X", "Z"])
    >>> ranking.table["mean"].tolist(), ranking.proposal["rank_mean"]
    ([7.5, 6.0, 4.5], 2)
    """
    if shares is not None and joint is None:
        raise ParameterError("shares weigh two services; expected joint beside them, or no shares")
    asked = _asked(criteria)
    if weights is None and asked is not None and "weighted_mean" in asked:
        weights = "linear"
    yard = CriteriaSettings(
        weights, lam, national_areas, median_income, threshold_minutes, absolute_gap
    )
    rules = (sites, always_open, never_close, localities, min_per_locality, savings)
    services = [list_options(ServiceChoice(matrix, keep, demand, proposal, *rules), yard)]
    if joint is not None:
        services.append(list_options(joint, yard))
    chosen, left_out = supported(services, asked)
    count = int(np.prod([len(s.kept) for s in services]))
    if count > MAX_OPTIONS:
        raise ScenarioError(
            f"{count:,} joint options are too many to list (at most {MAX_OPTIONS:,}); "
            "name sites in never_close, or rank each service alone"
        )
    values = _values_of(services, [s.kept for s in services], shares, absolute_gap)
    table = pd.DataFrame(_ranked(_columns(services, values), chosen))
    notes = [note for s in services for note in s.notes] + left_out
    if "gap" in table:
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
        threshold_minutes=threshold_minutes,
    )


def _asked(asked: Sequence[str] | None) -> tuple[str, ...] | None:
    if asked is None:
        return None
    listed = [asked] if isinstance(asked, str) else list(asked)
    unknown = [c for c in listed if c not in (*_CRITERIA, *SHOWN)]
    if not listed:
        raise ParameterError(f"criteria is empty; expected any of {[*_CRITERIA, *SHOWN]}")
    if unknown:
        raise ParameterError(
            f"criteria {unknown} are not known; expected any of {[*_CRITERIA, *SHOWN]}"
        )
    return tuple(c for c in (*_CRITERIA, *SHOWN) if c in listed)


def supported(
    services: Sequence[Options], asked: tuple[str, ...] | None
) -> tuple[tuple[str, ...], list[str]]:
    """Criteria to rank on, and what was left out and why."""
    supported = frozenset.intersection(*(s.supports for s in services))
    if asked is None:
        chosen = tuple(c for c in _CRITERIA if c in supported)
        return chosen, [f"{c} left out: {_WHY_NOT[c]}" for c in _CRITERIA if c not in supported]
    missing = [c for c in asked if c not in supported]
    if missing:
        raise ParameterError(
            "; ".join(f"criterion {c!r} cannot be given: {_WHY_NOT[c]}" for c in missing)
        )
    return asked, []


def _values_of(
    services: Sequence[Options],
    kept: Sequence[Indices],
    shares: tuple[float, float] | None = None,
    absolute_gap: bool = False,
) -> dict[str, Floats]:
    """Give every criterion of options of one service, or of all pairs of two."""
    if len(services) == 1:
        return _evaluate(services[0].ready, kept[0], absolute_gap=absolute_gap)
    ready = (services[0].ready, services[1].ready)
    parts = (_sums(ready[0], kept[0]), _sums(ready[1], kept[1]))
    return _pair_criteria(ready, parts, shares, absolute_gap=absolute_gap)


def _texts(ids: Sequence[str], rows: Indices) -> tuple[tuple[str, ...], ...]:
    return tuple(map(tuple, np.array(ids, dtype=object)[rows].tolist()))


@lru_cache(maxsize=2)
def _both(
    first: tuple[tuple[str, ...], ...], second: tuple[tuple[str, ...], ...]
) -> tuple[tuple[str, ...], ...]:
    """Name the sites of every pair of options; in every mode they are the same, kept once."""
    return tuple(one + two for one in first for two in second)


def _columns(services: Sequence[Options], values: Mapping[str, Floats]) -> dict[str, Any]:
    """Give what closes, what is kept, and every criterion, of each option."""
    first = services[0]
    closed, kept = _texts(first.ids, first.closed), _texts(first.ids, first.kept)
    saved = first.savings
    for other in services[1:]:
        more_closed, more_kept = _texts(other.ids, other.closed), _texts(other.ids, other.kept)
        closed, kept = _both(closed, more_closed), _both(kept, more_kept)
        more = other.savings
        if saved is not None:
            saved = None if more is None else in_pounds(np.add.outer(saved, more).ravel())
    columns: dict[str, Any] = {"closed": list(closed), "kept": list(kept)}
    columns |= {c: values[c] for c in (*_CRITERIA, *SHOWN) if c in values}
    if saved is not None:
        columns["savings"] = saved
    columns["unreached"] = values["unreached"]
    return columns


def _placed(table: pd.DataFrame, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Give what a proposal's place is told of: the criteria, and what is shown beside them."""
    return (*chosen, *(c for c in SHOWN if c in table and c not in chosen))


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
    row = {c: float(v[0]) for c, v in _values_of(services, rows, shares, absolute_gap).items()}
    closed = tuple(
        i for s, kept in zip(services, proposals, strict=True) for i in s.ids if i not in kept
    )
    if "savings" in chosen:
        saved = [s.saved_by(kept)[0] for s, kept in zip(services, rows, strict=True)]
        row["savings"] = float(in_pounds(sum(saved)))
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
        **_stand(table, row, _placed(table, chosen), chosen, listed=option is not None),
    }

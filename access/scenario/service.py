"""One service with its rules: read, checked, and all its options listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from access.errors import ScenarioError
from access.measure.demand import align_demand
from access.measure.weights import LSOAS_ENGLAND_2011, Weights, deprivation_weights
from access.network.matrix import TravelMatrix, positions
from access.scenario.enumerate import Indices, complement, kept_options
from access.scenario.prepared import Floats, Prepared, fifths, prepare
from access.scenario.readings import read_proposal, read_savings


@dataclass(frozen=True, eq=False)
class ServiceChoice:
    """A service to be ranked: its matrix, demand and rules.

    Parameters
    ----------
    matrix : TravelMatrix
    keep : int
    demand : DataFrame
    proposal, sites, always_open, never_close, localities, min_per_locality, savings
        As in `access.rank_closures`.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12]], area_ids=["a"], site_ids=["X", "Y"])
    >>> ServiceChoice(m, 1, pd.DataFrame({"id": ["a"], "count": [30]})).keep
    1
    """

    matrix: TravelMatrix
    keep: int
    demand: pd.DataFrame
    proposal: Sequence[str] | object | None = None
    sites: Sequence[str] | None = None
    always_open: Sequence[str] = ()
    never_close: Sequence[str] = ()
    localities: Mapping[str, str] | None = None
    min_per_locality: int | Mapping[str, int] | None = None
    savings: Mapping[str, float] | None = None


@dataclass(frozen=True, eq=False)
class Yardstick:
    """What options are measured by, the same for every service.

    Parameters
    ----------
    weights, lam, national_areas, median_income
        See `access.measure.deprivation_weights`.
    threshold_minutes : float
    absolute_gap : bool
    """

    weights: str | None = None
    lam: float = 1.0
    national_areas: int = LSOAS_ENGLAND_2011
    median_income: float | None = None
    threshold_minutes: float = 20.0
    absolute_gap: bool = False

    def weigh(self, demand: pd.DataFrame) -> Weights:
        """Make the weights of an aligned demand table.

        Parameters
        ----------
        demand : DataFrame

        Returns
        -------
        Weights

        Raises
        ------
        ParameterError
            If the demand lacks what they need.
        """
        return deprivation_weights(
            demand,
            self.weights,
            lam=self.lam,
            national_areas=self.national_areas,
            median_income=self.median_income,
        )


@dataclass(frozen=True, eq=False)
class Options:
    """One service with all its options listed and its numbers ready.

    Parameters
    ----------
    ids : tuple of str
        Sites that may be kept or closed, sorted.
    kept, closed : ndarray of int
        One row an option, positions in `ids`.
    ready : Prepared
    demand : DataFrame
        Aligned.
    weights : Weights
    proposal : tuple of str or None
        Ids kept.
    site_savings : dict
    notes : tuple of str
    supports : frozenset of str
        Criteria that the data can bear.
    """

    ids: tuple[str, ...]
    kept: Indices
    closed: Indices
    ready: Prepared
    demand: pd.DataFrame
    weights: Weights
    proposal: tuple[str, ...] | None
    site_savings: Mapping[str, float]
    notes: tuple[str, ...]
    supports: frozenset[str]

    @property
    def choice_words(self) -> str:
        """``"9 of 12"``."""
        return f"{self.kept.shape[1]} of {len(self.ids)}"

    @property
    def savings(self) -> Floats | None:
        """Saved a year by every option; ``nan`` where not known; ``None`` without any figure."""
        if not self.site_savings:
            return None
        figures = np.array([self.site_savings.get(i, np.nan) for i in self.ids])
        return figures[self.closed].sum(axis=1)

    def row_of(self, kept: Sequence[str]) -> Indices:
        """Positions of kept ids, as one option.

        Parameters
        ----------
        kept : sequence of str

        Returns
        -------
        ndarray of int, shape (1, keep)
        """
        return np.sort(positions(self.ids, kept, "site"))[None, :]


def list_options(choice: ServiceChoice, yardstick: Yardstick) -> Options:
    """Check a service's choice and list its options.

    Parameters
    ----------
    choice : ServiceChoice
    yardstick : Yardstick

    Returns
    -------
    Options

    Raises
    ------
    ParameterError
        If ids, demand, weights, savings or the proposal cannot be used.
    ScenarioError
        If the rules leave no option, or the proposal keeps another number of sites.
    """
    matrix = choice.matrix
    always = sorted({str(i) for i in choice.always_open})
    listed = choice.sites if choice.sites is not None else matrix.site_ids
    ids = tuple(sorted({str(i) for i in listed} - set(always)))
    if not ids:
        raise ScenarioError("no site may be kept or closed; expected at least one in the baseline")
    kept = kept_options(
        ids,
        choice.keep,
        never_close=choice.never_close,
        localities=choice.localities,
        min_per_locality=choice.min_per_locality,
    )
    aligned = align_demand(choice.demand, matrix.area_ids)
    weights = yardstick.weigh(aligned)
    ready = prepare(
        matrix.total_minutes[:, positions(matrix.site_ids, ids, "site")],
        aligned["count"].to_numpy(float),
        weights.per_family,
        fifths(aligned, yardstick.national_areas),
        threshold_minutes=yardstick.threshold_minutes,
        always_minutes=matrix.total_minutes[:, positions(matrix.site_ids, always, "site")],
    )
    closed = complement(kept, len(ids))
    savings = read_savings(choice.savings, ids)
    proposal, read = read_proposal(choice.proposal, ids, choice.keep, set(always))
    may_close = {ids[j] for j in np.unique(closed)}
    may_close |= set(ids) - set(ids if proposal is None else proposal)
    unknown = sorted(may_close - set(savings))
    notes = [weights.note, *matrix.assumptions, *read]
    if savings and unknown:
        notes.append(f"savings are not known for {', '.join(unknown)}")
    if always:
        notes.append(f"open in every option: {', '.join(always)}")
    if ready.never_reached:
        notes.append(
            f"{ready.never_reached:,.0f} families that no site reaches are in no mean; they count "
            "as beyond the threshold"
        )
    supports = _supports(ready, weights, bool(savings) and not unknown)
    return Options(
        ids, kept, closed, ready, aligned, weights, proposal, savings, tuple(notes), supports
    )


def _supports(ready: Prepared, weights: Weights, savings_known: bool) -> frozenset[str]:
    supports = {"mean", "p90", "worst", "share_beyond"}
    if weights.name != "none":
        supports.add("weighted_mean")
    if savings_known:
        supports.add("savings")
    if len(ready.totals) == 4 and ready.totals[2] > 0 and ready.totals[3] > 0:
        supports.add("gap")
    return frozenset(supports)

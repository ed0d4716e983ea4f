"""Weights side by side, and the exact lambda at which the best choice changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from access.arguments import (
    a,
    by_id,
    checked,
    ids,
    number,
    optional,
    table,
    text,
    whole,
)
from access.display import records
from access.errors import ParameterError
from access.network.matrix import TravelMatrix
from access.scenario.criteria import _evaluate, _sums
from access.scenario.options import (
    CriteriaSettings,
    Options,
    ServiceChoice,
    _kept_or_closed,
    _least,
    list_options,
)
from access.text import Claim, Said, listed, named
from access.units import LSOAS_ENGLAND_2011

_NEAR = 1e-9


@dataclass(frozen=True, eq=False)
class Switching:
    """Which option has the best deprivation-weighted mean, for every lambda from 0 upward.

    Parameters
    ----------
    table : DataFrame
        One row a stretch of lambda, in order: ``lam_from lam_to`` (``inf`` at the end)
        ``closed kept``.
    proposal : DataFrame or None
        ``lam_from lam_to rank`` of the proposal.
    names : dict
    notes : tuple of str
    instead_of : str
        The weights of the question's ranking, where they are not linear: this answers for linear
        weights whatever they are, and says so.
    """

    table: pd.DataFrame
    proposal: pd.DataFrame | None
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    instead_of: str = ""

    @property
    def lambdas(self) -> tuple[float, ...]:
        """Lambdas at which the best option changes."""
        return tuple(self.table["lam_from"].to_numpy(float)[1:].tolist())

    def sentence(self) -> Said:
        """Say when the best choice changes.

        Returns
        -------
        Said
            With what it claims as data.
        """
        said = self._plain_sentence()
        if self.instead_of:
            return Said(f"{self.scheme_words()}: {said}", said.claims)
        return said

    def claims(self) -> list[Claim]:
        """Give each stretch of lambda with the set that no other beats there, as data."""
        return [
            Claim(f"best_at:{' '.join(r['kept'])}", "best", (r["lam_from"], r["lam_to"]))
            for r in records(self.table)
        ]

    def scheme_words(self) -> str:
        """Say for which weights this answers, where the ranking has others.

        Returns
        -------
        str
            Empty where the ranking's weights are linear.
        """
        if not self.instead_of:
            return ""
        own = "counts all alike" if self.instead_of == "none" else f"weighs by {self.instead_of}"
        return f"For linear weights by deprivation, though the ranking {own}"

    def _plain_sentence(self) -> Said:
        closes = [listed(named(ids, self.names), none="nothing") for ids in self.table["closed"]]
        if not self.lambdas:
            text = f"No set has a shorter mean than closing {closes[0]}, however much deprivation "
            return Said(f"{text}counts.", self.claims())
        parts = [f"Unweighted, no set has a shorter mean than closing {closes[0]}"]
        for lam, names in zip(self.lambdas, closes[1:], strict=True):
            parts.append(f"from lambda {lam:.3g} on, than closing {names}")
        return Said("; ".join(parts) + ".", self.claims())

    def __repr__(self) -> str:
        return f"{self.sentence()}\n{self.table.to_string(index=False)}"


def _lower_envelope(base: np.ndarray, slope: np.ndarray) -> list[tuple[float, int]]:
    """Find which of many lines ``base + lam * slope`` is least, for every lam from 0."""
    scale = max(float(np.abs(base).max()), 1.0) * 1e-12
    least = np.flatnonzero(base <= base.min() + scale)
    line = int(least[np.argmin(slope[least])])
    out, lam = [(0.0, line)], 0.0
    while True:
        flatter = np.flatnonzero(slope < slope[line] - scale)
        if not flatter.size:
            return out
        cross = (base[flatter] - base[line]) / (slope[line] - slope[flatter])
        lam = max(lam, float(cross.min()))
        meets = flatter[cross <= cross.min() * (1 + 1e-12) + 1e-15]
        line = int(meets[np.argmin(slope[meets])])
        out.append((lam, line))


def _rank_by_lambda(base: np.ndarray, slope: np.ndarray, own: int) -> pd.DataFrame:
    """Rank of one line among all, between the lambdas where it crosses another."""
    near = _NEAR * max(abs(base[own]), 1.0)
    # float noise makes no line of another steepness, which would cross far out, nor a lead
    lead, rise = (np.where(np.abs(v - v[own]) > near, v - v[own], 0.0) for v in (base, slope))
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = -lead / rise
    cuts = np.unique(cross[np.isfinite(cross) & (cross > 0)])
    cuts = cuts[np.diff(cuts, prepend=0.0) > _NEAR * np.maximum(cuts, 1.0)]
    edges = [0.0, *cuts.tolist(), float("inf")]
    ranks: list[list[Any]] = []
    for low, high in pairwise(edges):
        inside = low + min(1.0, (high - low) / 2)
        rank = int((lead + inside * rise < 0).sum()) + 1
        if ranks and ranks[-1][2] == rank:
            ranks[-1][1] = high
        else:
            ranks.append([low, high, rank])
    return pd.DataFrame(ranks, columns=["lam_from", "lam_to", "rank"])


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    keep=whole(1),
    demand=table(),
    proposal=optional(_kept_or_closed),
    weights=optional(text),
    national_areas=whole(2),
    names=optional(by_id(text)),
    sites=optional(ids),
    always_open=ids,
    never_close=ids,
    localities=optional(by_id(text)),
    min_per_locality=optional(_least),
    savings=optional(by_id()),
)
def switching_values(
    matrix: TravelMatrix,
    *,
    keep: int,
    demand: pd.DataFrame,
    proposal: Sequence[str] | object | None = None,
    weights: str | None = None,
    national_areas: int = LSOAS_ENGLAND_2011,
    names: Mapping[str, str] | None = None,
    **rules: Any,
) -> Switching:
    """Find every lambda of the linear weights at which the best option changes.

    Parameters
    ----------
    matrix, keep, demand, proposal, national_areas, names
        As in `access.rank_closures`; demand needs ``imd_rank``.
    weights : str, optional
        Those of the ranking. The answer is for linear weights whatever they are, and says so.
    **rules
        ``sites always_open never_close localities min_per_locality``, as there.

    Returns
    -------
    Switching

    Raises
    ------
    ParameterError
        If demand has no ranks, or every option leaves some family unreached.
    ScenarioError
        As in `access.rank_closures`.

    Notes
    -----
    With weights 1 + lambda * d the weighted total of an option is a straight line in lambda,
    and the families' total weight is the same for all: the best options are the lower
    envelope of the lines, found crossing by crossing, not by trying lambdas.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12], [9, 4]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 20], "imd_rank": [1, 32844]})
    >>> switching_values(m, keep=1, demand=demand).lambdas
    (0.428...,)
    """
    choice = ServiceChoice(matrix, keep, demand, proposal, **rules)
    options = list_options(choice, CriteriaSettings("linear", 1.0, national_areas))
    total = _sums(options.ready, options.kept)
    reached = np.flatnonzero(total.unreached[:, 0] == 0)
    if not reached.size:
        raise ParameterError("every option leaves some family unreached, so none has a mean")
    base = total.minutes[reached, 0]
    slope = total.minutes[reached, 1] - base
    steps = _lower_envelope(base, slope)
    lams = [lam for lam, _ in steps]
    ids = np.array(options.ids, dtype=object)
    lines = reached[[line for _, line in steps]]
    table = pd.DataFrame(
        {
            "lam_from": lams,
            "lam_to": [*lams[1:], float("inf")],
            "closed": [tuple(ids[options.closed[i]]) for i in lines],
            "kept": [tuple(ids[options.kept[i]]) for i in lines],
        }
    )
    left_out = len(options.kept) - reached.size
    many = "one option that leaves" if left_out == 1 else f"{left_out:,} options that leave"
    notes = [f"{many} people unreached take{'s' if left_out == 1 else ''} no part"] * bool(left_out)
    return Switching(
        table=table,
        proposal=_proposal_ranks(options, reached, base, slope),
        names=dict(names or {}),
        notes=tuple(notes),
        instead_of="" if weights in (None, "linear") else str(weights).replace("_", " "),
    )


def _proposal_ranks(
    options: Options, reached: np.ndarray, base: np.ndarray, slope: np.ndarray
) -> pd.DataFrame | None:
    if options.proposal is None:
        return None
    row = options.row_of(options.proposal)
    own = _sums(options.ready, row)
    if own.unreached[0, 0] > 0:
        return None
    where = np.flatnonzero((options.kept[reached] == row).all(axis=1))
    if where.size:
        return _rank_by_lambda(base, slope, int(where[0]))
    mine = own.minutes[0]
    both = (np.append(base, mine[0]), np.append(slope, mine[1] - mine[0]))
    return _rank_by_lambda(*both, len(base))


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    keep=whole(1),
    demand=table(),
    proposal=optional(_kept_or_closed),
    weights=optional(text),
    lam=number(0, 1000),
    national_areas=whole(2),
    median_income=optional(number(0, above=True)),
    sites=optional(ids),
    always_open=ids,
    never_close=ids,
    localities=optional(by_id(text)),
    min_per_locality=optional(_least),
    savings=optional(by_id()),
)
def weights_side_by_side(
    matrix: TravelMatrix,
    *,
    keep: int,
    demand: pd.DataFrame,
    proposal: Sequence[str] | object | None = None,
    weights: str | None = None,
    lam: float = 1.0,
    national_areas: int = LSOAS_ENGLAND_2011,
    median_income: float | None = None,
    **rules: Any,
) -> pd.DataFrame:
    """Set the best option and the proposal side by side under each choice of weights.

    Parameters
    ----------
    matrix, keep, demand, proposal, lam, national_areas, median_income
        As in `access.rank_closures`.
    weights : str, optional
        Those of the ranking, which are shown too where they are a column of demand.
    **rules
        ``sites always_open never_close localities min_per_locality``, as there.

    Returns
    -------
    DataFrame
        One row a choice that demand supports (none, linear, Green Book, the column): ``weights note
        best_closed best_mean``, and with a proposal ``proposal_mean proposal_rank
        proposal_tied proposal_regret``.

    Raises
    ------
    ParameterError, ScenarioError
        As in `access.rank_closures`.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12], [9, 4]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 20], "imd_rank": [1, 32844]})
    >>> weights_side_by_side(m, keep=1, demand=demand)["best_closed"].tolist()
    [('X',), ('Y',)]
    """
    choices = ["none"]
    choices += ["linear"] if "imd_rank" in demand.columns else []
    choices += ["green_book"] if "income" in demand.columns else []
    choices += [] if weights is None or weights in choices else [weights]
    rows = []
    for name in choices:
        yard = CriteriaSettings(name, lam, national_areas, median_income)
        options = list_options(ServiceChoice(matrix, keep, demand, proposal, **rules), yard)
        values = _evaluate(options.ready, options.kept)["weighted_mean"]
        ids = np.array(options.ids, dtype=object)
        best = int(values.argmin())
        row: dict[str, Any] = {
            "weights": name,
            "note": options.weights.note,
            "best_closed": tuple(ids[options.closed[best]]),
            "best_mean": float(values[best]),
        }
        if options.proposal is not None:
            own = _evaluate(options.ready, options.row_of(options.proposal))["weighted_mean"][0]
            row["proposal_mean"] = float(own)
            listed = bool((options.kept == options.row_of(options.proposal)).all(axis=1).any())
            row["proposal_rank"] = int((values < own).sum()) + 1
            row["proposal_tied"] = max(int((values == own).sum()) - listed, 0)
            row["proposal_regret"] = float(own) - float(values[best])  # nan where both are inf
        rows.append(row)
    return pd.DataFrame(rows)

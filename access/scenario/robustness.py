"""How sure the ranking is: the same question asked again under many other settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.measure.weights import LSOAS_ENGLAND_2011, linear_weights
from access.network.matrix import TravelMatrix
from access.scenario.enumerate import Indices
from access.scenario.evaluate import CRITERIA, evaluate
from access.scenario.prepared import Floats, fifths, prepare
from access.scenario.ranking import CRITERION_WORDS
from access.scenario.redraw import MinutesMaker
from access.scenario.service import Options, ServiceChoice, Yardstick, list_options
from access.scenario.uncertainty import Uncertainty, draw_settings, grid_settings
from access.scenario.words import list_words, named

INTERVAL = (0.05, 0.95)


@dataclass(frozen=True, eq=False)
class Robustness:
    """Where the proposal ranks, and which option is best, over many settings.

    Parameters
    ----------
    draws : DataFrame
        One row a setting: what was set, and for each criterion c ``rank_c regret_c`` of the
        proposal (where there is one) and ``best_c``, the number of the best option.
    options : DataFrame
        ``closed kept`` of each option, by number.
    criteria : tuple of str
    proposal : tuple of str or None
        Ids kept.
    names : dict
    notes : tuple of str
        What was let vary, and how.
    """

    draws: pd.DataFrame
    options: pd.DataFrame
    criteria: tuple[str, ...]
    proposal: tuple[str, ...] | None
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def ranks(self) -> pd.DataFrame:
        """Interval of the proposal's rank on every criterion.

        Returns
        -------
        DataFrame
            ``criterion least p5 median p95 greatest options share_best share_best_tenth``,
            shares of the settings; ``median_regret p95_regret`` in the criterion's unit.

        Raises
        ------
        ParameterError
            If there is no proposal.
        """
        if self.proposal is None:
            raise ParameterError("there is no proposal to rank; expected proposal=ids")
        rows = []
        tenth = max(1, len(self.options) // 10)
        for c in self.criteria:
            rank = self.draws[f"rank_{c}"].to_numpy(float)
            regret = self.draws[f"regret_{c}"].to_numpy(float)
            inside = np.quantile(rank, [0, INTERVAL[0], 0.5, INTERVAL[1], 1], method="inverted_cdf")
            known = regret[np.isfinite(regret)]
            both = np.quantile(known, [0.5, 0.95]) if known.size else [np.nan, np.nan]
            shares = [(rank == 1).mean(), (rank <= tenth).mean()]
            rows.append([c, *inside.astype(int), len(self.options), *shares, *both])
        columns = ["criterion", "least", "p5", "median", "p95", "greatest", "options"]
        columns += ["share_best", "share_best_tenth", "median_regret", "p95_regret"]
        return pd.DataFrame(rows, columns=columns)

    def best_options(self, criterion: str = "mean") -> pd.DataFrame:
        """How often each option is best, those that ever are.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        DataFrame
            ``closed kept times share``, most often first.

        Raises
        ------
        ParameterError
            If the criterion is not one of these.
        """
        if criterion not in self.criteria:
            raise ParameterError(
                f"criterion {criterion!r} is not here; expected any of {list(self.criteria)}"
            )
        best = self.draws[f"best_{criterion}"].to_numpy(int)
        times = np.bincount(best, minlength=len(self.options))
        order = np.argsort(-times, kind="stable")[: int((times > 0).sum())]
        table = self.options.iloc[order].reset_index(drop=True)
        return table.assign(times=times[order], share=times[order] / len(best))

    def sentence(self) -> str:
        """Say how sure the ranking is.

        Returns
        -------
        str
        """
        first = self.criteria[0]
        best = self.best_options(first).iloc[0]
        closed = list_words(named(best["closed"], self.names)) if best["closed"] else "nothing"
        text = (
            f"Over {len(self.draws):,} settings, closing {closed} is most often best by "
            f"{CRITERION_WORDS[first]} ({100 * best['share']:.0f} % of them)"
        )
        if self.proposal is None:
            return text + "."
        row = self.ranks().iloc[0]
        return (
            f"{text}; the proposal's rank is between {row['p5']:,} and {row['p95']:,} of "
            f"{row['options']:,} in nine of ten settings (median {row['median']:,})."
        )

    def __repr__(self) -> str:
        table = self.ranks() if self.proposal else self.best_options(self.criteria[0])
        return f"{self.sentence()}\n{table.to_string(index=False)}"


def robustness(
    matrix: TravelMatrix,
    *,
    keep: int,
    demand: pd.DataFrame,
    uncertainty: Uncertainty,
    proposal: Sequence[str] | object | None = None,
    draws: int = 1000,
    seed: int = 1,
    grid: Mapping[str, Sequence[float]] | None = None,
    weights: str | None = None,
    lam: float = 1.0,
    threshold_minutes: float = 20.0,
    national_areas: int = LSOAS_ENGLAND_2011,
    median_income: float | None = None,
    names: Mapping[str, str] | None = None,
    workers: int = 2,
    **rules: Any,
) -> Robustness:
    """Rank every option again under many settings, drawn or from a grid.

    Parameters
    ----------
    matrix : TravelMatrix
        Walking minutes where `uncertainty` has a walking speed or a drive matrix.
    keep, demand, proposal, weights, lam, threshold_minutes, national_areas, median_income, names
        As in `access.rank_closures`.
    uncertainty : Uncertainty
        What may be otherwise.
    draws : int
        How many settings to draw; not used with a grid.
    seed : int
        Same seed, same draws.
    grid : mapping of str to sequence of float, optional
        Values of ``walk_kmh lam threshold_minutes parking_minutes``: every combination is
        taken instead of draws (positions, stand-ins and counts stay as they are).
    workers : int
        Threads; the answer does not depend on them.
    **rules
        ``sites always_open never_close localities min_per_locality savings``, as in
        `rank_closures`.

    Returns
    -------
    Robustness
        On the criteria that `rank_closures` ranks by with the same options.

    Raises
    ------
    ParameterError
        If nothing may be otherwise, draws are below 1, lambda may vary though the weights are
        not linear, or inputs do not match.
    ScenarioError
        As in `access.rank_closures`.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12], [9, 4]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 20], "imd_rank": [1, 32844]})
    >>> found = robustness(m, keep=1, demand=demand, uncertainty=Uncertainty(lam=(0, 2)),
    ...                    proposal=["X"], draws=200)
    >>> found.best_options("weighted_mean")["closed"].tolist()
    [('Y',), ('X',)]
    """
    if grid is None and not uncertainty.given:
        raise ParameterError("nothing may be otherwise; expected at least one range")
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 1:
        raise ParameterError(f"draws={draws!r}; expected a whole number of 1 or more")
    yard = Yardstick(weights, lam, national_areas, median_income, threshold_minutes)
    options = list_options(ServiceChoice(matrix, keep, demand, proposal, **rules), yard)
    varies = set(grid) if grid is not None else set(uncertainty.given)
    if "lam" in varies and options.weights.name != "linear":
        raise ParameterError(
            f"lam may vary only with linear weights, and these are {options.weights.name!r}; "
            "leave lam out, or give weights='linear'"
        )
    if grid is not None:
        settings = grid_settings(grid)
        if "parking_minutes" in settings and uncertainty.drive is None:
            raise ParameterError("parking_minutes needs drive and p_no_car")
    else:
        settings = draw_settings(uncertainty, int(draws), seed)
    always = sorted({str(i) for i in rules.get("always_open", ())})
    maker = MinutesMaker(matrix, [*options.ids, *always], uncertainty)
    if grid is not None:
        maker.radius[:] = 0.0
    chosen = tuple(c for c in CRITERIA if c in options.supports)
    fixed = _Fixed(options, national_areas, uncertainty.count_error == "poisson" and grid is None)

    def ask(numbered: tuple[int, dict[str, Any]]) -> dict[str, Any]:
        number, given = numbered
        rng = np.random.default_rng([seed, 1, number])
        minutes = maker.make(given, rng)
        values = fixed.values(
            minutes,
            rng,
            float(given.get("lam", lam)),
            float(given.get("threshold_minutes", threshold_minutes)),
        )
        return {**given, **_standing(options, values, chosen)}

    listed = [{str(k): v for k, v in row.items()} for row in settings.to_dict("records")]
    # Each setting has a generator of its own, so that threads change nothing but the wait.
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        rows = list(pool.map(ask, enumerate(listed)))
    ids = np.array(options.ids, dtype=object)
    table = pd.DataFrame(
        {
            "closed": list(map(tuple, ids[options.closed].tolist())),
            "kept": list(map(tuple, ids[options.kept].tolist())),
        }
    )
    how = f"a grid of {len(settings)}" if grid is not None else f"{draws} draws, seed {seed}"
    varied = (f"grid over {', '.join(grid)}",) if grid is not None else uncertainty.notes()
    return Robustness(
        draws=pd.DataFrame(rows),
        options=table,
        criteria=chosen,
        proposal=options.proposal,
        names=dict(names or {}),
        notes=(how, *varied, *_moves_little(varies, uncertainty), *options.notes),
    )


class _Fixed:
    """What stays the same from one setting to the next."""

    def __init__(self, options: Options, national_areas: int, poisson: bool) -> None:
        self.count = options.demand["count"].to_numpy(float)
        self.fifth = fifths(options.demand, national_areas)
        self.per_family = options.weights.per_family
        self.steepness: Floats | None = None  # of linear weights, which lambda changes
        if options.weights.name == "linear":
            self.steepness = linear_weights(options.demand, 1.0, national_areas) - 1.0
        self.poisson = poisson
        self.sites = len(options.ids)
        self.kept = options.kept
        if options.proposal is not None:
            self.kept = np.vstack([options.kept, options.row_of(options.proposal)])
        # Savings do not vary; of them more is better, where of all others less is.
        self.spent = -_saved(options, self.kept) if "savings" in options.supports else None

    def values(
        self, minutes: Floats, rng: np.random.Generator, lam: float, threshold_minutes: float
    ) -> dict[str, Floats]:
        """Every criterion of every option, the proposal last, under one setting."""
        count = rng.poisson(self.count).astype(float) if self.poisson else self.count
        ready = prepare(
            minutes[:, : self.sites],
            count,
            self.per_family if self.steepness is None else 1.0 + lam * self.steepness,
            self.fifth,
            threshold_minutes=threshold_minutes,
            always_minutes=minutes[:, self.sites :],
        )
        values = evaluate(ready, self.kept)
        return values if self.spent is None else values | {"savings": self.spent}


def _saved(options: Options, kept: Indices) -> Floats:
    """Saved a year by each row of sites kept."""
    each = np.array([options.site_savings.get(i, 0.0) for i in options.ids])
    return each.sum() - each[kept].sum(axis=1)


def _moves_little(varies: set[str], uncertainty: Uncertainty) -> tuple[str, ...]:
    """Name the settings that can move no rank but one."""
    beyond = [words for key, words in (("walk_kmh", "the walking speed (it scales every trip)"),
              ("threshold_minutes", "the threshold"))
              if key in varies and (key != "walk_kmh" or uncertainty.drive is None)]  # fmt: skip
    told = [f"{words} moves no rank but that by the share beyond" for words in beyond]
    if "lam" in varies:
        told.append("lambda moves no rank but that by the weighted mean")
    return tuple(told)


def _standing(
    options: Options, values: Mapping[str, Floats], chosen: Sequence[str]
) -> dict[str, float]:
    out: dict[str, float] = {}
    for c in chosen:
        every = values[c][: len(options.kept)]
        if options.proposal is not None:
            own, least = values[c][-1], every.min()
            out[f"rank_{c}"] = int((every < own).sum()) + 1
            out[f"regret_{c}"] = own - least if np.isfinite(own) else np.inf
        out[f"best_{c}"] = int(every.argmin())
    return out

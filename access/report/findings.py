"""What the report tells of each proposal: the options side by side, gathered once."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.results import ProposalResult, StudyResults
from access.scenario import (
    Impact,
    NothingChangesWarning,
    Ranking,
    compare,
    rank_closures,
)

#: Criteria whose best option stands beside the proposal, with its name in the tables.
SIDE_BY_SIDE = {
    "mean": "Shortest on average",
    "worst": "Best for the worst-off area",
    "weighted_mean": "Best for deprived families",
}
NO_CHANGE, PROPOSAL = "No change", "The proposal"


@dataclass(frozen=True, eq=False)
class Option:
    """One set of centres that the Board could choose.

    Parameters
    ----------
    name : str
    closed, kept : tuple of str
        Ids.
    impact : Impact
        Against today, in the headline mode.
    ranks : mapping of str to int
        By criterion, among all options of the same size; empty for no change.
    savings : float or None
        Pounds a year; ``None`` where not known.
    """

    name: str
    closed: tuple[str, ...]
    kept: tuple[str, ...]
    impact: Impact
    ranks: Mapping[str, int]
    savings: float | None


@dataclass(frozen=True, eq=False)
class ProposalFindings:
    """Everything the report says of one proposal.

    Parameters
    ----------
    result : ProposalResult
    title, one, noun : str
        Of the service: ``"Children's Centres"``, ``"Children's Centre"``, ``"children under
        five"``.
    mode : str
        Headline mode.
    ranking : Ranking
    options : tuple of Option
        No change, the proposal, then the best others.
    names : dict of str to str
        Short site names by id.
    """

    result: ProposalResult
    title: str
    one: str
    noun: str
    mode: str
    ranking: Ranking
    options: tuple[Option, ...]
    names: Mapping[str, str]

    @property
    def impact(self) -> Impact:
        """The proposal's impact in the headline mode."""
        return self.result.impacts[self.mode]

    def named(self, ids: Sequence[str]) -> list[str]:
        """Give the short names of sites.

        Parameters
        ----------
        ids : sequence of str

        Returns
        -------
        list of str
        """
        return [self.names.get(i, i) for i in ids]

    def tied(self, criterion: str) -> int:
        """Count the other options that rank the same as the proposal.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        int
        """
        p = self.ranking.proposal
        if p is None or p["option"] is None:
            return 0
        same = self.ranking.table[f"rank_{criterion}"] == p[f"rank_{criterion}"]
        return max(int(same.sum()) - 1, 0)


def findings_of(
    results: StudyResults,
    *,
    mode: str = "walk",
    rankings: Mapping[str, Ranking] | None = None,
) -> tuple[ProposalFindings, ...]:
    """Gather what the report says of every proposal of a study.

    Parameters
    ----------
    results : StudyResults
    mode : str
        Headline mode of the sentences and of the options side by side.
    rankings : mapping of str to Ranking, optional
        By proposal, in the same mode; ranked here where not given.

    Returns
    -------
    tuple of ProposalFindings
        In the order of the study.

    Raises
    ------
    ParameterError
        If the study holds no proposal, or the mode was not measured.
    """
    if not results.proposals:
        raise ParameterError(
            f"study {results.study.name!r} holds no proposal to report on; add one to study.toml "
            "under [proposals]"
        )
    if mode not in results.matrices:
        raise ParameterError(
            f"mode {mode!r} was not measured; expected one of {sorted(results.matrices)}"
        )
    names = short_names(results)
    found = []
    for key, result in results.proposals.items():
        service = results.study.config.services[result.service]
        ranking = (rankings or {}).get(key) or rank(results, result, mode, names)
        found.append(
            ProposalFindings(
                result=result,
                title=service.title,
                one=service.one,
                noun=service.noun,
                mode=mode,
                ranking=ranking,
                options=options_of(results, result, ranking, mode),
                names=names,
            )
        )
    return tuple(found)


def rank(
    results: StudyResults, result: ProposalResult, mode: str, names: Mapping[str, str]
) -> Ranking:
    """Rank a proposal among every way of keeping as many sites.

    Parameters
    ----------
    results : StudyResults
    result : ProposalResult
    mode : str
    names : mapping of str to str

    Returns
    -------
    Ranking
    """
    study = results.study
    never = [i for i in study.config.localities.never_close if i in result.before]
    known = savings_of(study.centres)
    return rank_closures(
        results.matrices[mode],
        keep=len(result.after),
        demand=study.demand(result.service),
        proposal=result.after,
        sites=sorted(set(result.before) | set(result.after)),
        never_close=never,
        savings={i: known[i] for i in result.before if i in known} or None,
        threshold_minutes=study.config.measures.threshold_minutes,
        names=names,
        **_weights(results, result),
    )


def _weights(results: StudyResults, result: ProposalResult) -> dict[str, Any]:
    """Give the weights that the proposal's own impacts were made with."""
    settings = results.study.config.weights
    used = next(iter(result.impacts.values())).summary["weights"]
    return {"weights": used, "lam": settings.lam, "national_areas": settings.national_areas}


def savings_of(centres: pd.DataFrame) -> dict[str, float]:
    """Give what closing each centre saves a year, where the register knows its cost.

    Parameters
    ----------
    centres : DataFrame
        With ``id`` and perhaps ``annual_cost_gbp``.

    Returns
    -------
    dict of str to float
        Pounds; centres whose cost is not known are not in it.

    Examples
    --------
    >>> savings_of(pd.DataFrame({"id": ["a", "b"], "annual_cost_gbp": [100.0, float("nan")]}))
    {'a': 100.0}
    """
    if "annual_cost_gbp" not in centres:
        return {}
    costs = pd.to_numeric(centres["annual_cost_gbp"], errors="coerce").to_numpy(float)
    ids = centres["id"].astype(str)
    return {i: float(c) for i, c in zip(ids, costs, strict=True) if np.isfinite(c)}


def options_of(
    results: StudyResults, result: ProposalResult, ranking: Ranking, mode: str
) -> tuple[Option, ...]:
    """Put no change, the proposal and the best others side by side.

    Parameters
    ----------
    results : StudyResults
    result : ProposalResult
    ranking : Ranking
    mode : str

    Returns
    -------
    tuple of Option
        An option that is best by several criteria stands once, under all their names.
    """
    wanted: dict[tuple[str, ...], list[str]] = {tuple(result.before): [NO_CHANGE]}
    wanted.setdefault(tuple(result.after), []).append(PROPOSAL)
    for criterion, name in SIDE_BY_SIDE.items():
        if criterion in ranking.criteria:
            kept, level = best_kept(ranking, criterion)
            if level > 1:
                name += f" (level with {level - 1:,} other{'s' if level > 2 else ''})"
            wanted.setdefault(kept, []).append(name)
    return tuple(
        option(results, result, ranking, mode, names_of(titles), kept)
        for kept, titles in wanted.items()
    )


def best_kept(ranking: Ranking, criterion: str) -> tuple[tuple[str, ...], int]:
    """Give the best option on a criterion and how many are as good.

    Parameters
    ----------
    ranking : Ranking
    criterion : str

    Returns
    -------
    (tuple of str, int)
        Ids kept, of equals those with the least mean and then the first by ids, and the
        number of equals.
    """
    first = ranking.table[ranking.table[f"rank_{criterion}"] == 1]
    order = first.sort_values(ranking.criteria[0], kind="stable")
    return tuple(sorted(order.iloc[0]["kept"])), len(first)


def option(
    results: StudyResults,
    result: ProposalResult,
    ranking: Ranking,
    mode: str,
    name: str,
    kept: Sequence[str],
) -> Option:
    """Measure one set of centres against today.

    Parameters
    ----------
    results : StudyResults
    result : ProposalResult
        Whose service it is.
    ranking : Ranking
    mode, name : str
    kept : sequence of str

    Returns
    -------
    Option
    """
    kept = tuple(sorted(kept))
    closed = tuple(i for i in result.before if i not in kept)
    costs = savings_of(results.study.centres)
    return Option(
        name=name,
        closed=closed,
        kept=kept,
        impact=_impact(results, result, mode, kept),
        ranks=_ranks(ranking, kept),
        savings=sum(costs[i] for i in closed) if all(i in costs for i in closed) else None,
    )


def _impact(
    results: StudyResults, result: ProposalResult, mode: str, kept: tuple[str, ...]
) -> Impact:
    if kept == tuple(result.after):
        return result.impacts[mode]
    study = results.study
    with warnings.catch_warnings():
        # No change is one of the options here, and means to change nothing.
        warnings.simplefilter("ignore", NothingChangesWarning)
        return compare(
            results.matrices[mode],
            before=result.before,
            after=kept,
            demand=study.demand(result.service),
            within_minutes=study.config.measures.thresholds_minutes,
            names=results.names(),
            who=study.config.services[result.service].noun,
            **_weights(results, result),
        )


def _ranks(ranking: Ranking, kept: tuple[str, ...]) -> dict[str, int]:
    for row_kept, place in zip(ranking.table["kept"], range(len(ranking.table)), strict=True):
        if tuple(sorted(row_kept)) == kept:
            row = ranking.table.iloc[place]
            return {c: int(row[f"rank_{c}"]) for c in ranking.criteria}
    p = ranking.proposal
    if p is not None and tuple(sorted(p["kept"])) == kept:
        return {c: int(p[f"rank_{c}"]) for c in ranking.criteria}
    return {}


def names_of(titles: Sequence[str]) -> str:
    """Join the names of an option that is best in several ways.

    Parameters
    ----------
    titles : sequence of str

    Returns
    -------
    str

    Examples
    --------
    >>> names_of(["Shortest on average", "Best for deprived families"])
    'Shortest on average; best for deprived families'
    """
    first, *others = titles
    return "; ".join([first, *(t[0].lower() + t[1:] for t in others)])


def short_names(results: StudyResults) -> dict[str, str]:
    """Shorten site names for tables: "Park View" for "Park View Children's Centre".

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    dict of str to str
        By id; a stand-in says that it is assumed, and no two are alike.
    """
    sites = results.sites
    endings = [s.one for s in results.study.config.services.values()]
    short: dict[str, str] = {}
    for id_, name, assumed in zip(sites["id"], sites["name"], sites["assumed"], strict=True):
        text = _shortened(str(name), endings)
        short[str(id_)] = (text or str(name)) + (" (assumed)" if assumed else "")
    kinds = dict(zip(sites["id"].astype(str), sites["service"].astype(str), strict=True))
    seen: dict[tuple[str, str], int] = {}
    for id_, text in short.items():
        seen[text, kinds[id_]] = seen.get((text, kinds[id_]), 0) + 1
    full = results.names()
    return {i: t if seen[t, kinds[i]] == 1 else str(full[i]) for i, t in short.items()}


def _shortened(name: str, endings: Sequence[str]) -> str:
    before = ""
    while before != name:
        before = name
        name = re.sub(r"\s*\([^)]*\)\s*$", "", name).strip()
        for ending in endings:
            if name.lower().endswith(ending.lower()):
                name = name[: -len(ending)].strip()
    return name

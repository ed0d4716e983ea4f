"""What the report tells of each proposal, gathered once."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.analysis.analysis import Analysis, travel_options
from access.analysis.results import (
    ProposalResult,
    StudyResults,
    names_of,
    short_names,
    titled_apart,
)
from access.errors import ParameterError
from access.labels import counting_words
from access.scenario import Impact, NothingChangesWarning, Ranking
from access.scenario.sampled import SampledRanking
from access.study.config import Group
from access.text import Claim, Said

#: Criteria whose best option stands beside the proposal, with its name in the tables.
_SIDE_BY_SIDE = {
    "mean": "Shortest on average",
    "worst": "Best for the worst-off area",
    "deprived_mean": "Best average in the most deprived fifth",
    "weighted_mean": "Best mean with deprived areas counting {more}",
}
NO_CHANGE, PROPOSAL = "No change", "The proposal"


@dataclass(frozen=True, eq=False)
class _Option:
    """One set of centres that the Board could choose.

    Parameters
    ----------
    closed, kept : tuple of str
        Ids.
    impact : Impact
        Against today, in the headline mode.
    ranks : mapping of str to int
        By criterion, among all options of the same size; empty for no change.
    tied : mapping of str to int
        How many other options share each rank.
    savings : float or None
        Pounds a year that the closed sites cost; ``None`` where not known.
    spent : float or None
        Pounds a year that the sites that open will cost.
    """

    name: str
    closed: tuple[str, ...]
    kept: tuple[str, ...]
    impact: Impact
    ranks: Mapping[str, int]
    tied: Mapping[str, int]
    savings: float | None
    spent: float | None = 0.0

    @property
    def opened(self) -> tuple[str, ...]:
        """Ids open with the option and not today."""
        return self.impact.opened


def _scheme(results: StudyResults) -> dict[str, Any]:
    settings = results.study.config.weights
    return {"scheme": settings.scheme, "lam": settings.lam}


def _options_of(
    results: StudyResults, result: ProposalResult, ranking: Ranking | None, mode: str
) -> tuple[_Option, ...]:
    """Put no change, the proposal and the best others side by side."""
    # a proposal may keep every site open and change what one offers: that is not "no change"
    wanted: dict[tuple[str, ...], list[Said]] = {tuple(result.after): [Said(PROPOSAL)]}
    today = _today(results, result, ranking, mode)
    for criterion, name in _SIDE_BY_SIDE.items():
        if ranking is not None and criterion in ranking.criteria:
            kept, level = _best_kept(ranking, criterion)
            name = name.format(more=counting_words(**_scheme(results)))
            if level > 1:
                name += f" (level with {level - 1:,} other{'s' if level > 2 else ''})"
            claim = Claim(f"option_best:{criterion}", "best", (float(level - 1),))
            wanted.setdefault(kept, []).append(Said(name, [claim]))
    sampled = result.sampled.get(mode)
    if sampled is not None:
        for criterion, name in _SIDE_BY_SIDE.items():
            if criterion in sampled.criteria and sampled.row(criterion)["proven"]:
                closed = set(sampled.row(criterion)["best_closed"])
                kept = tuple(i for i in result.before if i not in closed)
                claim = Claim(f"option_best:{criterion}", "best", (0.0,))
                name = name.format(more=counting_words(**_scheme(results)))
                wanted.setdefault(kept, []).append(Said(name, [claim]))
    return (
        today,
        *(
            option(results, result, ranking, mode, _joined(titles), kept)
            for kept, titles in wanted.items()
        ),
    )


def _joined(titles: Sequence[Said]) -> Said:
    """Join the names of an option, and what they claim."""
    return Said(names_of(titles), [claim for title in titles for claim in title.claims])


def _today(
    results: StudyResults, result: ProposalResult, ranking: Ranking | None, mode: str
) -> _Option:
    """Measure no change, which is not the proposal even where that keeps every site open."""
    before = tuple(result.before)
    if before != tuple(result.after):
        return option(results, result, ranking, mode, NO_CHANGE, before)
    impact = _compared(results, result, mode, before)
    return _Option(NO_CHANGE, (), before, impact, {}, {}, savings=0.0)


def _best_kept(ranking: Ranking, criterion: str) -> tuple[tuple[str, ...], int]:
    """Give the best option on a criterion and how many are as good."""
    first = ranking.table[ranking.table[f"rank_{criterion}"] == 1]
    order = first.sort_values(ranking.criteria[0], kind="stable")
    return tuple(sorted(order.iloc[0]["kept"])), len(first)


def option(
    results: StudyResults,
    result: ProposalResult,
    ranking: Ranking | None,
    mode: str,
    name: str,
    kept: Sequence[str],
) -> _Option:
    """Measure one set of centres against today."""
    kept = tuple(sorted(kept))
    closed = tuple(i for i in result.before if i not in kept)
    costs = Analysis(results).savings()
    proposed = kept == tuple(result.after)
    saved = sum(costs[i] for i in closed) if all(i in costs for i in closed) else None
    ranks, tied = _ranks(ranking, kept)
    return _Option(
        name=name,
        closed=closed,
        kept=kept,
        impact=_impact(results, result, mode, kept),
        ranks=ranks,
        tied=tied,
        savings=result.money.saved_gbp if proposed else saved,
        spent=result.money.spent_gbp if proposed else 0.0,
    )


def _impact(
    results: StudyResults, result: ProposalResult, mode: str, kept: tuple[str, ...]
) -> Impact:
    if kept == tuple(result.after):
        return result.impacts[mode]
    return _compared(results, result, mode, kept)


def _compared(
    results: StudyResults, result: ProposalResult, mode: str, kept: tuple[str, ...]
) -> Impact:
    """Compare a set of sites with today's."""
    with warnings.catch_warnings():
        # No change is one of the options here, and means to change nothing.
        warnings.simplefilter("ignore", NothingChangesWarning)
        return Analysis(results).compare(
            result.service,
            before=result.before,
            after=kept,
            **travel_options(result.options) | {"mode": mode},
        )


def _ranks(ranking: Ranking | None, kept: tuple[str, ...]) -> tuple[dict[str, int], dict[str, int]]:
    """Give an option's rank on every criterion, and how many others share each."""
    if ranking is None:
        return {}, {}
    for row_kept, place in zip(ranking.table["kept"], range(len(ranking.table)), strict=True):
        if tuple(sorted(row_kept)) == kept:
            row = ranking.table.iloc[place]
            ranks = {c: int(row[f"rank_{c}"]) for c in ranking.criteria}
            level = {c: int((ranking.table[f"rank_{c}"] == r).sum()) for c, r in ranks.items()}
            return ranks, {c: n - 1 for c, n in level.items()}
    p = ranking.proposal
    if p is not None and tuple(sorted(p["kept"])) == kept:
        ranks, tied = ({c: int(p[f"{k}_{c}"]) for c in ranking.criteria} for k in ("rank", "tied"))
        return ranks, tied
    return {}, {}


@dataclass(frozen=True, eq=False)
class ProposalFindings:
    """Everything the report says of one proposal.

    Parameters
    ----------
    title, one, noun : str
        Of the service: ``"Children's Centres"``, ``"Children's Centre"``, ``"children under
        five"``.
    mode : str
        Headline mode.
    ranking : Ranking or None
        ``None`` where the proposal closes no site or opens one, so that there is no list of all
        alternatives to it.
    options : tuple of Option
        No change, the proposal, then the best others.
    names : dict of str to str
        Short site names by id.
    groups : tuple of Group
        Set beside everyone else.
    sampled : SampledRanking or None
        In place of `ranking`, where there are too many alternatives to list.
    rivals : bool
        The service has several proposals, of which one at most comes about.
    nation : str
        Whose ranks of deprivation the study has.
    """

    result: ProposalResult
    title: str
    one: str
    noun: str
    mode: str
    ranking: Ranking | None
    options: tuple[_Option, ...]
    names: Mapping[str, str]
    groups: tuple[Group, ...] = ()
    sampled: SampledRanking | None = None
    rivals: bool = False
    nation: str = "the nation"

    @property
    def label(self) -> str:
        """What tells it from the others: the service, or the option of several for one service."""
        return self.result.title if self.rivals else self.title

    @property
    def impact(self) -> Impact:
        """The proposal's impact in the headline mode."""
        return self.result.impacts[self.mode]

    def named(self, ids: Sequence[str]) -> list[str]:
        """Give the short names of sites."""
        return [self.names.get(i, i) for i in ids]

    def tied(self, criterion: str) -> int:
        """Count the other options that rank the same as the proposal."""
        p = self.standing
        return 0 if p is None else int(p[f"tied_{criterion}"])

    @property
    def standing(self) -> dict[str, Any] | None:
        """Where the proposal stands, as `Ranking.proposal`; ``None`` where nothing ranks it."""
        if self.ranking is None or len(self.ranking.table) < 2:
            return None
        return self.ranking.proposal


def findings_of(results: StudyResults, *, mode: str | None = None) -> tuple[ProposalFindings, ...]:
    """Gather what the report says of every proposal of a study, in its headline mode."""
    mode = mode or results.headline
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
    for result in titled_apart(list(results.proposals.values())):
        service = results.study.config.services[result.service]
        ranking = result.rankings.get(mode)
        found.append(
            ProposalFindings(
                result=result,
                title=service.title,
                one=service.one,
                noun=service.noun,
                mode=mode,
                ranking=ranking,
                options=_options_of(results, result, ranking, mode),
                names=names,
                nation=results.study.nation,
                groups=results.study.groups,
                sampled=result.sampled.get(mode),
                rivals=sum(p.service == result.service for p in results.proposals.values()) > 1,
            )
        )
    return tuple(found)


def tenths(areas: pd.DataFrame) -> pd.Series | None:
    """Read the national deprivation tenth of each area."""
    if "imd_decile" not in areas:
        return None
    return pd.to_numeric(areas["imd_decile"], errors="coerce").astype(float)


def _most_deprived(areas: pd.DataFrame) -> NDArray[np.bool_] | None:
    """Mark the areas in the nation's most deprived fifth."""
    found = tenths(areas)
    if found is None or not found.notna().any():
        return None
    marked: NDArray[np.bool_] = found.isin([1, 2]).to_numpy(bool)
    return marked

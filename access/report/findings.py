"""What the report tells of each proposal, gathered once, and its sentences of one number each."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.analysis.analysis import Analysis, travel_options
from access.analysis.results import ProposalResult, StudyResults
from access.disclosure import further, grouped, hidden_moves, is_small, public_count
from access.display import records
from access.errors import ParameterError
from access.labels import counting_words, further_words, trip
from access.scenario import Impact, NothingChangesWarning, Ranking
from access.scenario.sampled import SampledRanking
from access.study.config import Group
from access.text import (
    Claim,
    Said,
    about,
    capital,
    figure,
    goes_words,
    is_missing,
    listed,
    minutes_words,
    named,
    number,
    percent,
    sentence,
)

# What the report tells of each proposal, gathered once.

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
            _option(results, result, ranking, mode, _joined(titles), kept)
            for kept, titles in wanted.items()
        ),
    )


def _joined(titles: Sequence[Said]) -> Said:
    """Join the names of an option, and what they claim."""
    first, *others = titles
    words = "; ".join([first, *(t[0].lower() + t[1:] for t in others)])
    return Said(words, [claim for title in titles for claim in title.claims])


def _today(
    results: StudyResults, result: ProposalResult, ranking: Ranking | None, mode: str
) -> _Option:
    """Measure no change, which is not the proposal even where that keeps every site open."""
    before = tuple(result.before)
    if before != tuple(result.after):
        return _option(results, result, ranking, mode, NO_CHANGE, before)
    impact = _compared(results, result, mode, before)
    return _Option(NO_CHANGE, (), before, impact, {}, {}, savings=0.0)


def _best_kept(ranking: Ranking, criterion: str) -> tuple[tuple[str, ...], int]:
    """Give the best option on a criterion and how many are as good."""
    first = ranking.table[ranking.table[f"rank_{criterion}"] == 1]
    order = first.sort_values(ranking.criteria[0], kind="stable")
    return tuple(sorted(order.iloc[0]["kept"])), len(first)


def _option(
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
        savings=_saved(result, result.impacts[mode]) if proposed else saved,
        spent=result.money.spent_gbp if proposed else 0.0,
    )


def _saved(result: ProposalResult, impact: Impact) -> float | None:
    """Give what closing saves a year; what other changes save, no register says."""
    return None if impact.altered and not result.closed else result.money.saved_gbp


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
    def whose(self) -> str:
        """What begins the title of a table of it, where the service has several proposals."""
        return f"{self.label}: " if self.rivals else ""

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
    def saved_gbp(self) -> float | None:
        """What the proposal saves a year, by the register; ``None`` where that is not known."""
        return _saved(self.result, self.impact)

    @property
    def broken(self) -> bool:
        """Whether the proposal breaks a rule, so that it is none of the sets that it stands by."""
        return self.standing is not None and not self.standing["allowed"]

    @property
    def standing(self) -> dict[str, Any] | None:
        """Where the proposal stands, as `Ranking.proposal`; ``None`` where nothing ranks it."""
        if self.ranking is None or len(self.ranking.table) < 2:
            return None
        return self.ranking.proposal

    def option(self, results: StudyResults, name: str, kept: Sequence[str]) -> _Option:
        """Measure another set of sites of the same service against today."""
        return _option(results, self.result, self.ranking, self.mode, name, kept)

    def worst_areas(self, n: int) -> pd.DataFrame:
        """Give the areas whose trip grows most, with their place in words and their tenth."""
        worst = self.impact.worst_areas(n)
        places = [_place(row) for _, row in worst.iterrows()]
        return worst.assign(place=places, tenth=_tenths(worst))

    def most_deprived_fifth(self, wording: Wording) -> Said:
        """Say the most deprived fifth's own figures: how many move, their mean before and after."""
        if _most_deprived(self.impact.demand) is None:
            return Said("")
        fifths = self.impact.by("imd_fifth")
        own = fifths[fifths["group"].astype(str) == "1"]
        if own.empty or not own["families"].sum():
            return Said("")
        row = own.iloc[0]
        before, after = float(row["mean_minutes_before"]), float(row["mean_minutes_after"])
        moved = float(further(own).sum())
        shown = not any(self._deprived_hidden()[0])
        if not (np.isfinite(before) and np.isfinite(after)):
            return Said("")
        claims = [
            Claim("further:deprived", "is", (moved,)),
            Claim("mean_before:deprived", "is", (before,)),
            Claim("mean_after:deprived", "is", (after,)),
        ]
        counted = public_count(moved, internal=wording.internal)
        who = f"the {self.noun} in {self.nation}'s most deprived fifth"
        average = f"average {trip(self.mode)}"
        if shown or wording.internal:
            start = f"of {who}, {counted} would have further to go; their own {average}"
        else:
            start = f"the {average} of {who}"
        text = f"{start} is {wording.minutes(before)} today and {wording.minutes(after)} after"
        return Said(sentence(text), claims)

    def _deprived_hidden(self) -> tuple[list[bool], list[bool]]:
        """Tell of the most deprived groups and of the others which the public table hides."""
        by_tenth = "imd_decile" in self.impact.demand
        parts = grouped(self.impact, "imd_decile" if by_tenth else "imd_fifth")
        poor = parts["group"].astype(str).isin(["1", "2"] if by_tenth else ["1"])
        return parts.loc[poor, "hidden"].tolist(), parts.loc[~poor, "hidden"].tolist()

    def splits_hidden(self) -> bool:
        """Tell whether the most deprived fifth's own sum would narrow a count that is hidden.

        Those hidden on one side of it alone add up to what all others leave in any case.
        """
        if _most_deprived(self.impact.demand) is None:
            return False
        return all(any(side) for side in self._deprived_hidden())


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
    names = results.short_names()
    found = []
    for result in results.titled_apart():
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


def _tenths(areas: pd.DataFrame) -> pd.Series | None:
    """Read the national deprivation tenth of each area."""
    if "imd_decile" not in areas:
        return None
    return pd.to_numeric(areas["imd_decile"], errors="coerce").astype(float)


def _most_deprived(areas: pd.DataFrame) -> NDArray[np.bool_] | None:
    """Mark the areas in the nation's most deprived fifth."""
    found, poor = _tenths(areas), [1, 2]
    if "imd_fifth" in areas:
        found, poor = pd.to_numeric(areas["imd_fifth"], errors="coerce"), [1]
    if found is None or not found.notna().any():
        return None
    marked: NDArray[np.bool_] = found.isin(poor).to_numpy(bool)
    return marked


# ------------------------------------------------------------------------------
# The report's sentences: each says one number of a result, and no more than it says.


@dataclass(frozen=True, slots=True)
class Wording:
    """For whom a text is written.

    Parameters
    ----------
    internal : bool
        Counts below 5 may be told.
    decimals : int
        Digits of minutes: 0 in public, 1 for planners.

    Examples
    --------
    >>> Wording().minutes(21.6), Wording(decimals=1).minutes(21.6)
    ('22 minutes', '21.6 minutes')
    """

    internal: bool = False
    decimals: int = 0

    @property
    def places(self) -> int:
        """Digits of minutes in a table: whole in public, one for the council's own use."""
        return 1 if self.internal else self.decimals

    def people(self, count: float | None, noun: str) -> str:
        """Say how many people.

        Parameters
        ----------
        count : float or None
        noun : str
            In the plural: ``"children under five"``.

        Returns
        -------
        str

        Examples
        --------
        >>> wording = Wording()
        >>> wording.people(4884.0, "children under five")
        'about 4,900 children under five'
        >>> tuple(wording.people(n, "children") for n in (0, 3, 37))
        ('no children', 'fewer than 5 children', '37 children')
        >>> wording.people(None, "children")
        'a number of children that is not known'
        """
        if is_missing(count) or count is None:
            return f"a number of {noun} that is not known"
        if count == 0:
            return f"no {noun}"
        if is_small(count) and not self.internal:
            return f"{public_count(count)} {noun}"
        if round(count) <= 1:
            return f"1 of the {noun}" if count >= 0.5 else f"fewer than 1 of the {noun}"
        return f"{about(count)} {noun}"

    def minutes(self, minutes: float | None) -> str:
        """Say a length of time.

        Parameters
        ----------
        minutes : float or None
            0 or more.

        Returns
        -------
        str

        Examples
        --------
        >>> wording = Wording()
        >>> [wording.minutes(m) for m in (0, 0.2, 0.9, 1.4, 22.4)]
        ['no time', 'less than a minute', '1 minute', '1 minute', '22 minutes']
        >>> wording.minutes(float("inf")), wording.minutes(None)
        ('cannot be reached', 'not known')
        """
        return "no time" if minutes == 0 else minutes_words(minutes, self.decimals)

    def change(self, minutes: float | None, *, more: str = "longer", less: str = "shorter") -> str:
        """Say by how much a time changes.

        Parameters
        ----------
        minutes : float or None
            After less before.
        more, less : str

        Returns
        -------
        str

        Examples
        --------
        >>> wording = Wording()
        >>> [wording.change(m) for m in (9.4, -2, 0, 0.1)]
        ['9 minutes longer', '2 minutes shorter', 'no longer', 'less than a minute longer']
        >>> wording.change(float("inf")), wording.change(None)
        ('cannot be reached', 'not known')
        """
        if minutes is None or not math.isfinite(minutes):
            return minutes_words(minutes)
        if minutes == 0:
            return f"no {more}"
        return f"{self.minutes(abs(minutes))} {more if minutes > 0 else less}"


_PUBLIC = Wording()


@dataclass(frozen=True, eq=False)
class ImpactWords:
    """What is said of one impact: a sentence a number, and no more than it says."""

    impact: Impact
    wording: Wording = _PUBLIC

    def affected(self, one: str) -> Said:
        """Say how many have further to go, of how many, and by how much."""
        impact, wording = self.impact, self.wording
        s = impact.summary
        total, lost = _figure(s, "families"), _figure(s, "newly_unreachable")
        longer, gain = _figure(s, "lengthened"), _figure(s, "gain")
        further = further_words(impact.mode)
        claims = [Claim("lengthened", "is", (longer,)), Claim("families", "is", (total,))]
        if longer <= 0:
            claims.append(Claim("lengthened", "none", (longer,)))
            text = f"none of the {impact.who} would have {further} to their nearest {one}"
        else:
            share = percent(longer / total)
            counted = wording.people(longer, impact.who)
            if share == "all":
                claims.append(Claim("lengthened", "all", (longer, total)))
                counted = f"all {counted}"
            elif wording.internal or not is_small(longer):  # a share of few would give them away
                counted += f" ({share} of all)"
            rise = _figure(s, "mean_minutes_change_lengthened")
            claims.append(Claim("mean_rise", "is", (rise,)))
            mean = wording.minutes(rise)
            text = f"{counted} would have {further} to their nearest {one}, {mean} more on average"
        if gain:
            claims.append(Claim("shortened", "is", (gain,)))
            text += f"; {wording.people(gain, impact.who)} would have less far to go"
        if lost:
            claims.append(Claim("lost", "is", (lost,)))
            text += f"; {wording.people(lost, impact.who)} could no longer reach any"
        return Said(sentence(text), claims)

    def does(self, names: Mapping[str, str]) -> str:
        """Say what the proposal closes, opens and changes."""
        does = [
            f"{verb} {listed(named(ids, names))}"
            for verb, ids in (("closes", self.impact.closed), ("opens", self.impact.opened))
            if ids
        ]
        does += [f"changes {self.impact.altered}"] if self.impact.altered else []
        return listed(does, none="changes no site")

    def week(self) -> Said:
        """Say the expected trip over a week, where a site is not open all week."""
        before, after = (
            self.impact.summary.get(f"mean_week_minutes_{w}") for w in ("before", "after")
        )
        if before is None or after is None:
            return Said("")
        claims = [Claim("week_before", "is", (float(before),)),
                  Claim("week_after", "is", (float(after),))]  # fmt: skip
        goes = goes_words(float(before), float(after), self.wording.decimals)
        text = (
            "these are minutes of a day on which the nearest is open; over a week, the next "
            f"nearest being used on the other days, the average {trip(self.impact.mode)} {goes}"
        )
        return Said(sentence(text), claims)

    def furthest(self) -> Said:
        """Say how much the worst-off area loses, and where it is."""
        worst = self.impact.worst_areas(1)
        if worst.empty:
            return Said("")
        row = worst.iloc[0]
        rise = float(row["change_minutes"])
        ward = _ward(row)
        claims = [
            Claim("largest_rise", "largest", (rise,)),
            Claim(f"rise:{row['id']}", "is", (rise,)),
        ]
        if math.isinf(rise):
            where = f"part of {ward}" if ward else _place(row)
            return Said(sentence(f"in {where} none could be reached any more"), claims)
        where = ward or _place(row)
        return Said(
            sentence(f"the largest rise is {self.wording.minutes(rise)}, in {where}"), claims
        )

    def most_added(self, names: Mapping[str, str]) -> Said:
        """Say which remaining site takes on the largest number, or which share that place."""
        impact, wording = self.impact, self.wording
        table = impact.receiving_sites
        if table.empty or not table["families_added"].max():
            return Said("")
        added = float(table["families_added"].max())
        first = [row for row in records(table) if row["families_added"] >= added - 1e-9]
        first.sort(key=lambda row: row["site"])
        claims = [Claim(f"added:{row['site']}", "most", (added,)) for row in first]
        called = [names.get(str(row["site"]), str(row["name"])) for row in first]
        who = listed(called)
        each = " each" if len(called) > 1 else ""
        arriving = hidden_moves(impact).arriving
        # what a table says of today or of after, less the number, would be a count of few
        few = any(
            str(row["site"]) in arriving or is_small(row["families_before"] or 0)
            or is_small(row["families_after"] or 0)
            for row in first
        )  # fmt: skip
        if not wording.internal and few:
            return Said(sentence(f"{who} would take on the largest number{each}"), claims)
        text = f"{who} would take on the largest number, {wording.people(added, impact.who)}{each}"
        if len(called) > 1:
            return Said(sentence(text), claims)
        now, then = (float(first[0][f"families_{when}"]) for when in ("before", "after"))
        times = then / now if now else np.inf
        if np.isfinite(times) and times >= 1.95:
            claims.append(Claim(f"nearest:{first[0]['site']}", "times", (now, then, times)))
            text += f"; it would then be nearest to {times:.1f} times as many as today"
        return Said(sentence(text), claims)


def _every_mode(impacts: Mapping[str, Impact], wording: Wording) -> Said:
    """Say how the average trip changes, mode by mode, and over whom it is averaged."""
    parts, claims, whole = [], [], True
    for mode, impact in impacts.items():
        s = impact.summary
        before, after = (s[f"mean_minutes_{w}"] for w in ("before", "after"))
        if before is None or after is None:
            continue
        reached = min(_figure(s, f"reached_{w}") for w in ("before", "after"))
        whole = whole and reached >= _figure(s, "families")
        claims += [
            Claim(f"mean_before:{mode}", "is", (float(before),)),
            Claim(f"mean_after:{mode}", "is", (float(after),)),
        ]
        if before == after:
            claims.append(Claim(f"mean_change:{mode}", "none", (0.0,)))
        goes = goes_words(float(before), float(after), wording.decimals)
        parts.append(f"the {trip(mode)} {goes}")
    if not parts:
        return Said("")
    claims.append(Claim("not_reached", "none" if whole else "some"))
    over = "everyone" if whole else "those who reach one"
    return Said(sentence(f"averaged over {over}, {listed(parts)}"), claims)


def _place(row: pd.Series) -> str:
    """Name an area as a reader of the papers would look for it."""
    ward = _ward(row)
    return f"{ward} (area {row['id']})" if ward else f"area {row['id']}"


def _ward(row: pd.Series) -> str:
    """Name an area's ward, called a ward once: some names hold the word; empty if not known."""
    name = row.get("ward")
    name = " ".join(name.split()) if isinstance(name, str) else ""
    said = not name or re.search(r"^ward\s|\sward$", name, re.IGNORECASE)
    return name if said else f"{name} ward"


def _in_all(noun: str, count: float) -> str:
    """Say below a table how many people there are, as the table's own cells may."""
    return f"{capital(noun)} in all: {public_count(count) if is_small(count) else figure(count)}."


def _stand_ins(sites: int) -> str:
    """Say how many sites are assumed, in the middle of a sentence."""
    return number(
        sites,
        "site is a stand-in for a building that is not known here",
        "sites are stand-ins for buildings that are not known here",
    )


def _none_of_them(findings: Sequence[ProposalFindings]) -> tuple[str, ...]:
    """Say below ranks of proposals that break a rule that these are not those of an option."""
    broken = list(dict.fromkeys(f.label for f in findings if f.broken))
    if not broken:
        return ()
    return (
        f"{listed(broken)}: what is proposed breaks a rule and is none of the sets, so that its "
        "rank is where it would stand.",
    )


def _further_note(impact: Impact) -> tuple[str, ...]:
    """Say whom "further to go" counts, where some reach no site any more."""
    if not _figure(impact.summary, "newly_unreachable"):
        return ()
    return (
        "Further to go counts also those who could no longer reach any. Minutes today and after "
        "are of those who reach one then; a rise is of those who reach one both times, and no "
        "difference of the two where these are not the same people.",
    )


def _figure(summary: Mapping[str, object], key: str) -> float:
    value = summary.get(key)
    return float(value) if isinstance(value, int | float) else 0.0

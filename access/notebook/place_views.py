"""How far families are from today's centres, and from the best hubs, as answers in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from access.analysis.hub_plans import PlanPair
from access.analysis.results import HubPlans, HubResult, HubTerms, ProposalResult, StudyResults
from access.arguments import pick
from access.charts.chart import INK, MINUTES_COLOURS, MINUTES_EDGES, Chart, label_bars
from access.charts.results import HIDDEN_WORDS, hub_chart
from access.disclosure import NOTE_HIDDEN, hidden_beside_total, public_count
from access.document.table import Column, Table
from access.errors import ParameterError
from access.labels import mode_title, trip
from access.maps.ground import area_chart
from access.network import TravelMatrix
from access.notebook.tables import TableAnswer, _View
from access.report.findings import Wording
from access.report.hub_plans import PlanFindings
from access.report.hubs import HubTables
from access.scenario import Impact
from access.siting import Solution
from access.siting.hubs import HubSearch
from access.text import (
    Claim,
    Said,
    about,
    counted,
    figure,
    limit_words,
    minutes_words,
    percent,
    share_figure,
)

#: Classes of minutes, by where they begin.
_MINUTES_LABELS = (
    *(f"{a:g} to {b:g} minutes" for a, b in pairwise(MINUTES_EDGES)),
    f"{MINUTES_EDGES[-1]:g} minutes or more",
)


@dataclass(frozen=True, eq=False, repr=False)
class TodayAnswer(_View):
    """How far families of one service travel today.

    Parameters
    ----------
    results : StudyResults
    found : Impact
        Today against itself, in the mode of the sentence, the chart and the map.
    result : ProposalResult
        Today against itself, in every mode.

    Examples
    --------
    >>> today = answers.today("childrens_centre")
    >>> today.to_frame().loc["walk", ["mean", "median"]].round(1).tolist()
    [25.1, 18.6]
    """

    results: StudyResults
    found: Impact
    result: ProposalResult

    @classmethod
    def of(cls, results: StudyResults, result: ProposalResult, mode: str) -> TodayAnswer:
        """Take one mode of today, measured against itself.

        Parameters
        ----------
        results : StudyResults
        result : ProposalResult
        mode : str

        Returns
        -------
        TodayAnswer

        Raises
        ------
        ParameterError
            If the mode was not measured.

        Examples
        --------
        >>> today = answers.today()
        >>> TodayAnswer.of(answers.results, today.result, "drive").mode
        'drive'
        """
        return cls(results, pick(result.impacts, mode, "mode"), result)

    @property
    def areas(self) -> pd.DataFrame:
        """One row an area: ``id count nearest minutes second second_minutes status``."""
        table = self.found.areas
        names = {
            "nearest_before": "nearest", "minutes_before": "minutes", "second_before": "second",
            "second_minutes_before": "second_minutes", "status_before": "status",
        }  # fmt: skip
        return table.rename(columns=names)[["id", "count", *names.values()]]

    def to_frame(self) -> pd.DataFrame:
        """Give the distribution of minutes by mode.

        Returns
        -------
        DataFrame
            Indexed by mode: ``mean weighted_mean median p90 max families reached`` and
            ``within_*`` (shares).

        Examples
        --------
        >>> answers.today().to_frame().index.tolist()
        ['walk', 'drive', 'typical']
        """
        rows = {}
        for mode, impact in self.result.impacts.items():
            s = impact.summary
            rows[mode] = {
                **{k: s[f"{k}_minutes_before"]
                   for k in ("mean", "weighted_mean", "median", "p90", "max")},
                "families": s["families"],
                "reached": s["reached_before"],
                **{f"within_{t:g}": s[f"share_within_{t:g}_min_before"]
                   for t in impact.within_minutes},
            }  # fmt: skip
        return pd.DataFrame.from_dict(rows, orient="index")

    def sentence(self) -> Said:
        """Say how far it is today.

        Returns
        -------
        Said
            With what it claims as data.

        Examples
        --------
        >>> answers.today().sentence()[:57]
        "About 16,000 children under five and 12 Children's Centre"
        """
        service = self.results.study.config.services[self.result.service]
        impact, way = self.found, trip(self.found.mode)
        s = impact.summary
        text = (
            f"{about(float(s['families'] or 0)).capitalize()} {impact.who} and "
            f"{counted(len(self.result.before), service.one, service.title)}: the {way} to the "
            "nearest "
        )
        lost = self._lost()
        claims = [Claim("families", "is", (float(s["families"] or 0),)),
                  Claim("sites", "is", (float(len(self.result.before)),))]  # fmt: skip
        claims += [Claim("not_reached_today", "is", (lost,))] if lost else []
        if s["mean_minutes_before"] is None:
            return Said(f"{text}is not known: none can be reached.", claims)
        mean, half, most, longest = (
            float(s[f"{of}_minutes_before"] or 0) for of in ("mean", "median", "p90", "max")
        )
        claims += [
            Claim(f"mean_before:{impact.mode}", "is", (mean,)),
            Claim("within:half", "is", (half,)),
            Claim("within:nine_in_ten", "is", (most,)),
            Claim("longest", "largest", (longest,)),
        ]
        text += (
            f"takes {minutes_words(mean)} on average. Half are within {minutes_words(half)}, nine "
            f"in ten within {minutes_words(most)}; the longest is {minutes_words(longest)}."
        )
        if lost:
            text += f" {public_count(lost).capitalize()} cannot reach any, and are in no average."
        return Said(text, claims)

    def map(self) -> Chart:
        """Draw every area by its minutes to the nearest centre.

        Returns
        -------
        Chart

        Examples
        --------
        >>> answers.today(mode="drive").map().title
        "0 of about 16,000 children under five have a drive of over 30 minutes to the nearest
        Children's Centre today"
        """
        impact = self.found
        service = self.results.study.config.services[self.result.service]
        lost, way = self._lost(), trip(impact.mode)
        far = self._count_over(MINUTES_EDGES[4]) - lost
        title = (
            f"{public_count(far).capitalize()} of {about(float(impact.areas['count'].sum()))} "
            f"{impact.who} have a {way} of over {MINUTES_EDGES[4]:g} minutes to the "
            f"nearest {service.one} today"
        )
        if lost:
            title += f"; {public_count(lost)} cannot reach any"
        return area_chart(
            self.results.study,
            impact.areas.set_index("id").loc[self.results.study.areas["id"], "minutes_before"],
            title=title,
            edges=MINUTES_EDGES,
            colours=MINUTES_COLOURS,
            labels=_MINUTES_LABELS,
            alt=f"Map of areas by minutes to the nearest {service.one}. {self.sentence()}",
            caption=self.results.caption(self.found.mode, impact.who),
            sites=self.results.study.centres_of(self.result.service),
        )

    def plot(self) -> Chart:
        """Draw how many families are how far away.

        Returns
        -------
        Chart

        Examples
        --------
        >>> answers.today().plot().title[:36]
        '85% of about 16,000 children under f'
        """
        impact = self.found
        service = self.results.study.config.services[self.result.service]
        threshold = self.results.study.config.measures.threshold_minutes
        rows = self._bins()
        small = hidden_beside_total([[n] for _, n, _ in rows])[:, 0].tolist()
        words = [
            HIDDEN_WORDS if hide else f"{n:,.0f}"
            for (_, n, _), hide in zip(rows, small, strict=True)
        ]
        total = float(impact.areas["count"].sum())
        within = 1 - self._count_over(threshold) / total if total else None
        title = (
            f"{percent(within)} of {about(total)} {impact.who} are within a "
            f"{threshold:g}-minute {trip(self.found.mode)} of the nearest {service.one} today"
        )
        alt = f"Bar chart of {impact.who} by minutes: " + (
            "; ".join(f"{r[0]} {said}" for r, said in zip(rows, words, strict=True)) + "."
        )

        def draw(figure: Figure, axes: Axes) -> None:
            places = np.arange(len(rows))
            counts = [0.0 if hide else n for (_, n, _), hide in zip(rows, small, strict=True)]
            axes.barh(places, counts, color=[c for *_, c in rows], edgecolor=INK, linewidth=0.6)
            axes.set_yticks(places, [label for label, *_ in rows])
            axes.invert_yaxis()
            label_bars(axes, counts, words)
            axes.set_xlabel(impact.who)

        below = self.results.caption(self.found.mode, impact.who)
        if any(small):
            below = f"{below} {NOTE_HIDDEN}"
        return Chart(title, alt, below, draw, (6.8, 0.42 * len(rows) + 0.9))

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        return {"modes": self._by_mode}

    def _by_mode(self) -> Table:
        frame = self.to_frame().reset_index(names="mode")
        shares = [c for c in frame.columns if c.startswith("within_")]
        columns = [Column("mode", "Way of travel")]
        columns += [
            Column(k, word, "minutes")
            for k, word in (("mean", "Mean"), ("weighted_mean", "Weighted mean"),
                            ("median", "Median"), ("p90", "Nine in ten within"),
                            ("max", "Longest"))
        ]  # fmt: skip
        columns += [Column("families", "People", "people"), Column("reached", "Reached", "people")]
        columns += [
            Column(c, f"Within {limit_words(float(c.removeprefix('within_')))}", "share")
            for c in shares
        ]
        frame["mode"] = [mode_title(m) for m in frame["mode"]]
        return Table.from_frame(frame, self._title(), columns, short="Today")

    def _title(self) -> str:
        service = self.results.study.config.services[self.result.service]
        return f"{service.title} today: minutes to the nearest for {service.noun}"

    def _lost(self) -> float:
        """How many can reach none."""
        summary = self.found.summary
        return float(summary["families"] or 0) - float(summary["reached_before"] or 0)

    def _count_over(self, minutes: float) -> float:
        """How many are further than so many minutes, those who can reach none among them."""
        areas = self.found.areas
        return float(areas.loc[areas["minutes_before"] > minutes, "count"].sum())

    def _bins(self) -> list[tuple[str, float, str]]:
        """Families by class of minutes; the upper edge is within, as in the shares."""
        areas = self.found.areas
        minutes, count = areas["minutes_before"].to_numpy(float), areas["count"].to_numpy(float)
        edges = [*MINUTES_EDGES, np.inf]
        rows = []
        for low, high, colour in zip(edges, edges[1:], MINUTES_COLOURS, strict=False):
            inside = (minutes <= high) & ((minutes > low) | (low == 0)) & np.isfinite(minutes)
            label = f"over {limit_words(low)}"
            if np.isfinite(high):
                label = f"{low:g} to {high:g} minutes"
            rows.append((label, float(count[inside].sum()), colour))
        lost = float(count[~np.isfinite(minutes)].sum())
        return [*rows, ("none in reach", lost, "#ffffff")] if lost else rows

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        frame = self.to_frame()
        shares = [c for c in frame.columns if c.startswith("within_")]
        head = ["minutes", "mean", "weighted", "median", "nine in ten", "longest"]
        head += [f"within {c.removeprefix('within_')}" for c in shares]
        rows = []
        for mode, r in frame.iterrows():
            figures = [r[k] for k in ("mean", "weighted_mean", "median", "p90", "max")]
            rows.append(
                [
                    mode_title(str(mode)),
                    *("not known" if pd.isna(v) else f"{v:.1f}" for v in figures),
                    *("not known" if pd.isna(r[c]) else share_figure(r[c]) for c in shares),
                ]
            )
        return head, rows

    def _notes(self) -> tuple[str, ...]:
        return self.results.assumptions


@dataclass(frozen=True, eq=False, repr=False)
class HubView(_View):
    """The best hubs for each number of them, the near-best, and where the council's choice stands.

    Parameters
    ----------
    results : StudyResults
        Its matrix holds the new sites too, where some were proposed.
    found : HubSearch
    answer : HubResult
        Of which it is the plain or the weighted part.

    Examples
    --------
    >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"])
    >>> hubs.found.best.status
    'proven_optimal'
    """

    results: StudyResults
    found: HubSearch
    answer: HubResult

    @classmethod
    def of(cls, results: StudyResults, answer: HubResult, *, weighted: bool = False) -> HubView:
        """Take one part of what was found about hubs.

        Parameters
        ----------
        results : StudyResults
        answer : HubResult
        weighted : bool
            Families counted by deprivation.

        Returns
        -------
        HubView

        Raises
        ------
        ParameterError
            If there are no weights to count families by.

        Examples
        --------
        >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"])
        >>> HubView.of(answers.results, hubs.answer, weighted=True).best.status
        'proven_optimal'
        """
        found = answer.weighted if weighted else answer.plain
        if found is None:
            raise ParameterError("the study has no deprivation ranks to weight families by")
        if weighted:
            found = replace(found, assumptions=(*found.assumptions, answer.weighting_note))
        return cls(_with_new_sites(results, answer), found, answer)

    @property
    def mode(self) -> str:
        """Whose minutes these are."""
        return self.answer.mode

    @property
    def among(self) -> tuple[str, ...]:
        """Ids of the sites that a hub could go to."""
        return tuple(self.answer.candidates["id"])

    @property
    def best(self) -> Solution:
        """The best hubs, with what is proven."""
        return self.found.best

    def sentence(self) -> str:
        """Say which hubs are best, how sure that is, and how far off the council's choice is.

        Returns
        -------
        str

        Examples
        --------
        >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"])
        >>> "proven: no other set has a lower mean" in hubs.sentence()
        True
        """
        by = mode_title(self.mode).capitalize()
        return f"{by}: {' '.join(self.found.words.split())}"

    def to_frame(self) -> pd.DataFrame:
        """Give the best hubs for each number of them.

        Returns
        -------
        DataFrame
            As `access.siting.hubs.HubSearch.curve_frame`.

        Examples
        --------
        >>> answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"]).to_frame().index.tolist()
        [1, 2, 3, 4]
        """
        return self.found.curve_frame()

    def table(self, what: str = "near_best") -> TableAnswer:
        """Give one of the tables behind the answer.

        Parameters
        ----------
        what : str
            ``"near_best"`` (sets almost as good), ``"front"`` (every trade-off between the mean
            and the worst-off area), ``"curve"`` (one row a number of hubs), ``"plans"`` (what was
            asked, where, and the proof), ``"minutes"`` (of each plan, by offer and group),
            ``"reach"`` (shares within so many minutes) or ``"standing"`` (each plan's place,
            near-best sets, how it holds, what it gives back).

        Returns
        -------
        TableAnswer

        Raises
        ------
        ParameterError
            If there is no such table.

        Examples
        --------
        >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"])
        >>> hubs.table("front").to_frame().columns.tolist()
        ['Where', 'Mean (min)', 'Worst-off area (min)']
        """
        return TableAnswer(pick(self._tables(), what, "table")(), self.results)

    def plan_words(self) -> str:
        """Say what plans of hubs do: the question, the council's place, what stays, what is firm.

        Returns
        -------
        str
            Paragraphs with an empty line between them.

        Examples
        --------
        >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"])
        >>> hubs.plan_words().startswith("A hub gives three offers")
        True
        """
        return "\n\n".join(filter(None, self._told().words()))

    def between(self, one: str = "council", two: str = "freely") -> Chart:
        """Draw who is nearer and who is further from one plan to another.

        Parameters
        ----------
        one, two : str
            Keys of plans: ``"council"``, ``"locality"``, ``"freely"``, ``"asked_1"``; see
            ``table("plans")`` for what was made.

        Returns
        -------
        Chart
            How many people gain and lose stands in its words.

        Raises
        ------
        ParameterError
            If there is no such plan.

        Examples
        --------
        >>> few = ["CC02", "CC07", "CC09", "GP04", "Wath Library"]
        >>> hubs = answers.hubs(2, among=few, plans=[["CC02", "Wath Library"]])
        >>> hubs.between("freely", "asked_1").title
        'Who is nearer and who is further: best two hubs anywhere or plan asked for'
        """
        plans = self._plans()
        pair = PlanPair.of(plans, self.answer.minutes, plans.plan(one), plans.plan(two))
        return self._told().pair_chart(self.results, pair)

    def _plans(self) -> HubPlans:
        if self.answer.plans is None:
            raise ParameterError("no plans of hubs were made; expected the answer of `hubs`")
        return self.answer.plans

    def _told(self) -> PlanFindings:
        return PlanFindings(self._plans(), self.found.names, Wording(decimals=1))

    def plot(self) -> Chart:
        """Draw how the mean falls with the number of hubs, and where the council's choice lies.

        Returns
        -------
        Chart

        Examples
        --------
        >>> answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"]).plot().title[:27]
        'The best 2 hubs have a mean'
        """
        return hub_chart(self.results, self.found, self.mode, len(self.among))

    def map(self, hubs: int | None = None) -> Chart:
        """Draw the best hubs, the council's choice, and every area's minutes to the best.

        Parameters
        ----------
        hubs : int, optional
            How many; as many as were asked for when not given.

        Returns
        -------
        Chart

        Raises
        ------
        ParameterError
            If the best so many were not looked for.

        Examples
        --------
        >>> answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"]).map(3).title
        'The best 3 hubs, and the minutes to the nearest of them'
        """
        shown = self._best(hubs)
        chosen = shown.chosen
        minutes = self.results.matrices[self.mode].least(chosen)
        sites = self.results.sites.set_index("id")
        marks, told = [sites.loc[list(chosen)].assign(service="hub")], ""
        if self.found.council is not None:
            told = self.results.council_dated()
            marks.append(sites.loc[list(self.found.council.chosen)].assign(service="council"))
        names = self.found.named(chosen)
        many, which = counted(len(chosen), "hub"), "the nearest of them"
        if len(chosen) == 1:
            many, which = "hub", "it"
        sure = "" if shown.status == "proven_optimal" else " found"
        return area_chart(
            self.results.study,
            minutes,
            title=f"The best {many}{sure}, and the minutes to {which}",
            edges=MINUTES_EDGES,
            colours=MINUTES_COLOURS,
            labels=_MINUTES_LABELS,
            alt=f"Map of areas by minutes to the nearest of {names}.",
            caption=f"{names}. {mode_title(self.mode).capitalize()}. {self._streets()}{told}",
            sites=pd.concat(marks[::-1]),
        )

    def _title(self) -> str:
        return f"{HubTerms.of(self.results.study).title}: where they would best stand"

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        found = HubTables(self.results, self.found, self.mode, self.found.names)
        return {
            "curve": found.by_number,
            "near_best": found.near_best,
            "front": found.trade_offs,
            "plans": lambda: self._told().asked_table(),
            "minutes": lambda: self._told().minutes_table(),
            "reach": lambda: self._told().reach_table(),
            "standing": lambda: self._told().standing_table(),
        }

    def _best(self, hubs: int | None) -> Solution:
        if hubs is None:
            return self.best
        known = self.found.curve.solutions
        if hubs not in known:
            raise ParameterError(f"the best {hubs!r} hubs were not looked for; found {list(known)}")
        return known[hubs]

    def _streets(self) -> str:
        return f"{self.results.whose_streets}."

    def _notes(self) -> tuple[str, ...]:
        notes = () if self.answer.plans is None else self.answer.plans.notes
        return (*self.found.assumptions, *notes, *self.results.assumptions)

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        table = self.to_frame()[["names", "mean_minutes", "saved"]]
        rows = [
            [str(n), hubs, figure(mean, 1), "" if np.isnan(saved) else figure(saved, 1)]
            for n, hubs, mean, saved in table.itertuples()
        ]
        return ["Hubs", "Where", "Mean minutes", "Saved by the last"], rows

    def _text_columns(self) -> tuple[int, ...]:
        return (1,)


def _with_new_sites(results: StudyResults, answer: HubResult) -> StudyResults:
    """Give results whose matrix and list of sites hold the sites that the question proposed."""
    matrix = results.matrices[answer.mode]
    new = [i for i in answer.minutes.columns if i not in set(matrix.site_ids)]
    if not new:
        return results
    minutes = pd.concat([matrix.to_frame(), answer.minutes[new]], axis=1)
    longer = TravelMatrix.from_minutes(minutes, mode=matrix.mode, assumptions=matrix.assumptions)
    added = answer.candidates[answer.candidates["id"].isin(new)]
    sites = pd.concat([results.sites, added], ignore_index=True)
    return replace(results, matrices={**results.matrices, answer.mode: longer}, sites=sites)

"""One study with its travel times, and one method a question that can be asked of them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

import numpy as np
import pandas as pd

from access.analysis.anew import (
    _at_walking_speed,
    _check_walking_speed,
    _unmeasured,
    _what_may_be_wrong,
    _with_places,
)
from access.analysis.bus import (
    BUS_NOT_KNOWN,
    BusChange,
    BusTimes,
    _bus_change,
    _made_of_both,
)
from access.analysis.places import (
    BUFFER_M,
    Isochrones,
    Path,
    Within,
    _long_minutes,
    _path_of,
    _reach_of,
    _within_of,
)
from access.analysis.questions import (
    Meant,
    Question,
    _baseline_of,
    _centre_ids,
    _centres_of,
    _modifications,
    _open_of,
    _places_of,
    _question_of,
    _savings_of,
    _site_ids,
)
from access.analysis.results import (
    HubResult,
    HubTerms,
    Parts,
    ProposalResult,
    StudyResults,
    _WhenAsked,
)
from access.arguments import number
from access.errors import AccessError, ParameterError, ScenarioError
from access.labels import mode_title
from access.measure.demand import Weights, deprivation_weights
from access.network import TravelMatrix
from access.scenario import (
    Baseline,
    Impact,
    Modification,
    NothingChangesWarning,
    Ranking,
    Robustness,
    Scenario,
    ServiceChoice,
    Switching,
    compare,
    rank_closures,
    robustness,
    switching_values,
)
from access.scenario.offer import OfferChange, offer_change
from access.scenario.options import MAX_OPTIONS, Closings, CriteriaSettings, choosable, closings
from access.scenario.sampled import SampledRanking
from access.scenario.scenario import Money
from access.scenario.switching import weights_side_by_side
from access.study import Study
from access.study.tables import without_shapes
from access.text import counted

if TYPE_CHECKING:  # what looks for sites is imported when it is asked for: not by every question
    from access.analysis.hub_plans import PlanPair
    from access.analysis.hubs import HubOptions
    from access.siting.search import Progress as Search

_GIVE_BUSES = (
    "Give one as timetable.zip in the study's folder, in bus.timetable of study.toml, or by "
    "--timetable where a command has it."
)
_NO_BUS_IN = (
    "without buses nothing changes by mode {mode!r}; expected 'bus', or 'typical' where car "
    "ownership is known"
)
_LAMBDA = (0.0, 2.0)
DRAWS = 1000
_SEED = 2018
_MOST_MEASURED = 6_000_000_000
"""Pairs of option and area over all settings, about two minutes; beyond it options are drawn."""
_MOST_BY_THE_MINUTE = 2_000
"""Options whose minutes are worked out anew for every day and window; beyond it they are drawn."""
_SAMPLE = 500

_Sites = Sequence[str] | object
"""Ids or names of open sites, or a baseline or scenario that has them."""


def _silent(step: str) -> None:
    """Say nothing."""


class TravelOptions(TypedDict, total=False):
    """What may be said of any question.

    Parameters
    ----------
    mode : str
        ``"walk"``, ``"drive"``, ``"typical"`` or, with a timetable, ``"bus"``; the study's
        headline when not given.
    neighbours : bool
        Let people use the neighbouring authorities' centres, in every option; as the study says
        when not given. Refused where the study has none of what is asked about.
    weights : str
        ``"none"``, ``"linear"``, ``"green_book"`` or a column of the areas; the study's scheme
        when not given.
    walk_km_h : float
        Another walking speed than the study's: what is walked is re-scaled, which is exact, or
        measured anew where the streets hold a ferry.
    """

    mode: str | None
    neighbours: bool | None
    weights: str | None
    walk_km_h: float | None


class QuestionOptions(TravelOptions, total=False):
    """What may be said of any question about alternatives.

    Parameters
    ----------
    threshold_minutes : float
        For the share beyond; the study's when not given.
    never_close : sequence of str
        Centres that every option keeps, by id or name, beside the study's own.
    min_per_locality : int
        Least number of centres kept in every locality; the study's when not given.
    savings : mapping of str to float
        Saved a year by closing each centre, by id or name; the register's ``annual_cost_gbp``
        where it is known and nothing is given.
    """

    threshold_minutes: float | None
    never_close: Sequence[str]
    min_per_locality: int | None
    savings: Mapping[str, float] | None


def travel_options(options: Mapping[str, Any]) -> TravelOptions:
    """Take what may be said of any question from what is said of alternatives."""
    known = TravelOptions.__annotations__
    return cast(TravelOptions, {key: v for key, v in options.items() if key in known})


@dataclass(frozen=True, eq=False)
class Analysis:
    """A study with its travel times: the one place where questions are put together.

    Every question about alternatives takes the same options (see `QuestionOptions`) and hands
    all of them on, so that a ranking and how firm it is are always about the same thing. Sites
    may be given by id or by name.

    Parameters
    ----------
    results : StudyResults
        What was measured: the study, its networks and its travel matrices.

    Examples
    --------
    >>> from access.notebook import answer
    >>> analysis = Analysis(answer("rotherham").results)
    >>> today = analysis.today("childrens_centre")
    >>> ranking = analysis.rank("childrens_centre", after=today[:9], never_close=["CC02"])
    >>> ranking.what
    '165 ways to keep 9 of 12'
    """

    results: StudyResults

    @property
    def study(self) -> Study:
        """The study that is asked."""
        return self.results.study

    def today(self, service: str) -> list[str]:
        """Give the ids of a service's centres of today.

        Parameters
        ----------
        service : str

        Returns
        -------
        list of str
            Sorted.
        """
        return sorted(self.study.open_ids(service))

    def at(self, walk_km_h: float | None) -> Analysis:
        """Ask as if everybody walked at another speed.

        Parameters
        ----------
        walk_km_h : float or None
            None for the study's own.

        Returns
        -------
        Analysis

        Raises
        ------
        ParameterError
            If nobody walks at such a speed.
        """
        if walk_km_h is None or walk_km_h == self.study.config.travel.walk_km_h:
            return self
        return Analysis(_at_walking_speed(self.results, walk_km_h))

    def compare(
        self,
        service: str,
        *,
        after: _Sites,
        before: _Sites | None = None,
        later: Analysis | None = None,
        **options: Unpack[TravelOptions],
    ) -> Impact:
        """Say what a change does to families' travel.

        Parameters
        ----------
        service : str
        after, before : sequence of str, Baseline or Scenario
            Sites open after and before; today's when `before` is not given.
        later : Analysis, optional
            How one travels after the change, where that changes too; see `without_buses`.
        **options
            See `TravelOptions`.

        Returns
        -------
        Impact

        Raises
        ------
        ParameterError
            If the mode is not measured, a site is unknown, or weights cannot be made.
        ScenarioError
            If everything closes.
        """
        after = self._sites(after, "after")
        before = self.today(service) if before is None else self._sites(before, "before")
        asked = self._question(service, before, after, **options)
        return compare(
            asked.matrix,
            before=before,
            after=after,
            neighbours=asked.always_open,
            **self.study.limits(),
            who=self.study.config.services[service].noun,
            demand=asked.demand,
            names=self.results.names(),
            matrix_after=None
            if later is None
            else later._question(service, before, after, **options).matrix,
            **asked.weighting,
        )

    def without_buses(self, *, routes: Sequence[str] = (), stops: Sequence[str] = ()) -> Analysis:
        """Ask as if bus routes were withdrawn or stops closed; proposals are left out.

        Parameters
        ----------
        routes, stops : sequence of str
            As for `Timetable.without`.

        Returns
        -------
        Analysis
            To ask by itself, or as `later` of `compare`: alone or with closures.

        Raises
        ------
        ParameterError
            If there is no timetable, or a route or stop is not in it.
        """
        found = self.results
        times = self._buses()
        cut = times.timetable.without(routes=routes, stops=stops)
        made, more = _made_of_both(found.study, found.networks["walk"], found.sites,
                                  found.matrices["walk"], found.matrices["drive"], cut)  # fmt: skip
        matrices = {**found.matrices, **more}
        return Analysis(
            replace(found, bus=made, matrices=matrices, proposals={}, joint={}, hubs=None)
        )

    def with_bus_cut(self, names: Sequence[str], mode: str | None = None) -> Analysis:
        """Ask as `without_buses`, routes and ``stop:ID`` in one list, for a mode that buses have.

        Parameters
        ----------
        names : sequence of str
        mode : str, optional
            The study's headline when not given.

        Returns
        -------
        Analysis

        Raises
        ------
        ParameterError
            If no bus has a part in the mode, or as in `without_buses`.
        """
        self._buses()
        if self._matrix(mode).minute_by_minute is None:
            raise ParameterError(_NO_BUS_IN.format(mode=self._matrix(mode).mode))
        stops = [name.removeprefix("stop:") for name in names if name.startswith("stop:")]
        routes = [name for name in names if not name.startswith("stop:")]
        return self.without_buses(routes=routes, stops=stops)

    def by_bus(
        self,
        service: str,
        *,
        after: _Sites | None = None,
        before: _Sites | None = None,
        later: Analysis | None = None,
        neighbours: bool | None = None,
    ) -> BusChange:
        """Say what a change does by bus, there and home, and for how many there is none.

        Parameters
        ----------
        service, after, before, later
            As in `compare`; without `after`, today against itself.
        neighbours : bool, optional
            As in `TravelOptions`.

        Returns
        -------
        BusChange

        Raises
        ------
        ParameterError
            If there is no timetable, or a site is unknown.
        """
        times = self._buses()
        old = self.today(service) if before is None else _ids(self._sites(before, "before"))
        new = old if after is None else _ids(self._sites(after, "after"))
        other = times if later is None else later._buses()
        more: list[str] = []
        if self._neighbours(service, neighbours):
            more = self.study.neighbours_of(service)["id"].astype(str).tolist()
        return _bus_change(self.study, service, (times, [*old, *more]), (other, [*new, *more]))

    def bus_notes(self) -> tuple[str, ...]:
        """Give what must be told of the timetable.

        Returns
        -------
        tuple of str
        """
        return self._buses().timetable.notes

    def _buses(self) -> BusTimes:
        if self.results.bus is None:
            raise ParameterError(f"{BUS_NOT_KNOWN} Expected timetable=, a GTFS zip")
        return self.results.bus

    def change(
        self,
        service: str | None = None,
        *,
        close: Sequence[str] = (),
        open: Sequence[str] = (),
        changes: Sequence[Modification | Mapping[str, Any]] = (),
        key: str = "asked",
        title: str = "",
        comment: str = "",
        source: str = "",
        saving_per_year_gbp: float | None = None,
        **options: Unpack[QuestionOptions],
    ) -> ProposalResult:
        """Measure a change to one service in every mode, as if it were a proposal of the study.

        Parameters
        ----------
        service : str, optional
            That of the centres to close, else the first.
        close, open : sequence of str
            Ids or names of today's centres that close, and of sites that open.
        changes : sequence of Modification or mapping
            Further changes: part-time opening, moves, new positions (of which `with_places_of`
            gives the minutes); a mapping as a ``[[modification]]`` of a scenario file.
        key, title, comment, source : str
            Of the change; its title says what closes and opens when not given.
        saving_per_year_gbp : float, optional
            What the proposal itself says that it saves.
        **options
            See `QuestionOptions`; kept with the change, for what else is asked about it. The mode
            is left out: all are measured.

        Returns
        -------
        ProposalResult
            Without rankings; see `ranked`.

        Raises
        ------
        ParameterError
            If a site is unknown or asked to close and to open, or weights cannot be made.
        ScenarioError
            If everything closes.
        """
        if unknown := sorted(set(options) - set(QuestionOptions.__annotations__)):
            raise TypeError(f"no question has the options {unknown}; see QuestionOptions")
        steps = _modifications(changes)
        service, closed, opened = self._meant(service, close, open, steps)
        given = self.study.config.services[service].title
        words = title or f"{given}: {self._change_words(closed, opened, steps)}"
        before: Baseline = _baseline_of(self.study, service)
        after: Baseline | Scenario = before
        if closed or opened or steps:
            asked = _question_of(self.study, key, words, service, closed, opened, comment, steps)
            after = asked.scenario
        own: dict[str, Any] = {k: v for k, v in options.items() if k != "mode" and v is not None}
        here = self.at(own.pop("walk_km_h", None))
        travel = travel_options(own)
        gone = tuple(sorted(s.id for s in after.sites if s.status == "deregistered"))

        others = len(self.study.neighbours_of(service)) > 0
        counted = self._neighbours(service, travel.get("neighbours")) and others

        def measured(
            then: Baseline | Scenario, *, neighbours: bool = counted
        ) -> Mapping[str, Impact]:
            asked: Any = {**travel, "neighbours": neighbours}

            def by(mode: str) -> Impact:
                with warnings.catch_warnings():
                    if not closed and not opened:  # asked as it is, on purpose
                        warnings.simplefilter("ignore", NothingChangesWarning)
                    asked["mode"] = mode
                    return here.compare(service, before=before, after=then, **asked)

            return _WhenAsked(here.results.matrices, by)

        impacts = measured(after)
        _ = impacts[here.results.headline]  # what is wrong with the question is said at once
        stays = measured(_some_services_stay(after)) if gone else {}
        beside = measured(after, neighbours=not counted) if others else {}
        return ProposalResult(
            key=key,
            title=words,
            service=service,
            before=before.open_ids,
            after=after.open_ids,
            impacts=impacts,
            comment=comment,
            source=source,
            options={k: v for k, v in options.items() if k != "mode" and v is not None},
            money=Money.of(before, after, stated_gbp=saving_per_year_gbp, source=source),
            stays=stays,
            deregistered=gone,
            beside=beside,
            neighbours=counted,
            sides=(before, after),
        )

    def again(self, result: ProposalResult, **options: Unpack[QuestionOptions]) -> ProposalResult:
        """Measure a change that was measured once more, with other options: all its steps anew.

        Parameters
        ----------
        result : ProposalResult
            As `change` and `proposals` give it.
        **options
            See `QuestionOptions`; what was said of the change then is said no more.

        Returns
        -------
        ProposalResult
            Without rankings; see `ranked`.

        Raises
        ------
        ParameterError
            If weights cannot be made.
        """
        steps = [] if result.sides is None else getattr(result.sides[1], "modifications", [])
        return self.with_places_of(steps).change(
            result.service, changes=steps, key=result.key, title=result.title,
            comment=result.comment, source=result.source,
            saving_per_year_gbp=result.money.stated_saving_gbp, **options,
        )  # fmt: skip

    def offer(
        self,
        service: str,
        *,
        after: _Sites,
        before: _Sites | None = None,
        later: Analysis | None = None,
        **options: Unpack[TravelOptions],
    ) -> OfferChange:
        """Say what is on offer within reach before and after: gravity and floating catchments.

        Parameters
        ----------
        service, after, before, later
            As in `compare`; capacities and days are those of a baseline or scenario, for ids those
            of the study's tables.
        **options
            See `TravelOptions`; weights of deprivation have no part in it.

        Returns
        -------
        OfferChange

        Raises
        ------
        ParameterError
            If the mode is not measured or a site is unknown.
        ScenarioError
            If everything closes.
        """
        old: Any = _baseline_of(self.study, service)
        if before is not None:
            old = self._sites(before, "before")
        new: Any = self._sites(after, "after")
        asked = self._question(service, old, new, **options)
        if not hasattr(old, "open_ids"):
            old = _open_of(self.study, service, old)
        if not hasattr(new, "open_ids"):
            new = _open_of(self.study, service, new)
        measures = self.study.config.measures
        return offer_change(
            asked.matrix,
            before=old,
            after=new,
            demand=asked.demand,
            neighbours=asked.always_open,
            catchment_minutes=measures.catchment_minutes,
            decay_per_minute=measures.decay_per_minute,
            who=self.study.config.services[service].noun,
            names=self.results.names(),
            matrix_after=None
            if later is None
            else later._question(service, old, new, **options).matrix,
        )

    def offer_of(self, result: ProposalResult, mode: str | None = None) -> OfferChange:
        """Ask `offer` of a change that was measured, with what was said of it.

        Parameters
        ----------
        result : ProposalResult
        mode : str, optional
            The study's headline when not given.

        Returns
        -------
        OfferChange

        Raises
        ------
        ParameterError
            As in `offer`.
        """
        before, after = result.sides or (result.before, result.after)
        asked: Any = {**travel_options(result.options), "mode": mode}
        asked["neighbours"] = result.neighbours
        return self.offer(result.service, before=before, after=after, **asked)

    def with_places_of(
        self, changes: Sequence[Modification | Mapping[str, Any]] | Scenario
    ) -> Analysis:
        """Ask with minutes to the new positions that changes name.

        Parameters
        ----------
        changes : sequence of Modification or mapping, or Scenario

        Returns
        -------
        Analysis
            This one, where every site is known.

        Raises
        ------
        ScenarioError
            If a new site has no position, one outside the study, or the id of another site.
        NetworkError
            If no street is near.
        """
        steps = changes.modifications if isinstance(changes, Scenario) else _modifications(changes)
        rows = [
            {"id": step.to if step.action == "move" else step.site, "name": step.name or "",
             "lon": step.lon, "lat": step.lat}
            for step in steps
            if step.lon is not None
        ]  # fmt: skip
        new = pd.DataFrame(rows, columns=["id", "name", "lon", "lat"])
        found = _with_places(self.results, new)
        return self if found is self.results else Analysis(found)

    def ranked(self, result: ProposalResult, parts: Parts | None = None) -> ProposalResult:
        """Rank a change among every way to close as many, in every mode.

        Parameters
        ----------
        result : ProposalResult
        parts : Parts, optional
            Keeps what fails and why; without it, what fails is raised.

        Returns
        -------
        ProposalResult
            As it was, where it opens a site or closes none: there is then no such list.
        """
        if not set(result.after) < set(result.before):
            return result
        asked: dict[str, Any] = {"before": result.before, "after": result.after, **result.options}
        rankings, sampled = {}, {}
        for mode in result.impacts:
            rank = partial(self.standing, result.service, **asked, mode=mode)
            name = f"alternatives to {result.title} ({mode})"
            found = rank() if parts is None else parts.make(name, rank)
            if isinstance(found, SampledRanking):
                sampled[mode] = found
            elif found is not None:
                rankings[mode] = found
        beside: dict[str, Ranking] = {}
        mode = self.results.headline
        if mode in rankings and mode in result.beside:
            other: Any = {**asked, "mode": mode, "neighbours": not result.neighbours}
            read = partial(self.rank, result.service, **other)
            name = f"alternatives to {result.title}, the neighbours' read the other way"
            second = read() if parts is None else parts.make(name, read)
            beside = {} if second is None else {mode: second}
        return replace(result, rankings=rankings, sampled=sampled, rankings_beside=beside)

    def proposals(
        self, progress: Callable[[str], None] = _silent, parts: Parts | None = None
    ) -> dict[str, ProposalResult]:
        """Measure every proposal of the study before and after, and rank it.

        Parameters
        ----------
        progress : callable
            Called with a few words before each.
        parts : Parts, optional
            Keeps what fails and why; without it, what fails is raised.

        Returns
        -------
        dict of str to ProposalResult
        """
        found = {}
        for key, p in self.study.config.proposals.items():
            ways, many = self.ways_of(key), _closings_of(self.study, key)
            listed = f"each of {ways:,} alternatives" if ways else "no list of alternatives"
            if many is not None and many.too_many:
                listed = f"the best of {ways:,} alternatives, and a sample of them"
            progress(f"before and after, and {listed}: {p.title}")
            ask = partial(self.change, p.service, close=p.close, open=p.open, key=key,
                          title=p.title, comment=p.comment, source=p.source,
                          changes=[c.said for c in p.change],
                          saving_per_year_gbp=p.saving_per_year_gbp)  # fmt: skip
            made = ask() if parts is None else parts.make(f"{p.title}: before and after", ask)
            if made is not None:
                found[key] = self.ranked(made, parts)
        apart = replace(self.results, proposals=found).titled_apart()
        return dict(zip(found, apart, strict=True))

    def ways_of(self, proposal: str) -> int:
        """Count the ways to close as many sites as a proposal of the study, within its rules.

        Parameters
        ----------
        proposal : str
            Its key.

        Returns
        -------
        int
            Exact, whether or not they can be listed; 0 where the proposal is not ranked, for it
            opens a site or closes none, or where the rules leave no way.
        """
        return _ways_of(self.study, proposal)

    def rank(
        self,
        service: str,
        *,
        after: _Sites | None = None,
        before: _Sites | None = None,
        keep: int | None = None,
        **options: Unpack[QuestionOptions],
    ) -> Ranking:
        """Rank every way to close as many, and say where a proposal stands among them.

        Parameters
        ----------
        service : str
        after, before : sequence of str, Baseline or Scenario
            Sites open after (the proposal, if any) and before; today's when not given.
        keep : int, optional
            How many stay open, where there is no proposal.
        **options
            See `QuestionOptions`.

        Returns
        -------
        Ranking

        Raises
        ------
        ParameterError
            If the mode is not measured, a site or locality is unknown, or weights cannot be made.
        ScenarioError
            If the rules leave no option, or the options are too many.
        """
        asked = self._choice(service, before, after, keep, **options)
        return rank_closures(
            asked.matrix, **asked.choice, **asked.criteria_settings, names=self.results.names()
        )

    def standing(
        self,
        service: str,
        *,
        after: _Sites | None = None,
        before: _Sites | None = None,
        keep: int | None = None,
        **options: Unpack[QuestionOptions],
    ) -> Ranking | SampledRanking:
        """Say where a proposal stands: in the whole list, or in a sample where it is too long.

        Parameters
        ----------
        service, after, before, keep, **options
            As in `rank`.

        Returns
        -------
        Ranking or SampledRanking
            Sampled where there are more than `access.scenario.options.MAX_OPTIONS` ways: the best
            are searched with a proof, and the share of ways that are better is given with an
            exact binomial interval.

        Raises
        ------
        ParameterError, ScenarioError
            As in `rank`, but not for being too many.
        """
        asked = self._choice(service, before, after, keep, **options)
        choice = ServiceChoice(asked.matrix, **asked.choice)
        _, rules = choosable(choice)
        if not rules.too_many:
            return self.rank(service, after=after, before=before, keep=keep, **options)
        settings = CriteriaSettings(**asked.criteria_settings)
        names = self.results.names()
        from access.analysis.many import _sampled_ranking

        return _sampled_ranking(choice, settings, mode=asked.matrix.mode, names=names, seed=_SEED)

    def rank_jointly(
        self, proposals: Mapping[str, ProposalResult], **options: Unpack[QuestionOptions]
    ) -> Ranking | None:
        """Rank two services' proposals together among all pairs of alternatives.

        Parameters
        ----------
        proposals : mapping of str to ProposalResult
        **options
            See `QuestionOptions`.

        Returns
        -------
        Ranking or None
            None where there are not two that are ranked, one of each of two services.

        Raises
        ------
        ScenarioError
            If the pairs are too many to list.
        """
        pair = [p for p in proposals.values() if set(p.after) < set(p.before)]
        if len(pair) != 2 or pair[0].service == pair[1].service:
            return None
        services = [p.service for p in pair]
        counted = Meant(self.study).neighbours(services, options.get("neighbours"))
        kept = Meant(self.study).kept_centres(services, options.get("never_close", ()))
        own: list[QuestionOptions] = [
            {**options, "neighbours": counted[key], "never_close": kept[key]} for key in services
        ]
        one, two = (
            self._choice(p.service, p.before, p.after, **said)
            for p, said in zip(pair, own, strict=True)
        )
        both = (choosable(ServiceChoice(q.matrix, **q.choice))[1] for q in (one, two))
        pairs = math.prod(rules.ways for rules in both)
        if pairs > MAX_OPTIONS:
            raise ScenarioError(
                f"{pairs:,} pairs of alternatives are too many to list (at most {MAX_OPTIONS:,} "
                "are); each service is ranked alone"
            )
        return rank_closures(
            one.matrix, **one.choice, **one.criteria_settings,
            joint=ServiceChoice(two.matrix, **two.choice), names=self.results.names(),
        )  # fmt: skip

    def robustness(
        self,
        service: str,
        *,
        after: _Sites | None = None,
        before: _Sites | None = None,
        keep: int | None = None,
        draws: int = DRAWS,
        **options: Unpack[QuestionOptions],
    ) -> Robustness:
        """Rank again under many settings, drawn within what the study says may be wrong.

        Parameters
        ----------
        service, after, before, keep
            As in `rank`.
        draws : int
        **options
            See `QuestionOptions`; those of the ranking.

        Returns
        -------
        Robustness
            By the criteria of `rank`, over walking speed (walking only), the weight of
            deprivation (linear weights only), the threshold, counts within their sampling error,
            every centre's position within its stated error, the error of the streets, and
            assumed stand-ins moved among the candidate sites near them. With a bus in the minutes,
            over the day and the time of setting out in place of speeds, positions and streets. The
            seed is fixed: same study, same figures. Where
            there are too many ways to rank them all so often, a sample of them is.

        Raises
        ------
        ParameterError, ScenarioError
            As in `rank`.
        """
        asked = self._choice(service, before, after, keep, **options)
        _, rules = choosable(ServiceChoice(asked.matrix, **asked.choice))
        areas = len(asked.matrix.area_ids)
        most = max(_SAMPLE, _MOST_MEASURED // (areas * draws))
        if asked.matrix.minute_by_minute is not None:
            most = min(most, _MOST_BY_THE_MINUTE)
        threshold = asked.threshold_minutes
        uncertain = _what_may_be_wrong(
            asked.results, asked.matrix.mode, asked.sites, service=service,
            by_the_minute=asked.matrix.minute_by_minute is not None,
            lam=_LAMBDA if asked.weighting["weights"] == "linear" else None,
            threshold_minutes=(0.75 * threshold, 1.5 * threshold),
        )  # fmt: skip
        return robustness(
            # the family trip is blended anew in every draw, from walks and drives
            asked.results.matrices["walk"] if uncertain.drive is not None else asked.matrix,
            **asked.choice,
            **asked.criteria_settings,
            sample=_SAMPLE if rules.ways > most else 0,
            uncertainty=uncertain,
            draws=draws,
            seed=_SEED,
            names=self.results.short_names(),
        )

    def switching(
        self,
        service: str,
        *,
        after: _Sites | None = None,
        before: _Sites | None = None,
        keep: int | None = None,
        **options: Unpack[QuestionOptions],
    ) -> Switching:
        """Say from which weight of deprivation on another option is best.

        Parameters
        ----------
        service, after, before, keep, **options
            As in `rank`.

        Returns
        -------
        Switching
            For linear weights; says so where the question has others.

        Raises
        ------
        ParameterError, ScenarioError
            As in `rank`; and if the areas have no ``imd_rank``.
        """
        asked = self._choice(service, before, after, keep, **options)
        if "imd_rank" not in asked.demand:
            raise ParameterError(
                "the areas have no imd_rank, so there are no linear weights whose switching "
                "values could be found"
            )
        return switching_values(
            asked.matrix,
            **asked.choice,
            weights=asked.weighting["weights"],
            national_areas=asked.weighting["national_areas"],
            names=self.results.names(),
        )

    def weights_side_by_side(
        self,
        service: str,
        *,
        after: _Sites | None = None,
        before: _Sites | None = None,
        keep: int | None = None,
        **options: Unpack[QuestionOptions],
    ) -> pd.DataFrame:
        """Set the best option and the proposal side by side under each choice of weights.

        Parameters
        ----------
        service, after, before, keep, **options
            As in `rank`.

        Returns
        -------
        DataFrame
            As `access.scenario.switching.weights_side_by_side`.

        Raises
        ------
        ParameterError, ScenarioError
            As in `rank`.
        """
        asked = self._choice(service, before, after, keep, **options)
        return weights_side_by_side(asked.matrix, **asked.choice, **asked.weighting)

    def hubs(
        self,
        size: int | None = None,
        *,
        progress: Callable[[str], None] = _silent,
        search: Callable[[Search], object] | None = None,
        **options: Unpack[HubOptions],
    ) -> HubResult:
        """Find where the study's Family Hubs would best stand.

        Parameters
        ----------
        size : int, optional
            Hubs for the alternatives and the front; as many as the council's, or 3, or as the
            localities need.
        progress : callable
            Called with a few words before each step.
        search : callable, optional
            Told how far each search is; ends it by giving False.
        **options
            See `access.analysis.hubs.HubOptions`.

        Returns
        -------
        HubResult

        Raises
        ------
        ParameterError
            If the mode is not measured, a site is unknown, or no set of hubs keeps the rules.
        StudyError
            If the costs cannot be read.
        """
        return self._hubs(size, progress=progress, search=search, **options)

    def hub_pair(self, answer: HubResult, one: str, two: str) -> PlanPair:
        """Say who is nearer and who is further from one plan of hubs to another.

        Parameters
        ----------
        answer : HubResult
            Of `hubs`.
        one, two : str
            Keys of its plans: ``"council"``, ``"locality"``, ``"asked_1"``.

        Returns
        -------
        PlanPair

        Raises
        ------
        ParameterError
            If it has no such plan.
        """
        from access.analysis.hub_plans import PlanPair

        if answer.plans is None:
            raise ParameterError("no plans of hubs were made; expected the answer of `hubs`")
        plans = answer.plans
        return PlanPair.of(plans, answer.minutes, plans.plan(one), plans.plan(two))

    def _run_hubs(self, mode: str, progress: Callable[[str], None]) -> HubResult:
        """Ask as a run does: the weighted count for as many hubs alone."""
        return self._hubs(mode=mode, progress=progress, brief=True)

    def _hubs(self, size: int | None = None, **options: Any) -> HubResult:
        from access.analysis.hubs import _hub_result

        here = self.at(options.pop("walk_km_h", None))
        weights = here.weighting(options.pop("weights", None))
        mode = here._matrix(options.pop("mode", None)).mode
        by_area = None if weights["weights"] == "none" else here.area_weights(weights["weights"])
        return _hub_result(here.results, by_area, size, mode=mode, **options)

    def with_hubs(
        self,
        mode: str | None = None,
        *,
        progress: Callable[[str], None] = _silent,
        parts: Parts | None = None,
    ) -> StudyResults:
        """Give what was measured with where Family Hubs would best stand, where there is a choice.

        Parameters
        ----------
        mode : str, optional
            The study's headline when not given.
        progress : callable
        parts : Parts, optional
            Keeps what fails and why; without it, what fails is raised.

        Returns
        -------
        StudyResults
        """
        from access.analysis.hubs import _hub_candidates

        if len(_hub_candidates(self.results)) < 2:
            return self.results
        by = self._matrix(mode).mode
        if self.results.hubs is not None and self.results.hubs.mode == by:
            return self.results
        ask = partial(self._run_hubs, by, progress)
        kept = Parts(self.results.left_out) if parts is None else parts
        found = ask() if parts is None else kept.make(HubTerms.of(self.results.study).title, ask)
        return self.holding(found, kept)

    def holding(self, found: HubResult | None, parts: Parts) -> StudyResults:
        """Give what was measured with hubs that were found; None where they were left out.

        Parameters
        ----------
        found : HubResult or None
        parts : Parts
            What was left out so far.

        Returns
        -------
        StudyResults
        """
        if found is None:
            return replace(self.results, left_out=parts.left_out)
        ledger = self.results.ledger
        told = (*ledger.assumptions, *found.plain.assumptions)
        return replace(self.results, hubs=found, ledger=replace(ledger, assumptions=told))

    def isochrones(
        self,
        sites: Sequence[str] | str,
        *,
        minutes: float | Sequence[float] = (10.0, 20.0, 30.0),
        mode: str = "walk",
        direction: str = "from_site",
        buffer_m: float = BUFFER_M,
        walk_km_h: float | None = None,
    ) -> Isochrones:
        """Draw what lies within so many minutes of sites, along the streets.

        Parameters
        ----------
        sites : str or sequence of str
            Ids or names.
        minutes : float or sequence of float
            Above 0, at most 600.
        mode : str
            ``"walk"`` or ``"drive"``.
        direction : str
            ``"from_site"``, or ``"to_site"`` for the way there (it differs where streets are
            one-way).
        buffer_m : float
            How far the polygons go round the reached streets, metres.
        walk_km_h : float, optional
            Another walking speed than the study's.

        Returns
        -------
        Isochrones
            Polygons and streets in WGS84, each within the next. A site too far from any street
            has an empty polygon and a status that says so.

        Raises
        ------
        ParameterError
            If a site is unknown, the mode has no streets, or a number cannot be.

        Notes
        -----
        The streets are exact: a street point is in where the travel matrix's own search says it
        is near enough, and streets are cut where the minutes are used up. The leg between the
        site and its street is counted, the leg at the other end is not. A polygon is the union
        of everything within `buffer_m` of its streets (GEOS buffers, round ends).

        Examples
        --------
        >>> from access.notebook import answer
        >>> found = Analysis(answer("rotherham").results).isochrones("CC04", minutes=[10, 20])
        >>> found.table["status"].tolist(), bool(found.table["area_km2"].is_monotonic_increasing)
        (['reached', 'reached'], True)
        """
        return _reach_of(
            self.at(walk_km_h).results, sites, mode=mode, minutes=minutes, direction=direction,
            buffer_m=buffer_m,
        )  # fmt: skip

    def path(
        self, area: str, site: str, *, mode: str = "walk", walk_km_h: float | None = None
    ) -> Path:
        """Give the way from an area to a site that the travel matrix measures, as a line.

        Parameters
        ----------
        area : str
            An area's id.
        site : str
            A site's id or name.
        mode : str
            ``"walk"`` or ``"drive"``.
        walk_km_h : float, optional
            Another walking speed than the study's.

        Returns
        -------
        Path
            Its minutes and metres are those of the matrix; an empty line and ``inf`` where there
            is no way.

        Raises
        ------
        ParameterError
            If the area or the site is unknown, or the mode has no streets.

        Examples
        --------
        >>> from access.notebook import answer
        >>> analysis = Analysis(answer("rotherham").results)
        >>> way = analysis.path("E00038789", "Park View")
        >>> way.site, bool(way.minutes == analysis.results.matrices["walk"].to_frame().loc[
        ...     "E00038789", "CC04"])
        ('CC04', True)
        """
        return _path_of(self.at(walk_km_h).results, area, site, mode=mode)

    def minutes_table(
        self, *, mode: str | None = None, walk_km_h: float | None = None
    ) -> pd.DataFrame:
        """Give the travel matrix in long form: one row an area and a site.

        Parameters
        ----------
        mode : str, optional
            ``"walk"``, ``"drive"`` or ``"typical"``; the study's headline when not given.
        walk_km_h : float, optional
            Another walking speed than the study's.

        Returns
        -------
        DataFrame, shape (areas x sites, 6)
            ``area site mode minutes metres status``: minutes from door to door and metres along
            the streets, both ``inf`` where the status is neither ``ok`` nor ``same_place``.

        Raises
        ------
        ParameterError
            If the mode is not measured.

        Examples
        --------
        >>> from access.notebook import answer
        >>> analysis = Analysis(answer("rotherham").results)
        >>> analysis.minutes_table(mode="drive").columns.tolist()
        ['area', 'site', 'mode', 'minutes', 'metres', 'status']
        """
        here = self.at(walk_km_h)
        return _long_minutes(here.results.matrix_by_site(here._matrix(mode).mode))

    def within(
        self,
        site: str,
        *,
        minutes: float = 20.0,
        mode: str | None = None,
        walk_km_h: float | None = None,
    ) -> Within:
        """Count who lives within so many minutes of a site, door to door.

        Parameters
        ----------
        site : str
            An id or a name.
        minutes : float
            Above 0, at most 600.
        mode : str, optional
            ``"walk"``, ``"drive"`` or ``"typical"``; the study's headline when not given.
        walk_km_h : float, optional
            Another walking speed than the study's.

        Returns
        -------
        Within
            By each service's own people, in all and by deprivation fifth and ward, and by
            equality group; its table hides small counts, and what would give them away in it,
            unless asked for internal use. Of several such tables of one site each is protected
            by itself: publish one.

        Raises
        ------
        ParameterError
            If the site is unknown, the mode is not measured, or the minutes cannot be.

        Examples
        --------
        >>> from access.notebook import answer
        >>> found = Analysis(answer("rotherham").results).within("CC04", minutes=20)
        >>> table = found.to_frame(internal=True)
        >>> bool((table["within"] + table["beyond"] == table["all"]).all())
        True
        """
        here = self.at(walk_km_h)
        return _within_of(here.results, site, minutes=minutes, mode=here._matrix(mode).mode)

    def weighting(self, weights: str | None = None) -> dict[str, Any]:
        """Give a question's deprivation weights, the study's unless told otherwise.

        Parameters
        ----------
        weights : str, optional
            As in `TravelOptions`.

        Returns
        -------
        dict
            ``weights lam national_areas``, options of `access.compare` and its kin.
        """
        chosen = self.study.config.weights
        scheme = chosen.scheme if weights is None else weights
        if weights is None and scheme == "linear" and "imd_rank" not in self.study.areas:
            scheme = "none"
        return {"weights": scheme, "lam": chosen.lam, "national_areas": chosen.national_areas}

    def area_weights(self, weights: str | None = None) -> Weights:
        """Give what a family in each area counts for, whatever the service.

        Parameters
        ----------
        weights : str, optional
            As in `TravelOptions`.

        Returns
        -------
        Weights
            In the order of the study's areas.
        """
        chosen = self.weighting(weights)
        # one weight an area for every service: the areas count alike where a weight needs a count
        areas = without_shapes(self.study.areas).assign(count=1.0)
        return deprivation_weights(
            areas, chosen["weights"], lam=chosen["lam"], national_areas=chosen["national_areas"]
        )

    def savings(self) -> dict[str, float]:
        """Give what closing each centre saves a year, where the register knows its cost.

        Returns
        -------
        dict of str to float
        """
        centres = self.study.centres
        if "annual_cost_gbp" not in centres:
            return {}
        costs = pd.to_numeric(centres["annual_cost_gbp"], errors="coerce").to_numpy(float)
        ids = centres["id"].astype(str)
        return {i: float(c) for i, c in zip(ids, costs, strict=True) if np.isfinite(c)}

    def _matrix(self, mode: str | None) -> TravelMatrix:
        """Give the minutes of a mode, the study's headline when not given."""
        mode = mode or self.results.headline
        if mode not in self.results.matrices:
            told = f" {BUS_NOT_KNOWN} {_GIVE_BUSES}" if mode == "bus" else ""
            known = ", ".join(f"{m!r} ({mode_title(m)})" for m in self.results.matrices)
            raise ParameterError(f"no mode {mode!r} is measured; expected one of {known}.{told}")
        return self.results.matrices[mode]

    def _sites(self, sites: _Sites, name: str) -> _Sites:
        """Read names as ids; a baseline or a scenario stays what it is."""
        if hasattr(sites, "open_ids"):
            return sites
        given = cast(Sequence[str], sites)
        places = self.results.sites
        return _site_ids(self.study, given, places, name=name, what="sites of the study")

    def _meant(
        self,
        service: str | None,
        close: Sequence[str],
        open: Sequence[str],
        steps: Sequence[Modification] = (),
    ) -> tuple[str, list[str], list[str]]:
        """Read which service, which centres to close and which sites to open are meant."""
        closed = _centre_ids(self.study, service, close)
        places = _places_of(self.study)
        # what opens for a service may be another's: it tells only where nothing else is said
        changed = _centres_of(self.study, [s for s in steps if s.action != "open"])
        told = [*closed, *changed] or _centres_of(self.study, steps)
        service = Meant(self.study).service(service, told)
        before = self.today(service)
        unknown = sorted(set(closed) - set(before))
        if unknown:
            raise ParameterError(f"{unknown} are no {service} of today; expected any of {before}")
        opened = _site_ids(self.study, open, places, name="open", what="sites of the study")
        both = sorted(set(closed) & set(opened))
        if both:
            raise ParameterError(f"{both} are asked to close and to open; expected one of the two")
        return service, closed, opened

    def _change_words(
        self, close: Sequence[str], open: Sequence[str], steps: Sequence[Modification] = ()
    ) -> str:
        names = self.results.names()
        parts = []
        for verb, ids in (("close", close), ("open", open)):
            if ids:
                parts.append(f"{verb} {', '.join(names[i] for i in sorted(set(ids)))}")
        for step in steps:
            what = {"status": f"change to {step.new_status}:"}.get(step.action, step.action)
            parts.append(f"{what} {names.get(step.site, step.name or step.site)}")
        return "; ".join(parts) or "as today"

    def _choice(
        self,
        service: str,
        before: _Sites | None = None,
        after: _Sites | None = None,
        keep: int | None = None,
        **options: Unpack[QuestionOptions],
    ) -> _Question:
        """Fill in a question about alternatives; refuse what opens a site or closes none."""
        after = None if after is None else self._sites(after, "after")
        before = None if before is None else self._sites(before, "before")
        asked = self._question(service, before, after, keep, **options)
        _ = asked.rules  # what is wrong with them is said first
        if asked.proposal is not None and not set(asked.proposal) < set(asked.sites):
            raise ScenarioError(
                f"{getattr(after, 'name', 'the change')!r} does not only close sites: there is no "
                "list of alternatives to rank it in; `access site` finds the best sites to open"
            )
        return asked

    def _question(
        self,
        service: str,
        before: _Sites | None = None,
        after: _Sites | None = None,
        keep: int | None = None,
        *,
        mode: str | None = None,
        neighbours: bool | None = None,
        weights: str | None = None,
        walk_km_h: float | None = None,
        threshold_minutes: float | None = None,
        never_close: Sequence[str] = (),
        min_per_locality: int | None = None,
        savings: Mapping[str, float] | None = None,
    ) -> _Question:
        """Turn a question's options into settings: the only place where a default stands."""
        mode = self._matrix(mode).mode
        here = self.at(walk_km_h)
        proposal = None if after is None else _ids(after)
        if keep is None:
            if proposal is None:
                raise ParameterError("nothing to rank; expected after=ids, or keep=a number")
            keep = len(proposal)
        preset = self.study.config.measures.threshold_minutes
        if threshold_minutes is not None:
            number(0)(threshold_minutes, "threshold_minutes")
        others = self._others(service) if self._neighbours(service, neighbours) else []
        sites = self.today(service) if before is None else _ids(before)
        return _Question(
            matrix=here.results.matrix(mode, service),
            demand=self.study.demand(service),
            keep=keep,
            proposal=proposal,
            sites=sites,
            always_open=others,
            closing=partial(self._rules, service, never_close, min_per_locality, savings, sites),
            weighting=self.weighting(weights),
            threshold_minutes=preset if threshold_minutes is None else threshold_minutes,
            results=here.results,
        )

    def _neighbours(self, service: str, asked: bool | None) -> bool:
        """Say whether the neighbours' centres count: as asked, else as the study says."""
        Meant(self.study).neighbours([service], asked)
        return self.study.config.measures.neighbours if asked is None else asked

    def _others(self, service: str) -> list[str]:
        """Give the ids of the neighbours' centres of a service."""
        return list(map(str, self.study.neighbours_of(service)["id"]))

    def _rules(
        self,
        service: str,
        never_close: Sequence[str],
        min_per_locality: int | None,
        savings: Mapping[str, float] | None,
        sites: Sequence[str],
    ) -> dict[str, Any]:
        """Give the rules on what closes: the study's own, and what the question adds."""
        own = self.study.rules(service)
        kept = _centre_ids(self.study, service, never_close, "never_close")
        centres = self.study.centres_of(service)
        ids = centres["id"].tolist()
        where = centres["locality"].tolist() if "locality" in centres else None
        costs = None if savings is None else _savings_of(self.study, savings)
        if costs is None:  # the register also knows what sites cost that are shut by now
            costs = {i: v for i, v in self.savings().items() if i in sites}
        return {
            "never_close": sorted({*own["never_close"], *kept}),
            "localities": None if where is None else dict(zip(ids, where, strict=True)),
            "min_per_locality": own["min_per_locality"]
            if min_per_locality is None
            else min_per_locality,
            "savings": {i: v for i, v in costs.items() if i in ids} or None,
        }


@dataclass(frozen=True, eq=False)
class Beforehand:
    """What can be told of a study, and must be refused, before anything is measured.

    Parameters
    ----------
    study : Study
    """

    study: Study

    @cached_property
    def _asked(self) -> Analysis:
        return Analysis(_unmeasured(self.study))

    def check_travel(
        self,
        *,
        mode: str | None = None,
        weights: str | None = None,
        walk_km_h: float | None = None,
        cut: bool = False,
    ) -> None:
        """Refuse how nobody travels or is weighted, whatever the service, and buses to `cut`."""
        if walk_km_h is not None:
            _check_walking_speed(walk_km_h)
        by = self._asked._matrix(mode).mode
        if weights is not None:
            self._asked.area_weights(weights)
        if cut and not self.study.timetables:
            raise ParameterError(f"{BUS_NOT_KNOWN} {_GIVE_BUSES}")
        if cut and by not in ("bus", "typical"):
            raise ParameterError(_NO_BUS_IN.format(mode=by))

    def check_questions(
        self,
        questions: Iterable[Question],
        *,
        ranked: bool = False,
        kept: Mapping[str, Sequence[str]] | None = None,
        **options: Unpack[QuestionOptions],
    ) -> None:
        """Refuse questions that cannot be answered; `ranked`, those without alternatives too.

        How fast one walks is for `check_travel`; `kept` are centres to keep, by service.
        """
        here = self._asked
        for question in questions:
            own: QuestionOptions = {
                **options,
                "never_close": (kept or {}).get(question.service, ()),
            }
            ask = here._choice if ranked else here._question
            asked = ask(question.service, question.baseline, question.scenario, **own)
            CriteriaSettings(**asked.criteria_settings).weigh(asked.demand)
            if ranked:
                choosable(ServiceChoice(asked.matrix, **asked.choice))

    def ways_words(self) -> dict[str, dict[str, Any]]:
        """Say how many alternatives each proposal has and whether a run will list them."""
        found: dict[str, dict[str, Any]] = {}
        for key, proposal in self.study.config.proposals.items():
            many = _closings_of(self.study, key)
            ways = 0 if many is None else many.ways
            pairs = ways * len(self.study.areas)
            listed = many is not None and ways > 0 and not many.too_many
            words = f"{proposal.title}: {counted(ways, 'way')} to close as many"
            if not ways:
                why = "it opens a site or closes none"
                if proposal.closes and not proposal.opens:
                    why = "the study's rules leave no way to close as many"
                words = f"{proposal.title}: not ranked, for {why}"
            elif listed:
                words += (
                    f", each measured and listed (about {_how_long(pairs * 25e-9)} a way of travel)"
                )
            else:
                words += (
                    ", too many to look at each: not listed; the best are searched for with a "
                    "proof, the proposal's place comes from a sample (about "
                    f"{_how_long(10)} a way of travel)"
                )
            found[key] = {"ways": ways, "listed": listed, "words": words}
        return found


def _ways_of(study: Study, proposal: str) -> int:
    """Count the ways to close as many sites as a proposal, within the study's rules."""
    found = _closings_of(study, proposal)
    return 0 if found is None else found.ways


def _closings_of(study: Study, proposal: str) -> Closings | None:
    """Give what the study's rules let close in a proposal's place; None where it is not ranked."""
    asked = study.config.proposals[proposal]
    today = sorted(study.open_ids(asked.service))
    if asked.opens or not asked.closes or len(asked.closes) >= len(today):
        return None
    try:
        return closings(today, len(today) - len(asked.closes), **study.rules(asked.service))
    except AccessError:
        return None


def _how_long(seconds: float) -> str:
    """Write a rough wait: what an ordinary laptop takes."""
    if seconds < 5:
        return "a few seconds"
    return f"{math.ceil(seconds / 10) * 10} seconds"


@dataclass(frozen=True, eq=False)
class _Question:
    """A question with every setting filled in."""

    matrix: TravelMatrix
    demand: pd.DataFrame
    keep: int
    proposal: list[str] | None
    sites: list[str]
    always_open: list[str]
    closing: Callable[[], Mapping[str, Any]]
    weighting: Mapping[str, Any]
    threshold_minutes: float
    results: StudyResults

    @cached_property
    def rules(self) -> dict[str, Any]:
        """What stays open, and what closes only by rules; worked out where it is asked for."""
        return {"always_open": self.always_open, **self.closing()}

    @property
    def choice(self) -> dict[str, Any]:
        """What may be chosen: keywords of `ServiceChoice`."""
        proposal = None if self.proposal is None else {"kept": self.proposal}
        return {"keep": self.keep, "demand": self.demand, "proposal": proposal,
                "sites": self.sites, **self.rules}  # fmt: skip

    @property
    def criteria_settings(self) -> dict[str, Any]:
        """What it is measured by."""
        return {**self.weighting, "threshold_minutes": self.threshold_minutes}


def _some_services_stay(after: Baseline | Scenario) -> Baseline | Scenario:
    """Read a change a second time: deregistered sites count as open."""
    statuses = (*after.open_statuses, "deregistered")
    if isinstance(after, Baseline):
        return replace(after, open_statuses=statuses)
    return replace(after, baseline=replace(after.baseline, open_statuses=statuses))


def _ids(sites: _Sites) -> list[str]:
    """Give the ids of open sites, given as they are or as anything with ``open_ids``."""
    return [str(i) for i in cast(Sequence[str], getattr(sites, "open_ids", sites))]

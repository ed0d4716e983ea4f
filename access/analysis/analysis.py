"""One study with its travel times, and one method a question that can be asked of them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypedDict, TypeVar, Unpack

import pandas as pd

from access.analysis.results import ProposalResult, StudyResults, weighting
from access.errors import ParameterError, ScenarioError
from access.labels import mode_title
from access.network import TravelMatrix
from access.scenario import (
    Impact,
    NothingChangesWarning,
    Ranking,
    Robustness,
    ServiceChoice,
    Switching,
    Uncertainty,
    compare,
    rank_closures,
    robustness,
    switching_values,
)
from access.scenario.options import MAX_OPTIONS
from access.scenario.robustness import plausible_sites
from access.scenario.switching import weights_side_by_side
from access.study import Study

_WALK_KM_H = (3.6, 5.4)
"""From a pram to a brisk walk: the range over which the walking speed is drawn."""
_LAMBDA = (0.0, 2.0)
DRAWS = 1000
_SEED = 2018

_Sites = Sequence[str] | object
"""Ids of open sites, or a baseline or scenario that has them."""


class TravelOptions(TypedDict, total=False):
    """What may be said of any question.

    Parameters
    ----------
    mode : str
        ``"walk"`` (the default), ``"drive"`` or ``"typical"``.
    neighbours : bool
        Let families use the neighbouring authorities' centres, in every option; not by default.
    weights : str
        ``"none"``, ``"linear"``, ``"green_book"`` or a column of the areas; the study's scheme
        when not given.
    """

    mode: str
    neighbours: bool
    weights: str | None


class QuestionOptions(TravelOptions, total=False):
    """What may be said of any question about alternatives.

    Parameters
    ----------
    threshold_minutes : float
        For the share beyond; the study's when not given.
    never_close : sequence of str
        Ids of centres that every option keeps.
    min_per_locality : int
        Least number of centres kept in every locality.
    savings : mapping of str to float
        Saved a year by closing each centre.
    """

    threshold_minutes: float | None
    never_close: Sequence[str]
    min_per_locality: int | None
    savings: Mapping[str, float] | None


@dataclass(frozen=True, eq=False)
class Analysis:
    """A study with its travel times: the one place where questions are put together.

    Every question about alternatives takes the same options (see `QuestionOptions`) and hands
    all of them on, so that a ranking and how firm it is are always about the same thing.

    Parameters
    ----------
    study : Study
    matrices : dict of str to TravelMatrix
        By mode.
    sites : DataFrame
        Every site of the matrices, as `access.analysis.results.StudyResults.sites`.

    Examples
    --------
    >>> from access.notebook import answer
    >>> analysis = Analysis.of(answer("rotherham").results)
    >>> today = analysis.today("childrens_centre")
    >>> ranking = analysis.rank("childrens_centre", after=today[:9], never_close=["CC02"])
    >>> ranking.what
    '165 ways to keep 9 of 12'
    """

    study: Study
    matrices: Mapping[str, TravelMatrix]
    sites: pd.DataFrame

    @classmethod
    def of(cls, results: StudyResults) -> Analysis:
        """Ask of what a run measured.

        Parameters
        ----------
        results : StudyResults

        Returns
        -------
        Analysis
        """
        return cls(results.study, results.matrices, results.sites)

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
        return sorted(map(str, self.study.centres_of(service)["id"]))

    def compare(
        self,
        service: str,
        *,
        after: _Sites,
        before: _Sites | None = None,
        **options: Unpack[TravelOptions],
    ) -> Impact:
        """Say what a change does to families' travel.

        Parameters
        ----------
        service : str
        after, before : sequence of str, Baseline or Scenario
            Sites open after and before; today's when `before` is not given.
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
        before = self.today(service) if before is None else before
        unknown = sorted(set(_ids(after)) - set(self.sites["id"]))
        if unknown:
            raise ParameterError(
                f"the study has no travel times to {unknown}; expected centres or candidate sites "
                "of it"
            )
        asked = self._question(service, before, after, **options)
        return compare(
            asked.matrix,
            before=before,
            after=after,
            neighbours=asked.rules["always_open"],
            **self.study.limits(),
            who=self.study.config.services[service].noun,
            demand=asked.demand,
            names=self.names(),
            **asked.weighting,
        )

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
        asked = self._question(service, before, after, keep, **options)
        return rank_closures(
            asked.matrix, **asked.choice, **asked.criteria_settings, names=self.names()
        )

    def rank_jointly(
        self,
        first: tuple[str, _Sites, _Sites],
        second: tuple[str, _Sites, _Sites],
        **options: Unpack[QuestionOptions],
    ) -> Ranking | None:
        """Rank two services' proposals among all pairs of alternatives.

        Parameters
        ----------
        first, second : tuple of service, before and after
        **options
            See `QuestionOptions`.

        Returns
        -------
        Ranking or None
            None where there are too many pairs to list.
        """
        one, two = (self._question(*pair, **options) for pair in (first, second))
        if math.prod(math.comb(len(q.sites), q.keep) for q in (one, two)) > MAX_OPTIONS:
            return None
        return rank_closures(
            one.matrix, **one.choice, **one.criteria_settings,
            joint=ServiceChoice(two.matrix, **two.choice), names=self.names(),
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
            every centre's position within its stated error, and assumed stand-ins moved among
            the candidate sites near them. The seed is fixed: same study, same figures.

        Raises
        ------
        ParameterError, ScenarioError
            As in `rank`.
        """
        asked = self._question(service, before, after, keep, **options)
        return robustness(
            asked.matrix,
            **asked.choice,
            **asked.criteria_settings,
            uncertainty=self._uncertainty(asked),
            draws=draws,
            seed=_SEED,
            names=self.names(),
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
        asked = self._question(service, before, after, keep, **options)
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
            names=self.names(),
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
        asked = self._question(service, before, after, keep, **options)
        return weights_side_by_side(asked.matrix, **asked.choice, **asked.weighting)

    def names(self) -> dict[str, str]:
        """Site names by id."""
        return dict(zip(self.sites["id"], self.sites["name"], strict=True))

    def _question(
        self,
        service: str,
        before: _Sites | None = None,
        after: _Sites | None = None,
        keep: int | None = None,
        *,
        mode: str = "walk",
        neighbours: bool = False,
        threshold_minutes: float | None = None,
        never_close: Sequence[str] = (),
        min_per_locality: int | None = None,
        savings: Mapping[str, float] | None = None,
        weights: str | None = None,
    ) -> _Question:
        """Turn a question's options into settings: the only place where a default stands."""
        if mode not in self.matrices:
            raise ParameterError(
                f"no mode {mode!r} is measured; expected one of {[*self.matrices]}"
            )
        demand = self.study.demand(service)
        proposal = None if after is None else _ids(after)
        if keep is None:
            if proposal is None:
                raise ParameterError("nothing to rank; expected after=ids, or keep=a number")
            keep = len(proposal)
        preset = self.study.config.measures.threshold_minutes
        return _Question(
            matrix=self.matrices[mode],
            demand=demand,
            keep=keep,
            proposal=proposal,
            sites=self.today(service) if before is None else _ids(before),
            rules=self._rules(service, neighbours, never_close, min_per_locality, savings),
            weighting=weighting(self.study, weights),
            threshold_minutes=preset if threshold_minutes is None else threshold_minutes,
        )

    def _rules(
        self,
        service: str,
        neighbours: bool,
        never_close: Sequence[str],
        min_per_locality: int | None,
        savings: Mapping[str, float] | None,
    ) -> dict[str, Any]:
        """Give the rules of a question: the study's own, and what the question adds."""
        own = self.study.rules(service)
        centres = self.study.centres_of(service).set_index("id")
        return {
            "always_open": [str(i) for i in self.study.neighbours["id"]] if neighbours else [],
            "never_close": sorted({*own["never_close"], *map(str, never_close)}),
            "localities": centres["locality"].to_dict() if "locality" in centres else None,
            "min_per_locality": own["min_per_locality"]
            if min_per_locality is None
            else min_per_locality,
            "savings": savings,
        }

    def _uncertainty(self, asked: _Question) -> Uncertainty:
        """Gather what the study says may be wrong."""
        sites = self.sites.set_index("id").loc[asked.sites].reset_index()
        errors = {
            str(i): float(e)
            for i, e in zip(sites["id"], sites["position_error_m"], strict=True)
            if e == e
        }
        candidates = self.sites[self.sites["kind"] == "candidate"]
        points = self.sites[["id", "lon", "lat"]]
        stand_ins = plausible_sites(sites[sites["assumed"]], candidates)
        threshold = asked.threshold_minutes
        return Uncertainty(
            walk_kmh=_WALK_KM_H if asked.matrix.mode == "walk" else None,
            lam=_LAMBDA if asked.weighting["weights"] == "linear" else None,
            threshold_minutes=(0.75 * threshold, 1.5 * threshold),
            position_error_m=errors or None,
            area_points=self.study.areas[["id", "lon", "lat"]] if errors else None,
            site_points=points if errors else None,
            stand_ins=stand_ins or None,
            count_error="poisson",
            made_at_kmh=self.study.config.travel.walk_km_h,
        )


@dataclass(frozen=True, eq=False)
class _Question:
    """A question with every setting filled in."""

    matrix: TravelMatrix
    demand: pd.DataFrame
    keep: int
    proposal: list[str] | None
    sites: list[str]
    rules: Mapping[str, Any]
    weighting: Mapping[str, Any]
    threshold_minutes: float

    @property
    def choice(self) -> dict[str, Any]:
        """What may be chosen: keywords of `ServiceChoice`."""
        return {"keep": self.keep, "demand": self.demand, "proposal": self.proposal,
                "sites": self.sites, **self.rules}  # fmt: skip

    @property
    def criteria_settings(self) -> dict[str, Any]:
        """What it is measured by."""
        return {**self.weighting, "threshold_minutes": self.threshold_minutes}


def check_only_closes(title: str, before: _Sites, after: _Sites) -> None:
    """Refuse to rank what opens a site or closes none."""
    if not set(_ids(after)) < set(_ids(before)):
        raise ScenarioError(
            f"{title!r} does not only close sites: there is no list of alternatives to "
            "rank it in; `access site` finds the best sites to open"
        )


def _ids(sites: _Sites) -> list[str]:
    """Read ids, given as they are or as anything with ``open_ids``."""
    found = getattr(sites, "open_ids", sites)
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise ParameterError(f"{found!r} is no list of site ids; expected such as ['CC01', 'CC02']")
    return [str(i) for i in found]


_T = TypeVar("_T")


def pick(choices: Mapping[str, _T], name: str, what: str) -> _T:
    """Take one of several by name."""
    if name not in choices:
        raise ParameterError(f"no {what} {name!r}; expected one of {list(choices)}")
    return choices[name]


def service_of(results: StudyResults, service: str | None, close: Iterable[str] = ()) -> str:
    """Say which service is meant: the one named, that of the centres named, or the first."""
    services = results.study.config.services
    if service is not None:
        pick(services, service, "service")
        return service
    register = dict(zip(results.study.centres["id"], results.study.centres["service"], strict=True))
    meant = sorted({str(register[i]) for i in close if i in register})
    if len(meant) > 1:
        raise ParameterError(
            f"the centres to close are of several services, {meant}; ask about one at a time"
        )
    return meant[0] if meant else next(iter(services))


def _today_of(results: StudyResults, service: str) -> list[str]:
    """Give the ids of a service's centres of today."""
    return Analysis.of(results).today(service)


def asked(
    results: StudyResults,
    *,
    service: str,
    close: Sequence[str] = (),
    open: Sequence[str] = (),
    title: str = "",
) -> ProposalResult:
    """Measure a change to one service in every mode, as if it were a proposal of the study."""
    before = _today_of(results, service)
    close, open_ = _listed(close, "close"), _listed(open, "open")
    _check_ids(results, service, before, close, open_)
    after = sorted((set(before) - set(close)) | set(open_))
    with warnings.catch_warnings():
        if not close and not open_:  # asked as it is, on purpose
            warnings.simplefilter("ignore", NothingChangesWarning)
        analysis = Analysis.of(results)
        impacts = {
            mode: analysis.compare(service, after=after, mode=mode) for mode in results.matrices
        }
    given = results.study.config.services[service].title
    words = title or f"{given}: {_change_words(results, close, open_)}"
    return ProposalResult(
        key="asked",
        title=words,
        service=service,
        before=tuple(before),
        after=tuple(after),
        impacts=impacts,
        comment="Asked in a notebook.",
    )


def _listed(ids: Sequence[str], name: str) -> list[str]:
    if isinstance(ids, str):
        raise ParameterError(f"{name}={ids!r}; expected a list of ids, such as [{ids!r}]")
    return [str(i) for i in ids]


def _check_ids(
    results: StudyResults,
    service: str,
    before: Collection[str],
    close: Sequence[str],
    open_: Sequence[str],
) -> None:
    unknown = sorted(set(close) - set(before))
    if unknown:
        raise ParameterError(f"{unknown} are no {service} of today; expected any of {before}")
    strange = sorted(set(open_) - set(results.sites["id"]))
    if strange:
        raise ParameterError(
            f"{strange} are no sites of the study; expected ids of its centres or candidates, "
            f"such as {results.study.candidates['id'].tolist()[:3] or list(before)[:3]}"
        )
    both = sorted(set(close) & set(open_))
    if both:
        raise ParameterError(f"{both} are asked to close and to open; expected one of the two")


def _change_words(results: StudyResults, close: Sequence[str], open_: Sequence[str]) -> str:
    names = results.names()
    parts = []
    for verb, ids in (("close", close), ("open", open_)):
        if ids:
            parts.append(f"{verb} {', '.join(names[i] for i in sorted(ids))}")
    return "; ".join(parts) or "as today"


def alone(results: StudyResults, *proposals: ProposalResult) -> StudyResults:
    """Give the results as if these were the study's only proposals."""
    keys = [p.key if len(proposals) == 1 else f"{p.key}_{p.service}" for p in proposals]
    return replace(results, proposals=dict(zip(keys, proposals, strict=True)), joint={})


def caption(results: StudyResults, mode: str, who: str) -> str:
    """Write what stands below a chart: measure, population, place, date, whose streets."""
    place = results.study.config.study
    streets = results.streets.split(". ")[0].rstrip(".")
    return (
        f"Minutes to the nearest site ({mode_title(mode)}), {who}, {place.place}, "
        f"{place.as_of}. {streets}."
    )


def fields_of(thing: Any, kind: type) -> dict[str, Any]:
    """Give a value's fields of one kind, to make an heir of that kind from it."""
    return {field.name: getattr(thing, field.name) for field in fields(kind)}

"""What a run finds: the one value that maps, reports and commands read."""

from __future__ import annotations

import os
import re
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.analysis.bus import BusTimes
from access.arguments import pick
from access.disclosure import public_count
from access.errors import AccessError
from access.files import RunLedger
from access.labels import further_words, mode_title, trip
from access.network import Network, TravelMatrix
from access.scenario import Impact, Ranking
from access.scenario.sampled import SampledRanking
from access.scenario.scenario import Money, Scenario
from access.scenario.sites import Baseline
from access.study import Study
from access.study.config import is_later
from access.text import Claim, Said, about, limit_words, listed, numeral

if TYPE_CHECKING:
    from access.network.surroundings import StreetGround, Surroundings
    from access.siting.hubs import HubSearch
    from access.siting.plans import Choice, Offer, Standing
    from access.siting.set_figures import BesideStays, Figures, Held

_T = TypeVar("_T")
_LONGEST = 400


@dataclass(frozen=True)
class LeftOut:
    """A part of a run that is not there, and why.

    Parameters
    ----------
    part, reason : str
        In words.
    """

    part: str
    reason: str

    def __str__(self) -> str:
        return f"{self.part}: {self.reason}"


class Parts:
    """Does the parts of a run one by one; what one of them raises ends that part alone.

    Parameters
    ----------
    left_out : iterable of LeftOut
        Known from before.
    """

    def __init__(self, left_out: Iterable[LeftOut] = ()) -> None:
        self._left_out = {part.part: part for part in left_out}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What was left out so far, in the order in which it was tried."""
        return tuple(self._left_out.values())

    def make(self, part: str, make: Callable[[], _T]) -> _T | None:
        """Do a part; give None where it fails, and keep its name and the reason."""
        try:
            return make()
        except Exception as error:  # the guard of all parts: what went wrong is told, not lost
            self._left_out.setdefault(part, LeftOut(part, _reason(error)))
            if os.environ.get("ACCESS_TRACEBACK"):
                traceback.print_exception(error)
            return None

    def take(self, left_out: Iterable[LeftOut]) -> None:
        """Keep what was left out where the parts were done elsewhere."""
        for part in left_out:
            self._left_out.setdefault(part.part, part)

    def write(self, part: str, folder: Path, write: Callable[[], object]) -> bool:
        """Do a part that writes files into a folder; nothing half written stays."""
        before = set(folder.iterdir())
        done = self.make(part, lambda: (write(),)) is not None
        if not done:
            for file in set(folder.iterdir()) - before:
                file.unlink()
        return done


def _reason(error: Exception) -> str:
    """Say why a part failed: in its own words, or that the program is at fault and where."""
    if isinstance(error, AccessError):
        text = str(error)
    elif isinstance(error, MemoryError):
        text = "it is too large for the memory of this machine"
    elif isinstance(error, OSError):
        text = error.strerror or type(error).__name__
    else:
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
        text = f"a fault of the program, {type(error).__name__}: {error}{where}"
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


class _WhenAsked(Mapping[str, _T]):
    """A value a name, each made when it is first asked for: nobody waits for what nobody reads."""

    def __init__(self, names: Iterable[str], make: Callable[[str], _T]) -> None:
        self._names, self._make = tuple(names), make
        self._made: dict[str, _T] = {}

    def __getitem__(self, name: str) -> _T:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __reduce__(self) -> tuple[type[dict[str, _T]], tuple[dict[str, _T]]]:
        return dict, (dict(self),)


#: Modes in the order of every table.
_MODES = ("walk", "drive", "bus", "typical")


@dataclass(frozen=True, eq=False)
class ProposalResult:
    """One proposal, measured in every mode.

    Parameters
    ----------
    key, title, service : str
    before, after : tuple of str
        Ids of the open centres, sorted.
    impacts : dict of str to Impact
        By mode, in the order of `_MODES`.
    rankings : dict of str to Ranking
        By mode: every way to close as many, and where the proposal stands. Empty where the
        proposal opens a site or closes none: there is then no such list.
    sampled : dict of str to SampledRanking
        By mode, in place of `rankings`, where there are too many ways to list.
    comment, source : str
        As the study gives them.
    options : dict
        What was said of it beside the mode, as `access.analysis.analysis.QuestionOptions`: every
        further question about it is asked with the same.
    money : Money
        What is saved and spent a year.
    stays : dict of str to Impact
        By mode, a second reading: the deregistered sites keep some services and count as open.
        Empty where none is deregistered.
    deregistered : tuple of str
        Ids.
    beside : dict of str to Impact
        By mode, whose centres count read the other way: with the neighbours' too, or, where
        `neighbours` says that those count in `impacts`, the own ones only. Empty where the study
        gives no neighbour's centre of the service.
    neighbours : bool
    rankings_beside : dict of str to Ranking
        As `rankings`, with the centres of `beside`: of the headline mode alone.
    sides : tuple of Baseline and Baseline or Scenario, optional
        The sites before and after as they were asked, with their days and capacities.
    """

    key: str
    title: str
    service: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    impacts: Mapping[str, Impact]
    rankings: Mapping[str, Ranking] = field(default_factory=dict)
    comment: str = ""
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    sampled: Mapping[str, SampledRanking] = field(default_factory=dict)
    money: Money = field(default_factory=Money)
    stays: Mapping[str, Impact] = field(default_factory=dict)
    deregistered: tuple[str, ...] = ()
    beside: Mapping[str, Impact] = field(default_factory=dict)
    neighbours: bool = False
    rankings_beside: Mapping[str, Ranking] = field(default_factory=dict)
    sides: tuple[Baseline, Baseline | Scenario] | None = None

    @property
    def opened(self) -> tuple[str, ...]:
        """Ids open after and not before."""
        return tuple(i for i in self.after if i not in set(self.before))

    @property
    def closed(self) -> tuple[str, ...]:
        """Ids open before and not after."""
        return tuple(i for i in self.before if i not in set(self.after))

    def stays_words(self, names: Mapping[str, str]) -> Said:
        """Say its second reading: what it does where deregistered sites keep some services."""
        gone = listed([str(names.get(i, i)) for i in self.deregistered])
        impact = next(iter(self.stays.values()))
        s, further = impact.summary, further_words(impact.mode)
        changed = float(s["lengthened"] or 0) + float(s["newly_unreachable"] or 0)
        text = f"A second reading: {gone} would be deregistered, and some services stay there. "
        claims = [Claim("stays:further", "is" if changed else "none", (changed,))]
        if not changed:
            text += f"For what stays nobody has {further}"
        else:
            text += (
                f"For what stays, {public_count(changed)} of {about(float(s['families'] or 0))} "
                f"{impact.who} have {further}"
            )
        return Said(f"{text}; which services stay, and on how many days, is not known.", claims)


@dataclass(frozen=True, eq=False)
class HubPlan:
    """One plan of hubs: what was asked, what it does for families, and how sure it is.

    Parameters
    ----------
    key, title : str
    chosen : tuple of str
    by : str
        What it was chosen by: ``"mean"``, ``"deprived"``, ``"worst"``, ``"compromise"``,
        ``"stays"`` (beside the centres that stay), or ``"given"``.
    rule : bool
        Whether at least so many hubs in every locality were asked for.
    choice : Choice or None
        The proof and the near-best; None for a plan that was given.
    figures, on_foot : Figures
        By the headline trip; of families without a car, by what they have.
    stays : BesideStays or None
    standing, freely : Standing or None
        Among all sets of as many that keep the locality rule, and among all.
    held : Held or None
        Over drawn settings; None where it was not drawn.
    near : dict of str to ndarray, shape (areas,)
        By offer, minutes to the nearest of its hubs.
    """

    key: str
    title: str
    chosen: tuple[str, ...]
    by: str
    rule: bool
    choice: Choice | None
    figures: Figures
    on_foot: Figures
    stays: BesideStays | None
    standing: Standing | None
    freely: Standing | None
    held: Held | None = None
    near: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class HubPlans:
    """Plans of hubs side by side.

    Parameters
    ----------
    plans : tuple of HubPlan
    offers : tuple of Offer
    mode, without_car : str
        Of the headline trip; of families without a car.
    car_known : bool
        Whether it is known who has no car; if not, `without_car` is told of all families.
    rule : str
        The locality rule in words; empty where no plan keeps it or has a place under it.
    localities : tuple of str
        Where the rule asks for hubs.
    closures : tuple of str
        Titles of the proposals whose closures the hubs are set against.
    draws : int
    drawn : str
        What was drawn, in words.
    within : float
        Near-best is within this share of the best.
    notes : tuple of str
        What was not asked or could not be, and why.
    worst_words : dict of int to str
        Names of areas, by row.
    wishes : bool
        Whether it is said which sites must or may not be hubs, alone or together: places are then
        among the sets that keep that.
    """

    plans: tuple[HubPlan, ...]
    offers: tuple[Offer, ...]
    mode: str
    without_car: str
    car_known: bool
    rule: str
    localities: tuple[str, ...]
    closures: tuple[str, ...]
    draws: int
    drawn: str
    within: float
    notes: tuple[str, ...]
    worst_words: Mapping[int, str]
    wishes: bool = False

    def plan(self, key: str) -> HubPlan:
        """Take a plan by its key."""
        return pick({p.key: p for p in self.plans}, key, "plan")

    def get(self, key: str) -> HubPlan | None:
        """Take a plan by its key, if it was made."""
        return next((p for p in self.plans if p.key == key), None)


@dataclass(frozen=True, eq=False)
class HubResult:
    """Where Family Hubs would best stand: families as they are, and weighted by deprivation.

    Parameters
    ----------
    plain : HubSearch
        Every child and young person counts the same.
    weighted : HubSearch or None
        Counted by deprivation; None where the study has no ranks.
    weighting_note : str
        The weights in words.
    mode : str
    candidates : DataFrame
        The sites that were looked at: ``id name kind locality lon lat assumed``.
    minutes : DataFrame, shape (areas, candidates)
    plans : HubPlans or None
        Plans side by side; None where they were not asked for.
    """

    plain: HubSearch
    weighted: HubSearch | None
    weighting_note: str
    mode: str
    candidates: pd.DataFrame
    minutes: pd.DataFrame
    plans: HubPlans | None = None

    def without_council(self, source: str | None) -> HubResult:
        """Give it without the council's own choice, which has this source."""
        told = tuple(a for a in self.plain.assumptions if not source or source not in a)
        plans = self.plans
        if plans is not None:
            plans = replace(plans, plans=tuple(p for p in plans.plans if p.key != "council"))
        weighted = None if self.weighted is None else replace(self.weighted, council=None)
        plain = replace(self.plain, council=None, assumptions=told)
        return replace(self, plain=plain, weighted=weighted, plans=plans)


#: Words of services for families; hubs for others are no Family Hubs.
_FOR_FAMILIES = ("child", "young", "youth", "famil", "parent", "baby", "babies")


@dataclass(frozen=True)
class HubTerms:
    """What hubs are called.

    Parameters
    ----------
    title : str
        In headings.
    one, many : str
        Within a sentence.
    """

    title: str
    one: str
    many: str

    @classmethod
    def of(cls, study: Study) -> HubTerms:
        """Say what hubs are called: as the study names them, else by whom they are for.

        Examples
        --------
        >>> from access import load_study
        >>> HubTerms.of(load_study("rotherham"))
        HubTerms(title='Family Hubs', one='Family Hub', many='Family Hubs')
        """
        own = study.config.hubs
        if own.title is not None and own.one is not None:
            return cls(own.title, own.one, own.title)
        told = " ".join(f"{s.title} {s.noun}" for s in study.config.services.values()).lower()
        if any(word in told for word in _FOR_FAMILIES):
            return FAMILY_HUBS
        return cls("Hubs", "hub", "hubs")


FAMILY_HUBS = HubTerms("Family Hubs", "Family Hub", "Family Hubs")


@dataclass(frozen=True, eq=False)
class StudyResults:
    """Everything a run found.

    Parameters
    ----------
    study : Study
    networks : dict of str to Network
        ``walk`` and ``drive``.
    matrices : dict of str to TravelMatrix
        By mode; rows are all areas, columns are `sites`.
    sites : DataFrame
        Every site of the matrices: ``id name kind service lon lat locality assumed``, where kind
        is ``centre``, ``candidate``, ``neighbour`` or ``new`` (at a position of a change's own).
    proposals : dict of str to ProposalResult
    joint : dict of str to Ranking
        By mode: every pair of ways of two services, where the study has two such proposals.
    streets : str
        One sentence: whose streets these are, and how wrong they may be.
    speeds : str
        One sentence: how fast everybody is taken to be, and where they go.
    modelled : bool
        True when the streets are modelled, not surveyed.
    ledger : RunLedger
        Without outputs, which are known once they are written.
    snaps : dict of str to GeoDataFrame
        By mode: the leg from every area and site to the street it joins.
    hubs : HubResult, optional
        None where it was not asked.
    left_out : tuple of LeftOut
        Parts that failed or were too large, each with its reason.
    bus : BusTimes, optional
        None where no timetable was given.
    ground : StreetGround, optional
        What the streets' file tells beside them; None where the streets are modelled.
    """

    study: Study
    networks: Mapping[str, Network]
    matrices: Mapping[str, TravelMatrix]
    sites: pd.DataFrame
    proposals: Mapping[str, ProposalResult]
    streets: str
    speeds: str
    modelled: bool
    ledger: RunLedger
    snaps: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    joint: Mapping[str, Ranking] = field(default_factory=dict)
    hubs: HubResult | None = None
    left_out: tuple[LeftOut, ...] = ()
    bus: BusTimes | None = None
    ground: StreetGround | None = None

    @property
    def surroundings(self) -> Surroundings | None:
        """Water, parks, railways and places for maps; None where nothing tells them."""
        return None if self.ground is None else self.ground.surroundings

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Every sentence that must stand beside the numbers, the streets first."""
        by_bus = BusTimes.rule_sentences(self.study, self.bus)
        return (self.streets, self.speeds, *by_bus, *self.study.assumptions)

    @property
    def whose_streets(self) -> str:
        """What `streets` begins with, without a full stop: a file's name may hold one, and more."""
        told = self.streets.split(". ")[0] if self.modelled else self.streets
        return told.rstrip(".")

    def matrix(self, mode: str, service: str) -> TravelMatrix:
        """Give the minutes of a mode for a service: by bus each has a window of its own."""
        own = {} if self.bus is None else self.bus.matrices[service]
        return own[mode] if mode in own else self.matrices[mode]

    def service_at(self, site: str) -> str:
        """Give the service of a site; the study's first where it has none."""
        own = self.sites.loc[self.sites["id"] == site, "service"].astype(str).tolist()
        services = self.study.config.services
        return own[0] if own and own[0] in services else next(iter(services))

    def matrix_by_site(self, mode: str) -> TravelMatrix:
        """Give the minutes of a mode, to each site in the window of its own service."""
        first = pick(self.matrices, mode, "mode")
        if self.bus is None or mode not in next(iter(self.bus.matrices.values())):
            return first
        own = [self.matrix(mode, self.service_at(i)) for i in first.site_ids]
        names = ("entry_minutes", "network_minutes", "exit_minutes", "total_minutes",
                 "network_metres", "status")  # fmt: skip
        columns: dict[str, Any] = {
            name: np.column_stack([getattr(m, name)[:, k] for k, m in enumerate(own)])
            for name in names
        }
        return replace(first, **columns, minute_by_minute=None)

    @property
    def headline(self) -> str:
        """The mode that leads in every output, as the study sets it."""
        asked = self.study.config.measures.headline
        mode = {None: "typical", "family": "typical"}.get(asked, str(asked))
        return mode if mode in self.matrices else "walk"

    def blends(self, mode: str) -> bool:
        """Whether a mode's trip is made of walks and drives alone, which draws blend anew."""
        return mode == "typical" and set(self.matrices) == {"walk", "drive", "typical"}

    def names(self) -> dict[str, str]:
        """Site names by id, each with its id where two of a service, or a candidate, share one."""
        return dict(self._names)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        columns = (self.sites[c].astype(str).tolist() for c in ("id", "name", "kind", "service"))
        ids, names, kinds, services = columns
        many, of_service = Counter(names), Counter(zip(names, services, strict=True))
        offered = {name for name, kind in zip(names, kinds, strict=True) if kind == "candidate"}
        found = {}
        for i, name, service in zip(ids, names, services, strict=True):
            same = of_service[name, service] > 1 or (name in offered and many[name] > 1)
            found[i] = f"{name} ({i})" if same else name
        return found

    def short_names(self) -> dict[str, str]:
        """Shorten site names for tables: "Park View" for "Park View Children's Centre"."""
        return _told_apart(self, _kind_words(self.study))

    def site_names(self) -> dict[str, str]:
        """Give site names without what stands in brackets or after a slash, with their kind."""
        return _told_apart(self, [])

    def titled_apart(self) -> list[ProposalResult]:
        """Number the proposals of a service that have one title, so that each can be named."""
        proposals = list(self.proposals.values())
        titles = [(p.service, p.title) for p in proposals]
        return [
            p
            if titles.count(own) == 1
            else replace(p, title=f"{p.title}, option {titles[: k + 1].count(own)}")
            for k, (p, own) in enumerate(zip(proposals, titles, strict=True))
        ]

    def only(self, *proposals: ProposalResult) -> StudyResults:
        """Give the results as if these were the study's only proposals."""
        keys = [p.key if len(proposals) == 1 else f"{p.key}_{p.service}" for p in proposals]
        return replace(self, proposals=dict(zip(keys, proposals, strict=True)), joint={})

    def caption(self, mode: str, who: str) -> str:
        """Write what stands below a chart: measure, population, place, date, whose streets."""
        place = self.study.config.study
        return (
            f"Minutes to the nearest site ({mode_title(mode)}), {who}, {place.place}, "
            f"{place.as_of}. {self.whose_streets}."
        )

    def trip_meaning(self, mode: str) -> str:
        """Say what a trip of a mode is, as far as its name does not."""
        if mode != "typical":
            return ""
        bus = " or take the bus" if "bus" in self.matrices else ""
        limit = limit_words(self.study.config.measures.walk_limit_minutes)
        return (
            f"In the {trip(mode)} households without a car walk{bus}; the others take the quicker "
            f"of walking and driving; its averages hold every walk, those of more than {limit} too."
        )

    @property
    def chosen_later(self) -> bool:
        """Whether the council's own hubs were chosen later than the study's date."""
        when = self.study.config.hubs.council_date
        return when is not None and is_later(when, self.study.config.study.as_of)

    def council_words(self, what: str = "") -> str:
        """Name the council's own hubs, with their date where they were chosen after the study's."""
        words = f"the council's own {what}".rstrip()
        when = self.study.config.hubs.council_date
        return f"{words}, chosen later ({when})" if self.chosen_later else words

    def council_dated(self) -> str:
        """Say below a picture that the council chose later; nothing where it did not."""
        when = self.study.config.hubs.council_date
        return f" The council chose later ({when})." if self.chosen_later else ""

    def as_many_hubs(self) -> str:
        """Own up to what rests on a later choice of hubs all the same: how many are looked at."""
        chosen, answer = self.study.config.hubs.council_choice, self.hubs
        if answer is None or not self.chosen_later:
            return ""
        if len(chosen) != len(answer.plain.best.chosen):
            return ""
        return f", save that the hubs looked at are as many, {numeral(len(chosen))}"

    def as_known_then(self) -> StudyResults:
        """Give the results as the study's own date allows: without a choice made later."""
        if not self.chosen_later:
            return self
        config, answer = self.study.config, self.hubs
        bare = {"council_choice": (), "council_source": "", "council_date": None}
        hubs = config.hubs.model_copy(update=bare)
        study = replace(self.study, config=config.model_copy(update={"hubs": hubs}))
        if answer is not None:
            answer = answer.without_council(config.hubs.council_source)
        return replace(self, study=study, hubs=answer)


#: Words that say what every centre is, and so part none of them from the others.
_GENERAL = ("Youth and Community Centre", "Community Centre", "Youth Club", "youth base")


def _kind_words(study: Study) -> list[str]:
    """Give the endings of names that say what a centre is, not which."""
    return [*(s.one for s in study.config.services.values()), *_GENERAL]


def _told_apart(results: StudyResults, endings: Sequence[str]) -> dict[str, str]:
    """Shorten every name, and keep in full those that would be alike within a service."""
    columns = (results.sites[c].tolist() for c in ("id", "name", "service", "kind", "assumed"))
    short: dict[str, str] = {}
    group: dict[str, str] = {}
    for id_, name, service, kind, assumed in zip(*columns, strict=True):
        text = _shortened(str(name), endings if kind != "candidate" else ())
        short[str(id_)] = (text or str(name)) + (" (assumed)" if assumed else "")
        group[str(id_)] = str(service)
    seen = Counter((text, group[id_]) for id_, text in short.items())
    full = results.names()
    return {i: t if seen[t, group[i]] == 1 else full[i] for i, t in short.items()}


def _shortened(name: str, endings: Sequence[str]) -> str:
    """Take away brackets, what stands after a slash, and endings that say the kind."""
    before = ""
    while before != name:
        before = name
        name = re.sub(r"\s*\([^)]*\)\s*$", "", name).strip()
        name = name.split(" / ", 1)[0]
        for ending in endings:
            if name.lower().endswith(" " + ending.lower()):
                name = name[: -len(ending)].strip()
    return name

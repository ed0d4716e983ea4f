"""The settings of a study, `study.toml`: the whole file, read, with all faults told at once."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    model_validator,
)

from access.errors import Fault, StudyError
from access.escape import settings_faults
from access.files import MOST_TOML_BYTES, read_whole
from access.study.settings import (
    _NOT_COUNTS,
    A_LINK,
    AN_EMAIL,
    PATTERNS,
    _AreaSettings,
    _BusSettings,
    _Date,
    _each_once,
    _FileName,
    _LocalitySettings,
    _MeasureSettings,
    _Name,
    _Names,
    _NotNegative,
    _Number,
    _OfferSettings,
    _PlaceSettings,
    _ProposalSettings,
    _Rising,
    _rising_counts,
    _ServiceSettings,
    _setting,
    _Settings,
    _Share,
    _Title,
    _TravelSettings,
    _WeightSettings,
    _Whole,
    _Written,
)
from access.study.sheet import offers_today


class _ConsultationSettings(_Settings):
    """Who is asked, when and how, and what came of it; what is not known yet stays empty."""

    period: str = _setting("", "when the public is asked", changes="the report's consultation")
    staff: str = _setting("", "when staff are asked", changes="the report's consultation")
    replies: Annotated[_Whole, Field(ge=0)] | None = _setting(
        None, "how many replied", changes="the report's consultation; `not given` until then"
    )
    result: str = _setting(
        "", "what they said, in short", changes="the report's consultation; `not given` until then"
    )
    changed: str = _setting(
        "",
        "what was changed because of it",
        changes="the report's consultation; `not given` until then",
    )
    source: str = _setting("", "the paper that says so", changes="printed beside it")
    closes: _Date | None = _setting(
        None, "last day for answers, year-month-day", changes="the explorer's 'Have your say'"
    )
    address: _Title | None = _setting(
        None, "postal address for answers", changes="the explorer's 'Have your say'"
    )
    email: Annotated[str, Field(pattern=AN_EMAIL, max_length=200)] | None = _setting(
        None, "e-mail address for answers", changes="the explorer's 'Have your say'"
    )
    link: Annotated[str, Field(pattern=A_LINK, max_length=500)] | None = _setting(
        None, "page where people answer, https://...", changes="the explorer's 'Have your say'"
    )


class _HubSettings(_Settings):
    """The Family Hub question."""

    council_choice: _Names = _setting(
        (),
        "ids of the sites that the council chose",
        changes="the comparison of its choice with the best",
    )
    council_source: str = _setting(
        "", "the paper that names them", changes="printed beside the comparison"
    )
    offers: dict[_Name, _OfferSettings] = _setting(
        {},
        "each offer given at a hub by a key of your own; each service is one when empty",
        changes="the best sites, and whose minutes are told",
    )
    council_date: _Written | None = _setting(
        None,
        "when the choice was made: year, year-month or year-month-day",
        changes="one later than study.as_of stands in the report's part `What happened since`, and "
        "the planners' map, the explorer, the curve and map of hubs and hubs.csv say when it was",
    )
    title: _Title | None = _setting(
        None,
        "what several are called; Family Hubs where a service is for families, and Hubs elsewhere",
        changes="headings and sentences about hubs",
    )
    one: _Title | None = _setting(
        None, "what one is called, together with title", changes="sentences about hubs"
    )
    shares: dict[_Name, _Share] = _setting(
        {},
        "without offers: service = its share of the demand for hubs, together 1; each service "
        "alike when empty",
        changes="the best sites",
    )
    most: Annotated[_Whole, Field(ge=1)] = _setting(
        12, "most hubs that are looked at", changes="the length of the curve of hubs"
    )
    sizes: Annotated[
        tuple[Annotated[_Whole, Field(ge=1, le=1000)], ...], AfterValidator(_rising_counts)
    ] = _setting(
        (), "further numbers of hubs that plans are made for, rising", changes="the hub plans"
    )
    per_locality: Annotated[_Whole, Field(ge=0)] = _setting(
        1,
        "hubs in every locality, at least, in the plans that keep the locality rule; 0 for no such "
        "rule",
        changes="the hub plans",
    )
    must: _Names = _setting((), "ids of sites that every plan has", changes="the hub plans")
    never: _Names = _setting((), "ids of sites that no plan may have", changes="the hub plans")
    at_most: dict[_Title, Annotated[_Whole, Field(ge=0)]] = _setting(
        {}, "kind of candidates.csv = hubs of it, at most", changes="the hub plans"
    )
    apart_m: _NotNegative = _setting(
        0.0, "least distance between two hubs, metres in a straight line", changes="the hub plans"
    )
    among: dict[_Title, _Names] = _setting(
        {},
        "a plan among some candidates only: its name in words = kinds or owners of candidates.csv",
        changes="which hub plans are made",
    )
    reach_minutes: _Rising = _setting(
        (20, 30, 45),
        "minutes from a hub that shares are given for, rising",
        changes="the reach of the hub plans",
    )
    budget_gbp: _NotNegative | None = _setting(
        None,
        "what the hubs may cost a year together, pounds; needs annual_cost_gbp of the candidates",
        changes="the plan within the budget",
    )

    @model_validator(mode="after")
    def _shares_add_up(self) -> _HubSettings:
        total = sum(self.shares.values())
        if self.shares and abs(total - 1) > 1e-6:
            raise ValueError(f"shares that add up to 1; these add up to {total:g}")
        if self.shares and self.offers:
            raise ValueError("shares or offers, not both: each offer has its own share")
        if (self.title is None) != (self.one is None):
            raise ValueError("title (of several) and one (of each) together, or neither")
        if both := sorted({*self.must} & {*self.never}):
            raise ValueError(f"a site in must or in never, not both: {', '.join(both)[:80]}")
        return self


class _DisclosureSettings(_Settings):
    """Which counts of 1 to 4 may be published; those of every other column are protected."""

    public_estimates: dict[_Title, _Title] = _setting(
        {},
        "column = why its counts may be published, small ones too: the published statistics that "
        "they are or are shared from",
        changes="every output: counts of 1 to 4 in other columns stand as 2 or 3 in a release",
    )


class _StepSettings(_Settings):
    """One step of the timetable of a decision."""

    when: _Title = _setting(..., "when, in words or as a date", changes="the report's timetable")
    what: _Title = _setting(..., "what happens then", changes="the report's timetable")
    source: str = _setting("", "the paper that says so", changes="printed beside it")


class _SumSettings(_Settings):
    """A sum of money that a paper gives for the proposals as a whole."""

    what: _Title = _setting(..., "what the sum is for", changes="the report's table of money")
    year: _Title = _setting(..., "the year it is for", changes="the report's table of money")
    gbp: _Number = _setting(
        ..., "pounds; a saving is above 0", changes="the report's table of money, first page too"
    )
    part_of: str = _setting(
        "", "`what` of the sum that it is part of", changes="parts stand under their sum"
    )
    source: str = _setting("", "the paper and its paragraph", changes="printed beside the sum")


class _RiskSettings(_Settings):
    """A risk, what is done about it, and whose that is."""

    risk: _Title = _setting(..., "what may go wrong", changes="the report's table of risks")
    mitigation: str = _setting("", "what is done about it", changes="the report's table of risks")
    owner: str = _setting("", "who answers for that", changes="the report's table of risks")


class _MitigationSettings(_Settings):
    """What softens the loss of one site, who answers for it, and by when."""

    site: _Title = _setting(..., "id of the site", changes="the report's table of mitigation")
    what: _Title = _setting(..., "what is offered", changes="the report's table of mitigation")
    owner: str = _setting("", "who answers for it", changes="the report's table of mitigation")
    by: str = _setting("", "by when", changes="the report's table of mitigation")


class _DutySettings(_Settings):
    """A legal duty that an officer names beside those that the toolkit knows."""

    duty: _Title = _setting(..., "the act and its section", changes="the report's table of duties")
    asks: _Title = _setting(..., "what it asks", changes="the report's table of duties")
    service: _Name | None = _setting(
        None, "key of the service it is of; all when not given", changes="said beside the duty"
    )
    source: str = _setting("", "who says that it applies", changes="printed beside the duty")


class _SinceSettings(_Settings):
    """Something known later than `study.as_of`: no part of the paper, told apart from it."""

    when: _Written = _setting(
        ...,
        "year, year-month or year-month-day, later than study.as_of",
        changes="the report's part `What happened since`",
    )
    what: _Title = _setting(..., "what happened", changes="the report's part `What happened since`")
    source: str = _setting("", "where that is from", changes="printed beside it")


class _ReportSettings(_Settings):
    """What only an officer or the papers know, for the report; what is empty is said to be so."""

    reader: _Title = _setting(
        "Asset Management Board", "whom the report is for", changes="its first lines"
    )
    author: str = _setting(
        "", "who answers for the report", changes="the author that Word, PDF and workbook name"
    )
    accountable_officer: str = _setting(
        "", "name and post of the accountable officer", changes="the report's last section"
    )
    recommendation: str = _setting(
        "", "the officer's own recommendation", changes="stands above what each option rests on"
    )
    background: _Names = _setting(
        (), "what led here, a paragraph each", changes="the report's background"
    )
    human_resources: str = _setting(
        "", "what it means for staff", changes="the report's section on human resources"
    )
    procurement: str = _setting(
        "", "what is to be bought or let", changes="the report's section on money"
    )
    children: str = _setting(
        "",
        "what it means for children, young people and vulnerable adults beyond their trips",
        changes="the report's section on them",
    )
    partners: str = _setting(
        "",
        "what it means for partners and other directorates",
        changes="the report's section on them",
    )
    legal: str = _setting("", "the lawyer's own words", changes="the report's section on the law")
    duties: tuple[_DutySettings, ...] = _setting(
        (), "further legal duties", changes="the report's table of duties"
    )
    timetable: tuple[_StepSettings, ...] = _setting(
        (), "steps of the decision, in order", changes="the report's timetable"
    )
    money: tuple[_SumSettings, ...] = _setting(
        (),
        "sums that the papers give for the proposals as a whole",
        changes="the report's table of money",
    )
    risks: tuple[_RiskSettings, ...] = _setting(
        (), "risks that an officer names", changes="the report's table of risks"
    )
    mitigation: tuple[_MitigationSettings, ...] = _setting(
        (), "what softens the loss of a site", changes="the report's table of mitigation"
    )
    since: tuple[_SinceSettings, ...] = _setting(
        (), "what became known later than study.as_of", changes="the report's part on it"
    )

    @model_validator(mode="after")
    def _parts_have_a_sum(self) -> _ReportSettings:
        named = {s.what for s in self.money if not s.part_of}
        lost = sorted({s.part_of for s in self.money if s.part_of} - named)
        if lost:
            raise ValueError(
                f"money.part_of to be the `what` of a sum that is no part itself: {lost[0][:60]!r}"
            )
        return self


#: The Equality Act 2010, section 4.
Characteristic = Literal[
    "age", "disability", "race", "sex", "pregnancy and maternity", "religion or belief",
    "gender reassignment", "marriage and civil partnership", "sexual orientation",
]  # fmt: skip


class Group(_Settings):
    """A group of residents whose change is set beside everyone else's, counted area by area.

    Parameters
    ----------
    label : str
        As tables print it.
    column : str, optional
        Of the areas: how many of the group live there; without it the group is told as not
        counted.
    denominator : str, optional
        Of the areas: how many the group is part of.
    others : bool
        The group is those of `denominator` who are not in `column`.
    characteristic : str, optional
        The protected characteristic of the Equality Act 2010 that it tells of.
    note : str
        What the count tells of the characteristic, in words.
    points_to : dict of str to str
        Characteristics that the count points to without telling who has them: in whose words.
    other_date : bool
        The denominator may be of another date, and so smaller than the group in an area that
        grew: it is then taken to be all of the group there.

    Examples
    --------
    >>> Group(label="disabled people", column="disabled", denominator="people").columns
    ('disabled', 'people')
    """

    label: _Title = _setting(..., "the group, as tables print it", changes="headings")
    column: _Name | None = _setting(
        None,
        "column of the areas: how many of the group live there; without it, said to be not counted",
        changes="the group's row",
    )
    denominator: _Name | None = _setting(
        None, "column of the areas: how many the group is part of", changes="who everyone else is"
    )
    others: Annotated[bool, Field(strict=True)] = _setting(
        False, "the group is those of denominator who are not in column", changes="who the group is"
    )
    characteristic: Characteristic | None = _setting(
        None,
        "protected characteristic of the Equality Act 2010 that it tells of",
        changes="the report's list of the nine characteristics",
    )
    note: str = _setting(
        "", "what the count tells of the characteristic", changes="wording of that list"
    )
    points_to: dict[Characteristic, _Title] = _setting(
        {},
        "characteristic = whose words: what the count points to and does not count",
        changes="wording of that list",
    )
    other_date: Annotated[bool, Field(strict=True)] = _setting(
        False,
        "the denominator may be of another date, and so smaller than the group",
        changes="whether that is a fault, or all of the group there",
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the areas that it counts by; none where it is not counted."""
        return tuple(name for name in (self.column, self.denominator) if name is not None)

    @model_validator(mode="after")
    def _counts_both_or_none(self) -> Group:
        if (self.column is None) != (self.denominator is None):
            raise ValueError("column and denominator both, or neither for a group not counted")
        wrong = sorted({*self.columns} & _NOT_COUNTS)
        if wrong or (self.column is not None and self.column == self.denominator):
            raise ValueError(
                f"two columns that count people, a part and its whole, not {list(self.columns)}"
            )
        return self


def _labels_once(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    _each_once(tuple(group.label for group in groups))
    return groups


class StudyConfig(_Settings):
    """All of `study.toml`."""

    study: _PlaceSettings = _setting(
        ..., "which place, as of when, and the box every point must lie in"
    )
    areas: _AreaSettings = _setting(
        _AreaSettings(), "the areas' table, and how figures of larger areas come down to them"
    )
    services: dict[_Name, _ServiceSettings] = _setting(
        ..., "each service by a key of your own", min_length=1
    )
    proposals: dict[_Name, _ProposalSettings] = _setting(
        {}, "each proposal by a key of your own", changes="which proposals a run answers"
    )
    travel: _TravelSettings = _setting(_TravelSettings(), "speeds and limits")
    bus: _BusSettings = _setting(_BusSettings(), "by bus, where there is a timetable")
    measures: _MeasureSettings = _setting(
        _MeasureSettings(), "minutes and metres that shares are given for: presets, not legal tests"
    )
    weights: _WeightSettings = _setting(_WeightSettings(), "how deprivation counts")
    localities: _LocalitySettings = _setting(
        _LocalitySettings(), "rules that every set of centres must keep to be ranked"
    )
    consultation: _ConsultationSettings = _setting(
        _ConsultationSettings(), "who is asked, when and how, and what came of it"
    )
    hubs: _HubSettings = _setting(_HubSettings(), "the Family Hub question")
    report: _ReportSettings = _setting(
        _ReportSettings(), "what only an officer or the papers know, for the report"
    )
    groups: Annotated[tuple[Group, ...], AfterValidator(_labels_once)] = _setting(
        (),
        "groups whose change is set beside everyone else's; one [[groups]] each",
        changes="the equality tables of the report",
    )
    disclosure: _DisclosureSettings = _setting(
        _DisclosureSettings(), "which counts of 1 to 4 people may be published"
    )
    tables: dict[
        Literal["centres", "candidates", "neighbours", "places", "postcodes", "gazetteer"],
        _FileName,
    ] = _setting(
        {},
        "another file name for centres, candidates, neighbours, places, postcodes or gazetteer",
        changes="what is read",
    )

    @property
    def asks_for_hubs(self) -> bool:
        """Whether there is a table of hubs, so that the public is shown where they could be."""
        return "hubs" in self.model_fields_set

    @property
    def demand_columns(self) -> tuple[str, ...]:
        """The areas' columns that count who services and the offers of hubs are for."""
        columns = [s.demand for s in self.services.values()]
        columns += [name for offer in self.hubs.offers.values() for name in offer.columns]
        return tuple(dict.fromkeys(columns))

    @model_validator(mode="after")
    def _services_exist(self) -> StudyConfig:
        named = [(f"proposals.{key}", p.service) for key, p in self.proposals.items()]
        named += [("hubs.shares", key) for key in self.hubs.shares]
        named += [
            (f"hubs.offers.{key}", offer.service)
            for key, offer in self.hubs.offers.items()
            if offer.service is not None
        ]
        named += [("report.duties", d.service) for d in self.report.duties if d.service]
        if self.areas.locality_from is not None:
            named.append(("areas.locality_from", self.areas.locality_from))
        wrong = [f"{where} names service {service!r}" for where, service in named
                 if service not in self.services]  # fmt: skip
        if wrong:
            raise ValueError(f"{'; '.join(wrong)}; expected one of {sorted(self.services)}")
        return self

    @model_validator(mode="after")
    def _since_is_later(self) -> StudyConfig:
        early = [s.when for s in self.report.since if not is_later(s.when, self.study.as_of)]
        if early:
            raise ValueError(
                f"report.since with dates later than study.as_of, {self.study.as_of}: "
                f"{', '.join(early)[:80]} is not; what was known then belongs in report.background"
            )
        return self


def is_later(when: str, as_of: str) -> bool:
    """Tell whether something dated to the year, month or day is surely later than a day.

    Examples
    --------
    >>> [is_later(when, "2018-03-12") for when in ("2019", "2018", "2018-04", "2018-03-12")]
    [True, False, True, False]
    """
    return when > as_of[: len(when)]


def read_config(path: Path) -> StudyConfig:
    """Read and check a `study.toml`.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    StudyConfig

    Raises
    ------
    StudyError
        If the file is missing, is not TOML, or has settings that are unknown, missing or wrong;
        every fault is listed.
    """
    raw, unfit = _read_toml(path)
    if unfit:
        raise StudyError(f"{path} has {len(unfit)} fault(s)", unfit)
    try:
        return StudyConfig.model_validate(raw)
    except ValidationError as error:
        faults = [
            Fault(
                path.name,
                "",
                ".".join(str(part) for part in item["loc"])[:200],
                "" if item["type"] in ("missing", "value_error") else _shown(item["input"]),
                _expected(item),
            )
            for item in error.errors()
        ]
        raise StudyError(f"{path} has {len(faults)} fault(s)", faults) from None


def _read_toml(path: Path) -> tuple[dict[str, Any], list[Fault]]:
    """Read the settings as they stand, and the texts in them that nothing could show."""
    try:
        # Windows editors begin a file with a byte order mark
        raw = tomllib.loads(read_whole(path, MOST_TOML_BYTES).decode("utf-8-sig"))
        return raw, [Fault(path.name, "", *fault) for fault in settings_faults(raw)]
    except FileNotFoundError:
        raise StudyError(
            f"no study.toml in {path.parent}; expected a study folder. "
            "Make one with `access new FOLDER`, or name the embedded one: rotherham."
        ) from None
    except RecursionError:
        raise StudyError(
            f"{path} cannot be read as TOML: brackets stand in brackets too deep; "
            "expected the settings of the handbook"
        ) from None
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        # beside its own error, the parser hands on Python's for numbers of thousands of digits
        raise StudyError(f"{path} cannot be read as TOML: {str(error)[:300]}") from error


def _shown(value: Any) -> str:
    """Write what was found, short; Python itself refuses to write some values."""
    try:
        return repr(value)[:80]
    except (ValueError, RecursionError):
        return "a number or list too long to show"


_PLAIN: Mapping[str, str] = {
    "missing": "this setting to be given",
    "extra_forbidden": "no such setting; check its spelling against the handbook or remove it",
    "float_type": "a number, without quotes",
    "int_type": "a whole number, without quotes",
    "int_from_float": "a whole number",
    "finite_number": "a number that is not infinite and not nan",
    "bool_type": "true or false, without quotes",
    "string_type": "a text in quotes",
    "tuple_type": "a list: [...]",
    "string_too_long": "at most {max_length} characters",
    "too_short": "a list of at least {min_length}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of {ge} or more",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "literal_error": "one of {expected}",
    "date_from_datetime_parsing": "a date, as 2025-01-31",
}


def _expected(item: Mapping[str, Any]) -> str:
    """Say in plain words what a setting must be, by what the model asked of it."""
    asked = item.get("ctx", {})
    if item["type"] == "string_pattern_mismatch":
        return PATTERNS[asked["pattern"]]
    plain = _PLAIN.get(item["type"])
    if plain is None:
        return str(item["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return plain.format_map({k: f"{v:,g}" if isinstance(v, float) else v for k, v in asked.items()})


_FILE = "study.toml"


def _closure_rules(config: StudyConfig, centres: pd.DataFrame, service: str) -> dict[str, Any]:
    """Give one service's rules as options of `rank_closures`."""
    told = [centres[c].tolist() for c in ("id", "service", "locality") if c in centres]
    rows = zip(*told, offers_today(centres).tolist(), strict=True)
    own = [row for row in rows if row[1] == service and row[-1]]
    keep = set(config.localities.never_close)
    never = tuple(row[0] for row in own if row[0] in keep)
    where = {row[0]: str(row[2]) for row in own} if "locality" in centres else {}
    least = _least_by_locality(config, where)
    return {
        "never_close": never,
        "localities": where if least else None,
        "min_per_locality": least or None,
    }


def _least_by_locality(config: StudyConfig, where: Mapping[str, str]) -> dict[str, int]:
    rules = config.localities
    if not rules.minimum_open:
        return {}
    bound = sorted(set(where.values()) - {""})
    bound = [name for name in bound if name in rules.names or not rules.names]
    return dict.fromkeys(bound, rules.minimum_open)


def _rule_faults(tables: dict[str, pd.DataFrame], config: StudyConfig) -> list[Fault]:
    """Find rules that name what is not there, or that not even today's centres keep."""
    centres, rules = tables["centres"], config.localities
    faults = [
        Fault(_FILE, "", "localities.never_close", id_, "an id of centres.csv")
        for id_ in rules.never_close
        if id_ not in set(centres["id"])
    ]
    for key, proposal in config.proposals.items():
        free = _may_close(config, centres, proposal.service)
        if not proposal.opens and free < len(proposal.closes):
            expected = (
                f"rules that let {len(proposal.closes)} close, as proposals.{key} does: these let "
                f"{free}"
            )
            faults.append(Fault(_FILE, "", "localities", "", expected))
    known = _localities(centres)
    if not known:
        return faults  # rules over localities are told as not applied
    faults += [
        Fault(_FILE, "", "localities.names", name, f"a locality of centres.csv: {sorted(known)}")
        for name in rules.names
        if name not in known
    ]
    if rules.minimum_open:
        expected = "where every centre is, for localities.minimum_open counts them"
        faults += [
            Fault("centres.csv", f"row {row}", "locality", "an empty cell", expected)
            for row in centres.index[centres["locality"] == ""]
        ]
        for key in config.services:
            faults += _too_few(config, centres, key)
    return faults


def _may_close(config: StudyConfig, centres: pd.DataFrame, service: str) -> int:
    """Count the most centres of a service that the rules let close at once."""
    rules = _closure_rules(config, centres, service)
    own = centres[(centres["service"] == service) & offers_today(centres)]
    free = own[~own["id"].isin(rules["never_close"])]
    if not rules["min_per_locality"]:
        return len(free)
    there = own["locality"].value_counts().to_dict()
    freely = free["locality"].value_counts().to_dict()
    least = rules["min_per_locality"]
    return sum(
        min(int(many), max(int(there[name]) - least.get(name, 0), 0))
        for name, many in freely.items()
    )


def _localities(centres: pd.DataFrame) -> set[str]:
    return set(centres["locality"]) - {""} if "locality" in centres else set()


def _too_few(config: StudyConfig, centres: pd.DataFrame, service: str) -> list[Fault]:
    own = centres[(centres["service"] == service) & offers_today(centres)]
    where = dict(zip(own["id"], own["locality"].astype(str), strict=True))
    there = Counter(where.values())
    return [
        Fault(_FILE, "", "localities.minimum_open", str(least),
              f"at most {there[name]}, the number of {config.services[service].title} in {name}")
        for name, least in _least_by_locality(config, where).items()
        if least > there[name]
    ]  # fmt: skip


def _rule_warnings(config: StudyConfig, centres: pd.DataFrame) -> list[str]:
    """Say which rules were not applied, and which proposals break one."""
    rules = config.localities
    said = []
    if (rules.minimum_open or rules.names) and not _localities(centres):
        said.append(
            "The rules over localities (names, minimum_open) were not applied: centres.csv says "
            "of no centre in which locality it is."
        )
    for key in config.proposals:
        said += _broken(config, centres, key)
    return said


def _broken(config: StudyConfig, centres: pd.DataFrame, key: str) -> list[str]:
    """Say which rules a proposal breaks: it then stands outside the list it is compared with."""
    proposal = config.proposals[key]
    rules = _closure_rules(config, centres, proposal.service)
    names = dict(zip(centres["id"], centres["name"], strict=True))
    fixed = [f"{names[i]} ({i})" for i in proposal.closes if i in rules["never_close"]]
    said = []
    if fixed:
        said.append(f"closes {', '.join(fixed)}, which the study never closes")
    for name, least in (rules["min_per_locality"] or {}).items():
        ids = [i for i, where in rules["localities"].items() if where == name]
        left = len(set(ids) - set(proposal.closes))
        # a site that opens has no locality of a centre: such a proposal is not ranked
        if left < least and not proposal.opens:
            said.append(f"leaves {left} open in {name}, where the study keeps {least} or more")
    return [
        f"The proposal '{proposal.title}' {what}: it breaks a rule of the study and is not among "
        "the ways that are listed beside it."
        for what in said
    ]

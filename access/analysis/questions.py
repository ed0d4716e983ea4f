"""What was asked: which sites are meant, proposals, changes of one's own, and saved options."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import pandas as pd

from access.analysis.anew import _sites
from access.analysis.results import _kind_words, _shortened
from access.arguments import by_id, pick
from access.errors import Fault, ParameterError, ScenarioError, StudyError
from access.escape import cell_text_undone, plain
from access.files import MOST_LEDGER_BYTES, parse_json, read_whole
from access.scenario import Baseline, Modification, Scenario
from access.scenario.scenario import read_steps
from access.scenario.sites import NothingChangesWarning
from access.scenario.users import attendance_pairs
from access.study import Study
from access.study.sheet import OPEN_STATUSES, read_sheet

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Request:
    """An option that somebody asked for, and why.

    Parameters
    ----------
    name, reason : str
        As typed.
    close, open : tuple of str
        Ids of sites.
    noted : str
        When, as the log says.
    """

    name: str
    reason: str = ""
    close: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    noted: str = ""

    @classmethod
    def read(cls, path: Path | str, *, place: str | None = None) -> tuple[Request, ...]:
        """Read the log that the explorer saves as JSON; a StudyError tells all faults at once.

        Given the study's place, one that was saved on another place's page is refused.
        """
        path = Path(path)
        try:
            found = parse_json(read_whole(path, MOST_LEDGER_BYTES))
        except OSError as error:
            raise StudyError(
                f"the log of options {path} cannot be read: {error.strerror}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise StudyError(
                f"{path} is not JSON ({str(error)[:200]}); expected the file that the explorer's "
                "button 'save as JSON' makes"
            ) from error
        options = found.get("options") if isinstance(found, dict) else None
        if not isinstance(options, list):
            raise StudyError(
                f"{path} holds no list of options; expected the file that the explorer saves as "
                "JSON"
            )
        there = found.get("place")
        if place is not None and there is not None and there != place:  # C1 is an id in many
            raise StudyError(
                f"{path} holds options for {plain(str(there))[:_LONGEST]}; expected a file that "
                f"was saved on the page about {place}"
            )
        faults = [fault for k, entry in enumerate(options) for fault in _faults(path, k, entry)]
        if faults:
            raise StudyError(f"the log of options {path} has faults", faults)
        return tuple(
            cls(
                name=plain(entry.get("name") or f"Option {k + 1}")[:_LONGEST],
                reason=plain(entry.get("reason") or "")[:_LONGEST],
                close=tuple(str(i) for i in entry.get("close", ())),
                open=tuple(str(i) for i in entry.get("open", ())),
                noted=plain(entry.get("noted") or "")[:40],
            )
            for k, entry in enumerate(options)
        )

    @staticmethod
    def logs(path: Path) -> tuple[Path, ...]:
        """Give the file itself, or the logs that a folder holds: one from each laptop."""
        if not path.is_dir():
            return (path,)
        logs = tuple(sorted(p for p in path.iterdir() if p.suffix.lower() in _ENDINGS))
        if not logs:
            raise ScenarioError(f"{path} holds no file that the explorer saved (.json or .csv)")
        return logs


def _faults(path: Path, k: int, entry: Any) -> list[Fault]:
    where = f"option {k + 1}"
    if not isinstance(entry, dict):
        return [Fault(path.name, where, "", type(entry).__name__, "an option with name and close")]
    wrong = [
        Fault(path.name, where, key, str(entry[key])[:60], "a list of site ids")
        for key in ("close", "open")
        if not isinstance(ids := entry.get(key, []), list) or not all(map(_is_id, ids))
    ]
    return wrong + [
        Fault(path.name, where, key, str(entry[key])[:60], "a text")
        for key in ("name", "reason", "noted")
        if not isinstance(entry.get(key) or "", str)
    ]


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) < 300


_Asked = TypeVar("_Asked")
_ENDINGS = (".json", ".csv")
_COLUMNS = ("name", "reason", "close", "open")


def _read_options(path: Path, place: str | None = None) -> tuple[Request, ...]:
    """Read the options that the explorer saved, as JSON or CSV; of a folder each option once."""
    if path.is_dir():
        logs = Request.logs(path)
        return tuple(dict.fromkeys(o for log in logs for o in _read_options(log, place)))
    if path.suffix.lower() == ".json":
        return Request.read(path, place=place)
    table, faults = read_sheet(path)
    if faults:
        raise ScenarioError(f"{path} cannot be read as CSV", faults)
    faults = [
        Fault(path.name, "", c, "", f"a column named {c!r}") for c in _COLUMNS if c not in table
    ]
    if faults:
        raise ScenarioError(f"{path} is not a table that the explorer saved", faults)
    return tuple(
        Request(
            name=_undone(row["name"]) or f"Option {k}",
            reason=_undone(row["reason"]),
            close=_ids_apart(row["close"]),
            open=_ids_apart(row["open"]),
            noted=plain(row.get("noted") or ""),
        )
        for k, row in enumerate(table.to_dict("records"), 1)
    )


def _ids_apart(text: str | None) -> tuple[str, ...]:
    """Read ids with blanks between them, as the explorer writes them: one with a blank says so."""
    return tuple(i.replace("%20", " ").replace("%25", "%") for i in (text or "").split())


def _undone(text: str | None) -> str:
    """Take away the quote that keeps a spreadsheet from running a name as a formula."""
    return cell_text_undone(plain(text or ""))


def _ask_options(
    study: Study,
    path: Path,
    service: str | None,
    ask: Callable[..., _Asked],
) -> list[_Asked]:
    """Make a question of every option and every service that it changes."""
    of = dict(zip(study.centres["id"], study.centres["service"], strict=True))
    new = _new_places(study)
    known = set(of) | set(study.candidates["id"]) | set(new)
    options = _read_options(path, study.config.study.place)
    faults = [
        Fault(path.name, f"option {k}", "close, open", site, "the id of a centre or candidate")
        for k, option in enumerate(options, 1)
        for site in (*option.close, *option.open)
        if site not in known
    ]
    if faults:
        raise ScenarioError(f"{path.name} names sites that the study does not have", faults)
    wanted = [service] if service is not None else list(study.config.services)
    asked = []
    for k, option in enumerate(options, 1):
        for key in wanted:
            close = tuple(i for i in option.close if of.get(i) == key)
            opening = tuple(filter(Meant(study).opens_for(key), option.open))
            if close or opening:
                asked.append(ask(f"option_{k}_{key}", option.name, key, close,
                                 tuple(i for i in opening if i not in new), option.reason,
                                 [new[i] for i in opening if i in new]))  # fmt: skip
    if not asked:
        raise ScenarioError(f"{path.name} holds no option that changes which centres are open")
    return asked


def _new_places(study: Study) -> dict[str, Modification]:
    """Give the opening of every new place of the study's proposals, by its id."""
    return {
        str(c.opens): Modification(
            "open",
            str(c.opens),
            name=c.name,
            lon=c.lon,
            lat=c.lat,
            days=c.days,
            capacity=c.capacity,
            annual_cost_gbp=c.annual_cost_gbp,
        )
        for proposal in study.config.proposals.values()
        for c in proposal.change
        if c.lon is not None and c.opens is not None
    }


@dataclass(frozen=True, eq=False)
class Question:
    """A change to one service that is asked about.

    Parameters
    ----------
    key, title, service : str
    baseline : Baseline
        The service's centres today.
    scenario : Scenario
    """

    key: str
    title: str
    service: str
    baseline: Baseline
    scenario: Scenario

    @property
    def only_closes(self) -> bool:
        """Whether it has a list of alternatives to be ranked in."""
        return set(self.scenario.open_ids) < set(self.baseline.open_ids)


def _baseline_of(study: Study, service: str) -> Baseline:
    """Give a service's centres today as a baseline."""
    pick(study.config.services, service, "service")
    frame = pd.DataFrame(study.centres_of(service))
    known = ("id", "name", "status", "days", "capacity", "lon", "lat", "annual_cost_gbp")
    sites = frame[[c for c in known if c in frame.columns]]
    if "status" in sites:  # a register that says it of some sites only: the others are open
        sites = sites.assign(status=sites["status"].replace("", "full"))
    return Baseline.of(service, sites)


def _open_of(study: Study, service: str, ids: Sequence[str]) -> Baseline:
    """Give open sites with the days and room that the tables know; other services' keep theirs."""
    fields = ("id", "name", "status", "days", "capacity", "lon", "lat")
    known: dict[str, dict[str, Any]] = {}
    others = study.centres[study.centres["service"] != service].drop(
        columns=["days", "capacity", "status"], errors="ignore"
    )
    for table in (study.neighbours, others, study.candidates, study.centres_of(service)):
        columns = [c for c in fields if c in table.columns]
        rows = pd.DataFrame(table)[columns].astype(object)
        records = [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]
        known |= {str(row["id"]): row for row in records}
    found = [known.get(i, {"id": i}) for i in map(str, ids)]
    for row in found:
        if row.get("status") not in OPEN_STATUSES:
            row["status"] = "full"
    return Baseline.of(service, pd.DataFrame(found))


#: By study: a question asks for them up to four times.
_PLACES: WeakKeyDictionary[Study, dict[str | None, pd.DataFrame]] = WeakKeyDictionary()


def _places_of(study: Study, service: str | None = None) -> pd.DataFrame:
    """List a service's centres, or every site of a study: ``id name kind``."""
    kept = _PLACES.setdefault(study, {})
    if service not in kept:
        kept[service] = _listed_places(study, service)
    return kept[service].copy()


def _listed_places(study: Study, service: str | None) -> pd.DataFrame:
    if service is not None:
        return pd.DataFrame(study.centres_of(service))[["id", "name"]].assign(kind="centre")
    kinds = {"centre": study.centres, "candidate": study.candidates, "neighbour": study.neighbours}
    parts = [pd.DataFrame(t)[["id", "name"]].assign(kind=k) for k, t in kinds.items() if len(t)]
    return pd.concat(parts, ignore_index=True)


def _centre_ids(
    study: Study, service: str | None, given: Sequence[str], name: str = "close"
) -> list[str]:
    """Read which of today's centres are meant, by id or by name."""
    if service is None and len(study.config.services) == 1:
        service = next(iter(study.config.services))
    if service is not None:
        pick(study.config.services, service, "service")
    if isinstance(given, tuple | list) and not given:
        return []
    if service is not None:
        places, what = _places_of(study, service), f"{service} of today"
    else:
        places, what = _places_of(study), "centres of the study"
        places = places[places["kind"] == "centre"]
    return _site_ids(study, given, places, name=name, what=what)


def _centres_of(study: Study, steps: Iterable[Modification]) -> list[str]:
    """Give the ids of the centres that changes are of, told by id or by name."""
    places = _places_of(study)
    places = places[places["kind"] == "centre"]
    known, named = {*places["id"]}, _by_name(study, places)
    return [
        i
        for step in steps
        for i in ([step.site] if step.site in known else named.get(_folded(step.site), []))
    ]


def _savings_of(study: Study, savings: Mapping[str, float]) -> dict[str, float]:
    """Read what closing each centre saves, told by id or by name; of another service too."""
    given = by_id()(savings, "savings")
    ids = _centre_ids(study, None, list(given), "savings")
    centres = set(study.centres["id"].astype(str))
    if lost := [i for i in ids if i not in centres]:
        raise ParameterError(f"savings: {lost} are no centres of the study; expected some that are")
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise ParameterError(f"savings tells twice of {twice}; expected each centre once")
    return dict(zip(ids, given.values(), strict=True))


def _site_ids(
    study: Study, given: Sequence[str], places: pd.DataFrame, *, name: str, what: str
) -> list[str]:
    """Read which sites are meant: an id stands for itself, a name for the one place it names."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ParameterError(
            f"{name}={given!r}; expected a list of ids or names, such as [{str(given)!r}]"
        )
    texts = [str(text) for text in given]
    if set(texts) <= set(map(str, places["id"].tolist())):
        return texts
    every = (study.centres, study.candidates, study.neighbours, places)
    known = {str(site) for table in every if len(table) for site in table["id"].tolist()}
    named = _by_name(study, places) if set(texts) - known else {}
    found: list[str] = []
    for text in texts:
        meant = [text] if text in known else named.get(_folded(text), [])
        if len(meant) > 1:
            raise ParameterError(
                f"{name}: {text!r} names {len(meant)} {what}: {_with_ids(places, meant)}; "
                "say which by its id"
            )
        found += meant
    unknown = [t for t in texts if t not in known and _folded(t) not in named]
    if unknown:
        raise ParameterError(
            f"{name}: {unknown} are no {what}{_near(named, unknown, places)}; expected ids or "
            f"names, such as {_with_ids(places, places['id'].astype(str).tolist()[:3])}"
        )
    return found


def _folded(text: str) -> str:
    """Write a name without what people type differently: case, blanks, apostrophes."""
    return " ".join(text.casefold().replace("\u2019", "'").replace("'", "").split())


def _by_name(study: Study, places: pd.DataFrame) -> dict[str, list[str]]:
    """Give ids by every name a place goes by; a full name beats a shortened one."""
    full: dict[str, list[str]] = {}
    short: dict[str, list[str]] = {}
    for id_, name, kind in places[["id", "name", "kind"]].itertuples(index=False):
        full.setdefault(_folded(str(name)), []).append(str(id_))
        endings = [] if kind == "candidate" else _kind_words(study)
        for brief in {_folded(_shortened(str(name), e)) for e in ([], endings)}:
            if brief:
                short.setdefault(brief, []).append(str(id_))
    return {**short, **full}


def _near(named: dict[str, list[str]], unknown: Sequence[str], places: pd.DataFrame) -> str:
    """List the places whose names are nearest to those that are not known."""
    ids: list[str] = []
    for text in map(_folded, unknown):
        within = [n for n in named if len(text) > 2 and text in n]
        for name in [*difflib.get_close_matches(text, named, n=3, cutoff=0.6), *within][:4]:
            ids += [i for i in named[name] if i not in ids]
    return f" (is one of these meant? {_with_ids(places, ids[:6])})" if ids else ""


def _with_ids(places: pd.DataFrame, ids: Sequence[str]) -> str:
    names = dict(zip(places["id"].astype(str), places["name"].astype(str), strict=True))
    return ", ".join(f"{names[i]} ({i})" for i in ids)


@dataclass(frozen=True, eq=False)
class Meant:
    """What is meant by what is typed of a study.

    Parameters
    ----------
    study : Study
    """

    study: Study

    def service(self, service: str | None, close: Iterable[str] = (), *, guess: bool = True) -> str:
        """Say which service: the one named, that of the centres to close, or the first."""
        services = self.study.config.services
        if service is not None:
            pick(services, service, "service")
            return service
        centres = self.study.centres
        register = dict(zip(centres["id"], centres["service"], strict=True))
        meant = sorted({str(register[i]) for i in close if i in register})
        if len(meant) > 1:
            raise ParameterError(
                f"the centres to close are of several services, {meant}: which service is meant? "
                "ask about one at a time"
            )
        if not meant and not guess and len(services) > 1:
            raise ParameterError(
                f"which service is meant? say --service, one of {sorted(services)}"
            )
        return meant[0] if meant else next(iter(services))

    def kept_centres(self, services: Iterable[str], given: Sequence[str]) -> dict[str, list[str]]:
        """Share centres to keep, ids or names, among the services asked about; refuse others'."""
        asked = list(dict.fromkeys(services))
        ids = _centre_ids(self.study, asked[0] if len(asked) == 1 else None, given, "never_close")
        own = {key: set(self.study.centres_of(key)["id"].astype(str)) for key in asked}
        if lost := [i for i in ids if not any(i in centres for centres in own.values())]:
            raise ParameterError(
                f"never_close: {lost} are no centres of {' or '.join(asked)}; expected centres of "
                "what is asked about"
            )
        return {key: [i for i in ids if i in centres] for key, centres in own.items()}

    def neighbours(self, services: Iterable[str], asked: bool | None) -> dict[str, bool | None]:
        """Say of each service if neighbours' centres count: as asked, where some are known.

        Where none is known of any service it is refused, where of some, `NothingChangesWarning`.
        """
        listed = sorted(set(services))
        without = [key for key in listed if asked and not len(self.study.neighbours_of(key))]
        if asked and without == listed:
            raise ParameterError(
                "neighbours: the study has no neighbouring authority's centre of "
                f"{' or '.join(listed)}, so that they would change nothing; expected some in "
                "neighbours.csv, or the question without them"
            )
        if without:
            warnings.warn(
                f"neighbours: no neighbouring authority's centre of {' or '.join(without)} is "
                "known; there, the study's own centres are counted alone",
                NothingChangesWarning,
                stacklevel=2,
            )
        return {key: False if key in without else asked for key in listed}

    def opens_for(self, service: str) -> Callable[[str], bool]:
        """Say whether what a saved option opens is open to a service, as in the explorer.

        What proposals open is open to the services that they open it for alone, be it a building
        or another service's centre; any other building is open to all, any other centre to its own.
        """
        centres = self.study.centres
        of = dict(zip(centres["id"].tolist(), centres["service"].tolist(), strict=True))
        opened: dict[str, set[str]] = {}
        for proposal in self.study.config.proposals.values():
            for site in proposal.opens:
                opened.setdefault(site, set()).add(proposal.service)
        return lambda site: service in opened.get(site, {of.get(site, service)})

    def questions(
        self,
        *,
        proposal: str | None = None,
        service: str | None = None,
        close: Sequence[str] = (),
        opening: Sequence[str] = (),
        scenario: Path | None = None,
    ) -> list[Question]:
        """Read what is asked: the study's proposals, or a change of one's own."""
        study = self.study
        own = bool(close or opening)
        if sum([proposal is not None, own, scenario is not None]) > 1:
            raise ParameterError(
                "ask one question at a time: --proposal, or --close and --open, or --scenario"
            )
        if scenario is not None and (scenario.is_dir() or scenario.suffix.lower() in _ENDINGS):
            return _ask_options(study, scenario, service, partial(_question_of, study))
        if scenario is not None:
            if service is None:
                raise ParameterError(
                    f"--scenario needs --service: one of {sorted(study.config.services)}"
                )
            base = _baseline_of(study, service)
            try:
                text = read_whole(scenario, MOST_LEDGER_BYTES).decode("utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is not saved as UTF-8"
                raise ScenarioError(f"{scenario} cannot be read: {why}") from None
            read = Scenario.from_toml(text, base, file=scenario.name)
            steps = [_registered(study, step) for step in _meant(study, read.modifications)]
            read = Scenario(read.name, base, tuple(steps), read.comment)
            return [Question(scenario.stem, read.name, service, base, read)]
        if own:
            ids = _centre_ids(study, service, close)
            service = self.service(service, ids, guess=False)
            _check_openings(study, service, ids, opening)
            return [_question_of(study, "asked", "The change asked for", service, close, opening)]
        known = study.config.proposals
        if proposal is not None and proposal not in known:
            raise ParameterError(f"no proposal {proposal!r}; expected one of {sorted(known)}")
        chosen = [proposal] if proposal is not None else list(known)
        if service is not None:
            pick(study.config.services, service, "service")
            chosen = [key for key in chosen if known[key].service == service]
        if not chosen and proposal is not None:
            raise ParameterError(
                f"proposal {proposal!r} is of {known[proposal].service}, not of {service}; "
                "expected the one or the other to be left out"
            )
        if not chosen:
            of = "" if service is None else f" for {service}"
            raise ParameterError(
                f"nothing to ask about: the study has no proposal{of}; say --close and --open"
            )
        return [
            _question_of(study, key, p.title, p.service, p.close, p.open, p.comment,
                        _modifications([c.said for c in p.change]))
            for key, p in ((key, known[key]) for key in chosen)
        ]  # fmt: skip

    def attendance(self, path: Path) -> pd.DataFrame:
        """Read a table of observed attendance, at sites and from areas of the study."""
        table, faults = read_sheet(path)
        if faults:
            raise StudyError(f"{path} cannot be read as CSV", faults)
        if missing := [name for name in ("area", "site", "attendances") if name not in table]:
            raise StudyError(
                f"{path} has no column {', '.join(missing)}; expected area, site and attendances, "
                f"found {', '.join(map(str, table.columns))[:300]}. A sheet with a postcode a row "
                "is counted by area first: access import FILE --as attendance --study STUDY"
            )
        places = (self.study.areas["id"], _sites(self.study)["id"])
        attendance_pairs(table, *(ids.astype(str).tolist() for ids in places))
        return table.reset_index(drop=True)


def _check_openings(
    study: Study, service: str, close: Sequence[str], opening: Sequence[str]
) -> None:
    """Refuse to open what closes, and what is open today."""
    ids = _site_ids(study, opening, _places_of(study), name="open", what="sites of the study")
    opens = {*map(str, ids)}
    if both := sorted(opens & {*map(str, close)}):
        raise ParameterError(
            f"{', '.join(both)} asked to close and to open; expected one of the two"
        )
    if already := sorted(opens & {*_baseline_of(study, service).open_ids}):
        raise ParameterError(
            f"{', '.join(already)} would open and is open today; expected sites that are not"
        )


def _question_of(
    study: Study,
    key: str,
    title: str,
    service: str,
    close: Sequence[str],
    opening: Sequence[str],
    comment: str = "",
    changes: Sequence[Modification] = (),
) -> Question:
    """Put a change to one service together, its sites given by id or by name."""
    base = _baseline_of(study, service)
    close = _centre_ids(study, service, close)
    opening = _site_ids(study, opening, _places_of(study), name="open", what="sites of the study")
    steps = [Modification.close(str(i), comment=comment) for i in close]
    steps += [Modification("open", str(i), comment) for i in opening]
    steps += _meant(study, changes)
    steps = [_registered(study, step) for step in steps]
    return Question(key, title, service, base, Scenario(title, base, tuple(steps), comment))


def _modifications(changes: Sequence[Modification | Mapping[str, Any]]) -> list[Modification]:
    """Read changes of single sites, given as they are or as tables of a scenario file."""
    tables = [c for c in changes if not isinstance(c, Modification)]
    read = iter(read_steps(tables, "changes"))
    return [c if isinstance(c, Modification) else next(read) for c in changes]


def _meant(study: Study, steps: Iterable[Modification]) -> list[Modification]:
    """Read sites' names as their ids; what a step gives a place of its own is a new site's id."""
    found: list[Modification] = []
    new: set[str] = set()
    for step in steps:
        if step.lon is not None:
            new.add(step.site if step.action == "open" else str(step.to))
        names: dict[str, str] = {}
        for field in ("site", "to"):
            given = getattr(step, field)
            if given is None or given in new:
                continue
            names[field] = _site_ids(
                study, [given], _places_of(study), name=f"{step.action}: {field}",
                what="sites of the study",
            )[0]  # fmt: skip
        found.append(replace(step, **names))  # type: ignore[arg-type]
    return found


def _registered(study: Study, step: Modification) -> Modification:
    """Take from the register what a step that opens a known site does not say."""
    place = {"open": step.site, "move": step.to}.get(step.action)
    if place is None:
        return step
    for table in (study.candidates, study.centres):
        row = table[table["id"] == place]
        if len(row):
            own = row.iloc[0]
            known: dict[str, Any] = {"name": str(own["name"])}
            # a centre of another service keeps its cost: it stands already
            for column in ("annual_cost_gbp", "capacity") if table is study.candidates else ():
                value = pd.to_numeric(own.get(column), errors="coerce")
                known[column] = None if pd.isna(value) else float(value)
            return replace(step, **{k: v for k, v in known.items() if getattr(step, k) is None})
    return step

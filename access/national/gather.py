"""Reading many authorities' tables into tasks: one folder of study folders, or national tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from access.disclosure import THRESHOLD
from access.errors import AccessError, Fault, ParameterError, StudyError
from access.ledger import sha256_of
from access.national.authority import RULES, WALK_KM_H, _Outcome, _Task
from access.network.modelled import MODELLED_DRIVING, MODELLED_STREETS, REAL_STREETS
from access.network.osm import check_street_file
from access.network.route_rules import TURNS_LEFT_OUT
from access.release import safe_counts
from access.study import load_study
from access.study.sheet import OPEN_STATUSES, Check, Column, read_sheet
from access.study.tables import check_positions, read_table, without_shapes
from access.text import percent, sentence

_AREA_COLUMNS = ("id", "lon", "lat", "count", "imd_rank")
_SITE_COLUMNS = ("id", "name", "lon", "lat", "annual_visits")
#: Codes name folders and files of the data set.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_IS_CODE = "a code of up to 40 letters, digits, - and _"
_CODES = Column(str, (Check(lambda v: v.str.fullmatch(_CODE), _IS_CODE),))
_COUNT = Column(
    float, (Check(lambda v: (v >= 0) & (v == v.round()), "a count of 0 or more, a whole number"),)
)
#: What a study says of its own trips, as a task takes it.
_LIMITS = ("walk_km_h", "snap_limit_m", "max_unsnapped_share")
_WORLD = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True)
class Ask:
    """What is asked of every authority.

    Parameters
    ----------
    rules : tuple of str
        Names in `RULES`.
    share : float
        Which part of each authority's sites closes.
    service : str
        One service by name; every one when empty.
    demand : str
        National tables: the column of areas.csv that counts the families.
    closures : Path, optional
        A table ``authority site`` for the rule ``listed``.
    streets : tuple of Path
        Street extracts: the only one, or each with its authorities' codes in its name; modelled
        streets when empty.
    mode : str
        ``"walk"`` or ``"drive"``.
    national_areas : int
        How many areas the ranks of deprivation run over.

    Raises
    ------
    ParameterError
        If a rule, the share, the mode or their combination cannot be asked.
    """

    rules: tuple[str, ...] = ("best",)
    share: float = 0.25
    service: str = ""
    demand: str = "families"
    closures: Path | None = None
    streets: tuple[Path, ...] = ()
    mode: str = "walk"
    national_areas: int = 33_755

    def __post_init__(self) -> None:
        if unknown := [rule for rule in self.rules if rule not in RULES]:
            raise ParameterError(f"--rule is {unknown[0]!r}; expected one of {', '.join(RULES)}")
        if not self.rules or len(set(self.rules)) != len(self.rules):
            raise ParameterError("--rule is given twice or not at all; expected each rule once")
        if not 0 < self.share < 1:
            raise ParameterError(f"--share is {self.share!r}; expected a share above 0, below 1")
        if self.mode not in ("walk", "drive"):
            raise ParameterError(f"--mode is {self.mode!r}; expected walk or drive")
        if ("listed" in self.rules) != (self.closures is not None):
            raise ParameterError("the rule 'listed' and --closures FILE go together")
        if self.national_areas < 1:
            raise ParameterError(f"--national-areas is {self.national_areas}; expected 1 or more")


@dataclass(frozen=True)
class _Gathered:
    """The tasks that the tables make, those that they cannot make, and what was read."""

    tasks: tuple[_Task, ...]
    left_out: tuple[_Outcome, ...]
    inputs: tuple[dict[str, str], ...]
    assumptions: tuple[str, ...]


def _gather(folder: Path, ask: Ask, *, cache: str = "") -> _Gathered:
    """Read a folder of study folders, or one with national tables, into one task a service.

    Parameters
    ----------
    folder : Path
        Holds ``areas.csv`` and ``centres.csv`` with a column ``authority`` each, or one study
        folder an authority.
    ask : Ask
    cache : str
        Where networks of street extracts are kept.

    Returns
    -------
    Gathered
        Sorted by authority and service.

    Raises
    ------
    StudyError
        If the folder holds neither, or the national tables have faults; a study folder that
        cannot be read is left out, with its reason.
    """
    listed, files = _closures(ask.closures)
    for extract in ask.streets:
        check_street_file(extract)
    streets = [(str(path), sha256_of(path)) for path in ask.streets]
    shared: dict[str, Any] = {
        "rules": ask.rules,
        "share": float(ask.share),
        "mode": ask.mode,
        "cache": cache,
    }
    if (folder / "areas.csv").exists() and (folder / "centres.csv").exists():
        found = _from_tables(folder, ask)
    elif folder.is_dir() and any(folder.glob("*/study.toml")):
        found = _from_studies(folder, ask)
    else:
        raise StudyError(
            f"{folder} holds neither areas.csv and centres.csv with a column 'authority' each, nor "
            "study folders; `access new CODE` makes a study folder of an authority"
        )
    units, left_out, read, told = found
    tasks = []
    for unit in units:
        code = unit["authority"]
        try:
            path, sha256 = _street_file(code, streets, unit.pop("own_streets", None))
        except AccessError as error:
            left_out.append(_Outcome(code, unit["name"], unit["service"], "", str(error)))
            continue
        tasks.append(
            _Task(**unit, **shared, closures=tuple(listed.get(code, ())), streets=path,
                 streets_sha256=sha256)
        )  # fmt: skip
    if unknown := sorted(set(listed) - {unit["authority"] for unit in units}):
        raise StudyError(
            f"{ask.closures} names authorities that the tables do not have: "
            f"{', '.join(unknown[:5])}; expected codes of the column 'authority'"
        )
    order = sorted(tasks, key=lambda t: (t.authority, t.service))
    own = {_named(t, ask): t.streets_sha256 for t in order if t.streets and not ask.streets}
    given = {Path(path).name: sha256 for path, sha256 in streets}
    inputs = [*read, *files, *({"file": f, "sha256": s} for f, s in (given | own).items())]
    rests_on = (*_rests_on(ask, order), *told)
    return _Gathered(tuple(order), tuple(left_out), tuple(inputs), rests_on)


def _named(task: _Task, ask: Ask) -> str:
    """Name a task's street file: one that was given, or one in a study's own folder."""
    name = Path(task.streets).name
    return name if ask.streets else f"{task.authority}/{name}"


def _rests_on(ask: Ask, tasks: Sequence[_Task]) -> tuple[str, ...]:
    """Say what every figure of the data set rests on."""
    names = [path.name for path in ask.streets]
    names = names or list(dict.fromkeys(_named(task, ask) for task in tasks if task.streets))
    modelled = len({task.authority for task in tasks if not task.streets})
    driving, told = ask.mode == "drive", []
    if names:
        told = [REAL_STREETS.format(name=", ".join(names)), *([TURNS_LEFT_OUT] if driving else [])]
    if modelled or not names:
        others = "authority" if modelled == 1 else f"{modelled:,} authorities"
        told.append(f"The other {others}: {MODELLED_STREETS}" if names else MODELLED_STREETS)
        told += [sentence(MODELLED_DRIVING)] if driving else []
    paces = sorted({task.walk_km_h for task in tasks}) or [WALK_KM_H]
    pace = f"at {paces[0]:g} km/h"
    if len(paces) > 1:
        pace = f"at each study's own speed, {paces[0]:g} to {paces[-1]:g} km/h"
    if driving:
        pace = f"(with a walk to and from the car {pace})"
    return (
        " ".join(told),
        f"Minutes are by {ask.mode} {pace}, to the nearest open site of the authority's own: those "
        "of its neighbours are not counted, also where they are nearer.",
        f"Of so many sites, {percent(ask.share)} close, rounded down, at least one where there are "
        "two, and never all; the rule 'listed' closes what is listed.",
        f"Counts of 1 to {THRESHOLD - 1} stand as 2 or 3, but where a study declares that they are "
        "published; every figure is worked out from these.",
    )


def _street_file(
    code: str, streets: Sequence[tuple[str, str]], own: Path | None
) -> tuple[str, str]:
    """Choose an authority's extract: its own, the only one, or that whose name holds its code."""
    if not streets:
        return ("", "") if own is None else (str(own), sha256_of(own))
    if len(streets) == 1:
        return streets[0]
    fit = [(path, sha) for path, sha in streets if code.casefold() in Path(path).name.casefold()]
    if len(fit) == 1:
        return fit[0]
    raise StudyError(
        f"{len(fit)} of the {len(streets)} street files have {code} in their name; expected one "
        "(name each extract by the codes of the authorities that it covers)"
    )


def _closures(path: Path | None) -> tuple[dict[str, list[str]], list[dict[str, str]]]:
    if path is None:
        return {}, []
    frame, faults = read_sheet(path)
    missing = [c for c in ("authority", "site") if c not in frame]
    faults += [Fault(path.name, "", c, "", f"a column named {c!r}") for c in missing]
    if not faults and frame.duplicated(["authority", "site"]).any():
        twice = frame.index[frame.duplicated(["authority", "site"])]
        faults = [Fault(path.name, f"row {r}", "site", "", "each closure once") for r in twice]
    if faults:
        raise StudyError("the file of closures cannot be used", faults)
    found: dict[str, list[str]] = {}
    for authority, site in zip(frame["authority"], frame["site"], strict=True):
        found.setdefault(authority, []).append(site)
    return found, [{"file": path.name, "sha256": sha256_of(path)}]


_Found = tuple[list[dict[str, Any]], list[_Outcome], list[dict[str, str]], list[str]]


def _from_tables(folder: Path, ask: Ask) -> _Found:
    """Cut two national tables into one unit an authority and service."""
    areas, centres = _national_tables(folder, ask)
    services = sorted(set(centres["service"]))
    if ask.service and ask.service not in services:
        raise StudyError(
            f"centres.csv has no service {ask.service!r}; it has {', '.join(services[:8])}"
        )
    areas["count"] = safe_counts(areas["count"])
    centres = _open(centres)
    sites_of = dict(list(centres.groupby(["authority", "service"], sort=True)))
    units, left_out = [], []
    for code, own in areas.groupby("authority", sort=True):
        for service in [ask.service] if ask.service else services:
            sites = sites_of.get((code, service))
            name = str(own["authority_name"].iloc[0]) if "authority_name" in own else str(code)
            if sites is None:
                why = f"no {service} of {code} is in centres.csv"
                left_out.append(_Outcome(str(code), name, service, "", why))
                continue
            units.append(_unit(str(code), name, service, own, sites, ask.national_areas))
    lost = sorted(set(centres["authority"]) - set(areas["authority"]))
    left_out += [_Outcome(c, c, "", "", f"no area of {c} is in areas.csv") for c in lost]
    read = [{"file": f, "sha256": sha256_of(folder / f)} for f in ("areas.csv", "centres.csv")]
    return units, left_out, read, ["Families are counted by areas.csv: " + ask.demand]


def _national_tables(folder: Path, ask: Ask) -> tuple[pd.DataFrame, pd.DataFrame]:
    rank = Column(
        float,
        (Check(lambda v: (v >= 1) & (v <= ask.national_areas),
               f"a rank of 1 to {ask.national_areas:,} (--national-areas), or empty"),),
        required=False,
    )  # fmt: skip
    more: Mapping[str, Any] = {"authority": _CODES, ask.demand: _COUNT, "imd_rank": rank}
    areas, faults = read_table(folder / "areas.csv", "areas", more, (ask.demand,))
    faults += check_positions(areas, _WORLD, "areas.csv", {f.where for f in faults})
    centres, wrong = read_table(
        folder / "centres.csv", "centres", {"authority": _CODES, "service": _CODES}
    )
    faults += wrong + check_positions(centres, _WORLD, "centres.csv", {f.where for f in wrong})
    if faults:
        raise StudyError("the national tables have faults", faults)
    return areas.rename(columns={ask.demand: "count"}), centres


def _unit(
    code: str, name: str, service: str, areas: pd.DataFrame, sites: pd.DataFrame, national: int
) -> dict[str, Any]:
    """Keep what a task needs of its tables, in the order of ids: rows' order says nothing."""

    def kept(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
        some = [c for c in columns if c in frame and not frame[c].isna().all()]
        return pd.DataFrame(frame[some]).sort_values("id").reset_index(drop=True)

    return {
        "authority": code,
        "name": name,
        "service": service,
        "areas": kept(areas, _AREA_COLUMNS),
        "sites": kept(sites, _SITE_COLUMNS),
        "national_areas": national,
    }


def _open(sites: pd.DataFrame) -> pd.DataFrame:
    """Leave out sites that are shut or deregistered today: nobody goes there, none can close."""
    if "status" not in sites:
        return sites
    return sites[sites["status"].fillna("").isin(["", *OPEN_STATUSES])]


def _from_studies(folder: Path, ask: Ask) -> _Found:
    """Make one unit a service of every study folder; one that cannot be read is left out."""
    units: list[dict[str, Any]] = []
    left_out: list[_Outcome] = []
    read: list[dict[str, str]] = []
    told: list[str] = []
    for home in sorted(path.parent for path in folder.glob("*/study.toml")):
        try:
            if not _CODE.fullmatch(home.name):
                raise StudyError(f"the folder's name is {home.name!r}; expected {_IS_CODE}")
            study = load_study(home)
        except AccessError as error:
            left_out.append(_Outcome(home.name, home.name, "", "", str(error)[:1000]))
            continue
        settings = study.config
        for key, service in settings.services.items():
            if ask.service and key != ask.service:
                continue
            areas = without_shapes(study.areas)
            count = areas[service.demand]
            published = service.demand in settings.disclosure.public_estimates
            areas["count"] = count if published else safe_counts(count)
            sites = without_shapes(study.centres)
            sites = _open(sites[sites["service"] == key])
            unit = _unit(home.name, settings.study.place, key, areas, sites,
                         settings.weights.national_areas)  # fmt: skip
            limits = settings.travel.model_dump(include=set(_LIMITS))
            units.append({**unit, **limits, "own_streets": study.streets})
        read += [{**dict(row), "file": f"{home.name}/{row['file']}"} for row in study.inputs]
        told += [f"{home.name}: {text}" for text in study.assumptions]
    return units, left_out, read, told

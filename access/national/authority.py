"""One authority's task from its tables alone, and many authorities' tables read into tasks."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import access
from access.disclosure import THRESHOLD
from access.errors import AccessError, Fault, ParameterError, ScenarioError, StudyError
from access.files import code_fingerprint, sha256_of
from access.measure.distribution import nearest, weighted_mean, weighted_quantile
from access.network import Network, Profile, TravelMatrix, build_network, travel_matrix
from access.network.modelled import (
    MODELLED_DRIVING,
    MODELLED_STREETS,
    REAL_STREETS,
    modelled_networks,
)
from access.network.osm import check_street_file
from access.network.route_rules import TURNS_LEFT_OUT
from access.network.snapping import check_joins
from access.release import safe_counts
from access.scenario.criteria import fifths
from access.siting import p_median
from access.study import load_study
from access.study.sheet import Check, Column, offers_today, read_sheet
from access.study.tables import check_positions, read_table, without_shapes
from access.text import percent, sentence

# One authority's task: what a rule for closing does to its families, from its tables alone.
#
# A task is pure: the same tables, rule and code give the same two tables, whoever works them out
# and when. Its name is the hash of all that decides them.

_RULES = {
    "best": "those kept leave families the least mean minutes: the optimiser's proven choice",
    "fewest-visits": "those with the fewest annual visits close",
    "listed": "those that the file of closures names close",
}
_WALK_KM_H = Profile.preset("walk").kmh
#: The most that an authority's optimiser works before it gives its best and an honest bound.
_SECONDS_A_CHOICE = 60.0
_UNASKED = b"rules not asked"
"""Name within a part of the rules that could not be asked, and why: it is whole without them."""
_ROOMS = ("network", "measure", "scenario", "siting", "national")


@dataclass(frozen=True)
class _Task:
    """One service of one authority, and the rules put to it.

    Parameters
    ----------
    authority, name, service : str
    areas : DataFrame
        ``id lon lat count``, and ``imd_rank`` where known; WGS84 degrees.
    sites : DataFrame
        ``id name lon lat``, and ``annual_visits`` where known.
    rules : tuple of str
        Names in `_RULES`.
    share : float
        Which part of the sites closes, rounded down, at least one where there are two.
    closures : tuple of str
        Ids that the rule ``listed`` closes.
    streets : str
        Path of a street extract; empty for modelled streets.
    streets_sha256 : str
    mode : str
        ``"walk"`` or ``"drive"``.
    walk_km_h, snap_limit_m, max_unsnapped_share : float
        How fast people walk, how far a place may lie from the streets, and what part of the
        families may lie further: as the study says.
    national_areas : int
        How many areas the ranks of deprivation run over.
    """

    authority: str
    name: str
    service: str
    areas: pd.DataFrame
    sites: pd.DataFrame
    rules: tuple[str, ...]
    share: float = 0.25
    closures: tuple[str, ...] = ()
    streets: str = ""
    streets_sha256: str = ""
    mode: str = "walk"
    national_areas: int = 1
    walk_km_h: float = _WALK_KM_H
    snap_limit_m: float = 500.0
    max_unsnapped_share: float = 0.02
    cache: str = field(default="", compare=False)

    @cached_property
    def key(self) -> str:
        """Sixteen hexadecimal digits of all that decides the task's tables."""
        left = {"areas", "sites", "streets", "cache"}
        told = {k: v for k, v in self.__dict__.items() if k not in left}
        told |= {"code": code_fingerprint(*_ROOMS), "version": access.__version__}
        total = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        for table in (self.areas, self.sites):
            total.update(table.to_csv(index=False, lineterminator="\n").encode())
        return total.hexdigest()[:16]

    @property
    def bytes_needed(self) -> int:
        """Bytes of memory that the task is reckoned to take: the program, streets and matrix."""
        streets = Path(self.streets).stat().st_size if self.streets else 0
        return 350_000_000 + 12 * streets + 200 * len(self.areas) * max(len(self.sites), 1)


@dataclass(frozen=True)
class _Outcome:
    """What became of a task.

    Parameters
    ----------
    authority, name, service : str
    key : str
    why : str
        Why no rule could be put to it; empty where each was for itself.
    files : dict of str to str
        Path within the data set to sha256; none where no rule was answered.
    rows : int
    unasked : dict of str to str
        Rules that could not be asked, and why; the others were answered.
    """

    authority: str
    name: str
    service: str
    key: str
    why: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    unasked: Mapping[str, str] = field(default_factory=dict)

    @property
    def reasons(self) -> dict[str, str]:
        """Why each rule was not answered; all of them stand under no name."""
        return {"": self.why} if self.why else dict(self.unasked)


class _TooSlowError(ScenarioError):
    """No answer in time: on another machine, or another day, there may be one."""


def _how_many_close(sites: int, share: float) -> int:
    """Say how many of so many sites close: a share, rounded down, at least one, never all.

    Parameters
    ----------
    sites : int
    share : float
        0 < share < 1.

    Returns
    -------
    int

    Examples
    --------
    >>> _how_many_close(12, 0.25), _how_many_close(3, 0.25), _how_many_close(1, 0.25)
    (3, 1, 0)
    """
    return 0 if sites < 2 else min(max(int(sites * share + 1e-9), 1), sites - 1)


def _raised(_: str, error: Exception) -> None:
    """Let a rule that cannot be asked end them all."""
    raise error


def _measure_authority(
    task: _Task, lost: Callable[[str, Exception], None] = _raised
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put every rule of a task to its authority.

    Parameters
    ----------
    task : Task
    lost : callable
        Told of each rule that cannot be asked and why; the others are answered.

    Returns
    -------
    areas : DataFrame
        One row an area and rule: ``authority service option area lon lat count site_before
        site_after minutes_before minutes_after added_minutes``. Minutes are ``inf`` where no site
        can be reached. Empty where no rule could be asked.
    options : DataFrame
        One row a rule that could be asked: how many sites, which close, and families' minutes
        before and after.

    Raises
    ------
    AccessError
        If the tables, the rule or the streets cannot give an answer; the message says why.
    """
    matrix = _matrix(task)
    tables, rows = [], []
    for rule in task.rules:
        try:
            table, row = _measure_rule(task, rule, matrix)
        except Exception as error:
            lost(rule, error)
        else:
            tables.append(table)
            rows.append(row)
    if not tables:
        return pd.DataFrame(), pd.DataFrame()
    return pd.concat(tables, ignore_index=True), pd.DataFrame(rows)


def _measure_rule(
    task: _Task, rule: str, matrix: TravelMatrix
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Put one rule to an authority: its areas, and its options' row."""
    every = list(task.sites["id"])
    closed, proof = _closed(task, rule, matrix)
    before = nearest(matrix, every)
    after = nearest(matrix, [s for s in every if s not in set(closed)])
    table = pd.DataFrame(
        {
            "authority": task.authority,
            "service": task.service,
            "option": rule,
            "area": task.areas["id"].to_numpy(str),
            "lon": task.areas["lon"].to_numpy(float),
            "lat": task.areas["lat"].to_numpy(float),
            "count": task.areas["count"].to_numpy(float),
            "site_before": before.site.astype(str),
            "site_after": after.site.astype(str),
            "minutes_before": before.minutes,
            "minutes_after": after.minutes,
            "added_minutes": _added(before.minutes, after.minutes),
        }
    )
    row = {
        **_figures(task, table),
        "sites_closed": len(closed),
        "closed": ";".join(sorted(closed)),
        "proof": proof,
    }
    return table, row


def _matrix(task: _Task) -> TravelMatrix:
    areas, limit_m = task.areas[["id", "lon", "lat"]], task.snap_limit_m
    if task.streets:
        network = _streets_of(task)
    else:
        places = pd.concat([task.areas[["lon", "lat"]], task.sites[["lon", "lat"]]])
        network = modelled_networks(places, [task.mode], walk_km_h=task.walk_km_h)[task.mode]
    matrix = travel_matrix(network, areas, task.sites, snap_limit_m=limit_m)
    families = [("families", task.areas["count"].to_numpy(float))]
    check_joins(matrix, task.sites, families, place=task.name, limit_m=limit_m,
                most_share=task.max_unsnapped_share)  # fmt: skip
    return matrix


def _streets_of(task: _Task) -> Network:
    """Build the streets of a task's extract, or take what is kept of it."""
    profile = Profile.at_walking_speed(task.mode, task.walk_km_h)
    return build_network(task.streets, profile=profile, cache=task.cache or None)


def _added(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Minutes added; none where nothing was reached before, endless where nothing is after."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(before), after - before, 0.0)


def _added_to(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Minutes added for who is reached both before and after; nan for others, in no mean."""
    both = np.isfinite(before) & np.isfinite(after)
    return np.where(both, after, np.nan) - np.where(both, before, np.nan)


def _closed(task: _Task, rule: str, matrix: TravelMatrix) -> tuple[list[str], str]:
    """Say which sites a rule closes, and how far that is proven."""
    ids = list(task.sites["id"])
    many = _how_many_close(len(ids), task.share)
    if rule == "listed":
        if unknown := sorted(set(task.closures) - set(ids)):
            raise ScenarioError(
                f"the file of closures names {', '.join(unknown[:5])}, which {task.authority} "
                "does not have; expected ids of its sites that are open"
            )
        if ids and len(set(task.closures)) >= len(ids):
            raise ScenarioError(f"the file of closures closes every site of {task.authority}")
        return list(task.closures), "as listed"
    if rule == "fewest-visits":
        if "annual_visits" not in task.sites or task.sites["annual_visits"].isna().any():
            raise ScenarioError(
                f"annual_visits are not known of every site of {task.authority}; the rule "
                "fewest-visits needs them all"
            )
        order = task.sites.sort_values(["annual_visits", "id"])["id"]
        return list(order[:many]), "by visits"
    if rule != "best":
        raise ParameterError(f"rule is {rule!r}; expected one of {', '.join(_RULES)}")
    if many == 0:
        return [], "one site alone"
    best = p_median(
        matrix, len(ids) - many, weights=task.areas["count"].to_numpy(float),
        time_limit_s=_SECONDS_A_CHOICE,
    )  # fmt: skip
    if best.status != "proven_optimal":
        raise _TooSlowError(
            f"no proven choice in {_SECONDS_A_CHOICE:g} s for {len(ids)} sites of {task.authority}"
            f" ({best.status})"
        )
    return [s for s in ids if s not in set(best.chosen)], "proven best"


def _figures(task: _Task, table: pd.DataFrame) -> dict[str, Any]:
    """One option in figures: all families, and the nation's most deprived fifth among them."""
    count = table["count"].to_numpy(float)
    before, after = (table[f"minutes_{when}"].to_numpy(float) for when in ("before", "after"))
    added = table["added_minutes"].to_numpy(float)
    row: dict[str, Any] = {
        "authority": task.authority,
        "name": task.name,
        "service": task.service,
        "option": table["option"].iloc[0],
        "sites_before": len(task.sites),
        "families": float(count.sum()),
        "moved": float(count[added > 0].sum()),
        "unreached_before": float(count[~np.isfinite(before)].sum()),
        "unreached_after": float(count[~np.isfinite(after)].sum()),
        "mean_added_all": weighted_mean(_added_to(before, after), count),
    }
    fifth = fifths(task.areas, task.national_areas)
    poor = np.zeros(len(count), bool) if fifth is None else fifth == 1
    for group, who in {"all": np.ones(len(count), bool), "deprived_fifth": poor}.items():
        known = group == "all" or fifth is not None  # what nobody knows is no count of 0
        row[f"count_{group}"] = float(count[who].sum()) if known else np.nan
        for when, minutes in (("before", before), ("after", after)):
            row[f"mean_{when}_{group}"] = weighted_mean(minutes[who], count[who])
            row[f"p90_{when}_{group}"] = _p90(minutes[who], count[who])
    return row


def _p90(minutes: np.ndarray, count: np.ndarray) -> float:
    some = count > 0
    return float(weighted_quantile(minutes[some], count[some], 0.9)) if some.any() else np.nan


def _part_paths(task_or_outcome: _Task | _Outcome) -> dict[str, str]:
    """Name the two files of a task within the data set: hive folders, named by its hash."""
    t = task_or_outcome
    where = f"authority={t.authority}/{t.service}-{t.key}.parquet"
    return {table: f"{table}/{where}" for table in ("areas", "options")}


def _parquet_bytes(table: pd.DataFrame, unasked: Mapping[str, str] | None = None) -> bytes:
    """Write a table as parquet whose bytes follow from its values, and rules not asked, alone."""
    drop = [c for c in ("authority",) if c in table]  # the folder's name holds it
    sheet = pa.Table.from_pandas(table.drop(columns=drop), preserve_index=False)
    told = {_UNASKED: json.dumps(dict(unasked), sort_keys=True).encode()} if unasked else None
    sheet = sheet.replace_schema_metadata(told)
    out = io.BytesIO()
    pq.write_table(sheet, out, compression="zstd")
    return out.getvalue()


def _unasked_of(part: pq.FileMetaData) -> dict[str, str]:
    """Read from a part which rules could not be asked, and why."""
    told = (part.metadata or {}).get(_UNASKED)
    found: dict[str, str] = {} if told is None else json.loads(told)
    return found


# ------------------------------------------------------------------------------
# Reading many authorities' tables into tasks: one folder of study folders, or national tables.

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
        Names in `_RULES`.
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
        if unknown := [rule for rule in self.rules if rule not in _RULES]:
            raise ParameterError(f"--rule is {unknown[0]!r}; expected one of {', '.join(_RULES)}")
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
    units, left_out, read, told, held = found
    tasks = []
    for unit in units:
        code = unit["authority"]
        own = {*unit["sites"]["id"]}
        # a site of another service is for that one's task; what none has is told by each
        closes = [i for i in listed.get(code, ()) if i in own or i not in held[code]]
        try:
            path, sha256 = _street_file(code, streets, unit.pop("own_streets", None))
        except AccessError as error:
            left_out.append(_Outcome(code, unit["name"], unit["service"], "", str(error)))
            continue
        tasks.append(
            _Task(**unit, **shared, closures=tuple(closes), streets=path,
                 streets_sha256=sha256)
        )  # fmt: skip
    if unknown := sorted({*listed} - {*held} - {o.authority for o in left_out}):
        raise StudyError(
            f"{ask.closures} names authorities that the tables do not have: "
            f"{', '.join(unknown[:5])}; expected codes of the column 'authority'"
        )
    order = sorted(tasks, key=lambda t: (t.authority, t.service))
    theirs = {_named(t, ask): t.streets_sha256 for t in order if t.streets and not ask.streets}
    given = {Path(path).name: sha256 for path, sha256 in streets}
    inputs = [*read, *files, *({"file": f, "sha256": s} for f, s in (given | theirs).items())]
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
    paces = sorted({task.walk_km_h for task in tasks}) or [_WALK_KM_H]
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


#: Units, what is left out, inputs, assumptions, and each authority's open sites of any service.
_Found = tuple[
    list[dict[str, Any]], list[_Outcome], list[dict[str, str]], list[str], dict[str, set[str]]
]


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
            names = own["authority_name"].dropna() if "authority_name" in own else ()
            name = next((str(given) for given in names if given), str(code))
            if sites is None:
                why = f"no {service} of {code} is in centres.csv"
                left_out.append(_Outcome(str(code), name, service, "", why))
                continue
            units.append(_unit(str(code), name, service, own, sites, ask.national_areas))
    lost = sorted(set(centres["authority"]) - set(areas["authority"]))
    left_out += [_Outcome(c, c, "", "", f"no area of {c} is in areas.csv") for c in lost]
    read = [{"file": f, "sha256": sha256_of(folder / f)} for f in ("areas.csv", "centres.csv")]
    held = {str(code): {*own["id"]} for code, own in centres.groupby("authority")}
    return units, left_out, read, ["Families are counted by areas.csv: " + ask.demand], held


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
    return sites[offers_today(sites)]


def _from_studies(folder: Path, ask: Ask) -> _Found:
    """Make one unit a service of every study folder; one that cannot be read is left out."""
    units: list[dict[str, Any]] = []
    left_out: list[_Outcome] = []
    read: list[dict[str, str]] = []
    told: list[str] = []
    held: dict[str, set[str]] = {}
    if ask.demand != Ask.demand:
        raise ParameterError(
            f"--demand {ask.demand!r} is a column of national tables; of study folders each says "
            "itself whom a service is for (demand, in study.toml)"
        )
    services: set[str] = set()
    for home in sorted(path.parent for path in folder.glob("*/study.toml")):
        try:
            if not _CODE.fullmatch(home.name):
                raise StudyError(f"the folder's name is {home.name!r}; expected {_IS_CODE}")
            study = load_study(home)
        except AccessError as error:
            left_out.append(_Outcome(home.name, home.name, "", "", str(error)[:1000]))
            continue
        settings = study.config
        held[home.name] = {*_open(without_shapes(study.centres))["id"]}
        services |= {*settings.services}
        if ask.service and ask.service not in settings.services:
            why = f"no {ask.service} of {home.name} is in its study.toml"
            left_out.append(_Outcome(home.name, settings.study.place, ask.service, "", why))
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
    if ask.service and services and ask.service not in services:
        raise ParameterError(
            f"no study in {folder} has a service {ask.service!r}; they have "
            f"{', '.join(sorted(services)[:8])}"
        )
    return units, left_out, read, told, held

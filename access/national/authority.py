"""One authority's task: what a rule for closing does to its families, from its tables alone.

A task is pure: the same tables, rule and code give the same two tables, whoever works them out and
when. Its name is the hash of all that decides them.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import access
from access.errors import ParameterError, ScenarioError
from access.ledger import code_fingerprint
from access.measure.distribution import nearest, weighted_mean, weighted_quantile
from access.network import Network, Profile, TravelMatrix, build_network, travel_matrix
from access.network.modelled import modelled_network
from access.network.snapping import check_joins
from access.scenario.criteria import fifths
from access.siting import p_median

RULES = {
    "best": "those kept leave families the least mean minutes: the optimiser's proven choice",
    "fewest-visits": "those with the fewest annual visits close",
    "listed": "those that the file of closures names close",
}
WALK_KM_H = Profile.preset("walk").kmh
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
        Names in `RULES`.
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
    walk_km_h: float = WALK_KM_H
    snap_limit_m: float = 500.0
    max_unsnapped_share: float = 0.02
    cache: str = field(default="", compare=False)

    @property
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
        network = modelled_network(places, mode=task.mode, walk_km_h=task.walk_km_h)
    matrix = travel_matrix(network, areas, task.sites, snap_limit_m=limit_m)
    families = {"families": task.areas["count"].to_numpy(float)}
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
                "does not have; expected ids of its sites"
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
        raise ParameterError(f"rule is {rule!r}; expected one of {', '.join(RULES)}")
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

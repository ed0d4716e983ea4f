"""`Study`: a folder's settings and tables as one value, loaded, described, with its assumptions."""

from __future__ import annotations

import difflib
import os
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.arguments import refuse
from access.display import html_answer
from access.errors import Fault, ParameterError, StudyError
from access.files import leads_out
from access.labels import trip
from access.study.config import (
    Group,
    StudyConfig,
    _closure_rules,
    _rule_warnings,
    is_later,
    read_config,
)
from access.study.manifest import _read_manifest, _read_outline
from access.study.sheet import offers_today
from access.study.tables import (
    _REGISTER_UNKNOWNS,
    _cross_faults,
    _join_parents,
    _parent_columns,
    _parent_faults,
    _part_faults,
    _read_shapes,
    _share_of_all,
    _with_localities,
    _with_points,
    _with_register,
    _with_shares,
    _with_tenths,
    area_columns,
    check_positions,
    read_table,
    without_shapes,
)
from access.text import counted, listed, share_figure
from access.units import WGS84, metric_crs

#: The statistical code of a small area, and the nation that its first letter stands for.
_CODE = re.compile(r"[EWSN]\d{8}")
_NATIONS = {"E": "England", "W": "Wales", "S": "Scotland", "N": "Northern Ireland"}
#: Areas that each nation's index ranks: LSOAs of 2011 and 2021, Data Zones, Super Output Areas.
_RANKED = {32_844: "England", 33_755: "England", 1_909: "Wales", 1_917: "Wales",
           6_976: "Scotland", 7_392: "Scotland", 890: "Northern Ireland"}  # fmt: skip
_SOME_NATION = "the nation"


def _study_assumptions(
    config: StudyConfig,
    areas: pd.DataFrame,
    centres: pd.DataFrame,
    inputs: Sequence[dict[str, str]],
) -> tuple[str, ...]:
    """Say what a reader must know before using any number of a study."""
    said = list(config.study.notes)
    stand_ins = centres[centres["assumed"]]
    if len(stand_ins):
        one = len(stand_ins) == 1
        what, real = ("is an assumed stand-in", "one") if one else ("are assumed stand-ins", "ones")
        said.append(
            f"{len(stand_ins)} of {len(centres)} sites {what}, because the real {real} "
            f"{'is' if one else 'are'} not known here: {_list(stand_ins)}."
        )
    proxies = centres[centres["proxy"]]
    if len(proxies):
        errors = proxies["position_error_m"]
        wrong = f"wrong by up to {errors.max():,.0f} m" + (
            "" if errors.notna().all() else " where that is said"
        )
        said.append(
            f"{len(proxies)} of {len(centres)} sites {'stands' if len(proxies) == 1 else 'stand'} "
            f"at a proxy position, {wrong if errors.notna().any() else 'how wrong is not said'}: "
            f"{_list(proxies)}."
        )
    if config.areas.shared_counts:
        said.append(
            f"Counts by {_shared_by(config)} are known for larger areas "
            f"({config.areas.parent_table}) and shared among the areas of each by "
            f"{config.areas.share_by}: an estimate, totals kept."
        )
    if config.areas.locality_from:
        said.append(
            "An area's locality is inferred: that of its nearest "
            f"{config.services[config.areas.locality_from].one} in a straight line."
        )
    said.append(
        f"Everyone in an area starts from its one point ({config.areas.unit}); "
        f"figures: {config.areas.vintage}."
    )
    said += _gaps(areas)
    said += _rule_warnings(config, centres)
    changed = [i["file"] for i in inputs if i.get("changed") == "yes"]
    if changed:
        said.append(f"Changed since the manifest was written: {', '.join(changed)}.")
    return tuple(said)


def _shared_by(config: StudyConfig) -> str:
    """Say what the counts that are shared among areas are by, and of nothing else."""
    shared = set(config.areas.shared_counts)
    ages, cars = shared & {*config.demand_columns}, shared & {"households", "households_no_car"}
    kinds = {"age": ages, "car ownership": cars, "equality group": shared - ages - cars}
    return listed([word for word, columns in kinds.items() if columns])


#: What switches something on where areas have it, by its columns, and what follows from its gaps.
_SWITCHES = (
    (("p_no_car",), "The share of households without a car",
     f"there is no {trip('typical')}, which needs it in all"),
    (("imd_rank", "imd_decile", "imd_fifth"), "Deprivation", "what is said by deprivation leaves "
     "them out"),
)  # fmt: skip


def _gaps(areas: pd.DataFrame) -> list[str]:
    """Say what is known of some areas and not of others, and what follows."""
    said = []
    for columns, what, follows in _SWITCHES:
        there = [c for c in columns if c in areas]
        unknown = int(areas[there].isna().all(axis=1).sum()) if there else 0
        if 0 < unknown < len(areas):
            said.append(f"{what} is not known for {unknown:,} of {len(areas):,} areas: {follows}.")
    empty, everywhere = _share_of_all(areas)
    stood = int((empty & (areas["p_no_car"] == everywhere)).sum()) if empty.any() else 0
    if stood:
        said.append(
            f"No household lives in {stood:,} of {len(areas):,} areas: the share without a car of "
            f"all households ({share_figure(everywhere)}) stands there in the {trip('typical')}."
        )
    return said


def _list(sites: pd.DataFrame) -> str:
    return "; ".join(
        f"{name} ({id_})" for id_, name in zip(sites["id"], sites["name"], strict=True)
    )


#: Where `access fetch streets` puts a study's streets.
_STREETS_FILE = "streets.osm.pbf"
#: Gaps between areas' shapes that are closed in the boundary, metres.
_GAP_M = 5.0
#: Where `access fetch timetable` puts a study's buses.
_TIMETABLE_FILE = "timetable.zip"
_TABLES = {
    "centres": "centres.csv",
    "candidates": "candidates.csv",
    "neighbours": "neighbours.csv",
    "places": "places.csv",
    "postcodes": "postcodes.csv",
    "gazetteer": "gazetteer.csv",
}


@dataclass(frozen=True, eq=False)
class Study:
    """A checked study: places, families, settings, and what was assumed of them.

    Parameters
    ----------
    folder : Path
    config : StudyConfig
        `study.toml`.
    areas : GeoDataFrame
        One row an area: ``id, lon, lat, geometry`` (metric CRS), counts per age band,
        deprivation, ``p_no_car``, ``locality``.
    centres, candidates, neighbours : GeoDataFrame
        Sites today, sites where a hub could go, other authorities' centres (either may be empty).
    places, postcodes, gazetteer : DataFrame
        ``name, lon, lat, rank`` (names for orientation on maps, 1 first) and
        ``postcode, lon, lat``; empty when the study has no such table.
    crs : str
        The metric working CRS.
    assumptions : tuple of str
        What every reader of a number from this study must be told.
    inputs : tuple of dict
        ``file, sha256, source, vintage, licence`` of every table.
    shapes : GeoSeries, optional
        Polygons of the areas (WGS84, indexed by id); None where the study has points alone.
    timetables : tuple of Path
        GTFS feeds of the buses: those named, else a fetched ``timetable.zip``; empty where
        minutes by bus are not known, or are of a matrix from elsewhere.
    outline : shapely geometry, optional
        The place's boundary (WGS84), from the setting ``study.outline``.
    later : tuple of str
        Candidate sites that opened after the study's date, and so are not among them.

    Examples
    --------
    >>> study = load_study("rotherham")
    >>> len(study.areas), len(study.centres), len(study.candidates)
    (854, 23, 73)
    >>> int(study.areas["children_0_4"].sum())
    15972
    """

    folder: Path
    config: StudyConfig
    areas: gpd.GeoDataFrame
    centres: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    neighbours: gpd.GeoDataFrame
    places: pd.DataFrame
    postcodes: pd.DataFrame
    gazetteer: pd.DataFrame
    crs: str
    assumptions: tuple[str, ...]
    inputs: tuple[dict[str, str], ...]
    shapes: gpd.GeoSeries | None = None
    timetables: tuple[Path, ...] = ()
    later: tuple[str, ...] = ()
    outline: shapely.Geometry | None = None

    def with_timetables(self, feeds: Sequence[Path]) -> Study:
        """Give the study with other GTFS feeds than its own; none given leaves it as it is.

        Parameters
        ----------
        feeds : sequence of Path

        Returns
        -------
        Study
        """
        if not feeds:
            return self
        bus = self.config.bus.model_copy(update={"matrix": None})
        config = self.config.model_copy(update={"bus": bus})
        # the folder that one is in has no name of its own
        named = (feed if feed.name not in ("", "..") else feed.resolve() for feed in feeds)
        return replace(self, config=config, timetables=tuple(named))

    def settings(self) -> dict[str, Any]:
        """Give the settings as plain values; of buses only where there is a timetable.

        Returns
        -------
        dict
        """
        told = self.config.model_dump(mode="json")
        if not self.timetables and self.config.bus.matrix is None:
            del told["bus"]
            for service in told["services"].values():
                del service["bus_window"], service["session_ends"]
        return told

    @cached_property
    def boundary(self) -> shapely.Geometry | None:
        """The place's boundary (WGS84): its outline, else all its areas' shapes as one; or None."""
        if self.outline is not None or self.shapes is None:
            return self.outline
        joined = shapely.union_all(self.shapes.to_crs(self.crs).to_numpy(), grid_size=0.5)
        closed = joined.buffer(_GAP_M, join_style="mitre").buffer(-_GAP_M, join_style="mitre")
        return gpd.GeoSeries([closed], crs=self.crs).to_crs(WGS84).iloc[0]

    @property
    def name(self) -> str:
        """Short name, as in ``maps/<name>/``."""
        return self.config.study.name

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of residents that the study sets beside everyone else."""
        shared = self.config.areas.shared_counts
        # counts shared among areas are rounded each for itself: a part may pass its whole by one
        return tuple(
            group.model_copy(update={"other_date": True})
            if group.columns and set(group.columns) <= set(shared)
            else group
            for group in self.config.groups
        )

    @property
    def nation(self) -> str:
        """Whose law and ranks of deprivation the study has, as sentences name it."""
        chosen = self.config.weights
        if self.config.study.nation is not None:
            return self.config.study.nation
        letters = {i[:1] if _CODE.fullmatch(i) else "" for i in self.areas["id"].astype(str)}
        if len(letters) == 1 and (letter := letters.pop()) in _NATIONS:
            return _NATIONS[letter]
        given = "national_areas" in chosen.model_fields_set
        return _RANKED.get(chosen.national_areas, _SOME_NATION) if given else _SOME_NATION

    @property
    def knows_cars(self) -> bool:
        """Whether the share without a car is known everywhere, as the family trip needs it."""
        return "p_no_car" in self.areas and bool(self.areas["p_no_car"].notna().all())

    @property
    def files(self) -> tuple[Path, ...]:
        """The study's folder and every file read, none of which an output may replace."""
        streets = [] if self.streets is None else [self.streets]
        own = (self.folder / row["file"] for row in self.inputs)
        return (self.folder, *own, *streets, *self.timetables)

    @property
    def streets(self) -> Path | None:
        """The study's own streets, measured on where no others are named; None: it has none."""
        path = self.folder / _STREETS_FILE
        return path if path.is_file() else None

    def demand(self, service: str) -> pd.DataFrame:
        """Give the families a service is for, area by area.

        Parameters
        ----------
        service : str
            A service key of the study.

        Returns
        -------
        DataFrame
            The areas' columns without geometry, and ``count``: the service's age group.

        Raises
        ------
        ParameterError
            If the study has no such service.
        """
        if service not in self.config.services:
            raise ParameterError(
                f"no service {service!r}; expected one of {sorted(self.config.services)}"
            )
        frame = without_shapes(self.areas)
        frame["count"] = frame[self.config.services[service].demand].astype(float)
        return frame

    def rules(self, service: str) -> dict[str, Any]:
        """Give what every set of a service's centres must keep to be ranked.

        Parameters
        ----------
        service : str

        Returns
        -------
        dict
            ``never_close localities min_per_locality``, options of `access.rank_closures`.
        """
        return _closure_rules(self.config, pd.DataFrame(self.centres), service)

    def limits(self) -> dict[str, Any]:
        """Give the minutes and metres that shares are given for.

        Returns
        -------
        dict
            ``within_minutes within_metres``, options of `access.compare`.
        """
        chosen = self.config.measures
        return {
            "within_minutes": chosen.thresholds_minutes,
            "within_metres": dict(chosen.distances_m),
        }

    def centres_of(self, service: str) -> gpd.GeoDataFrame:
        """Give today's centres of one service, in the order of the register.

        Parameters
        ----------
        service : str

        Returns
        -------
        GeoDataFrame
        """
        return self.centres.take(np.flatnonzero(self.centres["service"].to_numpy() == service))

    def centre_ids(self, service: str) -> list[str]:
        """Give the ids of today's centres of one service, in the order of the register.

        Parameters
        ----------
        service : str

        Returns
        -------
        list of str
        """
        ids, of = self.centres["id"].tolist(), self.centres["service"].tolist()
        return [str(id_) for id_, own in zip(ids, of, strict=True) if own == service]

    def open_ids(self, service: str | None = None) -> list[str]:
        """Give the centres that families can be counted to travel to today.

        Parameters
        ----------
        service : str, optional
            Of this service alone.

        Returns
        -------
        list of str
            Ids, in the order of the register.
        """
        columns = self.centres["id"], self.centres["service"], offers_today(self.centres)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [str(id_) for id_, of, offers in rows if offers and service in (None, of)]

    def neighbours_of(self, service: str) -> gpd.GeoDataFrame:
        """Give the neighbouring authorities' centres of one service.

        Parameters
        ----------
        service : str

        Returns
        -------
        GeoDataFrame
            Those that the table says are of this service, and those of which it does not say.
        """
        if "service" not in self.neighbours:
            return self.neighbours
        return self.neighbours[self.neighbours["service"].isin(["", service])]

    @property
    def is_embedded(self) -> bool:
        """Whether the study travels with the package."""
        package = Path(str(files("access")))
        return self.folder.resolve().parent in {
            (package / "data").resolve(),
            (package.parent / "data").resolve(),
        }

    def facts(self) -> dict[str, Any]:
        """Count what a study holds."""
        config = self.config
        centres = {}
        for key, service in config.services.items():
            own = self.centres_of(key)
            centres[key] = {
                "title": service.title,
                "today": len(self.open_ids(key)),
                "families": float(self.areas[service.demand].sum()),
                "families_are": service.noun,
                "ages": service.age_band,
                "stand_ins": own.loc[own["assumed"], "id"].tolist(),
                "proxies": own.loc[own["proxy"], "id"].tolist(),
            }
        return {
            "study": self.name,
            "title": config.study.title,
            "folder": self.folder.name,
            "crs": self.crs,
            "areas": len(self.areas),
            "candidates": len(self.candidates),
            "neighbours": len(self.neighbours),
            "postcodes": len(self.postcodes),
            "centres": centres,
            "proposals": {
                key: {
                    "title": p.title,
                    "service": p.service,
                    "close": list(p.closes),
                    "open": list(p.opens),
                    "before": len(self.open_ids(p.service)),
                    "after": len(self.open_ids(p.service)) - len(p.closes) + len(p.opens),
                }
                for key, p in config.proposals.items()
            },
            "not_known": {column: int(_unknown(self, column)) for column in _REGISTER_UNKNOWNS},
            "assumptions": list(self.assumptions),
            "inputs": [dict(row) for row in self.inputs],
        }

    def described(self) -> str:
        """Say what a study holds, as `access check` prints it."""
        facts = self.facts()
        unit = self.config.areas.unit
        lines = [
            f"{facts['title']} ({facts['study']}): no faults found.",
            "",
            f"  {counted(facts['areas'], 'area')} ({unit}), "
            f"{counted(facts['candidates'], 'candidate site')}, "
            f"{counted(facts['neighbours'], 'centre')} of neighbours, "
            f"{counted(facts['postcodes'], 'postcode')}",
        ]
        for row in facts["centres"].values():
            lines.append(
                f"  {row['title']}: {row['today']} today, "
                f"for {row['families']:,.0f} {row['families_are']}"
                + (f" (ages counted: {row['ages']})" if row["ages"] else "")
            )
        for key, row in facts["proposals"].items():
            lines.append(f"  Proposal {key}: {row['before']} -> {row['after']}, closes "
                         f"{', '.join(row['close']) or 'none'}"
                         + (f", opens {', '.join(row['open'])}" if row["open"] else "")
                         )  # fmt: skip
        unknown = [
            f"{_REGISTER_WORDS[column]} of {count} of {len(self.centres)}"
            for column, count in facts["not_known"].items()
            if count
        ]
        if unknown:
            centres = "centre" if len(self.centres) == 1 else "centres"
            lines += ["", f"  Not known: {', '.join(unknown)} {centres}."]
        lines += ["", "What every reader of a number must be told:"]
        for sentence in facts["assumptions"]:
            lines += textwrap.wrap(sentence, 88, initial_indent="  - ", subsequent_indent="    ")
        lines += ["", "Tables:"]
        words = {"no": "as in the manifest", "yes": "CHANGED since the manifest was written",
                 "not listed": "not in the manifest"}  # fmt: skip
        for row in facts["inputs"]:
            lines.append(f"  {row['file']:<22} {row['sha256'][:12]}  {words[row['changed']]}")
        return "\n".join(lines)

    def sentence(self) -> str:
        """Say in a sentence or two what a study holds, and what is not known."""
        facts = self.facts()
        text = (
            f"{facts['title']}: {counted(facts['areas'], 'area')} ({self.config.areas.unit}), "
            f"{counted(len(self.centres), 'centre')}, "
            f"{counted(facts['candidates'], 'candidate site')}, "
            f"{counted(facts['neighbours'], 'centre')} of neighbours."
        )
        unknown = [
            _REGISTER_WORDS[column]
            for column, count in facts["not_known"].items()
            if count == len(self.centres)
        ]
        if unknown:
            text += f" Not known of any centre: {', '.join(unknown)}."
        return text

    def to_frame(self) -> pd.DataFrame:
        """Give one row a service: centres today and as proposed, and whom they are for.

        Returns
        -------
        DataFrame
            As `access.study.study._study_frame`.

        Examples
        --------
        >>> load_study("rotherham").to_frame()["today"].tolist()
        [12, 11]
        """
        return _study_frame(self)

    def _repr_html_(self) -> str:

        return _study_html(self)

    def __repr__(self) -> str:
        return (
            f"<Study {self.name}: {len(self.areas)} areas, {len(self.centres)} centres, "
            f"{len(self.candidates)} candidate sites>"
        )


def find_study(name: str | Path | None = None) -> Path:
    """Find a study folder by path, or by the name of a study that travels with the package.

    Parameters
    ----------
    name : str or Path, optional
        A folder, or a name such as ``"rotherham"`` (which is also the default).

    Returns
    -------
    Path

    Raises
    ------
    StudyError
        If there is neither.

    Examples
    --------
    >>> find_study("rotherham").name
    'rotherham'
    """
    if name is not None and not isinstance(name, str | os.PathLike):
        raise refuse("study", name, "a folder's path, or an embedded study's name")
    if name == "":  # as a shell gives a variable that is not set
        raise StudyError("no study is named; expected a folder, or an embedded study's name")
    folder = Path("rotherham" if name is None else name)
    try:
        if folder.is_dir():
            return folder
    except (OSError, ValueError):  # a name too long, or with a NUL
        folder = Path(os.fspath(folder)[:60].replace("\0", ""))
    package = Path(str(files("access")))
    homes = [package / "data", package.parent / "data"]
    embedded = sorted(p.parent.name for h in homes for p in h.glob("*/study.toml"))
    if folder.parts[:-1] in ((), ("data",)):
        for home in homes:
            if (home / folder.name / "study.toml").is_file():
                return home / folder.name
    close = difflib.get_close_matches(folder.name, embedded, n=1, cutoff=0.5)
    hint = f" Is {close[0]!r} meant?" if close else ""
    raise StudyError(
        f"no study {str(name)!r}: it is neither a folder here nor one of the embedded studies "
        f"({', '.join(sorted(set(embedded))) or 'none'}).{hint} "
        "Make your own with `access new FOLDER`."
    )


def load_study(path: str | Path | None = None) -> Study:
    """Load and check a study.

    Parameters
    ----------
    path : str or Path, optional
        A study folder, or the name of an embedded study; the embedded Rotherham when not given.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With every fault of every table at once: file, row, column, value, what was expected.

    Examples
    --------
    >>> load_study("rotherham")
    <Study rotherham: 854 areas, 23 centres, 73 candidate sites>
    """
    return _loaded(find_study(path))


def _loaded(folder: Path) -> Study:
    """Load the study in a folder, and refuse it with all that is wrong."""
    _check_links(folder, ["study.toml", "manifest.toml", _STREETS_FILE])
    config = read_config(folder / "study.toml")
    _check_links(folder, _files_of(config))
    tables, faults, read = _read_all(folder, config)
    if not faults:
        faults += _cross_faults(tables, config)
    shapes = None
    if config.areas.shapes is not None and not faults:
        shapes, faults = _read_shapes(folder / config.areas.shapes, tables["areas"])
        read.append(config.areas.shapes)
    timetables = _own_timetables(folder, config)
    for name in (config.bus.timetable, config.bus.matrix):
        if name is not None:
            read.append(name)
    faults += _bus_faults(folder, config)
    outline = None
    if config.study.outline is not None and not faults:
        outline, faults = _read_outline(folder / config.study.outline, config.study.box)
        read.append(config.study.outline)
    if faults:
        raise StudyError(f"the study in {folder} has {len(faults)} fault(s)", faults)
    crs = metric_crs(*_centre_of(config.study.box))
    places = ("areas", "centres", "candidates", "neighbours")
    points = {name: _with_points(tables[name], crs) for name in places}
    # the others orient, and are measured from nowhere
    plain = {name: tables[name].reset_index(drop=True) for name in _TABLES if name not in places}
    centres = _with_register(points["centres"])
    areas = _with_localities(points["areas"], points["centres"], config)
    inputs = _read_manifest(folder, ["study.toml", *read])
    later, named = _opened_later(points["candidates"], config)
    return Study(
        folder=folder,
        config=config,
        areas=gpd.GeoDataFrame(areas),
        centres=gpd.GeoDataFrame(centres),
        candidates=gpd.GeoDataFrame(_with_register(points["candidates"][~later | named])),
        neighbours=gpd.GeoDataFrame(points["neighbours"]),
        **plain,
        crs=crs,
        assumptions=(
            *_study_assumptions(config, areas, centres, inputs),
            *_named_though_later(points["candidates"][later & named], config),
        ),
        inputs=inputs,
        shapes=shapes,
        timetables=timetables,
        outline=outline,
        later=tuple(_dated(points["candidates"][later & ~named])),
    )


def _files_of(config: StudyConfig) -> list[str]:
    """Name every table and layer that the settings tell to read."""
    own, bus = config.areas, config.bus
    tables = [config.tables.get(kind, usual) for kind, usual in _TABLES.items()]  # type: ignore[call-overload]
    buses = (bus.timetable, bus.matrix, _TIMETABLE_FILE)
    files = (*tables, own.table, own.parent_table, own.shapes, config.study.outline, *buses)
    return [file for file in files if file]


def _check_links(folder: Path, names: Sequence[str]) -> None:
    """Refuse links that lead out: a folder from a stranger could have any file of ours packed."""
    expected = "the file itself in the study's folder; copy it there"
    found = "a link that leads out of the study's folder"
    faults = [Fault(n, "", "", found, expected) for n in names if leads_out(folder, n)]
    if faults:
        raise StudyError(f"the study in {folder} has {len(faults)} fault(s)", faults)


def _opened_later(candidates: pd.DataFrame, config: StudyConfig) -> tuple[pd.Series, pd.Series]:
    """Mark candidates that opened after the study's date, and those that it names itself."""
    if "open_from" not in candidates:
        never = pd.Series(False, index=candidates.index)
        return never, never
    changes = [c for p in config.proposals.values() for c in p.change]
    named: set[str | None] = {*config.hubs.council_choice, *config.hubs.must}
    named |= {*(c.to for c in changes), *(c.site for c in changes)}
    named |= {site for p in config.proposals.values() for site in p.opens}
    when = candidates["open_from"].fillna("").astype(str).str.strip()
    later = when.map(lambda told: bool(told) and is_later(told, config.study.as_of))
    return later.astype(bool), candidates["id"].isin(named)


def _dated(later: pd.DataFrame) -> list[str]:
    """Name sites with when they opened."""
    return [f"{row['name']} (from {row['open_from']})" for row in later.to_dict("records")]


def _named_though_later(later: pd.DataFrame, config: StudyConfig) -> list[str]:
    """Say which candidates were not there yet on the study's date, and take part all the same."""
    if later.empty:
        return []
    return [
        f"Not open yet on {config.study.as_of}, and among the candidate sites because the study "
        f"names {'it' if len(later) == 1 else 'them'}: {listed(_dated(later))}."
    ]


def _own_timetables(folder: Path, config: StudyConfig) -> tuple[Path, ...]:
    """Find the study's feed: the one that it names, else what was fetched into its folder."""
    if config.bus.timetable is not None:
        return (folder / config.bus.timetable,)
    fetched = folder / _TIMETABLE_FILE
    return (fetched,) if config.bus.matrix is None and fetched.is_file() else ()


def _bus_faults(folder: Path, config: StudyConfig) -> list[Fault]:
    """Say which files of buses are not there."""
    expected = {"timetable": "a GTFS zip that is there", "matrix": "a CSV that is there"}
    return [
        Fault("study.toml", "", f"bus.{key}", name, words)
        for key, words in expected.items()
        if (name := getattr(config.bus, key)) is not None and not (folder / name).is_file()
    ]


def _centre_of(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _read_all(
    folder: Path, config: StudyConfig
) -> tuple[dict[str, pd.DataFrame], list[Fault], list[str]]:
    """Read every table; `areas` comes back with its parents' figures joined on."""
    tables: dict[str, pd.DataFrame] = {}
    faults: list[Fault] = []
    read: list[str] = []
    for kind, usual in _TABLES.items():
        file = config.tables.get(kind, usual)  # type: ignore[call-overload]
        if kind != "centres" and kind not in config.tables and not os.path.lexists(folder / file):
            text, number = pd.Series(dtype=str), pd.Series(dtype=float)
            tables[kind] = pd.DataFrame({"id": text, "name": text, "lon": number, "lat": number})
            continue
        tables[kind], wrong = read_table(folder / file, kind)
        faults += wrong + check_positions(tables[kind], config.study.box, file, _told(wrong))
        read.append(file)
    settings = config.areas
    counts = {*config.demand_columns} - set(settings.shared_counts)
    counts |= {settings.share_by} if settings.parent_table else set()
    counts |= {name for group in config.groups for name in group.columns}
    areas, wrong = read_table(folder / settings.table, "areas", area_columns(config), counts)
    scheme = config.weights.scheme
    wrong = [
        replace(f, expected=f"{f.expected}; weights.scheme of study.toml is {scheme[:60]!r}")
        if f.column == scheme
        else f
        for f in wrong
    ]
    faults += wrong + check_positions(areas, config.study.box, settings.table, _told(wrong))
    faults += [] if wrong else _parts(areas, config, {}, settings.table)
    read.append(settings.table)
    if settings.parent_table:
        columns = settings.shared_counts | settings.from_parent
        parents, wrong = read_table(
            folder / settings.parent_table, "parents", _parent_columns(config),
            [columns[ours] for ours in columns if ours in settings.shared_counts or ours in counts],
        )  # fmt: skip
        read.append(settings.parent_table)
        if len(parents.columns):
            faults += _parent_faults(areas, parents, config) if len(areas.columns) else []
        faults += wrong or _parts(parents, config, columns, settings.parent_table)
        if not faults:
            areas = _join_parents(areas, parents.set_index("id"), config)
    tables["areas"] = _with_tenths(_with_shares(areas), config.weights.national_areas)
    return tables, faults, read


def _told(faults: Sequence[Fault]) -> frozenset[str]:
    """Rows whose longitude or latitude has been told of."""
    return frozenset(fault.where for fault in faults if fault.column in ("lon", "lat"))


def _parts(
    frame: pd.DataFrame, config: StudyConfig, named: Mapping[str, str], file: str
) -> list[Fault]:
    """Find groups that count more than their whole, by the names that a table has for both."""
    pairs = [("households_no_car", "households")]
    pairs += [(g.columns[0], g.columns[1]) for g in config.groups if g.columns and not g.other_date]
    faults: list[Fault] = []
    for part, whole in dict.fromkeys(pairs):
        faults += _part_faults(frame, named.get(part, part), named.get(whole, whole), file)
    return faults


_REGISTER_WORDS = {
    "annual_cost_gbp": "yearly cost",
    "annual_visits": "yearly visits",
    "condition": "condition",
    "capacity": "capacity",
}


def _unknown(study: Study, column: str) -> int:
    values = study.centres[column]
    return int((values.isna() | (values.astype(str) == "")).sum())


def _study_frame(study: Study) -> pd.DataFrame:
    """Give one row a service: centres today and after what is proposed, and whom they are for."""
    facts = study.facts()
    proposed: dict[str, int] = {}
    for proposal in facts["proposals"].values():
        proposed.setdefault(proposal["service"], proposal["after"])
    rows = [
        {
            "service": row["title"],
            "today": row["today"],
            "proposed": proposed.get(key, pd.NA),
            "families": row["families"],
            "who": row["families_are"],
            "stand_ins": len(row["stand_ins"]),
            "proxies": len(row["proxies"]),
        }
        for key, row in facts["centres"].items()
    ]
    return pd.DataFrame(rows).astype({"proposed": "Int64"})


def _study_html(study: Study) -> str:
    """Write a study for a notebook."""
    head = ["Service", "For", "Centres today", "Proposed", "People", "Stand-ins", "Proxies"]
    rows = [
        [
            r["service"],
            r["who"],
            r["today"],
            "none" if pd.isna(r["proposed"]) else r["proposed"],
            f"{r['families']:,.0f}",
            r["stand_ins"],
            r["proxies"],
        ]
        for r in _study_frame(study).to_dict("records")
    ]
    return html_answer(study.sentence(), head, rows, notes=study.assumptions, text_columns=(0, 1))

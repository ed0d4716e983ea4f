"""From a study folder to a `Study`: tables read, checked, joined, and nothing dropped."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from access.errors import Fault, ParameterError, StudyError
from access.study.assumptions import study_assumptions
from access.study.checks import cross_faults, parent_faults
from access.study.config import StudyConfig, read_config
from access.study.join import (
    join_parents,
    numbers_where_possible,
    to_points,
    with_localities,
    with_register,
)
from access.study.manifest import read_manifest
from access.study.rules import closure_rules
from access.study.schema import check_positions, read_table
from access.study.shapes import read_shapes
from access.units import metric_crs

TABLES = {
    "centres": "centres.csv",
    "candidates": "candidates.csv",
    "neighbours": "neighbours.csv",
    "places": "places.csv",
    "postcodes": "postcodes.csv",
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
    places, postcodes : DataFrame
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

    Examples
    --------
    >>> study = load_study("rotherham")
    >>> len(study.areas), len(study.centres), len(study.candidates)
    (854, 23, 74)
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
    crs: str
    assumptions: tuple[str, ...]
    inputs: tuple[dict[str, str], ...]
    shapes: gpd.GeoSeries | None = None

    @property
    def name(self) -> str:
        """Short name, as in ``maps/<name>/``."""
        return self.config.study.name

    @property
    def files(self) -> tuple[Path, ...]:
        """The study's folder and every file read, none of which an output may replace."""
        return (self.folder, *(self.folder / row["file"] for row in self.inputs))

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
        frame = pd.DataFrame(self.areas.drop(columns="geometry"))
        return frame.assign(count=frame[self.config.services[service].demand].astype(float))

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
        return closure_rules(self.config, pd.DataFrame(self.centres), service)

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
        return self.centres[self.centres["service"] == service]

    def to_frame(self) -> pd.DataFrame:
        """Give one row a service: centres today and as proposed, and whom they are for.

        Returns
        -------
        DataFrame
            As `access.study.show.study_frame`.

        Examples
        --------
        >>> load_study("rotherham").to_frame()["today"].tolist()
        [12, 11]
        """
        from access.study.show import study_frame

        return study_frame(self)

    def _repr_html_(self) -> str:
        from access.study.show import study_html

        return study_html(self)

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
    folder = Path(name or "rotherham")
    if folder.is_dir():
        return folder
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
    <Study rotherham: 854 areas, 23 centres, 74 candidate sites>
    """
    folder = find_study(path)
    config = read_config(folder / "study.toml")
    tables, faults, read = _read_all(folder, config)
    if not faults:
        faults += cross_faults(tables, config)
    shapes = None
    if config.areas.shapes is not None and not faults:
        shapes, faults = read_shapes(folder / config.areas.shapes, tables["areas"])
        read.append(config.areas.shapes)
    if faults:
        raise StudyError(f"the study in {folder} has {len(faults)} fault(s)", faults)
    crs = metric_crs(*_centre_of(config.study.box))
    points = {name: to_points(tables[name], crs) for name in ("areas", *TABLES)}
    areas = with_localities(points["areas"], points["centres"], config)
    inputs = read_manifest(folder, ["study.toml", *read])
    return Study(
        folder=folder,
        config=config,
        areas=areas,
        centres=with_register(points["centres"]),
        candidates=with_register(points["candidates"]),
        neighbours=points["neighbours"],
        places=pd.DataFrame(points["places"].drop(columns="geometry")),
        postcodes=pd.DataFrame(points["postcodes"].drop(columns="geometry")),
        crs=crs,
        assumptions=study_assumptions(config, with_register(points["centres"]), inputs),
        inputs=inputs,
        shapes=shapes,
    )


def _centre_of(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _read_all(
    folder: Path, config: StudyConfig
) -> tuple[dict[str, pd.DataFrame], list[Fault], list[str]]:
    """Read every table; `areas` comes back with its parents' figures joined on."""
    tables: dict[str, pd.DataFrame] = {}
    faults: list[Fault] = []
    read: list[str] = []
    for kind, usual in TABLES.items():
        file = config.tables.get(kind, usual)  # type: ignore[call-overload]
        if kind != "centres" and kind not in config.tables and not (folder / file).exists():
            text, number = pd.Series(dtype=str), pd.Series(dtype=float)
            tables[kind] = pd.DataFrame({"id": text, "name": text, "lon": number, "lat": number})
            continue
        tables[kind], wrong = read_table(folder / file, kind)
        faults += wrong + check_positions(tables[kind], config.study.box, file)
        read.append(file)
    settings = config.areas
    own_counts = {s.demand for s in config.services.values()} - set(settings.shared_counts)
    counts = (settings.share_by, *sorted(own_counts)) if settings.parent_table else own_counts
    areas, wrong = read_table(folder / settings.table, "areas", tuple(counts))
    faults += wrong + check_positions(areas, config.study.box, settings.table)
    read.append(settings.table)
    if settings.parent_table:
        columns = tuple(dict.fromkeys(settings.shared_counts.values()))
        parents, wrong = read_table(folder / settings.parent_table, "parents", columns)
        read.append(settings.parent_table)
        faults += wrong + parent_faults(areas, parents, config)
        if not faults:
            areas = join_parents(areas, parents.set_index("id"), config)
    tables["areas"] = numbers_where_possible(areas)
    return tables, faults, read

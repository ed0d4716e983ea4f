"""A study of tables that somebody imported: anywhere, with whatever figures there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.errors import OutputError, ParameterError, StudyError
from access.sources.columns import write_mapping
from access.sources.importing import Imported, csv_bytes, derive_box
from access.sources.study_text import (
    SERVICES,
    Provenance,
    Settings,
    attribution_text,
    manifest_text,
    settings_text,
    write_all,
)

_NEEDED = ("areas", "centres")


def study_of_tables(
    folder: str | Path,
    tables: Mapping[str, Imported],
    *,
    name: str,
    place: str,
    as_of: str,
    unit: str = "area",
    vintage: str = "not stated",
    licences: Mapping[str, tuple[str, str]] | None = None,
    national_areas: int = 0,
    notes: Sequence[str] = (),
    buffer_m: float = 5000.0,
) -> list[str]:
    """Write a study folder of imported tables, with their mappings for next year.

    Parameters
    ----------
    folder : path
        Must not hold a study yet.
    tables : mapping of str to Imported
        ``areas`` and ``centres``, and any others; box and CRS are derived from them.
    name, place, as_of, unit, vintage : str
        As `study.toml` has them.
    licences : mapping of str to (str, str), optional
        Source and licence of each table.
    national_areas : int
        How many areas the ranks are out of (1,909 LSOAs of Wales, 6,976 data zones of Scotland);
        0 where there are no ranks: areas then count alike.
    notes : sequence of str
        What every reader must be told.
    buffer_m : float

    Returns
    -------
    list of str
        Files written.

    Raises
    ------
    StudyError
        If a table is missing or has faults; nothing is written then.
    ParameterError
        If areas have ranks and nothing says what they are out of, or the other way round.
    OutputError
        If the folder holds a study.
    """
    folder = Path(folder)
    missing = [table for table in _NEEDED if table not in tables]
    if missing:
        raise StudyError(f"a study needs {' and '.join(missing)}; import them first")
    for imported in tables.values():
        imported.check()
    if (folder / "study.toml").exists():
        raise OutputError(f"{folder} already holds a study; nothing was written. Name a new folder")
    areas, centres = tables["areas"].frame, tables["centres"].frame
    if bool(national_areas) != ("imd_rank" in areas):
        raise ParameterError(
            "ranks need national_areas, what they are out of"
            if not national_areas
            else "national_areas is given and the areas have no imd_rank"
        )
    frames = [t.frame for t in tables.values() if {"lon", "lat"} <= set(t.frame)]
    box, _ = derive_box(
        np.concatenate([f["lon"] for f in frames]),
        np.concatenate([f["lat"] for f in frames]),
        margin_m=buffer_m,
    )
    shapes = tables["areas"].shapes
    services = {key: _served(key, areas) for key in dict.fromkeys(centres["service"])}
    titles = [SERVICES[k][0] if k in SERVICES else k.replace("_", " ") for k in services]
    told = [
        note
        for t in tables.values()
        for note in t.report
        if "not known" in note or "taken for" in note
    ]
    settings = Settings(
        name=name,
        title=f"{' and '.join(titles)} in {place}",
        place=place,
        as_of=as_of,
        box=box,
        unit=unit,
        vintage=vintage,
        notes=[*notes, *told],
        services=services,
        centres={
            str(key): list(zip(own["id"], own["name"], strict=True))
            for key, own in centres.groupby("service", sort=False)
        },
        shapes=shapes is not None,
        national_areas=national_areas,
        buffer_m=buffer_m,
    )
    made = {
        f"{table}.csv": (csv_bytes(done.frame), _about(table, vintage, licences))
        for table, done in tables.items()
    }
    if shapes is not None:
        made["areas.geojson"] = (geojson_bytes(shapes), _about("areas", vintage, licences))
    made["study.toml"] = (
        settings_text(settings).encode(),
        Provenance("Settings of this study", vintage, "MIT"),
    )
    files = {file: body for file, (body, _) in made.items()}
    files["manifest.toml"] = manifest_text(made, {}).encode()
    files["ATTRIBUTION.md"] = attribution_text(made, place).encode()
    write_all(folder, files)
    for table, done in tables.items():
        write_mapping(folder / "import.toml", table, done.mapping)
    return sorted([*files, "import.toml"])


def _served(key: str, areas: pd.DataFrame) -> tuple[str, str]:
    """Whom a service is for: its own age group where it is known by area, else everybody."""
    demand, noun = SERVICES[key][2] if key in SERVICES else ("residents", "residents")
    if demand in areas and areas[demand].notna().all():
        return demand, noun
    if "residents" not in areas:
        raise StudyError(f"areas have neither {demand} nor residents: nobody to serve with {key}")
    return "residents", "residents"


def _about(table: str, vintage: str, licences: Mapping[str, tuple[str, str]] | None) -> Provenance:
    source, licence = (licences or {}).get(table, ("not stated", "not stated"))
    return Provenance(source, vintage, licence)


def geojson_bytes(shapes: gpd.GeoSeries) -> bytes:
    """Boundaries by id as GeoJSON, to six decimals, valid."""
    rounded = shapely.transform(shapes.to_numpy(), lambda c: np.round(c, 6))
    rounded = np.where(shapely.is_valid(rounded), rounded, shapely.make_valid(rounded))
    features = [
        {
            "type": "Feature",
            "properties": {"id": str(id_)},
            "geometry": json.loads(shapely.to_geojson(s)),
        }
        for id_, s in zip(shapes.index, rounded, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()

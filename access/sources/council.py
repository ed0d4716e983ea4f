"""A study folder of any English council: from files at hand, from the internet, or both."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from access.errors import OutputError, ParameterError
from access.ledger import sha256_of
from access.sources import ons
from access.sources.asking import Made, _ask_for_parts, _Asked, _Work
from access.sources.council_tables import (
    _count_people,
    _find_areas,
    _find_boundaries,
    _find_postcodes,
    _find_sites,
    _name_places,
    _name_wards,
    _rank_deprivation,
)
from access.sources.figures import INDICES
from access.sources.folder import (
    SERVICES,
    Provenance,
    Settings,
    _attribution_text,
    _geojson_bytes,
    _made_by_us,
    _manifest_text,
    _settings_text,
    _write_all,
    read_manifest,
)
from access.sources.http import Internet
from access.sources.importing import _csv_bytes, _derive_box
from access.sources.ons import UNITS
from access.sources.registers import find_district
from access.sources.shelf import _read_shelf, _Shelf

__all__ = ["Made", "make_study_folder"]
_CENSUS_DAY = {2021: "2021-03-21", 2011: "2011-03-27"}
_SOURCES = "sources"
_KEPT = "kept as you changed it"


def make_study_folder(
    code_or_name: str,
    folder: str | Path,
    *,
    areas: str = "oa21",
    from_folder: str | Path | None = None,
    offline: bool = False,
    net: Internet | None = None,
    buffer_m: float = 5000.0,
    progress: Callable[[str], None] = lambda step: None,
) -> Made:
    """Make a study folder of an English council that `access run` accepts at once.

    Parameters
    ----------
    code_or_name : str
        A local authority of England: ``"E08000018"`` or ``"Rotherham"``.
    folder : path
        Where the study is made. A second call fills in what is missing; a table that somebody
        changed is theirs and left as it is.
    areas : str
        ``"oa21"``, ``"oa11"``, ``"lsoa21"`` or ``"lsoa11"``.
    from_folder : path, optional
        Files that were downloaded by hand, of any names: told by what they hold.
    offline : bool
        Ask nobody on the internet.
    net : Internet, optional
        How sources are reached; the usual addresses if not given.
    buffer_m : float
        How far past the boundary neighbours' centres count, metres.
    progress : callable
        Called with a few words before each step.

    Returns
    -------
    Made
        Its parts; a source that is down leaves its part out, and is named.

    Raises
    ------
    ParameterError
        If there is no such council or unit: near names are listed.
    StudyError
        If areas with residents are not to be had, or the files are of another place.
    OutputError
        If the folder holds a study that was not made so, or cannot be written.
    """
    district = find_district(code_or_name)
    if areas not in UNITS:
        raise ParameterError(f"no areas {areas!r}; expected one of {', '.join(UNITS)}")
    folder = Path(folder)
    manifest = read_manifest(folder)
    _check_own(folder, manifest, district.code, areas)
    own = folder / _SOURCES
    places = [Path(from_folder)] if from_folder is not None else []
    progress("files at hand")
    shelf = _read_shelf(*places, *([own] if own.is_dir() else []))
    asked = _Asked(origin=_origins(manifest))
    if not offline:
        now = _ask_for_parts(net or _internet_of(folder), shelf, district, areas, own, progress)
        asked = _Asked(asked.origin | now.origin, now.failed)
    made = Made(folder, district)
    work = _Work(district, areas, shelf, made, asked, places[0] if places else own, buffer_m)
    for step, words in _STEPS:
        progress(words)
        step(work)
    _finish(work, manifest)
    return made


def _check_own(folder: Path, manifest: Mapping[str, dict[str, Any]], code: str, unit: str) -> None:
    """Refuse a folder that holds another study: another's, another council's, of other areas."""
    if not (folder / "study.toml").exists():
        return
    said = manifest.get("study.toml", {})
    if "council" not in said:
        what = "a study that was not made from public tables"
    elif (said["council"], said.get("units")) != (code, unit):
        what = f"the study of {said['council']} by {said.get('units')}, not of {code} by {unit}"
    else:
        return
    raise OutputError(f"{folder} holds {what}; nothing was written. Name a new folder (--study)")


def _internet_of(folder: Path, **settings: Any) -> Internet:
    """The internet, with what it gave kept beside a study."""
    return Internet(folder / _SOURCES / ".kept", **settings)


def fetch_parts(
    code_or_name: str,
    folder: Path,
    parts: Collection[str],
    *,
    areas: str = "oa21",
    net: Internet,
    progress: Callable[[str], None] = lambda step: None,
) -> _Asked:
    """Fetch parts of a council's study into the folder ``sources`` of the study.

    Parameters
    ----------
    code_or_name : str
    folder : Path
    parts : collection of str
        ``"areas"``, ``"boundaries"``, ``"wards"``, ``"census"``, ``"deprivation"``,
        ``"postcodes"``, ``"centres"``, ``"hubs"``, ``"candidates"``.
    areas : str
    net : Internet
    progress : callable

    Returns
    -------
    Asked

    Raises
    ------
    ParameterError
        If the kind of areas is none that is known.
    OutputError
        If the folder cannot be written; a source that fails raises nothing and is named.
    """
    district, own = find_district(code_or_name), folder / _SOURCES
    if areas not in UNITS:
        raise ParameterError(f"no areas {areas!r}; expected one of {', '.join(UNITS)}")
    shelf = _Shelf() if net.refresh or not own.is_dir() else _read_shelf(own)
    if not {"areas", "boundaries"}.isdisjoint(parts) and own.is_dir():
        shelf = _read_shelf(own)
    asked = _ask_for_parts(net, shelf, district, areas, own, progress, parts)
    manifest = read_manifest(folder)
    if asked.origin:
        text = _manifest_text({}, manifest | _fetched_files(folder, asked))
        _write_all(folder, {"manifest.toml": text.encode()})
    return asked


def _origins(manifest: Mapping[str, dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Address and date of files that former calls fetched."""
    return {
        name.removeprefix(f"{_SOURCES}/"): (str(entry["urls"]), str(entry["fetched"]))
        for name, entry in manifest.items()
        if name.startswith(f"{_SOURCES}/") and {"urls", "fetched"} <= set(entry)
    }


def _fetched_files(folder: Path, asked: _Asked) -> dict[str, dict[str, str]]:
    """What the manifest says of each fetched file."""
    return {
        f"{_SOURCES}/{name}": {
            "sha256": sha256_of(folder / _SOURCES / name), "fetched": day, "urls": url,
        }
        for name, (url, day) in sorted(asked.origin.items())
        if (folder / _SOURCES / name).is_file()
    }  # fmt: skip


_STEPS: tuple[tuple[Callable[[_Work], None], str], ...] = (
    (_find_areas, "areas"),
    (_count_people, "people"),
    (_rank_deprivation, "deprivation"),
    (_find_boundaries, "boundaries"),
    (_name_wards, "wards"),
    (_find_postcodes, "postcodes"),
    (_find_sites, "sites"),
    (_name_places, "names of places"),
)


def _people_source(census: int) -> str:
    """Who counts people."""
    return f"Office for National Statistics, Census {census}"


def _finish(work: _Work, manifest: Mapping[str, dict[str, Any]]) -> None:
    """Write everything that is ours to write; what somebody changed stays as it is."""
    _, _, words, census = UNITS[work.unit]
    files = [work.settings["areas_file"], *work.settings["census_files"]]
    about = work.provenance(_people_source(census), str(census), ons.LICENCE, *files)
    work.tables["areas.csv"] = (_csv_bytes(_area_table(work)), about)
    if len(work.parents):
        imd = work.settings.get("imd")
        source = _people_source(census) + (f"; {INDICES.format(year=imd)}" if imd else "")
        about = work.provenance(
            source,
            f"{census}" + (f"; Indices {imd}" if imd else ""),
            ons.LICENCE,
            *files,
            work.settings.get("imd_file", ""),
        )
        work.tables["parents.csv"] = (_csv_bytes(work.parents.sort_values("id")), about)
    if work.shapes is not None:
        about = work.provenance(
            f"{ons.SOURCE}: boundaries of {words}s",
            str(census),
            ons.LICENCE,
            *work.settings["shape_files"],
        )
        work.tables["areas.geojson"] = (_geojson_bytes(work.shapes), about)
    text = _settings_text(_settings(work)).encode()
    work.tables["study.toml"] = (
        text,
        Provenance(
            "Settings of this study, made with its tables; proposals are the planner's",
            str(census),
            "MIT",
            more={"council": work.district.code, "units": work.unit},
        ),
    )
    write = {}
    folder = work.made.folder
    for name, (body, _) in work.tables.items():
        if (folder / name).exists() and not _made_by_us(folder, name, manifest):
            work.part(name, _KEPT)
        else:
            write[name] = body
    ours = {n: work.tables[n] for n in write}
    kept = {n: dict(e) for n, e in manifest.items() if n not in ours and (folder / n).exists()}
    stale = [
        n
        for n in manifest
        if n not in work.tables and _made_by_us(folder, n, manifest) and n.endswith("_to_place.csv")
    ]
    for name in stale:
        (folder / name).unlink()
        kept.pop(name, None)
    write["ATTRIBUTION.md"] = _attribution_text(work.tables, work.district.spoken).encode()
    write["manifest.toml"] = _manifest_text(
        ours, kept | _fetched_files(folder, work.asked)
    ).encode()
    _write_all(folder, write)
    work.made.notes += [f"Not used: {line}" for line in work.shelf.refused]


def _area_table(work: _Work) -> pd.DataFrame:
    """The areas as they are written: the larger area under its own name."""
    rest = [c for c in work.areas if c not in ("id", "parent", "lon", "lat")]
    if work.areas["parent"].eq("").any():
        return work.areas[["id", "lon", "lat", *rest]]
    larger = _parent_key(work)
    return work.areas.rename(columns={"parent": larger})[["id", larger, "lon", "lat", *rest]]


def _parent_key(work: _Work) -> str:
    return "lsoa" if work.unit.startswith("oa") else "msoa"


def _settings(work: _Work) -> Settings:
    s, census = work.settings, UNITS[work.unit][3]
    frames = [s[f"{t}_frame"] for t in ("centres", "candidates", "neighbours") if f"{t}_frame" in s]
    lon = np.concatenate([work.areas["lon"], *(f["lon"].astype(float) for f in frames)])
    lat = np.concatenate([work.areas["lat"], *(f["lat"].astype(float) for f in frames)])
    codes = work.tables.get("postcodes.csv")
    if codes is not None:
        own = pd.read_csv(io.BytesIO(codes[0]))
        lon, lat = np.concatenate([lon, own["lon"]]), np.concatenate([lat, own["lat"]])
    box, _ = _derive_box(lon, lat, margin_m=work.buffer_m)
    centres = s["centres_frame"]
    known = {*work.areas, *s.get("shared", {})}
    services = {}
    for key in dict.fromkeys(centres["service"]):
        demand, noun = SERVICES.get(key, ("", "", ("residents", "residents"), ""))[2]
        if demand not in known:
            work.made.notes.append(
                f"{demand} are not known by area: {key} is measured for residents."
            )
            demand, noun = "residents", "residents"
        services[key] = (demand, noun)
    imd = f"; Indices of Deprivation {s['imd']}" if "imd" in s else ""
    titles = [SERVICES.get(k, (k.replace("_", " "),))[0] for k in services]
    return Settings(
        name=work.district.short,
        title=f"{' and '.join(titles)} in {work.district.spoken}",
        place=work.district.spoken,
        as_of=_CENSUS_DAY[census],
        box=box,
        unit=UNITS[work.unit][2],
        vintage=f"Census {census}{imd}",
        notes=work.study_notes,
        services=services,
        centres={
            str(k): list(zip(own["id"], own["name"], strict=True))
            for k, own in centres.groupby("service", sort=False)
        },
        shared=s.get("shared", {}),
        copied=s.get("copied", {}),
        parent_key=_parent_key(work),
        shapes=work.shapes is not None,
        counts=known,
        national_areas=s.get("national", 0),
        hubs=s.get("hubs", ()),
        buffer_m=work.buffer_m,
    )

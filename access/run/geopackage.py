"""The GeoPackage of a run, for QGIS: layers with their looks, and what must be known of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import geopandas as gpd
import numpy as np
import pandas as pd

from access.analysis.analysis import Analysis
from access.analysis.bus import BusTimes
from access.analysis.results import HubTerms, StudyResults
from access.charts.chart import ADDED_COLOURS, ADDED_EDGES, CATEGORICAL, INK, QUIET, SAVED_COLOURS
from access.labels import mode_title
from access.maps.ground import MapGround
from access.run.summary import RunSummary
from access.text import limit_words
from access.units import WGS84

#: The date on everything inside; a clock would change the bytes.
_DATE = "2000-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class _Look:
    """How QGIS draws a layer, and what a reader must know of it.

    Parameters
    ----------
    title, words : str
    symbols : tuple
        ``(label, condition, symbol)``: one symbol where there is one without a condition, else
        rules; a symbol is the XML of one symbol's layer.
    kind : str
        ``fill``, ``line`` or ``marker``.
    """

    title: str
    words: str
    kind: str
    symbols: tuple[tuple[str, str, str], ...]


def _study_layers(results: StudyResults) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    """Give a run's layers, in the metric CRS: polygons, points and lines each in their own."""
    study = results.study
    finite = RunSummary(results).areas().replace([np.inf, -np.inf], np.nan)
    cells = MapGround(results).cells.to_crs(study.crs)
    yield "areas", gpd.GeoDataFrame(finite, geometry=cells.to_numpy(), crs=study.crs)
    points = study.areas.geometry.to_numpy()
    yield "area_points", gpd.GeoDataFrame(finite[["id"]], geometry=points, crs=study.crs)
    if study.boundary is not None:
        bound = gpd.GeoSeries([study.boundary], crs=WGS84).to_crs(study.crs)
        yield "boundary", gpd.GeoDataFrame({"name": [study.config.study.place]}, geometry=bound)
    where = gpd.points_from_xy(results.sites["lon"], results.sites["lat"], crs=WGS84)
    sites = gpd.GeoDataFrame(results.sites, geometry=where).to_crs(study.crs)
    closes: dict[str, list[str]] = {}
    for key, proposal in results.proposals.items():
        for site in proposal.closed:
            closes.setdefault(site, []).append(key)
    own = sites[sites["kind"].isin(["centre", "new"])]
    today = set(study.open_ids())
    yield (
        "centres",
        own.assign(
            closed_by=[" ".join(closes.get(i, ())) for i in own["id"]],
            open_today=[int(i in today) for i in own["id"]],
        ),
    )
    for name, kind in (("candidates", "candidate"), ("neighbours", "neighbour")):
        if (sites["kind"] == kind).any():
            yield name, sites[sites["kind"] == kind]
    if results.bus is not None:
        yield from _bus_layers(results, results.bus)
    hubs = RunSummary(results).hubs()
    if hubs is not None:
        where = gpd.points_from_xy(hubs["lon"], hubs["lat"], crs=WGS84)
        yield "hub_candidates", gpd.GeoDataFrame(hubs, geometry=where).to_crs(study.crs)
    if results.snaps:
        snaps = pd.concat(list(results.snaps.values()), ignore_index=True)
        yield "snap_lines", gpd.GeoDataFrame(snaps, crs=study.crs)
    for mode, network in results.networks.items():
        yield f"network_{mode}", network.edges_frame()


def _bus_layers(results: StudyResults, bus: BusTimes) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    """Give the stops with departures an hour, and each proposal's minutes by bus, both ways."""
    study = results.study
    stops = bus.stops_table()
    where = gpd.points_from_xy(stops["lon"], stops["lat"], crs=WGS84)
    yield "bus_stops", gpd.GeoDataFrame(stops, geometry=where).to_crs(study.crs)
    for key, proposal in results.proposals.items():
        by_bus = Analysis(results).by_bus(
            proposal.service, before=proposal.before, after=proposal.after,
            neighbours=proposal.neighbours,
        )  # fmt: skip
        shown = by_bus.areas.replace([np.inf, -np.inf], np.nan)
        points = study.areas.geometry.to_numpy()
        yield f"bus_{key}", gpd.GeoDataFrame(shown, geometry=points, crs=study.crs)


def _describe_layers(path: Path, results: StudyResults) -> None:
    """Write into a GeoPackage how QGIS draws each layer, whose data it is and what to beware of.

    The table ``layer_styles`` is QGIS's own, read when a layer is opened; titles and descriptions
    stand in ``gpkg_contents``; licence and warnings as ISO 19115 XML in ``gpkg_metadata``
    (GeoPackage 1.3, annex F.8), for the whole file and for each layer.
    """
    licence = " ".join(
        [*MapGround(results).attributions, f"Figures as of {results.study.config.study.as_of}."]
    )
    warning = results.streets if results.modelled else ""
    base = sqlite3.connect(path)
    with base:
        there = [row[0] for row in base.execute("SELECT table_name FROM gpkg_contents")]
        _style_table(base)
        _metadata_tables(base)
        place = results.study.config.study
        _describe(base, None, f"{place.title}. {place.place}.", licence, results.streets)
        columns = [row[1] for row in base.execute("PRAGMA table_info(areas)")]
        looks = _looks(results, columns)
        for name in there:
            for k, look in enumerate(looks.get(name, ())):
                if k == 0:
                    words = " ".join(text for text in (look.words, warning, licence) if text)
                    base.execute(
                        "UPDATE gpkg_contents SET identifier = ?, description = ? "
                        "WHERE table_name = ?", (look.title, words, name),
                    )  # fmt: skip
                    _describe(base, name, f"{look.title}. {look.words}", licence, warning)
                _add_style(base, name, look, usual=k == 0)
    base.close()


def _style_table(base: sqlite3.Connection) -> None:
    """Make the table of looks that QGIS reads."""
    base.execute(
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT, "
        "f_table_schema TEXT, f_table_name TEXT, f_geometry_column TEXT, styleName TEXT, "
        "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT, "
        "ui TEXT, update_time DATETIME)"
    )
    base.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles', ?)", (_DATE,)
    )  # fmt: skip


def _add_style(base: sqlite3.Connection, table: str, look: _Look, *, usual: bool) -> None:
    """Add one look of a layer."""
    row = base.execute(
        "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (table,)
    ).fetchone()
    base.execute(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, "
        "update_time) VALUES ('', '', ?, ?, ?, ?, '', ?, ?, '', ?)",
        (table, row[0], look.title, _qml(look), int(usual), look.words, _DATE),
    )


def _metadata_tables(base: sqlite3.Connection) -> None:
    """Make the two tables of the metadata extension, as annex F.8 words them."""
    base.execute(
        "CREATE TABLE IF NOT EXISTS gpkg_metadata (id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT "
        "NULL, md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL, mime_type "
        "TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '')"
    )
    base.execute(
        "CREATE TABLE IF NOT EXISTS gpkg_metadata_reference (reference_scope TEXT NOT NULL, "
        "table_name TEXT, column_name TEXT, row_id_value INTEGER, timestamp DATETIME NOT NULL, "
        "md_file_id INTEGER NOT NULL, md_parent_id INTEGER, CONSTRAINT crmr_mfi_fk FOREIGN KEY "
        "(md_file_id) REFERENCES gpkg_metadata(id), CONSTRAINT crmr_mpi_fk FOREIGN KEY "
        "(md_parent_id) REFERENCES gpkg_metadata(id))"
    )
    base.execute(
        "CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT, "
        "extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL, "
        "CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))"
    )
    for table in ("gpkg_metadata", "gpkg_metadata_reference"):
        base.execute(
            "INSERT OR IGNORE INTO gpkg_extensions VALUES (?, NULL, 'gpkg_metadata', "
            "'http://www.geopackage.org/spec130/#extension_metadata', 'read-write')", (table,)
        )  # fmt: skip


def _describe(
    base: sqlite3.Connection, table: str | None, words: str, licence: str, warning: str
) -> None:
    """Add a record for the file, or for one layer."""
    made = base.execute(
        "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata) VALUES "
        "('dataset', 'http://www.isotc211.org/2005/gmd', 'text/xml', ?)",
        (_iso(words, licence, warning),),
    )
    base.execute(
        "INSERT INTO gpkg_metadata_reference VALUES (?, ?, NULL, NULL, ?, ?, NULL)",
        ("geopackage" if table is None else "table", table, _DATE, made.lastrowid),
    )


def _iso(words: str, licence: str, warning: str) -> str:
    """Write the few elements of ISO 19115 that say what it is, whose, and what to beware of."""
    text = "<gco:CharacterString>{}</gco:CharacterString>"
    abstract, rights, beware = (text.format(escape(t)) for t in (words, licence, warning))
    return (
        "<?xml version='1.0' encoding='UTF-8'?><gmd:MD_Metadata "
        "xmlns:gmd='http://www.isotc211.org/2005/gmd' xmlns:gco='http://www.isotc211.org/2005/gco'>"
        "<gmd:identificationInfo><gmd:MD_DataIdentification>"
        f"<gmd:abstract>{abstract}</gmd:abstract><gmd:resourceConstraints>"
        f"<gmd:MD_LegalConstraints><gmd:useLimitation>{beware}</gmd:useLimitation>"
        f"<gmd:otherConstraints>{rights}</gmd:otherConstraints></gmd:MD_LegalConstraints>"
        "</gmd:resourceConstraints></gmd:MD_DataIdentification></gmd:identificationInfo>"
        "</gmd:MD_Metadata>"
    )


def _looks(results: StudyResults, columns: Sequence[str]) -> Mapping[str, Sequence[_Look]]:
    """Say how each layer looks and what it is; colours and signs are those of every map."""
    real, hubs = results.study.shapes is not None, HubTerms.of(results.study)
    cells = "" if real else " Areas are drawn as the ground nearest to their points: no boundaries."
    closed = "\"closed_by\" <> ''"
    lines = "Links between neighbouring points, no real streets." if results.modelled else (
        "Streets of OpenStreetMap, as they are walked and driven."
    )  # fmt: skip
    street = _line("#8d9599", 0.2 if results.modelled else 0.35, dotted=results.modelled)
    looks = {
        "area_points": _Look("Points of the areas", "Where everyone of an area starts from.",
                             "marker", (("", "", _marker("circle", "#6f777b", 1.0)),)),
        "boundary": _Look("Boundary", "The place's boundary, for maps.", "fill",
                          (("", "", _fill("#ffffff", edge=INK, width=0.6, empty=True)),)),
        "centres": _Look("Centres", "Centres of the register and new ones; closed_by names the "
                         "proposals that close one.", "marker", (
            ("would close", closed, _marker("cross2", CATEGORICAL[2], 4.5)),
            ("stays open", f"NOT ({closed}) AND open_today = 1",
             _marker("circle", CATEGORICAL[0], 3.5)),
            ("not open today", f"NOT ({closed}) AND open_today = 0",
             _marker("circle", QUIET, 2.6)),
        )),
        "candidates": _Look("Candidate sites", "Buildings that could hold a hub.", "marker",
                            (("", "", _marker("diamond", CATEGORICAL[4], 2.6)),)),
        "neighbours": _Look("Neighbours' centres", "Centres of neighbouring councils.", "marker",
                            (("", "", _marker("triangle", CATEGORICAL[5], 3.0)),)),
        "hub_candidates": _Look(hubs.title, f"Sites looked at for {hubs.many}; "
                                "council_date says when the council chose its own.", "marker",
                                (("", "", _marker("star", CATEGORICAL[3], 4.0)),)),
        "snap_lines": _Look("Joins", "From each point to the street it joins.", "line",
                            (("", "", _line("#a285d1", 0.2)),)),
    }  # fmt: skip
    for mode in results.networks:
        looks[f"network_{mode}"] = _Look(f"Streets ({mode})", lines, "line", (("", "", street),))
    if results.bus is not None:
        looks |= _bus_looks(results, results.bus)
    return {"areas": _area_looks(results, columns, cells), **{k: [v] for k, v in looks.items()}}


def _bus_looks(results: StudyResults, bus: BusTimes) -> dict[str, _Look]:
    """Say what the layers of buses are, and on which day."""
    day, limit = bus.timetable.day.isoformat(), results.study.config.bus.limit_minutes
    ways = "there and home" if bus.home else "there"
    words = f"Stops in use on {day}, with departures an hour on the way {ways}."
    looks = {"bus_stops": _Look("Bus stops", words, "marker",
                                (("", "", _marker("square", CATEGORICAL[1], 1.6)),))}  # fmt: skip
    words = (
        f"Minutes by bus on {day}, {ways}, today and after, from the areas' points; "
        f"without: the share of minutes of setting out with no journey under {limit_words(limit)}."
    )
    spot = _marker("circle", CATEGORICAL[1], 2.0)
    for key, proposal in results.proposals.items():
        title = f"By bus: {proposal.title}"
        looks[f"bus_{key}"] = _Look(title, words, "marker", (("", "", spot),))
    return looks


def _area_looks(results: StudyResults, columns: Sequence[str], cells: str) -> list[_Look]:
    """Give the areas a look for every proposal and way of travelling, the first as it opens."""
    looks = []
    for key, proposal in results.proposals.items():
        for mode in results.matrices:
            column, after = (f"{key}__{mode}__{name}" for name in ("change_minutes",
                                                                   "minutes_after"))  # fmt: skip
            if column in columns:
                words = f"Figures by area; coloured by minutes added, {mode_title(mode)}.{cells}"
                title = f"Areas: {proposal.title} ({mode_title(mode)})"
                looks.append(_Look(title, words, "fill", _area_symbols(column, after)))
    plain = _Look("Areas", f"Figures by area.{cells}", "fill", (("", "", _fill(ADDED_COLOURS[0])),))
    return looks or [plain]


def _area_symbols(change: str, after: str) -> tuple[tuple[str, str, str], ...]:
    """Classes of added minutes, as on every map."""
    column = f'"{change}"'
    edges = [f"{edge:g}" for edge in ADDED_EDGES]
    first = f"{column} >= -{edges[1]} AND {column} < {edges[1]}"
    rows = [("less than today", f"{column} < -{edges[1]}", _fill(SAVED_COLOURS[1])),
            ("no change", first, _fill(ADDED_COLOURS[0]))]  # fmt: skip
    for low, high, colour in zip(edges[1:], [*edges[2:], ""], ADDED_COLOURS[1:], strict=True):
        upper = f" AND {column} < {high}" if high else ""
        label = f"{low} to {high} minutes more" if high else f"{low} minutes more, or over"
        rows.append((label, f"{column} >= {low}{upper}", _fill(colour)))
    # what is reached for the first time has no minutes of before to take from those after
    now = f'{column} IS NULL AND "{after}" IS NOT NULL'
    rows.append(("can be reached now", now, _fill(SAVED_COLOURS[1])))
    rows.append(("not reached", f'"{after}" IS NULL', _fill("#ffffff", edge=INK)))
    return tuple(rows)


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def _options(**values: object) -> str:
    rows = "".join(f'<Option name="{k}" type="QString" value="{v}"/>' for k, v in values.items())
    return f'<Option type="Map">{rows}</Option>'


def _fill(colour: str, *, edge: str = QUIET, width: float = 0.1, empty: bool = False) -> str:
    options = _options(color=_rgba(colour), outline_color=_rgba(edge), outline_width=width,
                       outline_width_unit="MM", outline_style="solid",
                       style="no" if empty else "solid")  # fmt: skip
    return f'<layer class="SimpleFill" enabled="1" locked="0" pass="0">{options}</layer>'


def _line(colour: str, width: float, *, dotted: bool = False) -> str:
    options = _options(line_color=_rgba(colour), line_width=width, line_width_unit="MM",
                       line_style="dot" if dotted else "solid")  # fmt: skip
    return f'<layer class="SimpleLine" enabled="1" locked="0" pass="0">{options}</layer>'


def _marker(shape: str, colour: str, size: float) -> str:
    thin = shape == "cross2"
    options = _options(name=shape, color=_rgba(colour), size=size, size_unit="MM",
                       outline_color=_rgba(colour if thin else "#ffffff"),
                       outline_width=1.0 if thin else 0.3, outline_width_unit="MM")  # fmt: skip
    return f'<layer class="SimpleMarker" enabled="1" locked="0" pass="0">{options}</layer>'


def _qml(look: _Look) -> str:
    """Write a style as QGIS keeps it: one symbol, or a rule for each class."""
    symbols = "".join(
        f'<symbol name="{k}" type="{look.kind}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f"{symbol}</symbol>"
        for k, (_, _, symbol) in enumerate(look.symbols)
    )
    if len(look.symbols) == 1:
        inner = f'<renderer-v2 type="singleSymbol"><symbols>{symbols}</symbols></renderer-v2>'
    else:
        quote = {'"': "&quot;"}
        rules = "".join(
            f'<rule key="r{k}" symbol="{k}" label="{escape(label, quote)}" '
            f'filter="{escape(condition, quote)}"/>'
            for k, (label, condition, _) in enumerate(look.symbols)
        )
        inner = (
            f'<renderer-v2 type="RuleRenderer"><rules key="all">{rules}</rules>'
            f"<symbols>{symbols}</symbols></renderer-v2>"
        )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis version="3.28" styleCategories="Symbology">{inner}</qgis>'
    )

"""The planner's map: layers of a study to switch on and off, with its Family Hubs."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from branca.element import Element
from shapely.geometry import mapping

from access.analysis.places import Isochrones
from access.analysis.results import HubResult, HubTerms, ProposalResult, StudyResults
from access.charts.chart import (
    ADDED_COLOURS,
    ADDED_EDGES,
    CATEGORICAL,
    INK,
    MINUTES_COLOURS,
    QUIET,
    SAVED_COLOURS,
)
from access.disclosure import is_small, public_count
from access.escape import policy_hash, template_text
from access.labels import mode_title
from access.maps.explorer import _published_date, _strings
from access.maps.explorer_encode import (
    _decode_each,
    _encode_lines,
    _encode_streets,
    _encode_surroundings,
    _simplify_shapes,
)
from access.maps.ground import MapGround
from access.text import UNREACHED, figure, limit_words, rise_between
from access.units import WGS84

_KEY = {True: "Star: one of the best hubs{found}.", False: "Diamond: {own}."}
_POINTS = "13,2 16,10 24,10 17.5,15 20,23 13,18 6,23 8.5,15 2,10 10,10"


def _hub_layer(results: StudyResults) -> folium.FeatureGroup | None:
    """Mark the best hubs for as many as the council's own, and those."""
    answer = results.hubs
    if answer is None:
        return None
    found = answer.plain
    best = set(found.best.chosen)
    own = set(found.council.chosen) if found.council is not None else set()
    proof = "proven best" if found.best.status == "proven_optimal" else "best found"
    called, council = HubTerms.of(results.study).title, results.council_words()
    title = f"{called}: the {proof} {len(best)}" + (f" and {council}" if own else "")
    layer = folium.FeatureGroup(name=template_text(title), show=False)
    for site in answer.candidates.to_dict("records"):
        roles = [r for r, s in ((f"one of the {proof} {len(best)}", best),
                                (council, own)) if site["id"] in s]  # fmt: skip
        if not roles:
            continue
        words = [
            template_text(site["name"]),
            *roles,
            *(["assumed stand-in"] if site["assumed"] else []),
        ]
        _site_marker(site, words, _symbol(site["id"] in best)).add_to(layer)
    return layer


def _hub_key(answer: HubResult, council: str) -> str:
    """Say what the signs of hubs mean: those that are on the map and no others."""
    best = set(answer.plain.best.chosen)
    own = set() if answer.plain.council is None else set(answer.plain.council.chosen)
    shown = dict.fromkeys(i in best for i in answer.candidates["id"] if i in best | own)
    told = [words for is_best, words in _KEY.items() if is_best in shown]
    found = "" if answer.plain.best.status == "proven_optimal" else " found"
    return " ".join(told).format(own=council, found=found)


def _symbol(is_best: bool) -> str:
    """A star for a best site, a diamond for the council's: told apart without colour."""
    points = _POINTS if is_best else "13,2 24,13 13,24 2,13"
    colour = CATEGORICAL[2] if is_best else CATEGORICAL[3]
    return f"<polygon points='{points}' fill='{colour}' stroke='{INK}' stroke-width='1.5'/>"


def _site_marker(site: Mapping[Hashable, Any], words: Sequence[str], sign: str) -> folium.Marker:
    """Mark a site with a sign that says its name to whoever cannot see it; words are escaped."""
    name = ", ".join(words)
    html = f"<svg width='26' height='26' role='img' aria-label=\"{name}\">{sign}</svg>"
    return folium.Marker(
        [site["lat"], site["lon"]],
        icon=folium.DivIcon(
            html=html, icon_size=(26, 26), icon_anchor=(13, 13), class_name="site-sign"
        ),
        tooltip="<br>".join(words),
    )


_UNREACHED = "#ffffff"
_BADGE = "Modelled streets: times are estimates"
_CELLS = "Areas are drawn as the ground nearest to their points: not their boundaries."
_LINKS = (
    "The dotted lines are modelled streets: links between neighbouring points, no real streets."
)
#: What packed shapes and streets may take, bytes; the page holds about four times as much.
_SHAPE_BYTES, _STREET_BYTES = 160_000, 90_000
#: Colour and width of streets by rank.
_STREET_LOOKS = (("#505a5f", 2.0), ("#6f777b", 1.1), ("#8d9599", 0.5))
_GROUND_LOOKS = {
    "water": {"color": "#4f86b0", "weight": 1.0, "opacity": 0.9},
    "river": {"color": "#4f86b0", "weight": 2.0, "opacity": 0.9},
    "canal": {"color": "#4f86b0", "weight": 1.2, "opacity": 0.9},
    "coast": {"color": "#4f86b0", "weight": 1.4, "opacity": 0.9},
    "rail": {"color": "#3d3d3d", "weight": 1.4, "opacity": 0.8, "dashArray": "6 3"},
}
_LEAFLET = "assets/leaflet"
_VIEWPORT = re.compile(r'<meta name="viewport"[^>]*>')
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_TILES = " https://tile.openstreetmap.org"
_LABEL = (
    "display:block;position:relative;text-align:center;white-space:nowrap;"
    f"font:12px system-ui,sans-serif;color:{INK};"
    "text-shadow:0 0 3px #fff,0 0 3px #fff,0 0 3px #fff;pointer-events:none"
)


_HEIGHT = "640px"


@dataclass(frozen=True, eq=False)
class PlannerMap:
    """A map with layers to switch on and off, and what they say: a page, or in a notebook.

    Its bounds are west, south, east and north of what it shows.
    """

    fmap: folium.Map
    bounds: Sequence[float]
    tiles: bool = False

    @classmethod
    def of_study(
        cls, results: StudyResults, *, mode: str | None = None, tiles: bool = False
    ) -> PlannerMap:
        """Draw what each proposal adds to every area's trip, with the centres."""
        mode = mode if mode is not None and mode in results.matrices else results.headline
        cells = _light_cells(results)
        fmap = _blank_map(cells.total_bounds, tiles=tiles)
        shapes = [mapping(cell) for cell in cells] if results.proposals else []
        for i, proposal in enumerate(results.proposals.values()):
            _proposal_layer(fmap, results, proposal, shapes, mode, shown=i == 0)
        if not results.proposals:
            _bare_areas(fmap, results, cells)
        _ground_layers(fmap, results)
        _place_labels(fmap, results)
        hubs = _hub_layer(results)
        if hubs is not None:
            hubs.add_to(fmap)
        folium.LayerControl(collapsed=False).add_to(fmap)
        _furnish(fmap, results, mode)
        _fix_ids(fmap)
        lat, lon = results.study.areas["lat"], results.study.areas["lon"]
        bounds = [float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())]
        return cls(fmap, bounds, tiles)

    @classmethod
    def of_reach(
        cls, results: StudyResults, found: Isochrones, *, tiles: bool = False
    ) -> PlannerMap:
        """Draw isochrones, the nearest darkest, with their sites; a layer a number of minutes."""
        sites = results.sites.set_index(results.sites["id"].astype(str)).loc[found.table["site"]]
        shown = found.table[~found.table.geometry.is_empty]
        bounds = _bounds(results, shown)
        fmap = _blank_map(bounds, tiles=tiles)
        limits = sorted(set(found.table["minutes"]))
        colours = _reach_colours(len(limits))
        for limit, colour in reversed(list(zip(limits, colours, strict=True))):
            rows = shown[shown["minutes"] == limit]
            layer = folium.FeatureGroup(name=f"within {limit_words(limit)}")
            if len(rows):
                frame = gpd.GeoDataFrame(
                    {"site": [template_text(n) for n in rows["site_name"]],
                     "within": [limit_words(limit)] * len(rows)},
                    geometry=rows.geometry.to_numpy(), index=range(len(rows)), crs=WGS84,
                )  # fmt: skip
                look = {"fillColor": colour, "fillOpacity": 0.85, "color": INK, "weight": 0.8}
                folium.GeoJson(
                    frame,
                    style_function=lambda _, look=look: look,
                    tooltip=folium.GeoJsonTooltip(["site", "within"], aliases=["Site", "Within"]),
                ).add_to(layer)
            layer.add_to(fmap)
        _ground_layers(fmap, results)
        _place_labels(fmap, results)
        for site in sites.drop_duplicates("id").to_dict("records"):
            _site_marker(site, [template_text(site["name"])], _sign(closes=False)).add_to(fmap)
        folium.LayerControl(collapsed=False).add_to(fmap)
        labels = [f"within {limit_words(limit)}" for limit in limits]
        mode, way = str(found.table["mode"].iloc[0]), str(found.table["direction"].iloc[0])
        trip = template_text(mode_title(mode)).capitalize()
        words = f"{trip}, {'to' if way == 'to_site' else 'from'} the site"
        _put_key(fmap, results, words, zip(colours, labels, strict=True), "Round: the site.",
                 found.assumptions)  # fmt: skip
        _fix_ids(fmap)
        return cls(fmap, bounds, tiles)

    def page(self) -> str:
        """Give the map as a page that runs its own scripts and no others."""
        page = self.fmap.get_root().render().replace("<html>", '<html lang="en">', 1)
        # folium forbids zooming with two fingers, which some need to read
        page = _VIEWPORT.sub(
            '<meta name="viewport" content="width=device-width, initial-scale=1">', page, count=1
        )
        hashes = (policy_hash(script) for script in _SCRIPT.findall(page))
        images = f"img-src data:{_TILES if self.tiles else ''}"
        policy = "; ".join(
            ["default-src 'none'", "script-src " + " ".join(hashes), "style-src 'unsafe-inline'",
             images, "form-action 'none'", "base-uri 'none'"]
        )  # fmt: skip
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        return page.replace("<head>", f"<head>\n    {meta}", 1)

    def in_a_notebook(self) -> folium.Map:
        """Give the map with its height, and so that its key hides nothing in a notebook."""
        west, south, east, north = self.bounds
        corners = [[south, west], [north, east]]
        self.fmap.fit_bounds(corners, padding_top_left=(10, 10), padding_bottom_right=(10, 10))
        list(self.fmap._children.values())[-1]._id = "in_a_notebook"
        self.fmap.get_root().height = _HEIGHT  # type: ignore[attr-defined]
        return self.fmap


def _light_cells(results: StudyResults) -> gpd.GeoSeries:
    """Give the areas' shapes with few enough corners to be drawn at once."""
    ids = results.study.areas["id"].astype(str)
    cells = MapGround(results).cells
    cells = cells.set_axis(cells.index.astype(str)).loc[ids]
    light = _simplify_shapes(cells, _SHAPE_BYTES)
    rounded = shapely.transform(light.to_numpy(), lambda xy: xy.round(5))
    return gpd.GeoSeries(rounded, index=light.index, crs=light.crs)


def _bare_areas(fmap: folium.Map, results: StudyResults, cells: gpd.GeoSeries) -> None:
    """Draw the areas of a study that has no proposal."""
    frame = gpd.GeoDataFrame(
        {"area": [template_text(i) for i in cells.index]},
        geometry=cells.to_numpy(), index=range(len(cells)), crs=WGS84,
    )  # fmt: skip
    look = {"fillColor": ADDED_COLOURS[0], "fillOpacity": 0.85, "color": QUIET, "weight": 0.6}
    folium.GeoJson(
        frame,
        name="Areas",
        style_function=lambda _: look,
        tooltip=folium.GeoJsonTooltip(["area"], aliases=["Area"]),
    ).add_to(fmap)
    today = set(results.study.open_ids())
    for site in results.sites[results.sites["id"].isin(today)].to_dict("records"):
        words = [template_text(site["name"]), "open today"]
        _site_marker(site, words, _sign(closes=False)).add_to(fmap)


def _ground_layers(fmap: folium.Map, results: StudyResults) -> None:
    """Draw boundary, streets, water and railways over the areas, deaf to the pointer."""
    folium.map.CustomPane("ground", z_index=410, pointer_events=False).add_to(fmap)
    streets = _encode_streets(MapGround(results).streets, _STREET_BYTES)
    for packed, (colour, weight) in zip(streets, _STREET_LOOKS, strict=True):
        lines = [line.tolist() for line in _decode_each(packed)]
        look = {"color": colour, "weight": weight, "opacity": 0.6}
        if results.modelled:
            look = {"color": "#6f777b", "weight": 0.5, "opacity": 0.45, "dashArray": "1 4"}
        _still(fmap, "MultiLineString", lines, look)
    around = results.surroundings
    for kind, packed in ({} if around is None else _encode_surroundings(around.shapes)).items():
        if kind in _GROUND_LOOKS:
            rings = [ring for text in packed for ring in text.replace(";", ",").split(",")]
            lines = [ring.tolist() for ring in _decode_each(rings)]
            _still(fmap, "MultiLineString", lines, _GROUND_LOOKS[kind])
    boundary = results.study.boundary
    if boundary is not None:
        edges = _encode_lines(shapely.get_parts(shapely.boundary(boundary)))
        lines = [line.tolist() for line in _decode_each(edges)]
        _still(fmap, "MultiLineString", lines, {"color": INK, "weight": 1.8, "opacity": 0.9})


def _still(fmap: folium.Map, kind: str, lines: list[Any], look: dict[str, Any]) -> None:
    """Add lines that neither the pointer nor the list of layers knows."""
    if lines:
        shape = {"type": kind, "coordinates": lines}
        folium.GeoJson(
            {"type": "Feature", "properties": {}, "geometry": shape},
            style_function=lambda _, look=look: look, control=False, pane="ground",
            interactive=False,
        ).add_to(fmap)  # fmt: skip


def _blank_map(bounds: Iterable[float], *, tiles: bool) -> folium.Map:
    """Start a map that fits west, south, east, north."""
    west, south, east, north = map(float, bounds)
    fmap = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=11,
        tiles="OpenStreetMap" if tiles else None,
        attr=None,
        control_scale=True,
        prefer_canvas=True,
        zoom_control=True,
        attribution_control=tiles,
        zoom_snap=0.25,
        zoom_delta=0.5,
    )
    _bring_leaflet(fmap)
    fmap.fit_bounds([[south, west], [north, east]])
    return fmap


def _reach_colours(steps: int) -> list[str]:
    """Choose colours from dark for the nearest to light for the furthest."""
    ramp = MINUTES_COLOURS[:0:-1]
    return [ramp[round(k * (len(ramp) - 1) / max(steps - 1, 1))] for k in range(steps)]


def _bring_leaflet(fmap: folium.Map) -> None:
    """Put Leaflet into the page itself instead of a dozen addresses on the internet."""
    fmap.default_js = []
    fmap.default_css = []
    for name, tag in (("leaflet.css", "style"), ("leaflet.js", "script")):
        text = files("access.maps").joinpath(_LEAFLET, name).read_text(encoding="utf-8")
        # jinja would read braces in the library as its own
        body = "{% raw %}" + f"<{tag}>{text}</{tag}>" + "{% endraw %}"
        fmap.get_root().header.add_child(Element(body), name=name)  # type: ignore[attr-defined]


def _proposal_layer(
    fmap: folium.Map,
    results: StudyResults,
    proposal: ProposalResult,
    shapes: Sequence[Mapping[str, Any]],
    mode: str,
    *,
    shown: bool,
) -> None:
    """Draw what a proposal changes for each area."""
    impact = proposal.impacts[mode]
    table = impact.areas.set_index("id").loc[results.study.areas["id"]]
    names = results.names()
    noun = results.study.config.services[proposal.service].noun
    told = {
        "area": [template_text(i) for i in results.study.areas["id"]],
        "people": [_count(c) for c in table["count"]],
        "today": _trips(table["minutes_before"], table["nearest_before"], names),
        "after": _trips(table["minutes_after"], table["nearest_after"], names),
        "change": [
            _change_words(*row)
            for row in table[["minutes_before", "minutes_after", "change_minutes"]].to_numpy()
        ],
        "fill": [_added_colour(c) for c in table["change_minutes"]],
    }
    features = [
        {"id": str(k), "type": "Feature",  # the page's own number of an area
         "properties": dict(zip(told, words, strict=True)), "geometry": shape}
        for k, (shape, *words) in enumerate(zip(shapes, *told.values(), strict=True))
    ]  # fmt: skip
    layer = folium.FeatureGroup(name=template_text(proposal.title), show=shown, overlay=False)
    folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        style_function=lambda f: {
            "fillColor": f["properties"]["fill"],
            "fillOpacity": 0.85,
            **_edge(f["properties"]["fill"]),
        },
        tooltip=folium.GeoJsonTooltip(
            fields=["area", "people", "today", "after", "change"],
            aliases=["Area", template_text(noun.capitalize()), "Nearest today", "Nearest after",
                     "Change"],
        ),
    ).add_to(layer)  # fmt: skip
    _site_markers(layer, results, proposal)
    layer.add_to(fmap)


def _place_labels(fmap: folium.Map, results: StudyResults) -> None:
    """Write the wards' names where their areas lie, for orientation; else towns and villages."""
    areas = results.study.areas
    places = MapGround(results).places
    if "ward" in areas:
        where = areas.groupby("ward", sort=True)[["lon", "lat"]].median()
        names = list(zip(where.index, where["lon"], where["lat"], strict=True))
    elif len(places):
        names = list(zip(places["name"], places["lon"], places["lat"], strict=True))
    else:
        return
    word = "Ward names" if "ward" in areas else "Place names"
    layer = folium.FeatureGroup(name=word, show=True)
    for name, lon, lat in names:
        label = f"<span class='ward' style='{_LABEL}'>{template_text(name)}</span>"
        folium.Marker(
            [lat, lon],
            icon=folium.DivIcon(
                html=label, icon_size=(120, 16), icon_anchor=(60, 8), class_name="ward-name"
            ),
            interactive=False,
            keyboard=False,
        ).add_to(layer)
    layer.add_to(fmap)


def _site_markers(
    layer: folium.FeatureGroup, results: StudyResults, proposal: ProposalResult
) -> None:
    closed, opened = set(proposal.closed), set(proposal.opened)
    sites = results.sites[results.sites["id"].isin({*proposal.before, *proposal.after})]
    for site in sites.to_dict("records"):
        closes = site["id"] in closed
        does = "closes" if closes else "opens" if site["id"] in opened else "stays open"
        words = [template_text(site["name"]), does]
        if site["assumed"]:
            words.append("assumed stand-in")
        if site["proxy"]:
            words.append("proxy position")
        _site_marker(site, words, _sign(closes)).add_to(layer)


def _sign(closes: bool) -> str:
    """A disc for a centre that stays, a crossed square for one that closes: never colour alone."""
    if closes:
        return (
            f"<rect x='4' y='4' width='18' height='18' fill='{CATEGORICAL[2]}' stroke='white' "
            "stroke-width='2'/><path d='M8 8L18 18M18 8L8 18' stroke='white' stroke-width='3'/>"
        )
    return (
        f"<circle cx='13' cy='13' r='8' fill='{CATEGORICAL[0]}' stroke='white' stroke-width='2'/>"
    )


def _edge(fill: str) -> dict[str, Any]:
    """Draw a plain edge, and a dotted dark one around what cannot be reached."""
    if fill == _UNREACHED:
        return {"color": INK, "weight": 1.4, "dashArray": "2 3"}
    return {"color": QUIET, "weight": 0.4}


def _added_colour(minutes: float) -> str:
    """Colour for added minutes: neutral, orange for more, blue for less, white where unreached."""
    if np.isnan(minutes) or np.isposinf(minutes):
        return _UNREACHED
    if minutes < -ADDED_EDGES[1]:
        return SAVED_COLOURS[1]
    at = int(np.searchsorted(ADDED_EDGES, max(minutes, 0.0), side="right")) - 1
    return ADDED_COLOURS[at]


def _count(count: float) -> str:
    return public_count(count) if is_small(count) else figure(count)


def _trips(minutes: pd.Series, ids: pd.Series, names: dict[str, str]) -> list[str]:
    return [
        f"{template_text(names[i])}, {figure(m)} min" if np.isfinite(m) else UNREACHED
        for m, i in zip(minutes, ids, strict=True)
    ]


def _change_words(before: float, after: float, change: float) -> str:
    """Say a change as the difference of the whole minutes that stand beside it."""
    if np.isnan(change):
        return "cannot be reached, before or after"
    if np.isinf(change):
        return "can no longer be reached" if change > 0 else "can be reached now"
    told = rise_between(before, after, change, 0)
    if told and abs(change) >= ADDED_EDGES[1]:
        return f"{figure(told, signed=True)} min"
    if not told and abs(change) < ADDED_EDGES[1]:
        return "no change"
    return f"less than a minute {'more' if change > 0 else 'less'}"


def _furnish(fmap: folium.Map, results: StudyResults, mode: str) -> None:
    """What the colours of a proposal's map say: those that are on it and no others."""
    changes = [p.impacts[mode].areas["change_minutes"] for p in results.proposals.values()]
    used = {_added_colour(c) for column in changes for c in column}
    edges = [*(f"{e:g}" for e in ADDED_EDGES[1:])]
    labels = ["no change", f"under {edges[1]}"]
    labels += [f"{a} to {b}" for a, b in pairwise(edges[1:])]
    labels += [f"{edges[-1]} or more"]
    found = any(np.isneginf(column).any() for column in changes)
    less = "less than today, or can be reached now" if found else "less than today"
    rows = zip([*ADDED_COLOURS, SAVED_COLOURS[1], _UNREACHED],
               [*labels, less, "cannot be reached"], strict=True)  # fmt: skip
    hubs = "" if results.hubs is None else _hub_key(results.hubs, results.council_words("hub"))
    words = f"Minutes added, {template_text(mode_title(mode))}" if used else ""
    closes = any(p.closed for p in results.proposals.values())
    opens = any(p.opened for p in results.proposals.values())
    signs = f"Round: stays open{' or opens' if opens else ''}." + (
        " Square with a cross: closes." if closes else ""
    )
    shown = [(c, t) for c, t in rows if c in used]
    _put_key(fmap, results, words, shown, f"{signs} {hubs}", results.assumptions)


#: Laid out beside the map, and below it on a phone: the key never lies over the map.
_STYLE = f"""
html,body{{margin:0;height:100%;font:16px/1.4 system-ui,sans-serif;color:{INK}}}
body{{display:flex}}
.folium-map{{flex:1 1 auto;min-width:0;height:100% !important}}
.leaflet-container{{background:#fff}}
.leaflet-container:focus-visible,.leaflet-container :focus-visible,summary:focus-visible
{{outline:3px solid {INK};outline-offset:-3px;box-shadow:inset 0 0 0 6px #ffdd00}}
#key{{order:-1;flex:0 0 18em;box-sizing:border-box;overflow:auto;background:#fff;
padding:.8em 1em;border-right:1px solid {QUIET}}}
#key h1{{font-size:1.15em;line-height:1.25;margin:0 0 .5em}}
#key h2{{font-size:1em;margin:0}}
#key p{{margin:.5em 0}}
#key ul{{list-style:none;margin:.3em 0;padding:0}}
#key li{{margin:.15em 0}}
#key details ul{{list-style:disc;padding-left:1em;font-size:.85em}}
#key .leaflet-control-layers{{border:0;box-shadow:none;font:inherit;padding:0;margin:.6em 0}}
#key .leaflet-control-layers-expanded{{padding:0}}
#key .leaflet-control-layers label{{font-size:1em;line-height:1.5}}
#key .small{{font-size:.85em;color:#505a5f}}
#key .swatch{{display:inline-block;box-sizing:border-box;width:1.6em;height:1em;margin-right:.5em;
border:1px solid {INK};vertical-align:-.1em;forced-color-adjust:none}}
#key .none{{border-style:dotted;border-width:2px}}
.site-sign{{background:none;border:0}}
.site-sign svg{{display:block;forced-color-adjust:none}}
.furniture{{position:absolute;z-index:800;right:10px;bottom:10px;display:flex;gap:.6em;
align-items:flex-end;pointer-events:none}}
.furniture .badge{{background:{INK};color:#fff;padding:.2em .6em;border:1px solid {INK}}}
.furniture svg{{display:block;filter:drop-shadow(0 0 2px #fff)}}
@media(max-width:40em){{
.furniture{{bottom:60px}}
html,body{{height:auto}}body{{flex-direction:column}}
.folium-map{{flex:none;height:68vh !important}}
#key{{order:1;flex:none;border:0;border-top:1px solid {QUIET}}}
}}
"""
_NORTH = (
    "<svg viewBox='0 0 24 34' width='24' height='34' role='img' aria-label='North is up'>"
    f"<path d='M12 2L20 24L12 19L4 24Z' fill='{INK}'/><text x='12' y='33' text-anchor='middle' "
    "font-size='10' font-weight='700'>N</text></svg>"
)
#: The furniture goes onto the map; a ward's name that would cover another or a site is hidden.
_SCRIPT_OF_PAGE = """
window.addEventListener('load', function () {
  document.documentElement.lang = 'en';
  var box = document.querySelector('.folium-map');
  box.setAttribute('role', 'main');
  box.setAttribute('aria-label', 'Map');
  box.append(document.getElementById('furniture').content.cloneNode(true));
  var layers = box.querySelector('.leaflet-control-layers');
  if (layers) document.getElementById('layers').append(layers);
  var meet = function (a, b) {
    return a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;
  };
  var tidy = function () {
    var taken = Array.from(box.querySelectorAll('.site-sign'), function (n) {
      return n.getBoundingClientRect();
    });
    box.querySelectorAll('.ward').forEach(function (name) {
      name.style.visibility = 'hidden';
      var range = document.createRange();
      range.selectNodeContents(name);
      [0, 20, -20, 36, -36].some(function (dy) {
        name.style.top = dy + 'px';
        var own = range.getBoundingClientRect();
        if (taken.some(function (t) { return meet(own, t); })) return false;
        name.style.visibility = '';
        taken.push(own);
        return true;
      });
    });
  };
  var waiting = 0;
  var later = function () { clearTimeout(waiting); waiting = setTimeout(tidy, 60); };
  later();
  window.addEventListener('resize', later);
  box.addEventListener('transitionend', later);
  box.addEventListener('wheel', later);
  box.addEventListener('click', later);
  box.addEventListener('keyup', later);
  new MutationObserver(later).observe(box.querySelector('.leaflet-marker-pane'),
    { childList: true });
});
"""


def _put_key(
    fmap: folium.Map,
    results: StudyResults,
    words: str,
    rows: Iterable[tuple[str, str]],
    signs: str,
    told: Iterable[str],
) -> None:
    """Title, what the colours and signs say, and what must be known of the numbers."""
    root = fmap.get_root()
    place = results.study.config.study
    title = template_text(place.title)
    date = template_text(_published_date(place.as_of, _strings("en")))
    key = "".join(
        f"<li><span class='swatch{' none' if c == _UNREACHED else ''}' style='background:{c}'>"
        f"</span>{template_text(t)}</li>"
        for c, t in rows
    )
    notes = "".join(f"<li>{template_text(a)}</li>" for a in told)
    ground = [] if results.study.shapes is not None else [_CELLS]
    ground += [_LINKS] if results.modelled else []
    ground += [template_text(text) for text in MapGround(results).attributions]
    badge = f"<span class='badge'>{_BADGE}</span>" if results.modelled else ""
    page = (
        f"<style>{_STYLE}</style>"
        f"<section id='key' aria-label='Key'><h1>{title}</h1><h2>{words}</h2>"
        f"<ul>{key}</ul><p>{signs}</p><div id='layers'></div>"
        f"<details><summary>What these numbers assume</summary><ul>{notes}</ul></details>"
        f"<p class='small'>{' '.join(ground)} {date}.</p></section>"
        f"<template id='furniture'><div class='furniture'>{badge}{_NORTH}</div></template>"
    )
    root.html.add_child(Element("{% raw %}" + page + "{% endraw %}"), name="key")  # type: ignore[attr-defined]
    root.script.add_child(Element("{% raw %}" + _SCRIPT_OF_PAGE + "{% endraw %}"), name="furniture")  # type: ignore[attr-defined]
    root.header.add_child(  # type: ignore[attr-defined]
        Element(f"<title>{title}: the planners' map</title>"), name="title"
    )


def _fix_ids(element: Element) -> None:
    """Number the elements in order, so that the same map has the same bytes."""
    for number, child in enumerate(_walk(element.get_root())):
        child._id = f"{number:04d}"


def _walk(element: Element) -> Iterable[Element]:
    yield element
    for child in element._children.values():
        yield from _walk(child)


def _bounds(results: StudyResults, shown: gpd.GeoDataFrame) -> list[float]:
    """West, south, east, north of what is drawn; of the study where nothing is."""
    layer = shown if len(shown) else results.study.areas.to_crs(WGS84)
    return [float(bound) for bound in layer.total_bounds]

"""Family Hubs on the planner's map: the best sites, and the council's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from itertools import pairwise

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from branca.element import Element

from access.analysis.places import Isochrones
from access.analysis.results import ProposalResult, StudyResults
from access.charts.style import (
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
from access.maps.explorer_encode import _approximate_cells
from access.text import UNREACHED, figure
from access.units import WGS84

KEY = "Star: one of the best hubs. Diamond: the council's own hub."
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
    title = f"Family Hubs: the {proof} {len(best)}" + (" and the council's own" if own else "")
    layer = folium.FeatureGroup(name=template_text(title), show=False)
    for site in answer.candidates.to_dict("records"):
        roles = [r for r, s in ((f"one of the {proof} {len(best)}", best),
                                ("the council's own", own)) if site["id"] in s]  # fmt: skip
        if not roles:
            continue
        words = [
            template_text(site["name"]),
            *roles,
            *(["assumed stand-in"] if site["assumed"] else []),
        ]
        icon = folium.DivIcon(
            html=_symbol(site["id"] in best), icon_size=(26, 26), icon_anchor=(13, 13)
        )
        folium.Marker(
            [site["lat"], site["lon"]],
            icon=icon,
            tooltip="<br>".join(words),
            alt=template_text(site["name"]),
        ).add_to(layer)
    return layer


def _symbol(is_best: bool) -> str:
    """A star for a best site, a diamond for the council's: told apart without colour."""
    points = _POINTS if is_best else "13,2 24,13 13,24 2,13"
    colour = CATEGORICAL[2] if is_best else CATEGORICAL[3]
    return (
        f"<svg width='26' height='26' role='img'><polygon points='{points}' fill='{colour}' "
        f"stroke='{INK}' stroke-width='1.5'/></svg>"
    )


_LEAFLET = "assets/leaflet"
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_TILES = " https://tile.openstreetmap.org"
_LABEL = (
    "display:block;text-align:center;white-space:nowrap;font:12px system-ui,sans-serif;"
    f"color:{INK};text-shadow:0 0 3px #fff,0 0 3px #fff,0 0 3px #fff;pointer-events:none"
)


def study_map(results: StudyResults, *, mode: str | None = None, tiles: bool = False) -> folium.Map:
    """Draw what each proposal adds to every area's trip, with the centres."""
    mode = mode if mode is not None and mode in results.matrices else results.headline
    areas = results.study.areas
    cells = results.study.shapes
    if cells is None:
        cells = _approximate_cells(areas["lon"], areas["lat"]).simplify(5).to_crs(WGS84)
        cells = cells.map(_polygons_only)
    fmap = _blank_map(cells.total_bounds, tiles=tiles)
    for i, proposal in enumerate(results.proposals.values()):
        _proposal_layer(fmap, results, proposal, cells, mode, shown=i == 0)
    _place_labels(fmap, results)
    hubs = _hub_layer(results)
    if hubs is not None:
        hubs.add_to(fmap)
    folium.LayerControl(collapsed=False).add_to(fmap)
    _furnish(fmap, results, mode)
    _fix_ids(fmap)
    return fmap


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
    )
    _bring_leaflet(fmap)
    fmap.fit_bounds([[south, west], [north, east]])
    return fmap


def reach_map(results: StudyResults, found: Isochrones, *, tiles: bool = False) -> folium.Map:
    """Draw isochrones, the nearest darkest, with their sites; each number of minutes a layer."""
    sites = results.sites.set_index(results.sites["id"].astype(str)).loc[found.table["site"]]
    shown = found.table[~found.table.geometry.is_empty]
    fmap = _blank_map(_bounds(results, shown), tiles=tiles)
    limits = sorted(set(found.table["minutes"]))
    colours = _reach_colours(len(limits))
    for limit, colour in reversed(list(zip(limits, colours, strict=True))):
        rows = shown[shown["minutes"] == limit]
        layer = folium.FeatureGroup(name=f"within {limit:g} minutes")
        if len(rows):
            frame = gpd.GeoDataFrame(
                {"site": [template_text(n) for n in rows["site_name"]],
                 "within": [f"{limit:g} minutes"] * len(rows)},
                geometry=rows.geometry.to_numpy(), index=range(len(rows)), crs=WGS84,
            )  # fmt: skip
            look = {"fillColor": colour, "fillOpacity": 0.85, "color": INK, "weight": 0.8}
            folium.GeoJson(
                frame,
                style_function=lambda _, look=look: look,
                tooltip=folium.GeoJsonTooltip(["site", "within"], aliases=["Site", "Within"]),
            ).add_to(layer)
        layer.add_to(fmap)
    _place_labels(fmap, results)
    for site in sites.drop_duplicates("id").to_dict("records"):
        folium.Marker(
            [site["lat"], site["lon"]],
            icon=folium.DivIcon(
                html=_symbol_layers(closes=False), icon_size=(26, 26), icon_anchor=(13, 13)
            ),
            tooltip=template_text(site["name"]),
            alt=template_text(site["name"]),
        ).add_to(fmap)
    folium.LayerControl(collapsed=False).add_to(fmap)
    labels = [f"within {limit:g} minutes" for limit in limits]
    mode, way = str(found.table["mode"].iloc[0]), str(found.table["direction"].iloc[0])
    trip = template_text(mode_title(mode)).capitalize()
    words = f"{trip}, {'to' if way == 'to_site' else 'from'} the site"
    _put_key(fmap, results, words, zip(colours, labels, strict=True), "Round: the site.",
             found.assumptions)  # fmt: skip
    _fix_ids(fmap)
    return fmap


def _reach_colours(steps: int) -> list[str]:
    """Choose colours from dark for the nearest to light for the furthest."""
    ramp = MINUTES_COLOURS[:0:-1]
    return [ramp[round(k * (len(ramp) - 1) / max(steps - 1, 1))] for k in range(steps)]


def map_page(fmap: folium.Map, *, tiles: bool = False) -> str:
    """Give the map as a page that runs its own scripts and no others."""
    page = fmap.get_root().render()
    hashes = (policy_hash(script) for script in _SCRIPT.findall(page))
    policy = "; ".join(
        ["default-src 'none'", "script-src " + " ".join(hashes), "style-src 'unsafe-inline'",
         f"img-src data:{_TILES if tiles else ''}", "form-action 'none'", "base-uri 'none'"]
    )  # fmt: skip
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace("<head>", f"<head>\n    {meta}", 1)


def _polygons_only(shape: shapely.Geometry) -> shapely.Geometry:
    """Drop the odd line that clipping leaves beside a polygon."""
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


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
    cells: gpd.GeoSeries,
    mode: str,
    *,
    shown: bool,
) -> None:
    impact = proposal.impacts[mode]
    table = impact.areas.set_index("id").loc[results.study.areas["id"]]
    names = results.names()
    noun = results.study.config.services[proposal.service].noun
    frame = gpd.GeoDataFrame(
        {
            "area": [template_text(i) for i in results.study.areas["id"]],
            "people": [_count(c) for c in table["count"]],
            "today": _trips(table["minutes_before"], table["nearest_before"], names),
            "after": _trips(table["minutes_after"], table["nearest_after"], names),
            "change": [_change_words(c) for c in table["change_minutes"]],
            "fill": [_added_colour(c) for c in table["change_minutes"]],
        },
        geometry=cells.to_numpy(),
        index=range(len(cells)),  # folium's ids of the areas: the page's own numbers
        crs=WGS84,
    )
    layer = folium.FeatureGroup(name=template_text(proposal.title), show=shown, overlay=False)
    folium.GeoJson(
        frame,
        style_function=lambda f: {
            "fillColor": f["properties"]["fill"],
            "fillOpacity": 0.85,
            "color": QUIET,
            "weight": 0.4,
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
    """Write ward names where their areas lie, for orientation."""
    areas = results.study.areas
    if "ward" not in areas:
        return
    layer = folium.FeatureGroup(name="Ward names", show=True)
    for ward, part in areas.groupby("ward", sort=True):
        label = f"<span style='{_LABEL}'>{template_text(ward)}</span>"
        folium.Marker(
            [part["lat"].median(), part["lon"].median()],
            icon=folium.DivIcon(html=label, icon_size=(120, 16), icon_anchor=(60, 8)),
            interactive=False,
            keyboard=False,
        ).add_to(layer)
    layer.add_to(fmap)


def _site_markers(
    layer: folium.FeatureGroup, results: StudyResults, proposal: ProposalResult
) -> None:
    closed = set(proposal.closed)
    sites = results.sites[results.sites["id"].isin({*proposal.before, *proposal.after})]
    for site in sites.to_dict("records"):
        closes = site["id"] in closed
        words = [template_text(site["name"]), "closes" if closes else "stays open"]
        if site["assumed"]:
            words.append("assumed stand-in")
        if site["proxy"]:
            words.append("proxy position")
        folium.Marker(
            [site["lat"], site["lon"]],
            icon=folium.DivIcon(
                html=_symbol_layers(closes), icon_size=(26, 26), icon_anchor=(13, 13)
            ),
            tooltip="<br>".join(words),
            alt=template_text(site["name"]),
        ).add_to(layer)


def _symbol_layers(closes: bool) -> str:
    """A disc for a centre that stays, a crossed square for one that closes: never colour alone."""
    if closes:
        return (
            f"<svg width='26' height='26' role='img'><rect x='4' y='4' width='18' height='18' "
            f"fill='{CATEGORICAL[2]}' stroke='white' stroke-width='2'/>"
            "<path d='M8 8L18 18M18 8L8 18' stroke='white' stroke-width='3'/></svg>"
        )
    return (
        f"<svg width='26' height='26' role='img'><circle cx='13' cy='13' r='8' "
        f"fill='{CATEGORICAL[0]}' stroke='white' stroke-width='2'/></svg>"
    )


def _added_colour(minutes: float) -> str:
    """Colour for added minutes: neutral, orange for more, blue for less, white where unreached."""
    if not np.isfinite(minutes):
        return "#ffffff"
    if minutes < -ADDED_EDGES[1]:
        return SAVED_COLOURS[1]
    at = int(np.searchsorted(ADDED_EDGES, max(minutes, 0.0), side="right")) - 1
    return ADDED_COLOURS[at]


def _count(count: float) -> str:
    return public_count(count) if is_small(count) else figure(count)


def _trips(minutes: pd.Series, ids: pd.Series, names: dict[str, str]) -> list[str]:
    return [
        f"{template_text(names[i])}, {m:.0f} min" if np.isfinite(m) else UNREACHED
        for m, i in zip(minutes, ids, strict=True)
    ]


def _change_words(minutes: float) -> str:
    if np.isnan(minutes):
        return "cannot be reached, before or after"
    if np.isinf(minutes):
        return "can no longer be reached" if minutes > 0 else "can be reached now"
    return "no change" if abs(minutes) < 0.5 else f"{minutes:+.0f} min"


def _furnish(fmap: folium.Map, results: StudyResults, mode: str) -> None:
    """What the colours of a proposal's map say."""
    edges = [*(f"{e:g}" for e in ADDED_EDGES[1:])]
    labels = ["no change", f"under {edges[1]}"]
    labels += [f"{a} to {b}" for a, b in pairwise(edges[1:])]
    labels += [f"{edges[-1]} or more"]
    rows = zip([*ADDED_COLOURS, SAVED_COLOURS[1], "#ffffff"],
               [*labels, "less than today", "cannot be reached"], strict=True)  # fmt: skip
    hubs = "" if results.hubs is None else KEY
    words = f"Minutes added, {template_text(mode_title(mode))}"
    signs = f"Round: stays open. Square with a cross: closes. {hubs}"
    _put_key(fmap, results, words, rows, signs, results.assumptions)


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
    title = template_text(results.study.config.study.title)
    key = "".join(
        f"<li><span style='background:{c};border:1px solid {INK};display:inline-block;"
        f"width:1em;height:1em;margin-right:.4em'></span>{template_text(t)}</li>"
        for c, t in rows
    )
    notes = "".join(f"<li>{template_text(a)}</li>" for a in told)
    page = (
        "<style>html,body{margin:0;height:100%;font:16px/1.4 system-ui,sans-serif}"
        ".leaflet-container{background:#fff}"
        "#key{position:absolute;z-index:900;bottom:5em;left:.6em;background:#fff;"
        f"padding:.6em .8em;border:1px solid {QUIET};max-width:17em}}"
        "#key ul{list-style:none;margin:.3em 0;padding:0}"
        "#key details ul{list-style:disc;padding-left:1em;max-height:12em;overflow:auto;"
        "font-size:.8em}#key h1{font-size:1.05em;margin:0}</style>"
        f"<section id='key' aria-label='Key'><h1>{title}</h1>"
        f"{words}<ul>{key}</ul>{signs}"
        f"<details><summary>What these numbers assume</summary><ul>{notes}</ul></details></section>"
    )
    root.html.add_child(Element("{% raw %}" + page + "{% endraw %}"), name="key")  # type: ignore[attr-defined]
    root.header.add_child(Element(f"<title>{title}</title>"), name="title")  # type: ignore[attr-defined]


def _fix_ids(element: Element) -> None:
    """Number the elements in order, so that the same map has the same bytes."""
    for number, child in enumerate(_walk(element.get_root())):
        child._id = f"{number:04d}"


def _walk(element: Element) -> Iterable[Element]:
    yield element
    for child in element._children.values():
        yield from _walk(child)


_HEIGHT = "640px"
#: Room for the key at the left, pixels.
_KEY = (310, 10)


def page_map(results: StudyResults, *, mode: str, tiles: bool) -> folium.Map:
    """Draw the planner's map so that its key hides nothing in a notebook."""
    fmap = study_map(results, mode=mode, tiles=tiles)
    areas = results.study.areas
    corners = [
        [float(areas["lat"].min()), float(areas["lon"].min())],
        [float(areas["lat"].max()), float(areas["lon"].max())],
    ]
    return _in_a_notebook(fmap, corners)


def page_reach_map(results: StudyResults, found: Isochrones, *, tiles: bool) -> folium.Map:
    """Draw isochrones so that their key hides nothing in a notebook."""
    fmap = reach_map(results, found, tiles=tiles)
    shown = found.table[~found.table.geometry.is_empty]
    west, south, east, north = map(float, _bounds(results, shown))
    return _in_a_notebook(fmap, [[south, west], [north, east]])


def _bounds(results: StudyResults, shown: gpd.GeoDataFrame) -> list[float]:
    """West, south, east, north of what is drawn; of the study where nothing is."""
    layer = shown if len(shown) else results.study.areas.to_crs(WGS84)
    return [float(bound) for bound in layer.total_bounds]


def _in_a_notebook(fmap: folium.Map, corners: list[list[float]]) -> folium.Map:
    """Leave room for the key, and give the map its height."""
    fmap.fit_bounds(corners, padding_top_left=_KEY, padding_bottom_right=(10, 10))
    list(fmap._children.values())[-1]._id = "in_a_notebook"
    fmap.get_root().height = _HEIGHT  # type: ignore[attr-defined]
    return fmap

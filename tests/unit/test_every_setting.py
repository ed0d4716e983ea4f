"""Every setting of `study.toml` changes something that is given out: none is only printed."""

from __future__ import annotations

import csv
import io
import json
import pickle
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pydantic import BaseModel

from access import release
from access.analysis import bus, job
from access.analysis.analysis import Analysis
from access.analysis.job import (
    _answered,
    _check_snapping,
    _snap_lines,
    _with_what_streets_say,
    measure_study,
    travel_times,
)
from access.analysis.results import StudyResults
from access.cli import sources as fetch_command
from access.errors import AccessError
from access.maps.explorer_data import explorer_data
from access.maps.planner_map import PlannerMap
from access.network import Network
from access.release import _OPEN, _open_counts, with_policy
from access.report.board import _method_blocks
from access.report.findings import findings_of
from access.report.people import PeopleTables, _characteristic_points, offer_table
from access.report.sites import SiteTables
from access.run.geopackage import _study_layers
from access.run.summary import RunSummary, _beside, summary_of
from access.sources import overpass as tiles
from access.sources.folder import _template_files
from access.study import Study, StudyConfig, load_study
from access.study.config import read_config
from access.study.manifest import _read_manifest
from access.study.study import _study_assumptions
from tests.bus_feed import town_feed
from tests.conftest import few_draws

#: Words stand in for a value that is a group of the user's own names.
ANY = "*"


def keys_of(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """Walk the settings: groups in groups, and groups under names of the user's own."""
    for name, field in model.model_fields.items():
        key = f"{before}{name}"
        parts = [field.annotation, *get_args(field.annotation)]
        inner = next((t for t in parts if isinstance(t, type) and issubclass(t, BaseModel)), None)
        if inner is None:
            yield key
        else:
            yield from keys_of(inner, f"{key}." if inner is field.annotation else f"{key}.{ANY}.")


def base() -> dict[str, Any]:
    """Give the settings of a small study that uses every group."""
    raw = tomllib.loads(_template_files("town")["study.toml"])
    raw["areas"] |= {
        "parent_table": "parents.csv", "parent_key": "parent", "share_by": "residents",
        "shared_counts": {"youths": "youths"}, "from_parent": {"ward": "ward"},
    }  # fmt: skip
    raw["localities"] = {}
    raw["study"]["nation"] = "England"
    raw["hubs"] = {
        "council_choice": ["K1"], "council_source": "A paper.", "sizes": [2], "offers": {
            "play": {"title": "Play", "demand": "children_0_4", "service": "childrens_centre"},
            "health": {"title": "Health", "demand": ["children_0_4", "youths"]},
        },
    }  # fmt: skip
    raw["tables"] = {}
    youth = {"title": "Youth Centres", "one": "Youth Centre", "demand": "youths",
             "noun": "young people", "age_band": "11 to 18"}  # fmt: skip
    raw["services"]["youth"] = youth
    raw["proposals"]["three_to_two"] |= {"close": ["C2"]}
    return raw


def csv_text(rows: list[dict[str, Any]]) -> str:
    return pd.DataFrame(rows).to_csv(index=False)


@cache
def files_of() -> dict[str, str]:
    texts = _template_files("town")
    areas = list(csv.DictReader(io.StringIO(texts["areas.csv"])))
    for i, row in enumerate(areas):
        row |= {"parent": f"P{i % 2}", "other_parent": f"P{(i // 2) % 2}", "points": i + 1,
                "people": 1 + i * 7}  # fmt: skip
    centres = list(csv.DictReader(io.StringIO(texts["centres.csv"])))
    for row, where in zip(centres, ("North", "North", "South"), strict=True):
        row["locality"] = where
    youth = [("Y1", "Y One", -1.39, 53.42, "North"), ("Y2", "Y Two", -1.31, 53.46, "South")]
    centres += [
        {"id": i, "name": n, "service": "youth", "lon": x, "lat": y, "locality": where}
        for i, n, x, y, where in youth
    ]
    parents = [{"id": f"P{i}", "youths": 100 + 50 * i, "girls": 40 + 90 * i, "ward": f"W{i}",
                "town": f"T{i}"} for i in range(2)]  # fmt: skip
    sites = [{"id": f"K{i}", "name": f"Hall {i}", "lon": -1.39 + 0.03 * i, "lat": 53.41 + 0.01 * i,
              "kind": "hall" if i < 3 else "shed", "annual_cost_gbp": 10 * i}
             for i in (1, 2, 3)]  # fmt: skip
    names = [{"name": "Elsewhere", "lon": -1.33, "lat": 53.44, "rank": 1}]
    return {
        "areas.csv": csv_text(areas), "areas2.csv": csv_text(areas[:-1]),
        "centres.csv": csv_text(centres), "centres2.csv": csv_text(centres[::-1]).replace(
            "Hilltop", "Hillside"),
        "parents.csv": csv_text(parents),
        "parents2.csv": csv_text([p | {"youths": 10} for p in parents]),
        "candidates.csv": csv_text(sites), "candidates2.csv": csv_text(sites[:2]),
        "neighbours.csv": csv_text([{"id": "N0", "name": "Over", "lon": -1.345, "lat": 53.445}]),
        "neighbours2.csv": csv_text([{"id": "N1", "name": "Next door", "lon": -1.3, "lat": 53.4}]),
        "places2.csv": csv_text(names),
        "outline.csv": "lon,lat\n-1.42,53.39\n-1.28,53.39\n-1.28,53.47\n-1.42,53.47\n",
        "postcodes2.csv": csv_text([{"postcode": "S1 1AA", "lon": -1.33, "lat": 53.44}]),
        "gazetteer2.csv": csv_text([{"name": "Mill Lane", "lon": -1.33, "lat": 53.44}]),
    }  # fmt: skip


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(k)} = {inline(v)}' for k, v in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    return json.dumps(value)


def toml_text(value: Any, path: tuple[str, ...] = ()) -> str:
    plain = {k: v for k, v in value.items() if not isinstance(v, dict)}
    head = f"[{'.'.join(json.dumps(p) for p in path)}]\n" if path else ""
    text = head + "".join(f"{json.dumps(k)} = {inline(v)}\n" for k, v in plain.items())
    groups = [(k, v) for k, v in value.items() if isinstance(v, dict)]
    return text + "".join(toml_text(v, (*path, k)) for k, v in groups)


def written(
    folder: Path, key: str | None = None, value: Any = None, *, buses: bool = False
) -> Path:
    """Write the settings of the small study with one of them changed."""
    raw = base()
    if buses:
        raw["bus"] = {"timetable": "buses.zip"}
        raw["services"]["childrens_centre"] |= {"session_ends": "16:00"}
    if key is not None:
        at: Any = raw
        *groups, last = key.split("/")
        for name in groups:
            at = at.setdefault(name, {})
        at[last] = value
    folder.mkdir()
    (folder / "study.toml").write_text(toml_text(raw), encoding="utf-8")
    return folder


@cache
def feed(every_minutes: int) -> bytes:
    with TemporaryDirectory() as folder:
        return town_feed(Path(folder, "buses.zip"), every_minutes=every_minutes).read_bytes()


def study_with(
    folder: Path, key: str | None = None, value: Any = None, *, buses: bool = False
) -> Study:
    """Write the small study with one setting changed, and load it."""
    written(folder, key, value, buses=buses)
    for name, text in files_of().items():
        (folder / name).write_text(text, encoding="utf-8")
    if buses:
        (folder / "buses.zip").write_bytes(feed(30))
        (folder / "buses2.zip").write_bytes(feed(60))
    if key == "bus/matrix":
        sites = ("centres.csv", "candidates.csv")
        ids = pd.concat([pd.read_csv(folder / name, dtype=str)["id"] for name in sites])
        rows = pd.read_csv(folder / "areas.csv", dtype=str)["id"]
        pd.DataFrame(12.0, index=rows, columns=ids).to_csv(folder / value)
    if key == "areas/shapes":
        squares = load_points(folder).buffer(200, cap_style="square")
        squares.to_crs(4326).reset_index().to_file(folder / "shapes.geojson", driver="GeoJSON")
    return load_study(folder)


def load_points(folder: Path) -> gpd.GeoSeries:
    areas = pd.read_csv(folder / "areas.csv", index_col="id")
    return gpd.GeoSeries(
        gpd.points_from_xy(areas["lon"], areas["lat"]), index=areas.index, crs=4326
    ).to_crs(27700)


# --- what is given out, each without the list of settings that the report prints ---------------


def beside_proposals(results: StudyResults) -> str:
    """Give the figures that no proposal is asked for; of hubs, where they were asked for."""
    found = summary_of(replace(results, proposals={}, joint={}))
    del found["assumptions"]  # they print settings, and are asked with all else
    return json.dumps(found, default=str)


def before_and_after(results: StudyResults) -> Iterator[str]:
    """Give what proposals change, what costs least first: words, then trip by trip, then areas."""
    proposals = results.proposals.values()
    yield repr([(p.title, p.comment, p.source) for p in proposals])
    yield RunSummary(replace(results, proposals={})).areas().to_csv()
    for mode in dict.fromkeys([results.headline, *results.matrices]):
        yield repr([p.impacts[mode].summary for p in proposals])
    yield repr([_beside(results, p) for p in proposals])
    bare = {
        key: replace(p, **{name: {} for name in RANKED}) for key, p in results.proposals.items()
    }
    yield json.dumps(summary_of(replace(results, proposals=bare, joint={})), default=str)
    yield RunSummary(results).areas().to_csv()


#: What a proposal holds of its alternatives.
RANKED = ("rankings", "sampled", "rankings_beside")


def figures(results: StudyResults) -> str:
    return (
        json.dumps(summary_of(results), default=str) + RunSummary(results).alternatives().to_csv()
    )


def told(results: StudyResults) -> str:
    facts = {k: v for k, v in results.study.facts().items() if k != "inputs"}
    return results.study.described() + json.dumps(facts)


def explorer(results: StudyResults) -> str:
    data = explorer_data(results)
    scalars = {k: v for k, v in vars(data).items() if isinstance(v, str | int | float | tuple)}
    given = (data.areas, data.places, data.postcodes, data.candidates, data.names)
    frames = [f.to_csv() for f in given if f is not None]
    return repr((scalars, data.hub_terms)) + "".join(frames)


def report(results: StudyResults) -> str:
    blocks = _method_blocks(results, findings_of(results))
    return repr([b for b in blocks if getattr(b, "key", "") not in ("settings", "data")])


def people(results: StudyResults) -> str:
    findings = findings_of(results)
    tables = [PeopleTables(found).equality()[0] for found in findings]
    return str(
        [(t.rows, t.notes) for t in tables if t] + [_characteristic_points(results, findings)]
    )


def offered(results: StudyResults) -> str:
    table = offer_table(results, findings_of(results))
    return repr((table.rows, table.notes))


def closed(results: StudyResults) -> str:
    """Give the report's tables of the sites that would close."""
    tables = [SiteTables(found, results).closed() for found in findings_of(results)]
    return repr([(t.columns, t.rows, t.notes) for t in tables])


def outlines(results: StudyResults) -> str:
    layer = dict(_study_layers(results))["areas"]
    page = PlannerMap.of_study(results).fmap.get_root().render()
    kinds = sorted(set(shapely.get_type_id(layer.geometry.to_numpy()).tolist()))
    return f"{kinds} {hash(page)}"


def bounded(results: StudyResults) -> str:
    """Say what the maps draw of the place's boundary."""
    return f"{results.study.boundary} {hash(PlannerMap.of_study(results).fmap.get_root().render())}"


def paper(results: StudyResults) -> str:
    """Give the parts of the report that are not measured."""
    from access.report import board, summary
    from access.report.findings import Wording

    found, wording = findings_of(results), Wording()
    blocks = board._paper_blocks(results, found, issues=(), options=(), money="", equality="")
    blocks += summary._recommendation_blocks(results, found, wording)
    blocks += summary._since_blocks(results, wording)
    return repr((summary._for(results), summary._author(results), blocks))


def joined(results: StudyResults) -> str:
    """Say which areas join the streets when all stand a few metres off them."""
    study = results.study
    aside = replace(study, areas=study.areas.assign(lat=study.areas["lat"] + 0.0001))
    lines = _snap_lines(results.networks, aside, results.sites, "walk")
    return repr(lines["joined"].tolist())


def snapping(results: StudyResults) -> str:
    """Lose one area, and see whether the run goes on."""
    from types import SimpleNamespace

    from access.errors import NetworkError
    from access.network import Status

    matrix = results.matrices["walk"]
    status = matrix.status.copy()
    status[0] = Status.UNSNAPPED
    try:
        ids = {"area_ids": matrix.area_ids, "site_ids": matrix.site_ids}
        lost = SimpleNamespace(mode="walk", status=status, **ids)
        _check_snapping(results.study, lost, results.sites)
    except NetworkError as error:
        return str(error)
    return "goes on"


def reach(results: StudyResults) -> str:
    return repr(_with_what_streets_say(results.study, results.networks).assumptions)


F, T, E, R, P = figures, told, explorer, report, paper


def group(**changes: Any) -> list[dict[str, Any]]:
    """Give the group of the small study with something changed."""
    return [base()["groups"][0] | changes]


def changed(said: dict[str, Any]) -> tuple[str, Any, Callable[[StudyResults], str]]:
    """Change the proposal of the small study by one more step."""
    return "proposals/three_to_two/change", [said], F


_NEW = {"action": "open", "site": "M1", "lon": -1.30, "lat": 53.405}
_MOVE = {"action": "move", "site": "C1", "to": "K2"}
_STATUS = {"action": "status", "site": "C1", "status": "full"}
_RESIZE = {"action": "resize", "site": "C1", "capacity": 3}
#: Steps that differ in the one key alone: what it says acts, and not the step.
STEPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "action": ({"action": "open", "site": "K2"}, {"action": "close", "site": "K2"}),
    "site": ({"action": "open", "site": "K2"}, {"action": "open", "site": "K3"}),
    "to": (_MOVE, {**_MOVE, "to": "K3"}),
    "status": ({**_STATUS, "status": "part_time"}, _STATUS),
    "days": ({**_STATUS, "days": 2}, _STATUS),
    "lon": (_NEW, {**_NEW, "lon": -1.31}),
    "lat": (_NEW, {**_NEW, "lat": 53.401}),
    "name": ({**_NEW, "name": "Stop"}, _NEW),
    "capacity": (_RESIZE, {**_RESIZE, "capacity": 4}),
    "annual_cost_gbp": ({**_NEW, "annual_cost_gbp": 5}, _NEW),
    "comment": ({**_NEW, "comment": "A van."}, _NEW),
}
CHANGES = {f"proposals.*.change.*.{key}": changed(pair[0]) for key, pair in STEPS.items()}
_CLOSES_Y1 = {"title": "x", "close": ["Y1"]}


def told_in(key: str, **given: Any) -> dict[str, tuple[str, Any, Callable[[StudyResults], str]]]:
    """Give each field of a group of `[report]` a case: the same group without it, or another."""
    cases = {}
    for name, value in given.items():
        whole = {k: v for k, v in given.items() if k in _NEEDED or k == name} | {name: value}
        list_of = key not in ("", "consultation")
        path = f"report/{key}" if list_of or not key else f"{key}/{name}"
        where = f"report.{key}.*.{name}" if list_of else f"{key}.{name}"
        cases[where] = (path, [whole], P) if list_of else (path or "", value, P)
    return cases


#: What the members of a list of `[report]` cannot be without, and another such.
_NEEDED = {"when": "2031-06", "what": "Other", "year": "2031", "gbp": 6.0, "risk": "Snow",
           "site": "C3", "duty": "An act, section 2", "asks": "Other"}  # fmt: skip
_TEXTS = ("reader", "author", "accountable_officer", "recommendation", "human_resources",
          "procurement", "children", "partners", "legal")  # fmt: skip


def but_for(name: str, member: dict[str, Any]) -> dict[str, Any]:
    """Give a member of a list without one of its fields, or with another where it needs one."""
    kept = {key: value for key, value in member.items() if key != name}
    return kept | ({name: _NEEDED[name]} if name in _NEEDED else {})


PAPER: dict[str, tuple[str, Any, Callable[[StudyResults], str]]] = {
    **{f"report.{name}": (f"report/{name}", "Words.", P) for name in _TEXTS},
    "report.background": ("report/background", ["Words."], P),
    **told_in("duties", duty="An act, section 1", asks="Care", service="youth", source="Counsel"),
    **told_in("consultation", period="May", staff="June", replies=3, result="No", changed="A bus",
              source="Minutes"),
    **told_in("timetable", when="May", what="Cabinet", source="Minutes"),
    **told_in("money", what="Part", year="2030", gbp=5.0, source="Minutes"),
    "report.money.*.part_of": ("report/money", [
        {"what": "Whole", "year": "2030", "gbp": 9},
        {"what": "Part", "year": "2030", "gbp": 5, "part_of": "Whole"}], P),
    **told_in("risks", risk="Rain", mitigation="Roof", owner="Ann"),
    **told_in("mitigation", site="C2", what="A van", owner="Ann", by="May"),
    **told_in("since", when="2031-05", what="It rained", source="News"),
}  # fmt: skip
CASES: dict[str, tuple[str, Any, Callable[[StudyResults], str]]] = {
    "study.name": ("study/name", "city", F),
    "study.title": ("study/title", "Another", F),
    "study.place": ("study/place", "Elsewhere", E),
    "study.language": ("study/language", "cy", E),
    "study.as_of": ("study/as_of", "2025-01-02", F),
    "study.box": ("study/box", [-1.50, 53.35, -1.20, 53.41], F),
    "study.outline": ("study/outline", "outline.csv", bounded),
    "study.nation": ("study/nation", "Wales", E),
    "study.notes": ("study/notes", ["Look."], F),
    "areas.table": ("areas/table", "areas2.csv", F),
    "areas.unit": ("areas/unit", "street block", F),
    "areas.vintage": ("areas/vintage", "Census 2021", F),
    "areas.parent_table": ("areas/parent_table", "parents2.csv", F),
    "areas.parent_key": ("areas/parent_key", "other_parent", F),
    "areas.share_by": ("areas/share_by", "people", F),
    "areas.locality_from": ("areas/locality_from", "childrens_centre", F),
    "areas.shared_counts": ("areas/shared_counts", {"youths": "girls"}, F),
    "areas.from_parent": ("areas/from_parent", {"ward": "town"}, F),
    "areas.shapes": ("areas/shapes", "shapes.geojson", outlines),
    "services.*.title": ("services/childrens_centre/title", "Nurseries", T),
    "services.*.one": ("services/childrens_centre/one", "Nursery", E),
    "services.*.demand": ("services/childrens_centre/demand", "residents", F),
    "services.*.noun": ("services/childrens_centre/noun", "toddlers", F),
    "services.*.age_band": ("services/childrens_centre/age_band", "0 to 3", R),
    "services.*.kind": ("services/childrens_centre/kind", "library", P),
    "services.*.pram": ("services/childrens_centre/pram", False, closed),
    "proposals.*.title": ("proposals/three_to_two/title", "Fewer", F),
    "proposals.*.service": ("proposals/three_to_two",
                            _CLOSES_Y1 | {"service": "youth"}, F),
    "proposals.*.close": ("proposals/three_to_two/close", ["C3"], F),
    "proposals.*.open": ("proposals/three_to_two/open", ["K2"], F),
    "proposals.*.comment": ("proposals/three_to_two/comment", "Because.", F),
    "proposals.*.source": ("proposals/three_to_two/source", "Minutes.", F),
    "proposals.*.status_words": ("proposals/three_to_two/status_words", "lease given up", P),
    "proposals.*.saving_per_year_gbp": ("proposals/three_to_two/saving_per_year_gbp", 5.0, F),
    "travel.walk_km_h": ("travel/walk_km_h", 4.0, F),
    "travel.pram_km_h": ("travel/pram_km_h", 3.0, E),
    "travel.parking_minutes": ("travel/parking_minutes", 9.0, F),
    "travel.snap_limit_m": ("travel/snap_limit_m", 1.0, joined),
    "travel.max_unsnapped_share": ("travel/max_unsnapped_share", 1.0, snapping),
    "travel.buffer_m": ("travel/buffer_m", 90000.0, reach),
    "services.*.bus_window": ("services/childrens_centre/bus_window", ["14:00", "14:20"], F),
    "services.*.session_ends": ("services/childrens_centre/session_ends", "10:00", F),
    "bus.matrix": ("bus/matrix", "theirs.csv", F),
    "bus.timetable": ("bus/timetable", "buses2.zip", F),
    "bus.day": ("bus/day", "2023-06-20", F),
    "bus.window": ("bus/window", ["14:00", "14:20"], F),
    "bus.home_minutes": ("bus/home_minutes", 200, F),
    "bus.percentile": ("bus/percentile", 100.0, F),
    "bus.limit_minutes": ("bus/limit_minutes", 10.0, F),
    "bus.max_walk_minutes": ("bus/max_walk_minutes", 1.0, F),
    "bus.max_change_minutes": ("bus/max_change_minutes", 0.5, F),
    "bus.boardings": ("bus/boardings", 1, F),
    "bus.slack_seconds": ("bus/slack_seconds", 400.0, F),
    "measures.headline": ("measures/headline", "walk", F),
    "measures.neighbours": ("measures/neighbours", True, F),
    "measures.walk_limit_minutes": ("measures/walk_limit_minutes", 5.0, F),
    "measures.thresholds_minutes": ("measures/thresholds_minutes", [10, 25], F),
    "measures.threshold_minutes": ("measures/threshold_minutes", 12.0, F),
    "measures.catchment_minutes": ("measures/catchment_minutes", 3.0, offered),
    "measures.decay_per_minute": ("measures/decay_per_minute", 0.5, offered),
    "measures.distances_m": ("measures/distances_m", {"1 mile": 1609.344}, F),
    "weights.scheme": ("weights/scheme", "points", F),
    "weights.lam": ("weights/lam", 3.0, F),
    "weights.national_areas": ("weights/national_areas", 40000, F),
    "localities.names": ("localities", {"minimum_open": 1, "names": ["South"]}, F),
    "localities.minimum_open": ("localities/minimum_open", 1, F),
    "localities.never_close": ("localities/never_close", ["C1"], F),
    "groups.*.label": ("groups", group(label="infants"), people),
    "groups.*.column": ("groups", group(column="youths"), people),
    "groups.*.denominator": ("groups", group(denominator="people", other_date=True), people),
    "groups.*.others": ("groups", group(others=True), people),
    "groups.*.characteristic": ("groups", group(characteristic="sex"), people),
    "groups.*.note": ("groups", group(characteristic="sex", note="a note of the count"), people),
    "groups.*.points_to": ("groups", group(points_to={"race": "a pointer"}), people),
    "groups.*.other_date": ("groups", group(denominator="people", other_date=True), people),
    "consultation.closes": ("consultation/closes", "2025-03-04", E),
    "consultation.address": ("consultation/address", "Town Hall", E),
    "consultation.email": ("consultation/email", "ask@council.example", E),
    "consultation.link": ("consultation/link", "https://council.example/say", E),
    "hubs.council_choice": ("hubs/council_choice", ["K2"], F),
    "hubs.council_source": ("hubs/council_source", "Another paper.", F),
    "hubs.offers.*.title": ("hubs/offers/play/title", "Stay and play", F),
    "hubs.offers.*.demand": ("hubs/offers/health/demand", "youths", F),
    "hubs.offers.*.ages": ("hubs/offers/play/ages", "0 to 4", F),
    "hubs.offers.*.share": ("hubs/offers/play/share", 5.0, F),
    "hubs.offers.*.service": ("hubs/offers/health/service", "youth", F),
    "hubs.shares": ("hubs", {"shares": {"childrens_centre": 0.9, "youth": 0.1}}, F),
    "hubs.sizes": ("hubs/sizes", [2, 3], F),
    "hubs.per_locality": ("hubs/per_locality", 0, F),
    "hubs.must": ("hubs/must", ["C3"], F),
    "hubs.never": ("hubs/never", ["C1", "C3"], F),
    "hubs.at_most": ("hubs/at_most", {"centre": 0}, F),
    "hubs.apart_m": ("hubs/apart_m", 90000.0, F),
    "hubs.among": ("hubs/among", {"halls": ["hall"]}, F),
    "hubs.reach_minutes": ("hubs/reach_minutes", [5.0, 9.0], F),
    "hubs.budget_gbp": ("hubs/budget_gbp", 25.0, F),
    "hubs.council_date": ("hubs/council_date", "2031", F),
    "hubs.most": ("hubs/most", 2, F),
    "hubs.title": ("hubs", base()["hubs"] | {"title": "Open Doors", "one": "Open Door"}, E),
    "hubs.one": ("hubs", base()["hubs"] | {"title": "Family Hubs", "one": "Open Door"}, E),
    "disclosure.public_estimates": ("disclosure/public_estimates", {"people": "Census 2021"}, F),
    "tables": ("tables/centres", "centres2.csv", F),
    **CHANGES,
    **PAPER,
}  # fmt: skip
#: What a case is held against where it says more than its key: all of it but the key.
BESIDE: dict[str, Any] = {
    **{f"proposals.*.change.*.{key}": [pair[1]] for key, pair in STEPS.items()},
    "proposals.*.service": _CLOSES_Y1 | {"service": "childrens_centre"},
    "localities.names": {"minimum_open": 1, "names": ["North"]},
    "groups.*.denominator": group(other_date=True),
    "groups.*.other_date": group(denominator="people"),
    "groups.*.note": group(characteristic="sex"),
    **{key: [*given[:-1], but_for(key.rpartition(".")[2], given[-1])]
       for key, (_, given, _) in PAPER.items() if ".*." in key},
}  # fmt: skip
#: ... and what is said of it where it cannot stand.
NOT_WITHOUT = {
    "proposals.*.change.*.action": "K2",
    "proposals.*.service": "Y1",
    "groups.*.other_date": "people",
}
#: Settings that need the question of hubs answered, too.
WHOLE = {key for key in CASES if key.startswith("hubs.")} | {"weights.scheme"}
#: Settings that need a timetable.
BUSES = {key for key in CASES if key.startswith("bus.") or key.endswith(("_window", "_ends"))}
BUSES -= {"bus.matrix"}
TABLES = {
    "centres": F,
    "candidates": E,
    "neighbours": T,
    "places": E,
    "postcodes": E,
    "gazetteer": E,
}


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Draw few settings: that more are drawn changes no key's effect.

    Nor is the same made anew for each key: a day of the same feeds, the streets of the same
    places, what may stand open of the same table.
    """
    with few_draws(), pytest.MonkeyPatch.context() as patch:
        for room, name, told in (
            (bus, "_read_day", day_told),
            (job, "modelled_networks", lambda *given, **more: pickle.dumps((given, more))),
            (release, "_read_again", table_told),
        ):
            patch.setattr(room, name, once_a_question(getattr(room, name), told))
        yield


def day_told(study: Study, network: Network) -> tuple[Any, ...]:
    """Tell all that a timetable is read by."""
    feeds = tuple((feed.name, feed.read_bytes()) for feed in study.timetables)
    return feeds, study.config.bus.day, bus._box(network)


def table_told(study: Study, name: str, counts: Any) -> tuple[Any, ...]:
    """Tell all that a table is read again by."""
    return name, (study.folder / name).read_bytes(), repr(counts)


def once_a_question(make: Callable[..., Any], told: Callable[..., Any]) -> Callable[..., Any]:
    """Make one thing a question, as `told` words it; nobody here changes what was made."""
    kept: dict[Any, Any] = {}

    def made(*given: Any, **more: Any) -> Any:
        key = told(*given, **more)
        if key not in kept:
            kept[key] = make(*given, **more)
        return kept[key]

    return made


# --- asked step by step, and no further than to the first that differs --------------------------

Give = Callable[[StudyResults], str]
#: What is given of minutes alone.
TIMES = (T, joined, reach, snapping)
#: What is given of proposals, and not of their alternatives.
UNRANKED = (people, offered, closed)


class Unranked(Analysis):
    """Measures changes before and after, and looks at no alternative."""

    def ranked(self, result, parts=None):
        return result


def ask(study: Study, give: Give, key: str, times: StudyResults | None) -> Iterator[str]:
    """Tell of a study what is asked, for figures what costs least first; a refusal ends it.

    Given the usual study's minutes, they are kept: another answer must differ with them, too.
    """
    try:
        results = travel_times(study) if times is None else replace(times, study=with_policy(study))
        if key in WHOLE:
            results = Analysis(results).with_hubs()
        if give is F:
            yield beside_proposals(results)
        if give is F:
            yield from before_and_after(replace(results, proposals=Unranked(results).proposals()))
        if give in UNRANKED:
            results = replace(results, proposals=Unranked(results).proposals())
        elif give not in TIMES:
            results = _answered(results, lambda step: None)
        yield give(results)
    except AccessError as error:
        yield refusal(error)


def tell(results: StudyResults, give: Give) -> Iterator[str]:
    """Tell the same of a study that is measured."""
    if give is F:
        yield beside_proposals(results)
        yield from before_and_after(results)
    yield give(results)


def refusal(error: AccessError) -> str:
    return f"{type(error).__name__} {error}"


class Telling:
    """What is told one by one, each once."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts, self._told = texts, []

    def __getitem__(self, place: int) -> str:
        while len(self._told) <= place:
            self._told.append(next(self._texts))
        return self._told[place]

    def all(self) -> list[str]:
        self._told += self._texts
        return self._told


def first_apart(one: Telling, other: Telling) -> tuple[str, str]:
    """Give the first that differ of two tellings of one thing; none differs where both end."""
    place = 0
    while one[place] == other[place]:
        place += 1
    return one[place], other[place]


@pytest.fixture(scope="module")
def usual(tmp_path_factory) -> Callable[[str], StudyResults]:
    study = study_with(tmp_path_factory.mktemp("usual") / "town")
    plain = measure_study(study)
    whole = Analysis(plain).with_hubs()
    by_bus = measure_study(study_with(tmp_path_factory.mktemp("buses") / "town", buses=True))
    return lambda key: whole if key in WHOLE else by_bus if key in BUSES else plain


@pytest.fixture(scope="module")
def minutes(usual) -> StudyResults:
    """Give the usual study's minutes alone."""
    return replace(usual(""), proposals={}, joint={}, left_out=())


@pytest.fixture(scope="module")
def said(usual) -> Callable[[str, Give], Telling]:
    """Give what is told of the usual study, each kind told once."""
    kept: dict[tuple[int, Give], Telling] = {}

    def told(key: str, give: Give) -> Telling:
        found = usual(key)
        return kept.setdefault((id(found), give), Telling(tell(found, give)))

    return told


@pytest.fixture(scope="module")
def beside(usual, tmp_path_factory) -> Callable[[str, str, Give], Telling]:
    """Give what is told of the study a case is held against, each made once."""
    kept: dict[str, Telling] = {}

    def told(key: str, where: str, give: Give) -> Telling:
        value = BESIDE[key]
        name = repr((where, value, give.__name__))
        if name not in kept:
            folder = tmp_path_factory.mktemp("beside") / "town"
            measured = usual(key) if key.startswith(WORDS) else None
            kept[name] = outcome(folder, where, value, give, key, measured)
        return kept[name]

    return told


def test_every_key_has_a_case():
    assert sorted(keys_of(StudyConfig)) == sorted(CASES)
    assert sorted(get_args(get_args(StudyConfig.model_fields["tables"].annotation)[0])) == sorted(
        TABLES
    )


#: Settings that no table is read by: they are read alone, and stand beside the usual tables.
APART = (
    "report.", "consultation.", "measures.", "weights.", "localities.", "hubs.", "study.title",
    "study.place", "study.language", "study.nation", "study.notes", "areas.unit", "areas.vintage",
    "services.*.title", "services.*.one", "services.*.pram", "services.*.noun",
    "services.*.age_band", "services.*.kind", "groups.*.label", "groups.*.points_to",
    "proposals.*.title", "proposals.*.close", "proposals.*.comment", "proposals.*.source",
    "proposals.*.saving", "proposals.*.status_words",
)  # fmt: skip
#: Settings that no measure reads: the usual study's results are told with the changed words.
WORDS = (
    "report.", "consultation.", "study.outline", "study.title", "study.place", "study.language",
    "study.as_of", "study.nation", "study.notes", "areas.unit", "areas.vintage", "areas.shapes",
    "services.*.title", "services.*.one", "services.*.pram", "services.*.age_band",
    "services.*.kind", "groups.*.label", "groups.*.points_to", "proposals.*.status_words",
)  # fmt: skip


#: Settings of what is asked of minutes that are there.
ASKED = (
    "study.name", "areas.parent", "areas.share", "areas.locality", "areas.from_parent",
    "services.*.demand", "services.*.noun", "proposals.*.service", "proposals.*.open",
    "proposals.*.close", "proposals.*.comment", "proposals.*.source", "proposals.*.title",
    "proposals.*.saving",
    "measures.", "weights.", "groups.", "localities.", "hubs.", "disclosure.",
    *(key for key, steps in CHANGES.items() if steps[1][0]["action"] != "open"),
)  # fmt: skip


def beside_tables(folder: Path, where: str | None, value: Any, usual: Study) -> Study:
    """Read the changed settings alone, and put them beside the usual study's tables."""
    config = read_config(written(folder, where, value) / "study.toml")
    told = _study_assumptions(config, usual.areas, usual.centres, usual.inputs)
    study = replace(usual, config=config, assumptions=told)
    _OPEN[study] = _open_counts(usual)  # the same tables, and nothing is said of them
    return study


def outcome(
    folder: Path, where: str, value: Any, give: Give, key: str = "",
    measured: StudyResults | None = None, times: StudyResults | None = None,
) -> Telling:  # fmt: skip
    there = measured or times
    try:
        if there is not None and key.startswith(APART):
            study = beside_tables(folder, where, value, there.study)
        else:
            study = study_with(folder, where, value, buses=key in BUSES)
    except AccessError as error:
        return Telling(iter([refusal(error)]))
    if measured is not None:
        return Telling(tell(replace(measured, study=with_policy(study)), give))
    return Telling(ask(study, give, key, times))


REFUSED = {"study.box": "inside the study's box"}


@pytest.mark.filterwarnings("ignore::access.scenario.sites.NothingChangesWarning")
@pytest.mark.parametrize("key", CASES)
def test_a_changed_setting_changes_an_output(key, usual, minutes, said, beside, tmp_path):
    where, value, give = CASES[key]
    measured = usual(key) if key.startswith(WORDS) else None
    times = minutes if key.startswith(ASKED) else None
    changed = outcome(tmp_path / "town", where, value, give, key, measured, times)
    found, before = first_apart(changed, said(key, give))
    if key in BESIDE:
        found, before = first_apart(changed, beside(key, where, give))
    for text, words in ((found, REFUSED), (before, NOT_WITHOUT)):
        if text.startswith(("StudyError", "NetworkError", "ParameterError", "ScenarioError")):
            assert key in words, text
            assert words[key] in text
        else:
            assert key not in words


@pytest.mark.parametrize(
    ("way", "apart"),
    [(WORDS, False), (WORDS, True), (ASKED, False), (ASKED, True), ((), False)],
    ids=["words", "words apart", "asked", "asked apart", "measured"],
)
def test_what_is_not_changed_changes_no_output(way, apart, usual, minutes, said, tmp_path):
    """Each way to tell of a case tells the usual study as it is told when it is measured whole."""
    study = study_with(tmp_path / "town")
    if apart:
        study = beside_tables(tmp_path / "apart", None, None, usual("").study)
    again = replace(usual(""), study=with_policy(study))
    times = minutes if way else None
    keys = [k for k in CASES if k not in WHOLE | BUSES and k.startswith(APART) == apart]
    ways = {key: next((w for w in (WORDS, ASKED) if key.startswith(w)), ()) for key in keys}
    for give in dict.fromkeys(CASES[key][2] for key in keys if ways[key] == way):
        told = tell(again, give) if way == WORDS else ask(study, give, "", times)
        assert Telling(told).all() == said("", give).all(), give.__name__


def test_a_case_differs_from_what_it_is_held_against_by_its_key_alone():
    for key, beside in BESIDE.items():
        given, last = CASES[key][1], key.rpartition(".")[2]
        one, other = (v[-1] if isinstance(v, list) else v for v in (given, beside))
        assert {k for k in one | other if one.get(k) != other.get(k)} == {last}


@pytest.mark.parametrize("kind", TABLES)
def test_another_table_changes_an_output(kind, said, tmp_path):
    give = TABLES[kind]
    changed = outcome(tmp_path / "town", f"tables/{kind}", f"{kind}2.csv", give)
    found, _ = first_apart(changed, said(kind, give))
    assert "Error" not in found[:20]


def test_the_least_number_open_holds_where_localities_are_named(tmp_path):
    """C3 alone is in the South: it may close only where the rule is for the North."""
    ways = {}
    for where in ([], ["North"], ["South"]):
        rules = {"minimum_open": 1, "names": where}
        study = study_with(tmp_path / ("all" if not where else where[0]), "localities", rules)
        table = measure_study(study).proposals["three_to_two"].rankings["walk"].table
        ways[tuple(where)] = sorted(ids[0] for ids in table["closed"])
    assert ways == {
        (): ["C1", "C2"], ("North",): ["C1", "C2", "C3"], ("South",): ["C1", "C2"],
    }  # fmt: skip


def test_a_site_that_never_closes_is_in_every_alternative(tmp_path):
    study = study_with(tmp_path / "town", "localities/never_close", ["C1", "Y1"])
    table = measure_study(study).proposals["three_to_two"].rankings["walk"].table
    assert sorted(table["closed"]) == [("C2",), ("C3",)]


def test_the_area_of_a_fetch_reaches_as_far_as_the_study_says(monkeypatch, tmp_path):
    study = study_with(tmp_path / "town", "travel/buffer_m", 1234.0)
    asked = {}

    def stop(lon, lat, *, buffer_m):
        asked["m"] = buffer_m
        raise KeyboardInterrupt

    monkeypatch.setattr(tiles, "area_around", stop)
    with pytest.raises(KeyboardInterrupt):
        fetch_command._streets(str(study.folder))
    assert asked == {"m": 1234.0}
    assert _read_manifest(study.folder, ["study.toml"])

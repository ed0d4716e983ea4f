"""What is asked of one place: isochrones, a path, the long table, and who lives near."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from access.analysis.analysis import Analysis
from access.analysis.job import travel_times
from access.analysis.places import BUFFER_M, _within_of
from access.disclosure import THRESHOLD, _intervals
from access.errors import ParameterError
from access.maps.planner_map import PlannerMap
from access.network import Status
from access.network.snapping import read_points, snap
from access.run.answer import IsochroneFiles, PathFiles
from access.study import load_study
from access.units import project, unproject
from tests.newport import make_newport
from tests.town import ISLAND, write_study, write_town


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A made-up town on mapped streets: a river, one-way streets, an island, a far moor."""
    folder = tmp_path_factory.mktemp("town")
    study = load_study(write_study(folder / "study"))
    return Analysis(travel_times(study, network=write_town(folder / "town.osm"), keep=False))


@pytest.fixture(scope="module")
def modelled():
    return Analysis(travel_times(load_study("rotherham")))


@pytest.fixture(scope="module")
def newport(tmp_path_factory, shared_data):
    study = load_study(make_newport(tmp_path_factory.mktemp("newport") / "study", shared_data))
    streets = shared_data("newport/newport-2023-06-13.osm.pbf")
    return Analysis(travel_times(study, network=streets, keep=False))


@pytest.fixture(params=["town", "modelled", pytest.param("newport", marks=pytest.mark.slow)])
def analysis(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def site(analysis):
    return str(analysis.results.sites["id"].iloc[0])


@pytest.mark.parametrize("mode", ["walk", "drive"])
@pytest.mark.parametrize("direction", ["to_site", "from_site"])
def test_who_the_matrix_puts_within_the_minutes_joins_a_street_within(
    analysis, site, mode, direction
):
    """Both ways round: no area's joint is in that the matrix puts beyond."""
    limit = 12.0
    found = analysis.isochrones(site, minutes=limit, mode=mode, direction=direction)
    results, network = analysis.results, analysis.results.networks[mode]
    matrix = results.matrices[mode]
    joints = snap(
        network, read_points(results.study.areas, "areas"),
        limit_m=results.study.config.travel.snap_limit_m, as_origin=direction == "to_site",
    )  # fmt: skip
    if direction == "from_site":
        from access.network import travel_matrix

        one = results.sites[results.sites["id"] == site]
        matrix = travel_matrix(network, results.study.areas, one, direction=direction)
    column = list(matrix.site_ids).index(site)
    spent = matrix.network_minutes[:, column] + matrix.exit_minutes[:, column]
    streets = shapely.transform(
        found.streets.geometry.iloc[0], lambda xy: project(xy[:, 0], xy[:, 1], network.crs)
    )
    away = shapely.distance(streets, shapely.points(np.nan_to_num(joints.xy)))
    measured = matrix.status[:, column] == Status.OK
    assert (away[measured & (spent <= limit - 1e-6)] < 1e-3).all()
    assert (measured & (spent <= limit)).any()
    beyond = measured & (spent > limit + 0.1)
    assert (away[beyond] > 0.5).mean() > 0.95  # a joint may lie by a street that is reached


def test_lesser_minutes_lie_within_more(analysis, site):
    found = analysis.isochrones(site, minutes=[30, 10, 20, 10], mode="walk")
    assert found.table["minutes"].tolist() == [10, 20, 30]
    for layer in (found.table, found.streets):
        shapes = layer.geometry.tolist()
        for small, large in pairwise(shapes):
            assert not small.is_empty
            if shapely.get_dimensions(small) == 2:
                assert shapely.difference(small, large).area < 1e-12
    assert found.table.geometry.is_valid.all()
    assert found.table["street_km"].is_monotonic_increasing
    assert found.table["area_km2"].is_monotonic_increasing


def test_the_streets_measure_what_a_search_of_its_own_measures(newport):
    """Every street cut by hand on the plain graph of nodes, for walking: no rules bind it."""
    site, limit = str(newport.results.sites["id"].iloc[0]), 15.0
    network = newport.results.networks["walk"]
    joint = snap(network, read_points(newport.results.sites.iloc[:1], "sites"), as_origin=True)
    edge, along = int(joint.edge[0]), float(joint.along[0])
    graph = nx.DiGraph()

    def arc(tail, head, weight):
        if np.isfinite(weight) and weight < graph.get_edge_data(tail, head, {}).get("w", np.inf):
            graph.add_edge(tail, head, w=weight)

    ends = list(zip(network.edge_from.tolist(), network.edge_to.tolist(), strict=True))
    ahead, back = network.edge_minutes_forward, network.edge_minutes_backward
    for k, (u, v) in enumerate(ends):
        arc(u, v, ahead[k])
        arc(v, u, back[k])
    arc("site", ends[edge][1], (1 - along) * ahead[edge])
    arc("site", ends[edge][0], along * back[edge])
    leg = float(joint.metres[0]) * 0.06 / network.profile.off_network_kmh
    best = nx.single_source_dijkstra_path_length(graph, "site", weight="w")
    total = 0.0
    for k, (u, v) in enumerate(ends):
        left = [max(limit - leg - best.get(node, np.inf), 0.0) for node in (u, v)]
        share = min(left[0] / ahead[k] + left[1] / back[k], 1.0) if ahead[k] > 0 else 0.0
        total += share * network.edge_metres[k]
    found = newport.isochrones(site, minutes=limit)
    assert found.table["street_km"].item() == pytest.approx(total / 1000, abs=0.002)
    assert found.table["street_km"].item() > 5


def test_a_polygon_is_what_lies_within_the_width_of_its_streets(town):
    found = town.isochrones("T1", minutes=5, buffer_m=30)
    crs = town.results.networks["walk"].crs
    polygon = found.table.to_crs(crs).geometry.item()
    streets = found.streets.to_crs(crs).geometry.item()
    assert polygon.area == pytest.approx(streets.buffer(30, quad_segs=4).area, rel=1e-6)
    assert found.buffer_m == 30 and "within 30 m" in found.assumptions[0]
    assert town.isochrones("T1").buffer_m == BUFFER_M


def test_the_site_s_own_way_to_its_street_is_counted(town):
    results = town.results
    sites = results.sites.copy()
    sites.loc[sites["id"] == "T2", "lat"] += 0.0001
    moved = Analysis(replace(results, sites=sites))
    near, far = (a.isochrones("T2", minutes=6).table.iloc[0] for a in (town, moved))
    assert far["leg_minutes"] != near["leg_minutes"]
    assert (far["street_km"] < near["street_km"]) == (far["leg_minutes"] > near["leg_minutes"])


@pytest.mark.parametrize(("north", "status"), [(0.003, "too_far_from_street"), (0.3, "unsnapped")])
def test_a_site_off_the_streets_has_an_empty_polygon_and_says_why(town, north, status):
    sites = town.results.sites.copy()
    top = town.results.networks["walk"].node_lonlat[:, 1].max()
    sites.loc[sites["id"] == "T2", "lat"] = top + north
    found = Analysis(replace(town.results, sites=sites)).isochrones(["T1", "T2"], minutes=[1, 2])
    assert found.table["status"].tolist() == ["reached", "reached", status, status]
    assert found.table.geometry.is_empty.tolist() == [False, False, True, True]
    assert found.table["street_km"].tolist()[2:] == [0, 0]
    assert "nothing is reached" in found.sentence() or "used up" in found.sentence()
    json.loads(IsochroneFiles(town.results, found).geojson())
    assert "<html" in PlannerMap.of_reach(town.results, found).page()


def test_one_way_streets_make_the_way_there_another(town):
    there, home = (
        town.isochrones("T4", minutes=1.2, mode="drive", direction=d).streets.geometry.item()
        for d in ("to_site", "from_site")
    )
    assert shapely.difference(there, home).length > 0 < shapely.difference(home, there).length


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"sites": "nowhere"}, r"sites: \['nowhere'\] are no sites"),
        ({"sites": []}, "sites=.*at least one"),
        ({"sites": 5}, "sites=5"),
        ({"minutes": 0}, "minutes=0.*above 0"),
        ({"minutes": []}, "minutes="),
        ({"minutes": [10, float("nan")]}, "minutes="),
        ({"minutes": "20"}, "minutes='20'"),
        ({"minutes": 1e6}, "minutes=.*at most 600"),
        ({"mode": "typical"}, "has no streets of its own"),
        ({"mode": "bus"}, "no mode 'bus'"),
        ({"direction": "both"}, "direction='both'"),
        ({"buffer_m": -1}, "buffer_m=-1"),
    ],
)
def test_a_wrong_isochrone_is_refused_by_name(town, asked, words):
    with pytest.raises(ParameterError, match=words):
        town.isochrones(**{"sites": "T1", **asked})


@pytest.mark.parametrize("mode", ["walk", "drive"])
def test_a_path_is_the_matrix_s_own(analysis, mode):
    results = analysis.results
    matrix, network = results.matrices[mode], results.networks[mode]
    rng = np.random.default_rng(7)
    for _ in range(12):
        i, j = int(rng.integers(matrix.shape[0])), int(rng.integers(matrix.shape[1]))
        way = analysis.path(matrix.area_ids[i], matrix.site_ids[j], mode=mode)
        assert way.minutes == matrix.total_minutes[i, j]
        assert way.metres == matrix.network_metres[i, j]
        assert way.status == Status(int(matrix.status[i, j])).name.lower()
        if not np.isfinite(way.minutes):
            assert way.line.is_empty and way.steps.empty
            continue
        assert way.steps["minutes"].sum() == pytest.approx(matrix.network_minutes[i, j], abs=1e-6)
        assert way.steps["metres"].sum() == pytest.approx(way.metres, abs=1e-3)
        if "modelled" not in network.source.name and way.metres > 0:
            length = way.frame.to_crs(network.crs).length.item()
            assert length == pytest.approx(way.metres, rel=0.003, abs=0.5)


def test_a_path_names_its_streets_and_ends_at_both_joints(town):
    way = town.path("W01", "Canolfan y Bont")
    assert way.site == "T1" and way.line.geom_type == "LineString"
    named = [s for s in way.steps["street"] if not s.startswith("(")]
    assert named and named[0] in way.sentence()
    network = town.results.networks["walk"]
    area = town.results.study.areas.iloc[[0]]
    joint = unproject(snap(network, read_points(area, "areas")).xy, network.crs)[0]
    assert way.line.coords[0] == pytest.approx(joint, abs=1e-9)


def test_where_there_is_no_way_the_path_says_so(town):
    found = town.minutes_table(mode="drive")
    lost = found[~np.isfinite(found["minutes"])].iloc[0]
    way = town.path(lost["area"], lost["site"], mode="drive")
    assert way.line.is_empty and way.status == lost["status"]
    assert way.sentence().startswith("There is no way")
    json.loads(PathFiles(way).geojson())
    with pytest.raises(ParameterError, match="unknown area id"):
        town.path("W99", "T1")
    with pytest.raises(ParameterError, match="site=5"):
        town.path("W01", 5)
    assert ISLAND in town.results.matrices["walk"].area_ids


def test_every_pair_stands_once_in_the_long_table(analysis):
    for mode, matrix in analysis.results.matrices.items():
        table = analysis.minutes_table(mode=mode)
        assert table.columns.tolist() == ["area", "site", "mode", "minutes", "metres", "status"]
        assert len(table) == matrix.status.size
        minutes = table.set_index(["area", "site"])["minutes"]
        for i, j in ((0, 0), (3, 1), (len(matrix.area_ids) - 1, len(matrix.site_ids) - 1)):
            own = minutes[matrix.area_ids[i], matrix.site_ids[j]]
            assert own == matrix.total_minutes[i, j]
        reached = table["status"].isin(["ok", "same_place"])
        assert np.array_equal(np.isfinite(table["minutes"]), reached)


def test_walking_more_slowly_reaches_less(town):
    fast, slow = (town.isochrones("T1", minutes=5, walk_km_h=v).table for v in (None, 2.4))
    assert slow["street_km"].item() < fast["street_km"].item()
    way = town.path("W01", "T1", walk_km_h=2.4)
    assert way.steps["minutes"].sum() == pytest.approx(way.network_minutes)


# ---- who lives near


def test_one_minute_is_no_minutes(analysis, site):
    assert analysis.within(site, minutes=1, mode="walk").sentence().startswith("Within 1 minute (")
    reached = analysis.isochrones(site, minutes=[1, 2], mode="walk").sentence()
    assert " within 1 minute " in reached and " and 2 minutes " in reached


def test_who_lives_within_is_counted_by_the_matrix(analysis, site):
    found = analysis.within(site, minutes=20, mode="walk")
    matrix, study = analysis.results.matrices["walk"], analysis.study
    near = matrix.total_minutes[:, list(matrix.site_ids).index(site)] <= 20
    table = found.to_frame(internal=True)
    for key, service in study.config.services.items():
        own = table[(table["who"] == service.noun)]
        count = study.demand(key)["count"].to_numpy(float)
        everyone = own[own["grouping"] == "everyone"].iloc[0]
        assert everyone[["within", "beyond", "all"]].tolist() == [
            count[near].sum(), count[~near].sum(), count.sum()
        ]  # fmt: skip
        for _, rows in own.groupby("grouping"):
            assert rows["within"].sum() == pytest.approx(count[near].sum())
            assert rows["all"].sum() == pytest.approx(count.sum())
    assert len(found.areas) == near.sum()


def small_town(town, seed: int):
    """The same town with few children, wards and a group, so that much is small."""
    rng = np.random.default_rng(seed)
    study = town.study
    areas = study.areas.assign(
        children_0_4=rng.integers(0, 9, len(study.areas)),
        ward=rng.choice(["North", "South", "East"], len(study.areas)),
    )
    return replace(town.results, study=replace(study, areas=areas))


@pytest.mark.parametrize("seed", range(12))
def test_small_counts_are_hidden_and_cannot_be_worked_out(town, seed):
    found = _within_of(small_town(town, seed), "T1", minutes=4 + seed, mode="walk")
    table, shown = found.counts, found.to_frame()
    counts = table[["within", "beyond", "all"]].to_numpy(float)
    small = (counts > 0) & (counts < THRESHOLD)
    assert (found.hidden | ~small).all()
    assert shown[["within", "beyond", "all"]].isna().to_numpy()[found.hidden].all()
    covered = found.hidden[:, 0] | found.hidden[:, 2]
    assert shown["share_within"].isna()[covered].all()
    # what a reader makes of rows that add up and columns that add up
    flat, sums = counts.ravel(), []
    from access.disclosure import Sum

    for r in range(len(table)):
        sums.append(Sum(3 * r + 2, (3 * r, 3 * r + 1)))
    for _, rows in table.groupby("grouping"):
        where = rows.index.tolist()
        if where != [0]:
            sums += [Sum(k, tuple(3 * r + k for r in where)) for k in range(3)]
    low, high = _intervals(flat, found.hidden.ravel(), sums)
    room = (high - low)[found.hidden.ravel()]
    assert (room >= THRESHOLD - 2 - 1e-6).all()


def test_the_rest_of_a_group_is_not_told_by_subtraction(modelled):
    study = modelled.study
    column = next(g.columns for g in study.groups if g.columns)
    near = modelled.within("CC04", minutes=5, mode="walk")
    ids = list(near.areas)
    areas = study.areas.copy()
    inside = areas["id"].isin(ids)
    areas.loc[inside, column[0]] = areas.loc[inside, column[1]]  # all but two are of the group
    first = areas.index[inside & (areas[column[1]] > 2)][0]
    areas.loc[first, column[0]] -= 2
    results = replace(modelled.results, study=replace(study, areas=areas))
    found = _within_of(results, "CC04", minutes=5, mode="walk")
    label = next(g.label for g in study.groups if g.columns)
    row = found.to_frame().set_index("group").loc[label]
    assert pd.isna(row["within"]) and "within" in row["hidden"]


def test_a_site_that_joins_no_street_has_nobody_within(town):
    matrix = town.results.matrices["walk"]
    status = matrix.status.copy()
    minutes = [getattr(matrix, n).copy() for n in ("total_minutes", "network_metres")]
    column = list(matrix.site_ids).index("T2")
    status[:, column] = Status.UNSNAPPED
    for values in minutes:
        values[:, column] = np.inf
    lost = replace(matrix, status=status, total_minutes=minutes[0], network_metres=minutes[1])
    results = replace(town.results, matrices={**town.results.matrices, "walk": lost})
    found = Analysis(results).within("T2", mode="walk")
    assert found.status == "unsnapped" and found.areas == ()
    assert (found.counts["within"] == 0).all()
    assert "too far from any street" in found.sentence()


def test_a_nasty_name_is_a_name_on_the_map(town):
    nasty = "<script>alert('x')</script>{{ 1 }}"
    sites = town.results.sites.assign(name=nasty)
    results = replace(town.results, sites=sites)
    page = PlannerMap.of_reach(results, Analysis(results).isochrones("T1", minutes=5)).page()
    assert nasty not in page and "<script>alert" not in page


def test_writing_geojson_leaves_the_shapes_of_the_answer_as_they_are(town):
    found = town.isochrones("T1", minutes=[3, 6])
    before = found.table.geometry.to_wkb().tolist()
    written = gpd.GeoDataFrame.from_features(
        json.loads(IsochroneFiles(town.results, found).geojson())
    )
    assert found.table.geometry.to_wkb().tolist() == before
    assert written.geometry.to_wkb().tolist() != before  # to a centimetre


def test_the_same_question_has_the_same_bytes(town):
    one, two = (town.isochrones(["T1", "T3"], minutes=[3, 6]) for _ in range(2))
    files = [IsochroneFiles(town.results, found) for found in (one, two)]
    assert files[0].geojson() == files[1].geojson()
    assert files[0].summary() == files[1].summary()
    pages = [PlannerMap.of_reach(town.results, found).page() for found in (one, two)]
    assert pages[0] == pages[1]
    shapes = gpd.GeoDataFrame.from_features(json.loads(files[0].geojson()))
    assert isinstance(shapes, pd.DataFrame)

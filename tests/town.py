"""Trefelin, a made-up town in Wales in OSM form: for whom the real street files are not at hand.

Streets on squared paper, 12 by 12 crossings; a river between the eighth row and the ninth with one
bridge for all (the sixth column) and one for walkers (the third); an island in the east with a
ferry; a bollard; one-way streets; steps and paths; private drives; a motorway without a junction.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.streets import write_osm

LON, LAT = -3.60, 52.20
SIDE = 12
RIVER = 7  # the links from this row to the next are water
BRIDGE, FOOTBRIDGE = 5, 2  # columns
ONE_WAY_ROW = 3  # eastwards
BOLLARD = (4, 1.5)
LINKS_M = 100.0  # about: what one link measures
_BLOCKS = ((0, 2), (2, 4), (4, 6), (6, 8), (8, 10), (10, 11))
_KINDS = ("Stryd", "Heol", "Ffordd", "Lôn", "Rhodfa", "Clos", "Maes", "Rhiw")
_NAMES = ("Fawr", "y Bont", "yr Orsaf", "Tŷ Gwyn", "Llŷn", "y Felin", "Ŵyn", "Glan-yr-afon",
          "Tre'r Ddôl", "y Dderwen", "Môr & Mynydd", "Sant Ffraid")  # fmt: skip
_CLASSES = ("tertiary", "residential", "unclassified", "living_street", "residential", "service")

SETTINGS = """
[study]
name = "trefelin"
title = "Canolfannau Plant Trefelin (a made-up town)"
place = "Trefelin"
as_of = "2024-02-29"
box = [-3.70, 52.10, -3.50, 52.30]
notes = ["The town, its streets and its people are made up."]

[areas]
unit = "made-up area"
vintage = "made up"

[services.childrens_centre]
title = "Children's Centres"
one = "Children's Centre"
demand = "children_0_4"
noun = "children under five"

[proposals.four_to_three]
title = "Children's Centres from 4 to 3"
service = "childrens_centre"
close = ["T3"]

[disclosure.public_estimates]
children_0_4 = "made up: nobody is counted"
residents = "made up: nobody is counted"
"""
#: id, name, column, row
CENTRES = (
    ("T1", "Canolfan y Bont", 5.4, 6),
    ("T2", "Canolfan Tŷ Gwyn", 1.5, 1),
    ("T3", "Canolfan Llŷn (north of the river)", 2.5, 10),
    ("T4", "Canolfan yr Orsaf", 10.5, 2),
)
CANDIDATES = (("L1", "Llyfrgell Trefelin", 6.5, 5), ("L2", "Ysgol Glan-yr-afon", 3.5, 9),
              ("L3", "Neuadd y Dref", 9.5, 6))  # fmt: skip
ISLAND, DRIVE, MOOR = "W24", "W25", "W26"


def at(column: float, row: float) -> tuple[float, float]:
    """Give longitude and latitude of a spot of the squared paper: a link is about 100 m."""
    return round(LON + 0.00146 * column, 7), round(LAT + 0.0009 * row, 7)


class _Paper:
    """Nodes and ways as they are drawn."""

    def __init__(self) -> None:
        self.nodes: dict[int, tuple] = {}
        self.spots: dict[tuple[float, float], int] = {}
        self.ways: list[tuple[int, list[int], dict[str, str]]] = []

    def node(self, column: float, row: float, **tags: str) -> int:
        key = self.spots.setdefault((column, row), len(self.spots) + 1)
        if tags or key not in self.nodes:
            self.nodes[key] = (*at(column, row), tags) if tags else at(column, row)
        return key

    def way(self, spots: list[tuple[float, float]], highway: str = "", **tags: str) -> None:
        number = len(self.ways)
        said = {"highway": highway} if highway else {}
        name = f"{_KINDS[number % len(_KINDS)]} {_NAMES[number % len(_NAMES)]}"
        refs = [self.node(*spot) for spot in spots]
        self.ways.append((1000 + number, refs, {**said, "name": name, **tags}))


def town() -> tuple[dict[int, tuple], list[tuple[int, list[int], dict[str, str]]]]:
    """Draw the nodes and ways."""
    paper = _Paper()
    _squares(paper)
    for k in range(8):  # steps and paths across blocks, and drives into them
        paper.way([(k, k % 7), (k + 1, k % 7 + 1)], "steps")
        kind = ("footway", "path", "bridleway", "cycleway")[k % 4]
        paper.way([(k + 2, (3 * k) % 7 + 1), (k + 3, (3 * k) % 7)], kind)
        paper.way([(k + 1, 9), (k + 1.5, 9.5)], "service", access="private")
        paper.way([(k + 2, 10), (k + 2.5, 10.4)], "residential", noexit="yes")
    paper.way([(6, RIVER), (6, RIVER + 1)], "construction", construction="residential")
    paper.way([(-1, 12.5), (12, 12.5)], "motorway", ref="M999", oneway="yes")
    for k in (16, 17, 18):  # the island
        paper.way([(k, 3), (k, 4), (k, 5)], "residential")
        paper.way([(16, k - 13), (17, k - 13), (18, k - 13)], "unclassified")
    paper.way([(11, 4), (16, 4)], route="ferry", foot="yes", motor_vehicle="yes")
    paper.node(6, 5, highway="traffic_signals")
    return paper.nodes, paper.ways


def _squares(paper: _Paper) -> None:
    for row in range(SIDE):
        for low, high in _BLOCKS:
            kind = "primary" if row == 6 else _CLASSES[row % len(_CLASSES)]
            tags = {"oneway": "yes"} if row == ONE_WAY_ROW else {}
            limit = {"maxspeed": "20 mph" if kind == "residential" else "30 mph"}
            paper.way([(c, row) for c in range(low, high + 1)], kind, **tags, **limit)
    paper.node(*BOLLARD, barrier="bollard")
    for column in range(SIDE):
        kind = "secondary" if column == BRIDGE else _CLASSES[column % len(_CLASSES)]
        for low, high in ((0, 3), (3, RIVER), (RIVER + 1, SIDE - 1)):
            rows = [float(r) for r in range(low, high + 1)]
            if column == BOLLARD[0] and low == 0:
                rows.insert(2, BOLLARD[1])
            paper.way([(column, r) for r in rows], kind)
        if column in (BRIDGE, FOOTBRIDGE):
            over = "footway" if column == FOOTBRIDGE else kind
            paper.way([(column, RIVER), (column, RIVER + 1)], over, bridge="yes")


def write_town(path: Path) -> Path:
    """Write the streets; the ending says whether they are packed."""
    return write_osm(path, *town())


def areas() -> pd.DataFrame:
    """Twenty-six areas: 23 in town, one on the island, one on a private drive, one on the moor."""
    spots = [(1.5 + 2 * (k % 5), [0, 2, 4, 6, 9][k // 5] + 0.1) for k in range(23)]
    spots += [(17.5, 4), (4.4, 9.4), (5, 40)]
    n = range(len(spots))
    lon, lat = zip(*(at(*spot) for spot in spots), strict=True)
    return pd.DataFrame(
        {
            "id": [f"W{k + 1:02d}" for k in n],
            "lon": lon,
            "lat": lat,
            "residents": [300 - 5 * k for k in n],
            "children_0_4": [8 + (7 * k) % 20 if k < 23 else 2 for k in n],
            "imd_rank": [60 + 70 * k for k in n],
            "imd_decile": [min(10, 1 + k * 10 // len(spots)) for k in n],
            "p_no_car": [round(0.45 - 0.01 * k, 2) for k in n],
        }
    )


def write_study(folder: Path) -> Path:
    """Write the study of the town."""
    folder.mkdir(parents=True, exist_ok=True)
    areas().to_csv(folder / "areas.csv", index=False)
    rows = [(i, name, "childrens_centre", *at(x, y + 0.1)) for i, name, x, y in CENTRES]
    columns = ["id", "name", "service", "lon", "lat"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "centres.csv", index=False)
    rows = [(i, name, "library", *at(x, y + 0.1)) for i, name, x, y in CANDIDATES]
    columns[2] = "kind"
    pd.DataFrame(rows, columns=columns).to_csv(folder / "candidates.csv", index=False)
    (folder / "study.toml").write_text(SETTINGS, encoding="utf-8")
    return folder

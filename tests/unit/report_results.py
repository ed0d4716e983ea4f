"""Results small enough to work by hand: five centres, three kept, twelve areas on a line.

No street model stands behind them: minutes are distances along the line, so that the report's
words do not change when the model does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from access import TravelMatrix, compare, rank_closures
from access.analysis.results import ProposalResult, StudyResults
from access.files import RunLedger
from access.scenario import typical_matrix
from access.scenario.scenario import Money
from access.study import Study, load_study

TOML = """
[study]
name = "line"
title = "Children's Centres on a line"
place = "Linetown"
as_of = "2018-03-12"
box = [-1.50, 53.35, -1.20, 53.50]
notes = ["Everything here is made up."]

[areas]
unit = "made-up area"
vintage = "made up"

[services.childrens_centre]
title = "Children's Centres"
one = "Children's Centre"
demand = "children_0_4"
noun = "children under five"

[proposals.five_to_three]
title = "Children's Centres from 5 to 3"
service = "childrens_centre"
close = ["C2", "C5"]
comment = "Made up."
source = "Nowhere."

[weights]
scheme = "linear"

[measures]
headline = "walk"
"""
GROUPS = """
[[groups]]
label = "disabled people"
column = "disabled"
denominator = "people"
characteristic = "disability"

[[groups]]
label = "children under 5"
column = "children_0_4"
denominator = "people"
characteristic = "age"
other_date = true
"""
#: id, name, place along the line in minutes' walk, assumed
CENTRES = (
    ("C1", "West Children's Centre", 0.0, "no"),
    ("C2", "Mill & <b>Lane</b> Children's Centre", 20.0, "no"),
    ("C3", "Cross Children's Centre", 45.0, "no"),
    ("C4", "Bridge Children's Centre (assumed stand-in)", 70.0, "yes"),
    ("C5", "=East Children's Centre", 95.0, "no"),
)
CANDIDATES = (("L1", "Mill Library", 24.0, "library"), ("L2", "East School", 90.0, "school"))
#: place along the line, children, ward, deprivation tenth, share without a car
AREAS = (
    (2, 40, "Westward", 1, 0.4),
    (8, 3, "Westward", 1, 0.4),
    (15, 35, "Millward", 2, 0.35),
    (22, 30, "Millward", 2, 0.3),
    (30, 2, "Millward", 3, 0.3),
    (40, 25, "Crossward", 4, 0.2),
    (50, 25, "Crossward", 5, 0.2),
    (60, 22, "Crossward", 6, 0.2),
    (75, 20, "Eastward", 8, 0.1),
    (85, 20, "Eastward", 9, 0.1),
    (93, 18, "Eastward", 10, 0.05),
    (99, 0, "Eastward", 10, 0.05),
)


def line_study(folder: Path, groups: str = GROUPS) -> Study:
    """Write the study's folder, and load it."""
    folder.mkdir(parents=True, exist_ok=True)

    def lon(minutes: float) -> float:
        return -1.45 + 0.002 * minutes

    people = [(100 * n + 100) // 10 for _, n, *_ in AREAS]
    areas = pd.DataFrame(
        {
            "id": [f"A{k:02d}" for k in range(1, len(AREAS) + 1)],
            "lon": [lon(at) for at, *_ in AREAS],
            "lat": 53.42,
            "residents": people,
            "children_0_4": [n for _, n, *_ in AREAS],
            "ward": [ward for _, _, ward, *_ in AREAS],
            "imd_rank": [tenth * 3000 - 1500 for *_, tenth, _ in AREAS],
            "imd_decile": [tenth for *_, tenth, _ in AREAS],
            "p_no_car": [share for *_, share in AREAS],
            "people": people,
            "disabled": [n // 5 for n in people],
        }
    )
    centres = pd.DataFrame(
        [(i, name, "childrens_centre", lon(at), 53.421, said) for i, name, at, said in CENTRES],
        columns=["id", "name", "service", "lon", "lat", "assumed"],
    )
    candidates = pd.DataFrame(
        [(i, name, kind, lon(at), 53.422) for i, name, at, kind in CANDIDATES],
        columns=["id", "name", "kind", "lon", "lat"],
    )
    (folder / "study.toml").write_text(TOML + groups, encoding="utf-8")
    for name, table in (("areas", areas), ("centres", centres), ("candidates", candidates)):
        table.to_csv(folder / f"{name}.csv", index=False)
    return load_study(folder)


def line_results(folder: Path, groups: str = GROUPS) -> StudyResults:
    """Measure the made-up proposal, by hand as it were."""
    study = line_study(folder, groups)
    at = np.array([place for place, *_ in AREAS], float)
    there = np.array([c[2] for c in (*CENTRES, *CANDIDATES)], float)
    ids = [c[0] for c in (*CENTRES, *CANDIDATES)]
    names = [c[1] for c in (*CENTRES, *CANDIDATES)]
    walk = TravelMatrix.from_minutes(
        np.abs(at[:, None] - there) + 1, area_ids=study.areas["id"].tolist(), site_ids=ids
    )
    drive = TravelMatrix.from_minutes(
        np.abs(at[:, None] - there) / 6 + 1,
        area_ids=study.areas["id"].tolist(),
        site_ids=ids,
        mode="drive",
    )
    shares = study.areas.set_index("id")["p_no_car"].astype(float)
    matrices = {"walk": walk, "drive": drive, "typical": typical_matrix(walk, drive, shares, 3.0)}
    sites = pd.DataFrame(
        {
            "id": ids,
            "name": names,
            "kind": ["centre"] * len(CENTRES) + ["candidate"] * len(CANDIDATES),
            "service": ["childrens_centre"] * len(CENTRES) + [""] * len(CANDIDATES),
            "assumed": [c[3] == "yes" for c in CENTRES] + [False] * len(CANDIDATES),
            "proxy": False,
            "position_error_m": np.nan,
            "locality": "",
            "lon": -1.45 + 0.002 * there,
            "lat": 53.421,
        }
    )
    before, after = ["C1", "C2", "C3", "C4", "C5"], ["C1", "C3", "C4"]
    demand = study.demand("childrens_centre")
    common = {"demand": demand, "weights": "linear", "names": dict(zip(ids, names, strict=True))}
    proposal = ProposalResult(
        key="five_to_three",
        title="Children's Centres from 5 to 3",
        service="childrens_centre",
        before=tuple(before),
        after=tuple(after),
        impacts={
            mode: compare(m, before=before, after=after, who="children under five", **common)
            for mode, m in matrices.items()
        },
        rankings={
            mode: rank_closures(m, keep=3, proposal=after, sites=before, **common)
            for mode, m in matrices.items()
        },
        money=Money(saved_gbp=None, saved_unknown=("C2", "C5")),
    )
    return StudyResults(
        study=study,
        networks={},
        matrices=matrices,
        sites=sites,
        proposals={proposal.key: proposal},
        streets="Streets: none. Minutes are distances along a line.",
        speeds="Walking at 4.8 km/h.",
        modelled=True,
        ledger=RunLedger(command={"command": "run", "study": "line", "network": None},
                         inputs=tuple(dict(i) for i in study.inputs)),
    )  # fmt: skip

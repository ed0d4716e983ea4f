"""Random studies of any service and any nation, as folders: what a user may bring."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.small import spot

#: Key, title, one, noun: words of which none is another study's.
SERVICES = (
    ("library", "Libraries", "library", "residents"),
    ("gp", "GP surgeries", "GP surgery", "patients"),
    ("warm_hub", "Warm hubs", "warm hub", "older people"),
    ("gym", "Leisure centres", "leisure centre", "swimmers"),
    ("tip", "Tips", "tip", "households with waste"),
)
#: Letter of the areas' codes, and areas that the nation's index ranks.
NATIONS = {"England": ("E", 32844), "Wales": ("W", 1909), "Scotland": ("S", 6976), "": ("", 500)}


@dataclass
class AnyStudy:
    """What was written: the folder, and what may be said of it."""

    folder: Path
    nation: str
    services: list[str]
    proposals: list[str]
    deprived: bool
    cars: bool
    wards: bool
    nouns: set[str] = field(default_factory=set)


def any_study(folder: Path, seed: int) -> AnyStudy:
    """Write the study of a seed: 1-5 services, 0-6 options of each, whatever columns there are."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    picked = [SERVICES[k] for k in rng.permutation(len(SERVICES))[: rng.integers(1, 6)]]
    nation = list(NATIONS)[seed % len(NATIONS)]
    made = AnyStudy(
        folder, nation, [s[0] for s in picked], [],
        deprived=bool(rng.random() < 0.6), cars=bool(rng.random() < 0.6),
        wards=bool(rng.random() < 0.5), nouns={s[3] for s in picked},
    )  # fmt: skip
    side = int(rng.integers(3, 6))
    areas(rng, made, side).to_csv(folder / "areas.csv", index=False)
    centres = sites(rng, made, side)
    centres.to_csv(folder / "centres.csv", index=False)
    others = 0 if rng.random() < 0.3 else int(rng.integers(1, 4))
    if others:
        points(rng, "K", others, side, kind="hall").to_csv(folder / "candidates.csv", index=False)
    if rng.random() < 0.5:
        near = points(rng, "N", 2, side, kind="other")
        if rng.random() < 0.5:
            near["service"] = [picked[0][0], ""]
        near.to_csv(folder / "neighbours.csv", index=False)
    west, south = spot(-3, -3)
    east, north = spot(side + 3, side + 3)
    text = ['[study]', 'name = "any"', 'title = "Any study"', 'place = "Anytown"',
            'as_of = "2024-02-29"', f"box = [{west}, {south}, {east}, {north}]"]  # fmt: skip
    for key, title, one, noun in picked:
        text += [f"[services.{key}]", f'title = "{title}"', f'one = "{one}"',
                 f'demand = "people_{key}"', f'noun = "{noun}"']  # fmt: skip
        text += options(rng, made, key, centres, others, side)
    if made.deprived and rng.random() < 0.7:
        text += ["[weights]", f"national_areas = {NATIONS[nation][1]}"]
    (folder / "study.toml").write_text("\n".join(text) + "\n", encoding="utf-8")
    return made


def areas(rng: np.random.Generator, made: AnyStudy, side: int) -> pd.DataFrame:
    n = side * side
    letter, ranked = NATIONS[made.nation]
    spots = np.array([spot(k % side, k // side) for k in range(n)])
    ids = [f"{letter}{1_000_000 + k:08d}" if letter else f"A{k}" for k in range(n)]
    table = pd.DataFrame({"id": ids, "lon": spots[:, 0], "lat": spots[:, 1]})
    for key in made.services:
        table[f"people_{key}"] = rng.choice([0, 1, 3, 6, 20, 300], size=n)
        if not table[f"people_{key}"].any():
            table.loc[0, f"people_{key}"] = 7
    if made.deprived:
        ranks = rng.integers(1, ranked + 1, n)
        table["imd_decile"] = np.minimum(10, (ranks - 1) * 10 // ranked + 1)
        if rng.random() < 0.7 and made.nation in ("England", ""):
            table["imd_rank"] = np.minimum(ranks, 500)
    if made.cars:
        table["p_no_car"] = rng.uniform(0, 1, n).round(2)
    if made.wards:
        table["ward"] = rng.choice(["North", "South"], n)
    return table


def points(
    rng: np.random.Generator, letter: str, many: int, side: int, **more: Any
) -> pd.DataFrame:
    at = [spot(*rng.uniform(0, side - 1, 2)) for _ in range(many)]
    return pd.DataFrame(
        {
            "id": [f"{letter}{k + 1}" for k in range(many)],
            "name": [f"{letter} place {k + 1}" for k in range(many)],
            "lon": [x for x, _ in at],
            "lat": [y for _, y in at],
            **more,
        }
    )


def sites(rng: np.random.Generator, made: AnyStudy, side: int) -> pd.DataFrame:
    parts = [
        points(rng, f"{key[0].upper()}{key[1]}", int(rng.integers(1, 6)), side, service=key)
        for key in made.services
    ]
    table = pd.concat(parts, ignore_index=True)
    if rng.random() < 0.4:
        table["building"] = rng.choice(["", "B1", "B2"], len(table))
    if rng.random() < 0.4:
        table["annual_cost_gbp"] = rng.choice([np.nan, 1000.0, 2500.0], len(table))
    if rng.random() < 0.3:
        table["days"] = rng.choice([np.nan, 1.0, 3.0], len(table))
        table["status"] = np.where(table["days"].isna(), "full", "part_time")
    return table


def options(
    rng: np.random.Generator, made: AnyStudy, key: str, centres: pd.DataFrame, others: int,
    side: int,
) -> list[str]:  # fmt: skip
    """Write 0 to 6 options of one service: they close, open, move, go part-time, deregister."""
    own = centres.loc[centres["service"] == key, "id"].tolist()
    text: list[str] = []
    for k in range(int(rng.choice([0, 1, 1, 2, 3, 6]))):
        many = int(rng.integers(0, len(own)))
        closed = sorted(rng.choice(own, many, replace=False).tolist())
        left = [i for i in own if i not in closed]
        opened = ["K1"] if others and rng.random() < 0.3 else []
        steps = []
        kind = rng.integers(0, 5)
        if kind == 0:
            steps = [{"action": "status", "site": left[0], "status": "part_time", "days": 2}]
        elif kind == 1 and len(left) > 1:
            steps = [{"action": "status", "site": left[0], "status": "deregistered"}]
        elif kind == 2:
            x, y = spot(*rng.uniform(0, side - 1, 2))
            steps = [{"action": "open", "site": f"NEW{key[0]}{k}", "name": "A van", "lon": x,
                      "lat": y, "status": "outreach", "days": 1}]  # fmt: skip
        elif kind == 3 and others > 1 and len(left) > 1:
            steps = [{"action": "move", "site": left[0], "to": "K2"}]
        if not (closed or opened or steps):
            continue
        name = f"{key}_{k}"
        made.proposals.append(name)
        text += [f"[proposals.{name}]", f'title = "Plan {key} {k}"', f'service = "{key}"',
                 f"close = {json.dumps(closed)}", f"open = {json.dumps(opened)}"]  # fmt: skip
        for step in steps:
            text += [f"[[proposals.{name}.change]]",
                     *(f"{a} = {json.dumps(b)}" for a, b in step.items())]  # fmt: skip
    return text

"""Made-up studies of any size: a town with more people and sites towards its middle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

_SETTINGS = """
[study]
name = "{name}"
title = "Libraries of a made-up town"
place = "Newtown"
as_of = "2025-01-01"
box = [-1.80, 53.20, -1.00, 53.70]
notes = ["Everything in this study is made up."]

[areas]
unit = "made-up area"
vintage = "made up"

[services.library]
title = "Libraries"
one = "library"
demand = "residents"
noun = "residents"
{rule}
[measures]
thresholds_minutes = [10, 15, 20, 30]
threshold_minutes = 20
"""
_PROPOSAL = """
[proposals.close_{count}_{k}]
title = "Libraries from {sites} to {kept}"
service = "library"
close = {close}
"""


def write_study(
    folder: Path,
    *,
    areas: int = 40,
    sites: int = 12,
    close: int = 4,
    options: int = 1,
    seed: int = 7,
    never_close: int = 0,
    costs: bool = False,
) -> Path:
    """Write a study folder of so many areas, sites, and proposals that close so many of them."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    spots = _town(areas, rng)
    ranks = rng.permutation(32844)[:areas] + 1
    pd.DataFrame(
        {
            "id": [f"A{k:04d}" for k in range(areas)],
            "lon": spots[:, 0],
            "lat": spots[:, 1],
            "residents": rng.integers(300, 2500, areas),
            "imd_rank": ranks,
            "imd_decile": np.minimum(10, ranks * 10 // 32844 + 1),
            "p_no_car": rng.uniform(0.05, 0.5, areas).round(2),
        }
    ).to_csv(folder / "areas.csv", index=False)
    spots = _town(sites, rng)
    ids = [f"L{k:02d}" for k in range(sites)]
    table = pd.DataFrame(
        {
            "id": ids,
            "name": [f"Library {k}" for k in range(sites)],
            "service": "library",
            "lon": spots[:, 0],
            "lat": spots[:, 1],
            "address": "",
            "postcode": "",
        }
    )
    if costs:
        table["annual_cost_gbp"] = rng.integers(20, 200, sites) * 1000
    table.to_csv(folder / "centres.csv", index=False)
    kept = sorted(ids)[:never_close]
    rule = f"never_close = {kept}\n" if never_close else ""
    text = _SETTINGS.format(name=folder.name, rule=rule)
    free = [i for i in ids if i not in kept]
    for k in range(options):
        chosen = sorted(rng.choice(free, close, replace=False).tolist())
        text += _PROPOSAL.format(count=close, k=k, sites=sites, kept=sites - close, close=chosen)
    (folder / "study.toml").write_text(text.replace("'", '"'), encoding="utf-8")
    return folder


def _town(count: int, rng: np.random.Generator) -> np.ndarray:
    """Give longitudes and latitudes: thick in the middle, thin at the edge."""
    far = 0.07 * np.sqrt(rng.exponential(0.4, count)).clip(0, 1.6)
    turn = rng.uniform(0, 2 * np.pi, count)
    spots = np.column_stack([-1.4 + 1.6 * far * np.cos(turn), 53.45 + far * np.sin(turn)])
    return spots.round(5)

"""Studies made up on squared paper: as many areas, centres and services as a test asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from access.study import Study, load_study

WEST, SOUTH = -1.40, 53.40
STEP_LON, STEP_LAT = 0.006, 0.0036  # about 400 m


def spot(column: float, row: float) -> tuple[float, float]:
    """Give longitude and latitude of a spot of the squared paper."""
    return round(WEST + STEP_LON * column, 6), round(SOUTH + STEP_LAT * row, 6)


def _areas(side: int, services: Sequence[str]) -> pd.DataFrame:
    rows = []
    for k in range(side * side):
        column, row = k % side, k // side
        lon, lat = spot(column, row)
        counts = {f"people_{s}": 5 + (7 * k + 3 * n) % 23 for n, s in enumerate(services)}
        rows.append({"id": f"A{k:04d}", "lon": lon, "lat": lat, **counts})
    return pd.DataFrame(rows)


def write_study(
    folder: Path,
    *,
    services: Mapping[str, int],
    proposals: str = "",
    side: int = 8,
    candidates: int = 3,
    costs: bool = True,
    more: Sequence[Mapping[str, Any]] = (),
    one: Mapping[str, str] | None = None,
) -> Path:
    """Write a study: services by key with their number of centres, and proposals as TOML."""
    folder.mkdir(parents=True, exist_ok=True)
    _areas(side, list(services)).to_csv(folder / "areas.csv", index=False)
    centres = []
    for n, (key, many) in enumerate(services.items()):
        for k in range(many):
            place = (k * (side * side - 1)) // max(many - 1, 1)
            lon, lat = spot(place % side + 0.1 * (n + 1), place // side + 0.2)
            name = f"{key.title()} house {k + 1}"
            centres.append({"id": f"{key[0].upper()}{k + 1}", "name": name, "service": key,
                            "lon": lon, "lat": lat, "annual_cost_gbp": 1000 * (k + 1)})  # fmt: skip
    centres = [{**row, **next((m for m in more if m["id"] == row["id"]), {})} for row in centres]
    centres += [dict(m) for m in more if "lon" in m]
    table = pd.DataFrame(centres)
    (table if costs else table.drop(columns="annual_cost_gbp")).to_csv(
        folder / "centres.csv", index=False
    )
    others = []
    for k in range(candidates):
        lon, lat = spot(side / 2 + 0.5 - k, side / 2 - 0.5 + k)
        others.append({"id": f"K{k + 1}", "name": f"Town library {k + 1}", "lon": lon, "lat": lat,
                       "kind": "library", "annual_cost_gbp": 700})  # fmt: skip
    if others:
        pd.DataFrame(others).to_csv(folder / "candidates.csv", index=False)
    west, south = spot(-3, -3)
    east, north = spot(side + 3, side + 3)
    lines = [
        "[study]", 'name = "small"', 'title = "A made-up study"', 'place = "Smalltown"',
        'as_of = "2024-02-29"', f"box = [{west}, {south}, {east}, {north}]",
    ]  # fmt: skip
    for key in services:
        word = (one or {}).get(key, f"{key} house")
        lines += [f"[services.{key}]", f'title = "{word.capitalize()}s"', f'one = "{word}"',
                  f'demand = "people_{key}"', f'noun = "{key} people"']  # fmt: skip
    (folder / "study.toml").write_text("\n".join(lines) + "\n" + proposals, encoding="utf-8")
    return folder


def small_study(folder: Path, **given: Any) -> Study:
    """Write a study and load it."""
    return load_study(write_study(folder, **given))

"""An audit in words that a planner reads before using the numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.network.graph import Network
from access.units import project

#: Share of a drive network's kilometres that should carry a speed limit.
_FEW_LIMITS = 0.5
_MUCH_CUT_OFF = 0.05
_LONG_LEG_M = 200.0


def network_warnings(network: Network, parts: pd.DataFrame) -> list[str]:
    """What to know of the streets themselves.

    Parameters
    ----------
    network : Network
    parts : DataFrame
        As `audit.part_table` makes it.

    Returns
    -------
    list of str
    """
    counts, words = network.counts, []
    km, cut = float(counts["km"]), float(counts["cut_off_km"])
    if cut > _MUCH_CUT_OFF * (km + cut):
        words.append(
            f"{cut:,.1f} km of street ({cut / (km + cut):.0%}) in {counts['cut_off_parts']} parts "
            "cannot be reached from the rest and is left out; the largest part has "
            f"{float(parts['km'].max()):.1f} km."
        )
    if counts.get("nodes_outside_file", 0):
        words.append(
            f"{counts['nodes_outside_file']:,} street corners lie outside the file: streets end "
            "at the edge of the extract. Take an extract that reaches past the study's boundary."
        )
    if network.mode == "drive":
        tagged = float(network.edge_metres[network.edge_speed_tagged].sum())
        share = tagged / float(network.edge_metres.sum())
        if share < _FEW_LIMITS:
            words.append(
                f"Only {share:.0%} of the street length carries a speed limit in the data; the "
                "rest is driven at the profile's speed for its class."
            )
        one_sided = counts["way_out_only_km"] + counts["way_in_only_km"]
        if one_sided > 0.05:
            words.append(
                f"{counts['way_out_only_km']:.1f} km of street can be left but not driven back "
                f"to, and {counts['way_in_only_km']:.1f} km driven to but not left: trips start "
                "or end there, never pass."
            )
    return words


def place_warnings(network: Network, table: pd.DataFrame) -> list[str]:
    """What to know of how places join the streets.

    Parameters
    ----------
    network : Network
    table : DataFrame
        As `audit.snap_table` makes it; several tables may be stacked.

    Returns
    -------
    list of str
    """
    if table.empty:
        return []
    words: list[str] = []
    for what, rows in table.groupby("what", sort=False):
        outside = _outside(network, rows)
        lost = ~rows["joined"].to_numpy(bool)
        far = rows["leg_metres"].to_numpy(float) > _LONG_LEG_M
        for which, where in (
            (lost & outside, "outside the street file"),
            (lost & ~outside, "further from any usable street than the limit allows"),
            (far, f"more than {_LONG_LEG_M:.0f} m from the street joined"),
            (rows["side"].to_numpy() == "way out", "on a street to drive out of but not back to"),
        ):
            if which.any():
                words.append(f"{_who(rows[which], str(what), 'is', 'are')} {where}"
                             f"{_ids(rows[which])}.")  # fmt: skip
        words += [
            _nearer(str(reason), some, str(what))
            for reason, some in rows.groupby("nearer_reason", sort=True)
            if reason
        ]
    return words


def _outside(network: Network, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Which places lie outside the box of everything that was read, used or not."""
    known = np.vstack([network.geometry_xy, network.left_out.xy])
    xy = project(rows["lon"], rows["lat"], network.crs)
    inside = (xy >= known.min(axis=0)) & (xy <= known.max(axis=0))
    return ~np.logical_and.reduce(inside, axis=1)


def _who(rows: pd.DataFrame, what: str, one: str, many: str) -> str:
    n = len(rows)
    counts = rows["count"]
    people = f" (with {counts.sum():,.0f} people)" if counts.notna().any() else ""
    return f"{n:,} {what.removesuffix('s') if n == 1 else what}{people} {one if n == 1 else many}"


_NEARER_WORDS = {
    "private": "on a private road",
    "cut off from the main part": "on streets that are cut off from the rest",
    "one-way trap": "on streets that one-way rules cut off",
    "foot=no": "on a street closed to walkers",
    "access=no": "on a street closed to all",
    "closed to cars": "on a street closed to cars",
}


def _nearer(reason: str, rows: pd.DataFrame, what: str) -> str:
    place = _NEARER_WORDS.get(reason, f"on a closed street ({reason})")
    joined = rows["joined"].to_numpy(bool)
    further = (rows["leg_metres"] - rows["nearer_metres"]).to_numpy(float)[joined]
    instead = f"; the street joined is {np.median(further):.0f} m further" if len(further) else ""
    return f"{_who(rows, what, 'stands', 'stand')} {place}{instead}{_ids(rows)}."


def _ids(rows: pd.DataFrame, most: int = 5) -> str:
    ids = rows["id"].astype(str).tolist()
    more = f" and {len(ids) - most:,} more" if len(ids) > most else ""
    return f" ({', '.join(ids[:most])}{more})"

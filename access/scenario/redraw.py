"""The minutes of one draw: speeds, positions, stand-ins and parking as they were drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.measure.demand import align
from access.network.matrix import TravelMatrix, positions
from access.scenario.uncertainty import Uncertainty
from access.units import metric_crs, project

Floats = NDArray[np.float64]


class MinutesMaker:
    """Makes the minutes of one draw from the matrix and its settings.

    Parameters
    ----------
    matrix : TravelMatrix
    columns : sequence of str
        Sites wanted, in order.
    uncertainty : Uncertainty
    """

    def __init__(
        self, matrix: TravelMatrix, columns: Sequence[str], uncertainty: Uncertainty
    ) -> None:
        self.columns = [str(c) for c in columns]
        self.uncertainty = uncertainty
        wanted = list(self.columns)
        for site, others in (uncertainty.stand_ins or {}).items():
            positions(self.columns, [site], "stand-in's site")
            wanted += [str(o) for o in others]
        self.wanted = list(dict.fromkeys(wanted))
        self.walk = matrix.sites(self.wanted).total_minutes
        self.drive: Floats | None = None
        if uncertainty.drive is not None:
            drive = uncertainty.drive.areas(matrix.area_ids).sites(self.wanted)
            self.drive = drive.total_minutes
            shares = uncertainty.p_no_car
            if isinstance(shares, pd.Series | Mapping):
                frame = pd.Series(dict(shares), dtype=float).to_frame("p_no_car")
                shares = align(frame, matrix.area_ids, what="p_no_car")["p_no_car"]
            self.p = np.asarray(shares, float)[:, None]
        self._shifts(matrix)

    def _shifts(self, matrix: TravelMatrix) -> None:
        u = self.uncertainty
        self.radius = np.zeros(len(self.wanted))
        if not u.position_error_m or u.area_points is None or u.site_points is None:
            return
        positions(self.wanted, list(u.position_error_m), "position_error_m's site")
        self.radius = np.array([float(u.position_error_m.get(s, 0.0)) for s in self.wanted])
        areas = align(u.area_points, matrix.area_ids, what="area_points")
        sites = u.site_points.copy()
        sites["id"] = sites["id"].astype(str) if "id" in sites else sites.index.astype(str)
        sites = align(sites[sites["id"].isin(self.wanted)], self.wanted, what="site_points")
        crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
        self.area_xy = project(areas["lon"], areas["lat"], crs)
        self.site_xy = project(sites["lon"], sites["lat"], crs)
        self.straight_m = _straight(self.area_xy, self.site_xy)
        self.pace = [_pace(m, self.straight_m) for m in (self.walk, self.drive)]

    def make(self, setting: Mapping[str, Any], rng: np.random.Generator) -> Floats:
        """Minutes of one draw.

        Parameters
        ----------
        setting : mapping
            A row of `draw_settings` or `grid_settings`.
        rng : Generator
            For positions.

        Returns
        -------
        ndarray, shape (areas, columns)
        """
        walk, drive = self.walk, self.drive
        if self.radius.any():
            moved_m = _straight(self.area_xy, self.site_xy + _in_discs(self.radius, rng))
            extra_m = moved_m - self.straight_m
            walk = np.maximum(walk + extra_m * self.pace[0], 0.0)
            if drive is not None:
                drive = np.maximum(drive + extra_m * self.pace[1], 0.0)
        if "walk_kmh" in setting:
            walk = walk * (self.uncertainty.made_at_kmh / float(setting["walk_kmh"]))
        if drive is not None:
            car = np.minimum(walk, drive + float(setting.get("parking_minutes", 3.0)))
            walk = np.where(self.p > 0, walk, 0.0) * self.p + np.where(self.p < 1, car, 0.0) * (
                1 - self.p
            )
        at = [self.wanted.index(str(setting.get(f"stand_in:{c}", c))) for c in self.columns]
        return walk[:, at]


def _straight(areas: Floats, sites: Floats) -> Floats:
    return np.hypot(*(areas[:, None, k] - sites[None, :, k] for k in (0, 1)))


def _pace(minutes: Floats | None, straight_m: Floats) -> float:
    """Median minutes a metre of straight line, over pairs that are not next door."""
    if minutes is None:
        return 0.0
    use = np.isfinite(minutes) & (straight_m > 250.0)
    return float(np.median(minutes[use] / straight_m[use])) if use.any() else 0.0


def _in_discs(radius: Floats, rng: np.random.Generator) -> Floats:
    """One point, evenly in each disc."""
    far = radius * np.sqrt(rng.uniform(size=len(radius)))
    turn = rng.uniform(0.0, 2 * np.pi, len(radius))
    return np.column_stack([far * np.cos(turn), far * np.sin(turn)])

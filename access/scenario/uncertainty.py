"""What may be otherwise, as declared ranges, and seeded draws from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.network.matrix import TravelMatrix
from access.units import great_circle_m

Range = tuple[float, float]
#: Speed that matrices are made at unless told otherwise (80 metres a minute).
WALK_KMH = 4.8
RANGES = ("walk_kmh", "lam", "threshold_minutes", "parking_minutes")


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Declared ranges, drawn from evenly and independently; what is not given stays as it is.

    Parameters
    ----------
    walk_kmh : pair of float, optional
        Walking speed. Minutes of the (walking) matrix are scaled by the speed it was made at.
    lam : pair of float, optional
        Lambda of the linear deprivation weights.
    threshold_minutes : pair of float, optional
    parking_minutes : pair of float, optional
        Needs `drive`.
    drive : TravelMatrix, optional
        With `p_no_car`: every draw blends walking and driving anew (the typical family trip).
    p_no_car : Series, mapping or sequence, optional
    position_error_m : mapping of str to float, optional
        Radius about each site's stated position within which the true one lies; needs
        `area_points` and `site_points`.
    area_points, site_points : DataFrame, optional
        ``id lon lat``.
    stand_ins : mapping of str to sequence of str, optional
        For an assumed site, other columns of the matrix where it may be instead.
    count_error : str, optional
        ``"poisson"``: families of each area are drawn about their count.
    made_at_kmh : float
        Walking speed that the matrix was made at.

    Raises
    ------
    ParameterError
        If a range is not two rising numbers, or something that another needs is missing.

    Examples
    --------
    >>> Uncertainty(walk_kmh=(3.6, 5.4), lam=(0, 2)).given
    ('walk_kmh', 'lam')
    """

    walk_kmh: Range | None = None
    lam: Range | None = None
    threshold_minutes: Range | None = None
    parking_minutes: Range | None = None
    drive: TravelMatrix | None = None
    p_no_car: Any = None
    position_error_m: Mapping[str, float] | None = None
    area_points: pd.DataFrame | None = None
    site_points: pd.DataFrame | None = None
    stand_ins: Mapping[str, Sequence[str]] | None = None
    count_error: str | None = None
    made_at_kmh: float = WALK_KMH

    def __post_init__(self) -> None:
        for name in RANGES:
            _check_range(getattr(self, name), name, above=0.0 if name == "walk_kmh" else -1.0)
        if (self.drive is None) != (self.p_no_car is None):
            raise ParameterError("drive and p_no_car go together; expected both or neither")
        if self.parking_minutes is not None and self.drive is None:
            raise ParameterError("parking_minutes needs drive and p_no_car")
        if self.count_error not in (None, "poisson"):
            raise ParameterError(f"count_error={self.count_error!r}; expected 'poisson' or None")
        if self.position_error_m:
            if self.area_points is None or self.site_points is None:
                raise ParameterError("position_error_m needs area_points and site_points")
            bad = {k: v for k, v in self.position_error_m.items() if not 0 <= v < np.inf}
            if bad:
                raise ParameterError(f"position_error_m={bad}; expected metres, 0 or more")
        if not (np.isfinite(self.made_at_kmh) and self.made_at_kmh > 0):
            raise ParameterError(f"made_at_kmh={self.made_at_kmh!r}; expected a speed above 0")

    @property
    def given(self) -> tuple[str, ...]:
        """Names of what may be otherwise."""
        extra = ("position_error_m", "stand_ins", "count_error")
        return tuple(name for name in (*RANGES, *extra) if getattr(self, name))

    def notes(self) -> tuple[str, ...]:
        """Say in words what was let vary.

        Returns
        -------
        tuple of str
        """
        words = {
            "walk_kmh": "walking speed {0:g} to {1:g} km/h",
            "lam": "lambda {0:g} to {1:g}",
            "threshold_minutes": "threshold {0:g} to {1:g} minutes",
            "parking_minutes": "parking {0:g} to {1:g} minutes",
        }
        out = [words[n].format(*getattr(self, n)) for n in RANGES if getattr(self, n)]
        if self.position_error_m:
            most = max(self.position_error_m.values())
            out.append(
                f"positions of {len(self.position_error_m)} sites within their stated error (up to "
                f"{most:g} m; minutes shifted by the straight-line difference at the matrix's own "
                "median pace)"
            )
        if self.stand_ins:
            out.append(
                f"assumed sites moved among plausible ones: {', '.join(sorted(self.stand_ins))}"
            )
        if self.count_error:
            out.append("families of each area drawn about their count (Poisson)")
        return tuple(out)


def _check_range(value: Range | None, name: str, above: float) -> None:
    if value is None:
        return
    good = len(value) == 2 and all(np.isfinite(v) for v in value)
    if not good or not (value[0] <= value[1]) or value[0] < 0 or value[0] <= above:
        least = "above 0" if above == 0 else "of 0 or more"
        raise ParameterError(f"{name}={value!r}; expected two numbers {least}, the lesser first")


def plausible_sites(
    assumed: pd.DataFrame, candidates: pd.DataFrame, *, within_m: float = 2000.0
) -> dict[str, tuple[str, ...]]:
    """List where an assumed site may be instead: the candidate sites near it.

    Parameters
    ----------
    assumed, candidates : DataFrame
        ``id lon lat``.
    within_m : float
        Straight-line metres.

    Returns
    -------
    dict of str to tuple of str
        For `Uncertainty.stand_ins`; assumed sites without a candidate near them are left out.

    Examples
    --------
    >>> one = pd.DataFrame({"id": ["Y"], "lon": [-1.36], "lat": [53.43]})
    >>> near = pd.DataFrame({"id": ["L1", "L2"], "lon": [-1.36, -1.5], "lat": [53.44, 53.43]})
    >>> plausible_sites(one, near)
    {'Y': ('L1',)}
    """
    out = {}
    for row in assumed.to_dict("records"):
        metres = great_circle_m(row["lon"], row["lat"], candidates["lon"], candidates["lat"])
        close = candidates["id"].to_numpy(dtype=object)[metres <= within_m]
        if len(close):
            out[str(row["id"])] = tuple(sorted(map(str, close)))
    return out


def draw_settings(uncertainty: Uncertainty, draws: int, seed: int) -> pd.DataFrame:
    """Draw settings evenly from the ranges.

    Parameters
    ----------
    uncertainty : Uncertainty
    draws : int
    seed : int

    Returns
    -------
    DataFrame
        One row a draw; columns of `RANGES` that are given, and ``stand_in:<site>`` with the
        column of the matrix used.

    Examples
    --------
    >>> one = draw_settings(Uncertainty(lam=(0, 2)), 3, seed=1)
    >>> one.equals(draw_settings(Uncertainty(lam=(0, 2)), 3, seed=1)), len(one)
    (True, 3)
    """
    rng = np.random.default_rng([seed, 0])
    columns: dict[str, Any] = {}
    for name in RANGES:
        ends = getattr(uncertainty, name)
        if ends is not None:
            columns[name] = rng.uniform(ends[0], ends[1], draws)
    for site, others in sorted((uncertainty.stand_ins or {}).items()):
        choices = np.array([str(site), *sorted(map(str, others))], dtype=object)
        columns[f"stand_in:{site}"] = choices[rng.integers(0, len(choices), draws)]
    return pd.DataFrame(columns, index=range(draws))


def grid_settings(grid: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """List every combination of a grid.

    Parameters
    ----------
    grid : mapping of str to sequence of float
        Of `RANGES`.

    Returns
    -------
    DataFrame
        One row a combination.

    Raises
    ------
    ParameterError
        If a name is unknown or has no values.

    Examples
    --------
    >>> len(grid_settings({"walk_kmh": [3.6, 4.8], "lam": [0, 1, 2]}))
    6
    """
    unknown = [name for name in grid if name not in RANGES]
    if unknown or not grid or not all(len(list(v)) for v in grid.values()):
        raise ParameterError(
            f"grid {dict(grid)!r}; expected values for some of {list(RANGES)}, at least one each"
        )
    return pd.DataFrame(list(product(*grid.values())), columns=list(grid), dtype=float)

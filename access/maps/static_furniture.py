"""What a still map carries besides its colours: signs, names, scale bar, north, badge."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from access.maps import style

Box = tuple[float, float, float, float]
_HALO = [patheffects.withStroke(linewidth=2.6, foreground=style.PAPER)]
_NAME_CHARACTERS = 18
_LETTER, _LINE = 0.54, 1.35
"""Width and height of a letter, in sizes of the letters: a rough measure, the same everywhere."""


def sign(axes: Axes, xy: NDArray[np.float64], kind: str, service: str) -> tuple[Line2D, ...]:
    """Draw centres of one kind, and give their sign for the legend.

    Parameters
    ----------
    axes : Axes
    xy : ndarray, shape (n, 2)
        Metres.
    kind : str
        A service's key, ``"closing"`` or ``"hub"``.
    service : str
        Key of the service: a closing centre keeps its service's shape, with a cross in it.

    Returns
    -------
    tuple of Line2D
        Drawn one over the other in the legend.
    """
    marker, colour = style.MARKERS.get(kind, ("o", style.CATEGORICAL[0]))
    if kind != "closing":
        size = 15 if kind == "hub" else 9
        look = _marker(marker, size, colour, style.PAPER, 1.1)
        axes.plot(xy[:, 0], xy[:, 1], zorder=6, **look)
        return (Line2D([], [], **look),)
    shape, colour = style.MARKERS.get(service, ("o", style.CATEGORICAL[0]))
    outer = _marker(shape, 11, style.PAPER, colour, 2.2)
    inner = _marker("x", 5.5, style.INK, style.INK, 2.0)
    axes.plot(xy[:, 0], xy[:, 1], zorder=7, **outer)
    axes.plot(xy[:, 0], xy[:, 1], zorder=8, **inner)
    return Line2D([], [], **outer), Line2D([], [], **inner)


def _marker(shape: str, size: float, face: str, edge: str, width: float) -> dict[str, Any]:
    return {
        "marker": shape,
        "color": face,
        "markersize": size,
        "markeredgecolor": edge,
        "markeredgewidth": width,
        "linestyle": "none",
    }


def name_places(
    axes: Axes,
    taken: Sequence[Sequence[float]],
    closing: Sequence[tuple[str, float, float]],
    places: Sequence[tuple[int, str, float, float]],
) -> None:
    """Write names where they cover neither a centre nor each other.

    Parameters
    ----------
    axes : Axes
        Its limits are final.
    taken : sequence of (x, y)
        Centres, metres.
    closing : sequence of (name, x, y)
        Centres that close: named first, in a box.
    places : sequence of (rank, name, x, y)
        Towns and villages, first ranks first.
    """
    metres_a_point = _metres_a_point(axes)
    signs: list[Box] = [_around(x, y, 6 * metres_a_point) for x, y in taken]
    boxes: list[Box] = [_around(x, y, 7 * metres_a_point) for _, x, y in closing]
    for full, x, y in closing:
        name = textwrap.fill(full, _NAME_CHARACTERS)
        spot = _free(name, x, y, 9.5, 8 * metres_a_point, metres_a_point, signs, boxes)
        if spot:
            axes.text(spot[0], spot[1], name, fontsize=9.5, fontweight="bold", zorder=9,
                      ha="center", va="center",
                      bbox={"facecolor": "white", "edgecolor": style.INK, "pad": 1.6,
                            "linewidth": 0.7})  # fmt: skip
    for rank, name, x, y in places:
        size = 11.0 if rank == 1 else 9.0
        spot = _free(name, x, y, size, 0.0, metres_a_point, signs, boxes)
        if spot is None and rank == 1:  # a town may cover a centre rather than go unnamed
            spot = _free(name, x, y, size, 0.0, metres_a_point, [], boxes)
        if spot:
            axes.text(spot[0], spot[1], name, fontsize=size, zorder=5, ha="center", va="center",
                      fontweight="bold" if rank == 1 else "normal", color="#262a2c",
                      path_effects=_HALO)  # fmt: skip


def _metres_a_point(axes: Axes) -> float:
    """Metres on the ground that one point (1/72 inch) of paper stands for."""
    figure = axes.get_figure(root=True)
    width, height = figure.get_size_inches() if figure is not None else (6.0, 6.0)
    x0, x1 = axes.get_xlim()
    y0, y1 = axes.get_ylim()
    # The legend takes about a third of the width; the map keeps its shape in what is left.
    return max((x1 - x0) / (0.66 * width * 72), (y1 - y0) / (0.88 * height * 72))


def _around(x: float, y: float, far: float) -> Box:
    return (x - far, y - far, x + far, y + far)


def _free(
    name: str, x: float, y: float, size: float, gap: float, metres: float, signs: list[Box],
    boxes: list[Box],
) -> tuple[float, float] | None:  # fmt: skip
    """Find the first spot around a point for a name, and take it."""
    lines = name.split("\n")
    half = 0.5 * max(map(len, lines)) * size * _LETTER * metres + 2 * metres
    up = 0.5 * len(lines) * size * _LINE * metres + metres
    beside, above = half + gap, up + max(gap, 3 * metres)
    spots = [(beside, 0.0), (-beside, 0.0), (0.0, above), (0.0, -above),
             (beside, above), (-beside, above), (beside, -above), (-beside, -above)]  # fmt: skip
    if gap == 0:
        near = [(0.0, 0.0), (0.0, 1.5 * above), (0.0, -1.5 * above)]
        far = [(dx, dy * above) for dy in (2.5, -2.5, 3.5, -3.5) for dx in (0.0, half, -half)]
        spots = [*near, *spots, *far]
    for dx, dy in spots:
        box = (x + dx - half, y + dy - up, x + dx + half, y + dy + up)
        if not any(_meet(box, other) for other in (*signs, *boxes)):
            boxes.append(box)
            return x + dx, y + dy
    return None


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and a[2] > b[0] and a[1] < b[3] and a[3] > b[1]


def furnish(axes: Axes, badge: str = "") -> None:
    """Add scale bar, north arrow and, where streets are modelled, the badge.

    Parameters
    ----------
    axes : Axes
        In metres.
    badge : str
        Empty for none.
    """
    x0, x1 = axes.get_xlim()
    width = x1 - x0
    length = nice_length(width / 5)
    shown = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    share = length / width
    look: dict[str, Any] = {
        "transform": axes.transAxes,
        "color": style.INK,
        "clip_on": False,
        "zorder": 9,
    }
    axes.plot([0.0, share], [-0.015, -0.015], linewidth=2.2, solid_capstyle="butt", **look)
    for x in (0.0, share):
        axes.plot([x, x], [-0.022, -0.005], linewidth=1.2, **look)
    axes.text(share / 2, 0.0, shown, transform=axes.transAxes, ha="center", va="bottom",
              fontsize=9, path_effects=_HALO, zorder=9)  # fmt: skip
    axes.annotate("N", (0.035, 0.985), (0.035, 0.9), xycoords="axes fraction", ha="center",
                  fontsize=10, fontweight="bold", zorder=9,
                  arrowprops={"arrowstyle": "-|>", "color": style.INK, "lw": 1.4})  # fmt: skip
    if badge:
        axes.text(1.0, -0.02, badge, transform=axes.transAxes, ha="right", va="bottom",
                  fontsize=8.5, color="white", zorder=9,
                  bbox={"facecolor": style.INK, "edgecolor": "none", "pad": 2.5})  # fmt: skip


def nice_length(metres: float) -> float:
    """Round a length down to 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    metres : float
        Above 0.

    Returns
    -------
    float

    Examples
    --------
    >>> [nice_length(m) for m in (4380, 999, 21)]
    [2000.0, 500.0, 20.0]
    """
    power = 10.0 ** np.floor(np.log10(metres))
    return float(max(step for step in (1, 2, 5) if step * power <= metres) * power)

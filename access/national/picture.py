"""A map of every authority's areas by what a rule does, and the ten places it hurts most."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from access.escape import chart_text
from access.units import metric_crs, project

#: Upper ends of the classes of added minutes; the last is open.
_CLASSES = (0.0, 5.0, 10.0, 20.0, 40.0)
#: Grey where nothing changes, then darker with harm, also in black and white.
_COLOURS = ("#d9d9d9", "#fdd49e", "#fdbb84", "#fc8d59", "#d7301f", "#7f0000")
_PLACES = 10


def _worst(options: pd.DataFrame, option: str, most: int = _PLACES) -> pd.DataFrame:
    """List the authorities whose families a rule adds most minutes to, all families counted.

    Parameters
    ----------
    options : DataFrame
        As `access.national.authority._measure_authority` gives, all authorities together.
    option : str
    most : int

    Returns
    -------
    DataFrame
        ``authority name service mean_added_all moved families``, the worst first.
    """
    columns = ["authority", "name", "service", "mean_added_all", "moved", "families"]
    own = options[(options["option"] == option) & options["mean_added_all"].notna()]
    order = own.sort_values(
        ["mean_added_all", "authority", "service"], ascending=[False, True, True]
    )
    return pd.DataFrame(order[columns]).head(most).reset_index(drop=True)


def _picture(
    areas: pd.DataFrame, options: pd.DataFrame, option: str, told: Sequence[str] = ()
) -> bytes:
    """Draw every area by the minutes that a rule adds, as PNG.

    Parameters
    ----------
    areas : DataFrame
        ``authority lon lat added_minutes`` of one option.
    options : DataFrame
    option : str
    told : sequence of str
        What the figures rest on, printed below the map.

    Returns
    -------
    bytes
        The same for the same tables.
    """
    crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
    xy = project(areas["lon"], areas["lat"], crs)
    added = areas["added_minutes"].to_numpy(float)
    figure = Figure(figsize=(8.0, 9.5), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.08, 0.66, 0.83))
    norm = BoundaryNorm([-1e-9, *(c + 1e-9 for c in _CLASSES), np.inf], len(_COLOURS))
    order = np.argsort(added, kind="stable")  # harm lies on top
    size = float(np.clip(40_000 / max(len(added), 1), 0.6, 40))
    drawn = np.where(np.isfinite(added), added, 1e6)[order]
    axes.scatter(xy[order, 0], xy[order, 1], c=drawn, s=size, linewidths=0,
                 cmap=ListedColormap(_COLOURS), norm=norm, rasterized=True)  # fmt: skip
    axes.set_aspect("equal")
    axes.axis("off")
    hurt = _worst(options, option)
    moved, families = (float(options.loc[options["option"] == option, c].sum())
                       for c in ("moved", "families"))  # fmt: skip
    figure.text(0.03, 0.955, chart_text(f"{moved:,.0f} of {families:,.0f} would travel further "
                f"(rule: {option})"), fontsize=13, weight="bold")  # fmt: skip
    figure.text(0.03, 0.93, chart_text(f"{len(areas):,} areas; minutes added to the nearest "
                "open site"), fontsize=9)  # fmt: skip
    for k, words in enumerate(_class_words()):
        figure.text(0.72, 0.86 - 0.025 * k, "\u25a0", color=_COLOURS[k], fontsize=12)
        figure.text(0.75, 0.86 - 0.025 * k, words, fontsize=9)
    figure.text(0.72, 0.66, "Hurt most, mean minutes\nadded per family:", fontsize=9, weight="bold",
                va="top")  # fmt: skip
    for k, row in enumerate(hurt.itertuples()):
        words = f"{k + 1}. {str(row.name)[:24]}: {row.mean_added_all:.1f}"
        figure.text(0.72, 0.61 - 0.024 * k, chart_text(words), fontsize=8.5)
        at = xy[(areas["authority"] == row.authority).to_numpy()].mean(axis=0)
        axes.annotate(str(k + 1), at, fontsize=8, weight="bold", ha="center", va="center",
                      bbox={"boxstyle": "circle,pad=0.15", "fc": "white", "lw": 0.6})  # fmt: skip
    lines = [line for text in told for line in textwrap.wrap(text, 150)]
    figure.text(0.03, 0.008, chart_text("\n".join(lines)), fontsize=6.5, va="bottom")
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _class_words() -> list[str]:
    between = [f"over {a:g} to {b:g}" for a, b in pairwise(_CLASSES)]
    return ["no change", *between, f"over {_CLASSES[-1]:g}, or out of reach"]

"""What a still map is coloured by: classes, their colours and words, and the finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import ParameterError
from access.maps import style
from access.maps.explorer_encode import SUPPRESS_BELOW, area_names
from access.maps.explorer_words import fill_text
from access.maps.payload import ExplorerData, ExplorerService
from access.measure import change, nearest, share_within, typical_matrix
from access.measure.distribution import TOLERANCE_MINUTES
from access.network.matrix import TravelMatrix
from access.scenario.words import count_words

MEASURES = ("change", "today", "after", "people", "deprivation")
MODES = ("walk", "pram", "drive", "typical")
UNREACHED, NOT_KNOWN = -1, -2
_PEOPLE_EDGES = (0.0, 5.0, 10.0, 20.0, 30.0, 50.0)


@dataclass(frozen=True, eq=False)
class Classes:
    """What the areas are coloured by.

    Parameters
    ----------
    legend : str
        The legend's title: the measure, with its unit.
    labels, colours : tuple of str
        One of each a class.
    of_area : ndarray of int, shape (areas,)
        Class of each area; `UNREACHED` or `NOT_KNOWN` where it has none, and is hatched.
    title : str
        The finding.
    """

    legend: str
    labels: tuple[str, ...]
    colours: tuple[str, ...]
    of_area: NDArray[np.intp]
    title: str


def classify(
    data: ExplorerData,
    service: ExplorerService,
    measure: str,
    mode: str,
    areas: pd.DataFrame,
    words: dict[str, Any],
) -> Classes:
    """Put every area in its class.

    Parameters
    ----------
    data : ExplorerData
    service : ExplorerService
    measure, mode : str
        Of `MEASURES` and `MODES`.
    areas : DataFrame
        The data's areas, in the order wanted.
    words : dict
        Strings of the language.

    Returns
    -------
    Classes

    Raises
    ------
    ParameterError
        If measure or mode are unknown, or the data lack what they need.
    """
    if measure not in MEASURES:
        raise ParameterError(f"measure={measure!r}; expected one of {list(MEASURES)}")
    if measure == "people":
        return _people(data, service, areas, words)
    if measure == "deprivation":
        return _deprivation(areas, words)
    found = _situations(data, service, areas, mode)
    if measure == "change":
        return _changes(data, service, areas, words, mode, found)
    return _minutes(data, service, areas, words, mode, measure, found[measure])


def _matrix(data: ExplorerData, mode: str) -> TravelMatrix:
    if mode not in MODES:
        raise ParameterError(f"mode={mode!r}; expected one of {list(MODES)}")
    if mode in ("drive", "typical") and data.drive is None:
        raise ParameterError(f"mode={mode!r} needs a drive matrix, and there is none")
    if mode == "walk":
        return data.walk
    if mode == "pram" or data.drive is None:
        minutes = data.walk.to_frame() * (data.walk_km_h / data.pram_km_h)
        return TravelMatrix.from_minutes(minutes, mode="pram")
    if mode == "drive":
        return data.drive
    if "p_no_car" not in data.areas:
        raise ParameterError("mode='typical' needs the areas' column p_no_car, and there is none")
    no_car = data.areas.set_index("id")["p_no_car"]
    return typical_matrix(data.walk, data.drive, no_car, data.parking_minutes)


def _situations(
    data: ExplorerData, service: ExplorerService, areas: pd.DataFrame, mode: str
) -> dict[str, NDArray[np.float64]]:
    matrix = _matrix(data, mode).areas(areas["id"].tolist())
    return {
        "today": nearest(matrix, service.before).minutes,
        "after": nearest(matrix, service.after).minutes,
    }


def _changes(
    data: ExplorerData, service: ExplorerService, areas: pd.DataFrame, words: dict[str, Any],
    mode: str, found: dict[str, NDArray[np.float64]],
) -> Classes:  # fmt: skip
    changes = change(found["today"], found["after"])
    edges = style.ADDED_EDGES
    labels = [words["no_change"], *(f"+{text}" for text in _ranges(edges[1:], words))]
    colours = list(style.ADDED_COLOURS)
    of_area = np.searchsorted(edges, np.maximum(np.nan_to_num(changes, posinf=0), 0), "right") - 1
    saved = changes < -edges[1]
    if saved.any():
        labels = [words[key] for key in ("saved_most", "saved_more", "saved_some")] + labels
        colours = [*reversed(style.SAVED_COLOURS), *colours]
        of_area = np.where(saved, 2 - np.searchsorted((5.0, 10.0), -changes, "right"), of_area + 3)
    of_area = np.where(np.isnan(changes) | np.isposinf(changes), -1, of_area)
    counts = areas[service.count].to_numpy(float)
    grows = np.where((counts > 0) & np.isfinite(changes), changes, -np.inf)
    worst = int(grows.argmax())
    how = str(words[f"mode_{mode}"])
    title = fill_text(words, "static_nobody", one=service.one, mode=how)
    if grows[worst] > TOLERANCE_MINUTES:
        place = area_names(data, areas)[worst] or str(areas["id"].iloc[worst])
        minutes = round(float(grows[worst]))
        amount = fill_text(words, "minutes", n=str(minutes))
        title = fill_text(words, f"map_title_{mode}", place=place, minutes=amount)
    legend = fill_text(words, "static_legend_change", mode=how)
    return Classes(legend, tuple(labels), tuple(colours), of_area, title)


def _minutes(
    data: ExplorerData, service: ExplorerService, areas: pd.DataFrame, words: dict[str, Any],
    mode: str, measure: str, minutes: NDArray[np.float64],
) -> Classes:  # fmt: skip
    edges = style.MINUTES_EDGES
    first = fill_text(words, "range_under", to=f"{edges[1]:g}")
    labels = (first, *_ranges(edges[1:], words))
    of_area = np.where(np.isfinite(minutes), np.searchsorted(edges, minutes, "right") - 1, -1)
    counts = areas[service.count].to_numpy(float)
    share = share_within(minutes, counts, data.threshold_minutes)
    how = str(words[f"mode_{mode}"])
    title = fill_text(
        words, f"static_{measure}", share=f"{100 * share:.0f}%", people=service.people,
        limit=f"{data.threshold_minutes:g}", mode=how, one=service.one,
    )  # fmt: skip
    legend = fill_text(words, "static_legend_minutes", mode=how)
    return Classes(legend, labels, style.MINUTES_COLOURS, of_area, title)


def _people(
    data: ExplorerData, service: ExplorerService, areas: pd.DataFrame, words: dict[str, Any]
) -> Classes:
    counts = areas[service.count].to_numpy(float)
    edges = _PEOPLE_EDGES
    labels = [fill_text(words, "fewer_than", number=str(SUPPRESS_BELOW))]
    for low, high in pairwise(edges[1:]):
        labels.append(
            fill_text(words, "count_range", **{"from": f"{low:g}", "to": f"{high - 1:g}"})
        )
    labels.append(fill_text(words, "count_over", **{"from": f"{edges[-1]:g}"}))
    of_area = np.searchsorted(edges, np.round(counts), "right") - 1
    total = count_words(counts.sum())
    title = fill_text(
        words, "static_people", total=total[0].upper() + total[1:], people=service.people,
        place=data.place,
    )  # fmt: skip
    legend = service.people[0].upper() + service.people[1:]
    return Classes(legend, tuple(labels), style.MINUTES_COLOURS[:6], of_area, title)


def _deprivation(areas: pd.DataFrame, words: dict[str, Any]) -> Classes:
    if "imd_decile" not in areas:
        raise ParameterError("measure='deprivation' needs the areas' column imd_decile")
    decile = pd.to_numeric(areas["imd_decile"], errors="coerce").to_numpy(float)
    of_area = np.where(np.isfinite(decile), np.ceil(np.nan_to_num(decile) / 2) - 1, -2).astype(int)
    labels = tuple(str(words[f"fifth_{k}"]) for k in range(1, 6))
    title = fill_text(
        words, "static_deprivation", number=f"{(of_area == 0).sum():,}", all=f"{len(areas):,}"
    )
    return Classes(str(words["layer_deprivation"]), labels, style.FIFTH_COLOURS, of_area, title)


def _ranges(edges: Sequence[float], words: dict[str, Any]) -> list[str]:
    texts = [
        fill_text(words, "range", **{"from": f"{np.ceil(low):g}", "to": f"{high:g}"})
        for low, high in pairwise(edges)
    ]
    return [*texts, fill_text(words, "range_over", **{"from": f"{edges[-1]:g}"})]

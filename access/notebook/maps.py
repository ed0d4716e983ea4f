"""The planner's map, fitted to a notebook's page."""

from __future__ import annotations

import folium

from access.maps.layers import study_map
from access.results import StudyResults

_HEIGHT = "640px"
#: Room for the key at the left, pixels.
_KEY = (310, 10)


def page_map(results: StudyResults, *, mode: str, tiles: bool) -> folium.Map:
    """Draw the planner's map so that its key hides nothing in a notebook.

    Parameters
    ----------
    results : StudyResults
    mode : str
    tiles : bool
        Ask for a background from the internet.

    Returns
    -------
    folium.Map
        The same bytes each time.
    """
    fmap = study_map(results, mode=mode, tiles=tiles)
    areas = results.study.areas
    corners = [
        [float(areas["lat"].min()), float(areas["lon"].min())],
        [float(areas["lat"].max()), float(areas["lon"].max())],
    ]
    fmap.fit_bounds(corners, padding_top_left=_KEY, padding_bottom_right=(10, 10))
    list(fmap._children.values())[-1]._id = "in_a_notebook"
    fmap.get_root().height = _HEIGHT  # type: ignore[attr-defined]
    return fmap

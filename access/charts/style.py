"""One visual language for every map, chart, page and document.

Categorical colours are the Government Analysis Function's accessible palette (guidance on
colours in charts, 2023). Sequential and diverging ramps go light to dark of one hue a side and
never set red against green.
"""

from __future__ import annotations

#: Analysis Function categorical palette: use at most four together, in this order.
CATEGORICAL = ("#12436D", "#28A197", "#801650", "#F46A25", "#3D3D3D", "#A285D1")
INK = "#0b0c0c"
PAPER = "#ffffff"
_FOCUS = "#ffdd00"
QUIET = "#b1b4b6"

#: Added minutes: a pale neutral for no change, then six steps of orange to brown, light to dark.
ADDED_EDGES = (0.0, 0.5, 5.0, 10.0, 15.0, 20.0, 30.0)
ADDED_COLOURS = ("#eeeeea", "#fdd9b0", "#fbb46b", "#f0872d", "#c9590c", "#923a05", "#5a2302")
#: Minutes saved: three steps of blue.
SAVED_COLOURS = ("#cfe1f2", "#6aaed6", "#12436D")
#: A change either way: saved in blue, about as far in a pale neutral, added in orange.
CHANGE_EDGES = (-100_000.0, -10.0, -5.0, -1.0, 1.0, 5.0, 10.0)
CHANGE_COLOURS = (*SAVED_COLOURS[::-1], ADDED_COLOURS[0], *ADDED_COLOURS[1:6:2])
#: Minutes to the nearest centre, light to dark blue.
MINUTES_EDGES = (0.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)
MINUTES_COLOURS = ("#eff5fa", "#cfe1f2", "#a3c8e3", "#6aaed6", "#3b85b8", "#12436D", "#08233c")
#: Deprivation fifths, most deprived first, dark to light purple.
FIFTH_COLOURS = ("#49214f", "#7a3f85", "#a671b0", "#cfabd5", "#efe3f1")

NO_DATA = "#ffffff"
NO_DATA_HATCH = "////"
UNREACHABLE_HATCH = "xxxx"

#: Matplotlib marker and word per kind of site; never colour alone.
MARKERS = {
    "childrens_centre": ("o", CATEGORICAL[0]),
    "youth_centre": ("s", CATEGORICAL[1]),
    "hub": ("*", CATEGORICAL[2]),
    "closing": ("X", CATEGORICAL[3]),
    "candidate": ("D", CATEGORICAL[4]),
}

"""What a street's tags and its slope mean for a traveller: open or not, which way, how fast."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from access.errors import NetworkError, ParameterError
from access.files import read_whole
from access.network.data import _Draft
from access.network.profiles import MPH, Profile
from access.units import BRITISH_GRID, project, unproject

# What a street's tags mean for a traveller: open or not, which way, how fast.
#
# Rules follow the OpenStreetMap wiki's access restrictions for the United Kingdom: a specific tag
# (``foot``, ``motorcar``) outranks a general one (``access``); public rights of way are open on
# foot whatever ``access`` says of vehicles; cycleways, bridleways and tracks are open on foot
# unless tagged otherwise; one-way streets bind vehicles only. Where a tag lists several values
# (``psv;taxi``), it names all who may pass.

_CLOSED = frozenset((
    "no", "private", "restricted", "military", "emergency", "permit", "agricultural", "forestry",
    "use_sidepath",
))  # fmt: skip
_CLOSED_TO_CARS = _CLOSED | {
    "delivery", "bus", "psv", "bicycle", "taxi", "hgv", "goods", "coach", "tourist_bus", "minibus",
    "share_taxi", "motorcycle", "moped", "foot", "horse", "disabled", "hov", "tram", "school_bus",
}  # fmt: skip
#: Open to those who live, work or call there, and to nobody who passes through.
_LOCAL = frozenset((
    "destination", "customers", "residents", "resident", "visitors", "guests", "employees",
    "staff", "members", "students", "parents", "tenants", "residential",
))  # fmt: skip
_CAR_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
_CAR_SIDES = tuple((f"{key}:forward", f"{key}:backward") for key in _CAR_KEYS)
_FOOT_SIDES = (("foot:forward", "foot:backward"),)
_NOTHING: frozenset[str] = frozenset()
_YES = frozenset(("yes", "true", "1"))
_OPEN = frozenset(("yes", "designated", "official", "permissive"))
_RIGHTS_OF_WAY = frozenset((
    "public_footpath", "public_bridleway", "restricted_byway", "byway_open_to_all_traffic",
    "public_byway", "permissive_footpath", "permissive_bridleway", "core_path",
))  # fmt: skip
_NOT_BUILT = frozenset((
    "construction", "proposed", "planned", "abandoned", "razed", "disused", "demolished",
    "dismantled", "no",
))  # fmt: skip
_ALPINE = frozenset(("alpine_hiking", "demanding_alpine_hiking", "difficult_alpine_hiking"))
_PASSABLE_TRACKS = frozenset(("", "grade1", "grade2", "grade3"))
_URBAN_LIMIT_KMH = 40 * MPH + 0.1
_NAMED_LIMITS = {
    "gb:nsl_single": 60 * MPH, "gb:nsl_dual": 70 * MPH, "gb:motorway": 70 * MPH,
    "gb:national": 60 * MPH, "national": 60 * MPH, "gb:urban": 30 * MPH, "walk": 6.0,
    "gb:nsl_restricted": 30 * MPH,
}  # fmt: skip
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(mph|mi/h|km/h|kmh|kph|knots)?\s*")
_ZONE = re.compile(r"\s*([a-z]{2}):(?:zone:?)?(\d+)\s*")
_UNITS_KMH = {"mph": MPH, "mi/h": MPH, "knots": 1.852}
#: Limits outside these are slips of the pen (a house number, a lost unit), not speeds.
_LEAST_LIMIT_KMH, _MOST_LIMIT_KMH = 3.0, 150.0
#: Most that a class without a cap of its own is driven at.
_MOST_KMH = 70 * MPH
_CLOCK = re.compile(r"(\d+):([0-5]?\d)(?::([0-5]?\d))?")
_PERIOD = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)
_MINUTES = re.compile(r"(\d+(?:\.\d+)?)\s*(?:min|mins|minutes)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a set of tags means for one profile.

    Parameters
    ----------
    street_class : str
        The class it counts as.
    reason : str
        Why it is refused; empty when it is open.
    forward, backward : bool
        Whether it may be travelled in the direction it is drawn, and against it.
    kmh_forward, kmh_backward : float
        Speed each way.
    speed_tagged : bool
        Whether a readable ``maxspeed`` gave the speed.
    wait_minutes : float
        Added once, for ferries.
    whole_minutes : float
        A ferry's own time over the whole of its way, as tagged; ``nan`` where it is not.
    local : bool
        Whether only trips that begin or end on it (or beyond) may use it.
    joinable : bool
        Whether a place beside it can join it: no tunnel, motorway or ferry.
    """

    street_class: str
    reason: str = ""
    forward: bool = True
    backward: bool = True
    kmh_forward: float = 0.0
    kmh_backward: float = 0.0
    speed_tagged: bool = False
    wait_minutes: float = 0.0
    whole_minutes: float = math.nan
    local: bool = False
    joinable: bool = True


def _listed(tags: Mapping[str, str], keys: tuple[str, ...]) -> frozenset[str]:
    """All who may pass, by the most particular of some keys that a street has."""
    for key in keys:
        if text := tags.get(key):
            return _values(text)
    return _NOTHING


@lru_cache(maxsize=1000)
def _values(text: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in text.split(";") if part.strip())


def _barred(said: frozenset[str], closed: frozenset[str]) -> str:
    """The value that keeps a traveller out; empty where some value lets them in."""
    return min(said) if said and said <= closed else ""


def _street_class(tags: Mapping[str, str]) -> str:
    """Name the class of street that tags describe; empty if they describe none."""
    if tags.get("highway"):
        return tags["highway"]
    if tags.get("route") == "ferry":
        return "ferry"
    if tags.get("railway") == "platform":
        return "platform"
    return "pier" if tags.get("man_made") == "pier" else ""


def _judge(tags: Mapping[str, str], profile: Profile) -> _Verdict:
    """Decide whether, which way and how fast a profile's traveller uses a street."""
    kind = _street_class(tags)
    reason = (_refused_on_foot if profile.mode == "walk" else _refused_by_car)(tags, kind, profile)
    if reason:
        return _Verdict(kind, reason)
    forward, backward = _directions(tags, kind, profile)
    if not (forward or backward):
        return _Verdict(kind, "closed both ways")
    fast_forward, tagged_f = _kmh(tags, kind, profile, "maxspeed:forward")
    fast_backward, tagged_b = _kmh(tags, kind, profile, "maxspeed:backward")
    wait = profile.ferry_wait_minutes if kind == "ferry" else 0.0
    whole = _duration_minutes(tags.get("duration", "")) if kind == "ferry" else math.nan
    local = profile.mode == "drive" and bool(_listed(tags, _CAR_KEYS)) and (
        _listed(tags, _CAR_KEYS) <= _LOCAL | _CLOSED_TO_CARS
    )  # fmt: skip
    return _Verdict(
        kind, "", forward, backward, fast_forward, fast_backward, tagged_f or tagged_b, wait,
        whole, local, _can_be_joined(tags, kind),
    )  # fmt: skip


def _can_be_joined(tags: Mapping[str, str], kind: str) -> bool:
    """Whether a street has a kerb that a place beside (or above) it can be reached from."""
    if kind in ("ferry", "motorway", "motorway_link") or tags.get("motorroad") in _YES:
        return False
    return tags.get("tunnel", "no") in ("no", "building_passage", "covered", "culvert")


def _refused_on_foot(tags: Mapping[str, str], kind: str, profile: Profile) -> str:
    said = _listed(tags, ("foot",))
    granted = bool(said & _OPEN) or tags.get("designation", "") in _RIGHTS_OF_WAY
    if kind in _NOT_BUILT or not kind:
        return "not a street in use"
    if foot := _barred(said, _CLOSED):
        return "private" if foot in ("private", "permit") else f"foot={foot}"
    if kind.startswith("motorway"):
        return "motorway"
    if kind not in profile.classes and (kind == "steps" or not granted):
        return f"class {kind}"
    if kind == "ferry" and not profile.ferries:
        return "ferry"
    access = _barred(_listed(tags, ("access",)), _CLOSED)
    if access and not granted and not said:
        return "private" if access in ("private", "permit") else f"access={access}"
    if tags.get("motorroad") == "yes" and not granted:
        return "motorroad"
    if tags.get("sac_scale") in _ALPINE:
        return "alpine path"
    return _refused_on_wheels(tags, profile)


def _refused_on_wheels(tags: Mapping[str, str], profile: Profile) -> str:
    if tags.get("surface") in profile.refused_surfaces:
        return f"surface={tags['surface']}"
    if tags.get("smoothness") in profile.refused_smoothness:
        return f"smoothness={tags['smoothness']}"
    if profile.needs_wheelchair_access:
        if tags.get("wheelchair") == "no":
            return "wheelchair=no"
        if _incline_percent(tags.get("incline", "")) > profile.max_incline_percent:
            return "too steep"
    return ""


def _refused_by_car(tags: Mapping[str, str], kind: str, profile: Profile) -> str:
    if kind in _NOT_BUILT or not kind:
        return "not a street in use"
    said = _barred(_listed(tags, _CAR_KEYS), _CLOSED_TO_CARS)
    explicit = (_listed(tags, ("motorcar",)) | _listed(tags, ("motor_vehicle",))) & _OPEN
    if kind not in profile.classes and not (kind == "pedestrian" and explicit):
        return f"class {kind}"
    if kind == "ferry" and (not profile.ferries or not explicit):
        return "ferry"
    if said:
        return "private" if said in ("private", "permit") else "closed to cars"
    if kind == "track" and tags.get("tracktype", "") not in _PASSABLE_TRACKS and not explicit:
        return "rough track"
    if tags.get("service") == "emergency_access":
        return "emergency access"
    return "area" if tags.get("area") == "yes" else ""


def _directions(tags: Mapping[str, str], kind: str, profile: Profile) -> tuple[bool, bool]:
    """Say which way a street may be travelled: as drawn, and against it."""
    if not profile.one_way:
        said = tags.get("oneway:foot", "")
        # An escalator or a moving walkway carries people one way only.
        said = said or {"forward": "yes", "backward": "-1"}.get(tags.get("conveying", ""), "")
    else:
        said = tags.get("oneway:motor_vehicle", tags.get("oneway", ""))
        implied = tags.get("junction") in ("roundabout", "circular") or kind == "motorway"
        said = said or ("yes" if implied else "")
    forward = said.lower() not in ("-1", "reverse")
    backward = said.lower() not in _YES
    closed, keys = (_CLOSED_TO_CARS, _CAR_SIDES) if profile.one_way else (_CLOSED, _FOOT_SIDES)
    for ahead, back in keys:
        forward &= not _barred(_listed(tags, (ahead,)), closed)
        backward &= not _barred(_listed(tags, (back,)), closed)
    return forward, backward


def _kmh(tags: Mapping[str, str], kind: str, profile: Profile, side: str) -> tuple[float, bool]:
    speed = profile.speed(kind)
    if not profile.use_maxspeed or kind == "ferry":
        return speed, False
    limit = _limit_kmh(tags.get(side) or tags.get("maxspeed", ""))
    if limit is not None:
        speed = min(limit, _cap_kmh(kind, profile))
    factor = profile.urban_factor if speed <= _URBAN_LIMIT_KMH else profile.rural_factor
    return speed * factor, limit is not None


def _cap_kmh(kind: str, profile: Profile) -> float:
    """Most that a class is driven at; a slip road's is that of its road."""
    caps = dict(profile.cap_kmh)
    return caps.get(kind, caps.get(kind.removesuffix("_link"), _MOST_KMH))


def _limit_kmh(text: str) -> float | None:
    """Read a ``maxspeed`` tag; the least of several, and nothing that cannot be a limit."""
    parts = text.lower().replace("|", ";").replace("uk:", "gb:").split(";")
    numbers = [_NUMBER.fullmatch(part) for part in parts]
    # In "20;30 mph" the unit stands once for all.
    shared = next((found[2] for found in reversed(numbers) if found and found[2]), None)
    found = []
    for part, number in zip(parts, numbers, strict=True):
        if part.strip() in _NAMED_LIMITS:
            found.append(_NAMED_LIMITS[part.strip()])
        elif number:
            found.append(float(number[1]) * _UNITS_KMH.get(number[2] or shared or "", 1.0))
        elif zone := _ZONE.fullmatch(part):
            found.append(float(zone[2]) * (MPH if zone[1] in ("gb", "us") else 1.0))
    usable = [kmh for kmh in found if _LEAST_LIMIT_KMH <= kmh <= _MOST_LIMIT_KMH]
    return min(usable) if usable else None


def _duration_minutes(text: str) -> float:
    """Read a ``duration`` tag (``hh:mm``, ``hh:mm:ss``, ISO 8601, minutes); ``nan`` if none."""
    text = text.strip()
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        total = 60 * hours + minutes + seconds / 60
    elif (period := _PERIOD.fullmatch(text)) and any(period.groups()):
        days, hours, minutes, seconds = (float(part or 0) for part in period.groups())
        total = 1440 * days + 60 * hours + minutes + seconds / 60
    else:
        plain = _MINUTES.fullmatch(text)
        total = float(plain[1]) if plain else 0.0
    return total if 0 < total <= 3 * 1440 else math.nan


def _incline_percent(text: str) -> float:
    number = re.match(r"^\s*-?(\d+(?:\.\d+)?)\s*%\s*$", text)
    return float(number[1]) if number else 0.0


def _barrier_closed(tags: Mapping[str, str], profile: Profile) -> bool:
    """Say whether a node with these tags stops a profile's traveller."""
    if "barrier" not in tags:
        return False
    walking = profile.mode == "walk"
    said = _listed(tags, ("foot", "access") if walking else _CAR_KEYS)
    if _barred(said, _CLOSED if walking else _CLOSED_TO_CARS):
        return True
    if tags.get("locked", "").lower() in _YES and not _past_a_lock(tags, walking=walking):
        return True
    wheels = tags.get("wheelchair") if profile.needs_wheelchair_access else None
    if wheels in ("yes", "no"):
        return wheels == "no"
    if tags["barrier"] not in profile.closed_barriers:
        return False
    # A stile stays a stile to a pram however public the path; a bollard may be let down for cars.
    return walking or not said & _OPEN


def _past_a_lock(tags: Mapping[str, str], *, walking: bool) -> bool:
    """Whether a lock is for others: it names this traveller, or shuts out vehicles alone."""
    if _listed(tags, ("foot",) if walking else _CAR_KEYS[:-1]) & _OPEN:
        return True
    vehicles = _listed(tags, _CAR_KEYS[:-1])
    return walking and bool(vehicles) and vehicles <= _CLOSED_TO_CARS


# ------------------------------------------------------------------------------
# Walking up and down hill: heights of a terrain grid, and Tobler's hiking function.
#
# The slope of every straight stretch counts; an edge's minutes are then spread evenly along it.

_Floats = NDArray[np.float64]

#: Steeper than this is a bridge, a cutting or a slip of the terrain grid, not a footpath.
_STEEPEST = 0.4
_LEVEL = ("ferry", "elevator", "steps")


_MOST_BYTES = 500_000_000


@dataclass(frozen=True, eq=False)
class _Heights:
    """Ground heights on a square grid.

    Parameters
    ----------
    name : str
        What is said of them in the ledger.
    crs : str
        Metric CRS of the grid.
    west, south : float
        Middle of the lower left cell, metres.
    cell_m : float
        Size of a cell.
    metres : ndarray, shape (rows, columns)
        Heights, southernmost row first; ``nan`` where unknown.
    """

    name: str
    crs: str
    west: float
    south: float
    cell_m: float
    metres: _Floats

    def __post_init__(self) -> None:
        grid = np.array(self.metres, float)
        if grid.ndim != 2 or min(grid.shape) < 2 or not self.cell_m > 0:
            raise ParameterError(
                f"heights {self.name!r} have shape {grid.shape} and cells of {self.cell_m!r} m; "
                "expected a grid of at least 2 x 2 cells"
            )
        grid.setflags(write=False)
        object.__setattr__(self, "metres", grid)

    def at(self, xy: ArrayLike) -> _Floats:
        """Heights of points, between cells by bilinear interpolation."""
        points = np.asarray(xy, float).reshape(-1, 2)
        place = (points - (self.west, self.south)) / self.cell_m
        rows, columns = self.metres.shape
        inside = np.logical_and.reduce((place >= 0) & (place <= (columns - 1, rows - 1)), axis=1)
        place = np.where(inside[:, None], place, 0.0)
        low = np.minimum(place.astype(int), (columns - 2, rows - 2))
        (dx, dy), (x, y) = (place - low).T, low.T
        grid = self.metres
        total = np.zeros(len(points))
        for row, column, weight in (
            (y, x, (1 - dx) * (1 - dy)),
            (y, x + 1, dx * (1 - dy)),
            (y + 1, x, (1 - dx) * dy),
            (y + 1, x + 1, dx * dy),
        ):
            total += np.where(weight > 0, weight * grid[row, column], 0.0)
        return np.where(inside, total, np.nan)


def _read_heights(path: str | Path, *, crs: str = BRITISH_GRID) -> _Heights:
    """Read a terrain grid in ESRI ASCII form, as OS Terrain 50 comes."""
    path = Path(path)
    try:
        lines = read_whole(path, _MOST_BYTES).decode("ascii").splitlines()
        lines = [line.strip() for line in lines if line.strip()]  # GDAL begins rows with a space
        start = next(i for i, line in enumerate(lines) if line[0] in "-+.0123456789")
        pairs = (line.split() for line in lines[:start])
        head = {key.lower(): float(value) for key, value in pairs}
        grid = np.array([line.split() for line in lines[start:]], float)
        cell = head["cellsize"]
        grid[grid == head.get("nodata_value", np.nan)] = np.nan
        if grid.shape != (int(head["nrows"]), int(head["ncols"])):
            raise ValueError(f"it holds {grid.shape} cells, not what its head says")
        west = head.get("xllcenter", head.get("xllcorner", np.nan) + cell / 2)
        south = head.get("yllcenter", head.get("yllcorner", np.nan) + cell / 2)
    except (OSError, ValueError, KeyError, StopIteration, UnicodeDecodeError) as error:
        raise NetworkError(
            f"{path} cannot be read as a terrain grid ({error}); expected ESRI ASCII (.asc), "
            "for example a tile of OS Terrain 50"
        ) from error
    return _Heights(path.name, crs, west, south, cell, grid[::-1])


def _tobler(slope: ArrayLike) -> _Floats:
    """Walking speed on a slope, as a share of the speed on the flat.

    Notes
    -----
    Tobler (1993), Three presentations on geographical analysis and modeling: speed goes with
    exp(-3.5 |slope + 0.05|); here divided by its value at 0.
    """
    return np.exp(-3.5 * (np.abs(np.asarray(slope, float) + 0.05) - 0.05))


def _add_slope(draft: _Draft, profile: Profile, heights: _Heights, crs: str) -> None:
    """Change the minutes of a draft's edges by the slope of the ground under them."""
    if profile.mode != "walk":
        raise ParameterError(f"heights change walking only; profile {profile.name!r} drives")
    xy = draft.geometry_xy
    if crs != heights.crs:
        lonlat = unproject(xy, crs)
        xy = project(lonlat[:, 0], lonlat[:, 1], heights.crs)
    height = heights.at(xy)
    known = np.isfinite(height)
    draft.counts["heights"] = heights.name
    draft.counts["share_with_heights"] = float(known.mean())
    if not known.any():
        raise ParameterError(
            f"heights {heights.name!r} cover none of the streets; expected a grid of this place "
            f"in {heights.crs}"
        )
    edge = np.repeat(np.arange(len(draft.edge_metres)), np.diff(draft.geometry_offsets))
    step = np.diff(draft.geometry_metres)
    use = (edge[1:] == edge[:-1]) & (step > 0)
    rise = np.diff(height)
    slope = np.divide(rise, step, out=np.zeros_like(step), where=use & np.isfinite(rise))
    slope = np.clip(slope, -_STEEPEST, _STEEPEST)
    length = np.bincount(edge[:-1][use], weights=step[use], minlength=len(draft.edge_metres))
    level = np.array([name in _LEVEL for name in draft.class_names])[draft.edge_class]
    for sign, name in ((1, "edge_minutes_forward"), (-1, "edge_minutes_backward")):
        slower = step / _tobler(sign * slope)
        total = np.bincount(edge[:-1][use], weights=slower[use], minlength=len(length))
        factor = np.divide(total, length, out=np.ones_like(total), where=length > 0)
        setattr(draft, name, getattr(draft, name) * np.where(level, 1.0, factor))

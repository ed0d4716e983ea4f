"""What a street's tags mean for a traveller: open or not, which way, how fast.

Rules follow the OpenStreetMap wiki's access restrictions for the United Kingdom: a specific tag
(``foot``, ``motorcar``) outranks a general one (``access``); public rights of way are open on
foot whatever ``access`` says of vehicles; cycleways, bridleways and tracks are open on foot
unless tagged otherwise; one-way streets bind vehicles only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from access.network.profiles import MPH, Profile

_CLOSED = frozenset(("no", "private", "restricted", "military", "emergency", "permit"))
_CLOSED_TO_CARS = _CLOSED | {"agricultural", "forestry", "delivery", "bus", "psv", "bicycle"}
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
_NUMBER = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph|knots)?\s*$")


@dataclass(frozen=True, slots=True)
class Verdict:
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
    """

    street_class: str
    reason: str = ""
    forward: bool = True
    backward: bool = True
    kmh_forward: float = 0.0
    kmh_backward: float = 0.0
    speed_tagged: bool = False
    wait_minutes: float = 0.0


def _street_class(tags: Mapping[str, str]) -> str:
    """Name the class of street that tags describe; empty if they describe none."""
    if tags.get("highway"):
        return tags["highway"]
    if tags.get("route") == "ferry":
        return "ferry"
    if tags.get("railway") == "platform":
        return "platform"
    return "pier" if tags.get("man_made") == "pier" else ""


def judge(tags: Mapping[str, str], profile: Profile) -> Verdict:
    """Decide whether, which way and how fast a profile's traveller uses a street."""
    kind = _street_class(tags)
    reason = (_refused_on_foot if profile.mode == "walk" else _refused_by_car)(tags, kind, profile)
    if reason:
        return Verdict(kind, reason)
    forward, backward = _directions(tags, kind, profile)
    if not (forward or backward):
        return Verdict(kind, "closed both ways")
    fast_forward, tagged_f = _kmh(tags, kind, profile, "maxspeed:forward")
    fast_backward, tagged_b = _kmh(tags, kind, profile, "maxspeed:backward")
    wait = profile.ferry_wait_minutes if kind == "ferry" else 0.0
    return Verdict(
        kind, "", forward, backward, fast_forward, fast_backward, tagged_f or tagged_b, wait
    )


def _refused_on_foot(tags: Mapping[str, str], kind: str, profile: Profile) -> str:
    foot = tags.get("foot", "")
    granted = foot in _OPEN or tags.get("designation", "") in _RIGHTS_OF_WAY
    if kind in _NOT_BUILT or not kind:
        return "not a street in use"
    if foot in _CLOSED:
        return "private" if foot in ("private", "permit") else f"foot={foot}"
    if kind.startswith("motorway"):
        return "motorway"
    if kind not in profile.classes and (kind == "steps" or not granted):
        return f"class {kind}"
    if kind == "ferry" and not profile.ferries:
        return "ferry"
    access = tags.get("access", "")
    if access in _CLOSED and not granted:
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
    said = next(
        (tags[key] for key in ("motorcar", "motor_vehicle", "vehicle", "access") if key in tags),
        "",
    )
    explicit = {tags.get("motorcar"), tags.get("motor_vehicle")} & _OPEN
    if kind not in profile.classes and not (kind == "pedestrian" and explicit):
        return f"class {kind}"
    if kind == "ferry" and (not profile.ferries or not explicit):
        return "ferry"
    if said in _CLOSED_TO_CARS:
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
    else:
        said = tags.get("oneway:motor_vehicle", tags.get("oneway", ""))
        implied = tags.get("junction") in ("roundabout", "circular") or kind == "motorway"
        said = said or ("yes" if implied else "")
    forward = said not in ("-1", "reverse")
    backward = said not in ("yes", "true", "1")
    if profile.one_way:
        for key in ("vehicle", "motor_vehicle"):
            forward &= tags.get(f"{key}:forward") not in _CLOSED_TO_CARS
            backward &= tags.get(f"{key}:backward") not in _CLOSED_TO_CARS
    return forward, backward


def _kmh(tags: Mapping[str, str], kind: str, profile: Profile, side: str) -> tuple[float, bool]:
    speed = profile.speed(kind)
    if not profile.use_maxspeed or kind == "ferry":
        return speed, False
    limit = _limit_kmh(tags.get(side) or tags.get("maxspeed", ""))
    if limit is not None:
        speed = min(limit, dict(profile.cap_kmh).get(kind, limit))
    factor = profile.urban_factor if speed <= _URBAN_LIMIT_KMH else profile.rural_factor
    return speed * factor, limit is not None


def _limit_kmh(text: str) -> float | None:
    """Read a ``maxspeed`` tag."""
    found = []
    for part in text.lower().replace("|", ";").split(";"):
        number = _NUMBER.match(part)
        if part.strip() in _NAMED_LIMITS:
            found.append(_NAMED_LIMITS[part.strip()])
        elif number:
            unit = {"mph": MPH, "knots": 1.852}.get(number[2] or "", 1.0)
            found.append(float(number[1]) * unit)
    usable = [kmh for kmh in found if kmh > 0]
    return min(usable) if usable else None


def _incline_percent(text: str) -> float:
    number = re.match(r"^\s*-?(\d+(?:\.\d+)?)\s*%\s*$", text)
    return float(number[1]) if number else 0.0


def barrier_closed(tags: Mapping[str, str], profile: Profile) -> bool:
    """Say whether a node with these tags stops a profile's traveller."""
    if "barrier" not in tags:
        return False
    walking = profile.mode == "walk"
    keys = ("foot", "access") if walking else ("motorcar", "motor_vehicle", "vehicle", "access")
    said = next((tags[key] for key in keys if key in tags), "")
    if said in (_CLOSED if walking else _CLOSED_TO_CARS):
        return True
    wheels = tags.get("wheelchair") if profile.needs_wheelchair_access else None
    if wheels in ("yes", "no"):
        return wheels == "no"
    if tags["barrier"] not in profile.closed_barriers:
        return False
    # A stile stays a stile to a pram however public the path; a bollard may be let down for cars.
    return walking or said not in _OPEN

"""Profiles: who travels, where they may go, and how fast. Values a planner reads and changes.

Sources of the figures, by preset
---------------------------------
walk
    4.8 km/h is the 80 metres a minute of UK accessibility work (Hillman and Whalley 1979, used
    in PTAL). Steps at half that speed: a declared assumption.
pram_toddler, wheelchair
    3.6 and 3.2 km/h, and which surfaces are refused: declared assumptions.
drive
    Where no limit is tagged: the national limits (Highway Code rule 124) lowered to the free-flow
    speeds of DfT table SPE0111 where these are below the limit; service roads, tracks and living
    streets are declared assumptions. Urban factor and seconds at junctions bring 30 mph streets
    to about the 20 mph of DfT's urban A roads (CGN0501): a declared assumption, to be varied.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from numbers import Real
from typing import Any

from access.errors import ParameterError

MPH = 1.609344

_STREETS = (
    "trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link",
    "tertiary", "tertiary_link", "unclassified", "residential", "living_street", "service",
    "road", "track",
)  # fmt: skip
_PATHS = (
    "pedestrian", "footway", "path", "cycleway", "bridleway", "corridor", "platform", "pier",
    "elevator",
)  # fmt: skip
_DRIVE_KMH = (
    ("motorway", 68 * MPH), ("motorway_link", 50 * MPH), ("trunk", 55 * MPH),
    ("trunk_link", 40 * MPH), ("primary", 40 * MPH), ("primary_link", 30 * MPH),
    ("secondary", 40 * MPH), ("secondary_link", 30 * MPH), ("tertiary", 35 * MPH),
    ("tertiary_link", 30 * MPH), ("unclassified", 30 * MPH), ("residential", 28 * MPH),
    ("living_street", 10 * MPH), ("service", 12 * MPH), ("road", 20 * MPH), ("track", 15.0),
    ("ferry", 15.0),
)  # fmt: skip
_DRIVE_CAPS_KMH = (
    ("motorway", 68 * MPH), ("trunk", 67 * MPH), ("primary", 50 * MPH), ("secondary", 50 * MPH),
    ("tertiary", 45 * MPH), ("unclassified", 35 * MPH), ("residential", 35 * MPH),
    ("service", 12 * MPH), ("track", 15.0), ("living_street", 10 * MPH),
)  # fmt: skip
_NO_CAR_BARRIERS = (
    "bollard", "block", "bus_trap", "chain", "cycle_barrier", "debris", "full-height_turnstile",
    "horse_stile", "jersey_barrier", "kissing_gate", "log",
    "motorcycle_barrier", "planter", "stile", "sump_buster", "turnstile",
)  # fmt: skip
_NO_WHEELS_BARRIERS = ("stile", "turnstile", "full-height_turnstile", "kissing_gate",
                       "horse_stile", "log", "debris", "motorcycle_barrier")  # fmt: skip
_ROUGH = ("sand", "mud", "grass", "rock", "rocks", "pebblestone", "stepping_stones", "woodchips",
          "dirt", "earth", "ground", "unhewn_cobblestone")  # fmt: skip
_ROUGHER = ("gravel", "cobblestone", "sett:uneven", "unpaved", "grass_paver")


@dataclass(frozen=True)
class Profile:
    """Who may travel where, and how fast: everything that turns tagged streets into minutes.

    Parameters
    ----------
    name : str
        Preset or a planner's own word; printed with every result.
    mode : str
        ``"walk"`` or ``"drive"``: which family of access rules holds.
    kmh : float
        Speed on every class that `class_kmh` does not name.
    class_kmh : tuple of (str, float)
        Speed by street class (the OSM ``highway`` value), km/h.
    cap_kmh : tuple of (str, float)
        Most that a class is driven at, whatever limit is tagged: traffic on a country lane does
        not reach its national limit.
    classes : tuple of str
        Street classes that are open unless their tags say otherwise.
    off_network_kmh : float
        Speed of the leg between a place and its street; always walked.
    closed_barriers : tuple of str
        ``barrier=*`` nodes that cannot be passed unless their tags allow it.
    refused_surfaces : tuple of str
        ``surface=*`` values that are refused where tagged.
    refused_smoothness : tuple of str
        ``smoothness=*`` values that are refused where tagged.
    needs_wheelchair_access : bool
        Refuse ``wheelchair=no`` and inclines of more than `max_incline_percent`.
    max_incline_percent : float
        Steepest tagged incline, percent; ``inf`` for no limit.
    one_way : bool
        Whether one-way streets bind this traveller.
    use_maxspeed : bool
        Whether a tagged limit overrides the class table.
    urban_factor : float
        Share of the speed driven where the limit is 40 mph or less, 0 to 1.
    rural_factor : float
        The same where the limit is higher.
    junction_seconds, signal_seconds : float
        Delay on entering a junction of three or more streets, or a set of traffic lights.
    ferries : bool
        Whether ferries that carry this traveller are used.
    ferry_wait_minutes : float
        Added at the start of each crossing.
    cross_squares : bool
        Whether squares mapped as areas may be crossed in a straight line between their
        entries, besides walking round their edge.
    slope : str
        ``"none"``, or ``"tobler"`` to change walking speed by slope where heights are given
        (Tobler 1993, hiking function, scaled to be 1 on the flat).

    Examples
    --------
    >>> from dataclasses import replace
    >>> walk = Profile.preset("walk")
    >>> walk.speed("residential"), walk.speed("steps")
    (4.8, 2.4)
    >>> slower = replace(walk, name="with a stick", kmh=3.0)
    >>> slower.to_dict()["kmh"]
    3.0
    >>> Profile.preset("drive").with_speeds(residential=20).speed("residential")
    20.0
    """

    name: str
    mode: str
    kmh: float
    classes: tuple[str, ...]
    class_kmh: tuple[tuple[str, float], ...] = ()
    cap_kmh: tuple[tuple[str, float], ...] = ()
    off_network_kmh: float = 4.8
    closed_barriers: tuple[str, ...] = ()
    refused_surfaces: tuple[str, ...] = ()
    refused_smoothness: tuple[str, ...] = ()
    needs_wheelchair_access: bool = False
    max_incline_percent: float = float("inf")
    one_way: bool = False
    use_maxspeed: bool = False
    urban_factor: float = 1.0
    rural_factor: float = 1.0
    junction_seconds: float = 0.0
    signal_seconds: float = 0.0
    ferries: bool = False
    ferry_wait_minutes: float = 15.0
    cross_squares: bool = False
    slope: str = "none"

    def __post_init__(self) -> None:
        faults = []
        if self.mode not in ("walk", "drive"):
            faults.append(f"mode is {self.mode!r}; expected 'walk' or 'drive'")
        if self.slope not in ("none", "tobler"):
            faults.append(f"slope is {self.slope!r}; expected 'none' or 'tobler'")
        speeds = [("kmh", self.kmh), ("off_network_kmh", self.off_network_kmh)]
        speeds += [*self.class_kmh, *self.cap_kmh]
        faults += [
            f"speed {name} is {kmh!r}; expected km/h above 0 and at most 200"
            for name, kmh in speeds
            if not _is_number(kmh) or not 0 < kmh <= 200
        ]
        for name in ("urban_factor", "rural_factor"):
            if not _is_number(getattr(self, name)) or not 0 < getattr(self, name) <= 1:
                faults.append(f"{name} is {getattr(self, name)!r}; expected above 0, at most 1")
        for name in ("junction_seconds", "signal_seconds", "ferry_wait_minutes"):
            if not _is_number(getattr(self, name)) or not 0 <= getattr(self, name) < 3600:
                faults.append(f"{name} is {getattr(self, name)!r}; expected 0 or more")
        if faults:
            raise ParameterError(f"profile {self.name!r} cannot be used: " + "; ".join(faults))

    @classmethod
    def preset(cls, name: str) -> Profile:
        """Look up a ready profile.

        Parameters
        ----------
        name : str
            ``"walk"``, ``"pram_toddler"``, ``"wheelchair"`` or ``"drive"``.

        Returns
        -------
        Profile

        Raises
        ------
        ParameterError
            If there is no preset of that name.
        """
        if not isinstance(name, str) or name not in PRESETS:
            raise ParameterError(f"unknown profile {name!r}; expected one of {sorted(PRESETS)}")
        return PRESETS[name]

    @classmethod
    def at_walking_speed(cls, mode: str, walk_km_h: float) -> Profile:
        """Take a preset's rules at another walking speed.

        Parameters
        ----------
        mode : str
            ``"walk"`` or ``"drive"``; a driver walks to and from the car.
        walk_km_h : float

        Returns
        -------
        Profile

        Examples
        --------
        >>> slow = Profile.at_walking_speed("walk", 2.4)
        >>> slow.speed("residential"), slow.speed("steps")
        (2.4, 1.2)
        """
        preset = cls.preset(mode)
        if mode == "drive":
            return replace(preset, off_network_kmh=walk_km_h)
        slower = walk_km_h / preset.kmh
        scaled = tuple((c, v * slower if c == "steps" else v) for c, v in preset.class_kmh)
        return replace(preset, kmh=walk_km_h, off_network_kmh=walk_km_h, class_kmh=scaled)

    def speed(self, street_class: str) -> float:
        """Speed on a class of street before limits and factors, km/h.

        Parameters
        ----------
        street_class : str

        Returns
        -------
        float
        """
        return float(dict(self.class_kmh).get(street_class, self.kmh))

    def with_speeds(self, **kmh: float) -> Profile:
        """Change the speeds of some classes.

        Parameters
        ----------
        **kmh : float
            New speed by class, km/h.

        Returns
        -------
        Profile
        """
        return replace(self, class_kmh=tuple(sorted({**dict(self.class_kmh), **kmh}.items())))

    def to_dict(self) -> dict[str, Any]:
        """Every setting as plain values, for the ledger.

        Returns
        -------
        dict
            JSON-ready; an unlimited incline is ``None``.
        """
        out = asdict(self)
        out["class_kmh"] = dict(sorted(self.class_kmh))
        out["cap_kmh"] = dict(sorted(self.cap_kmh))
        out["max_incline_percent"] = None if self.max_incline_percent == float("inf") else (
            self.max_incline_percent
        )  # fmt: skip
        return {k: list(v) if isinstance(v, tuple) else v for k, v in out.items()}

    def __str__(self) -> str:
        rows = []
        for key, value in self.to_dict().items():
            if isinstance(value, dict):
                value = ", ".join(f"{k} {v:.1f}" for k, v in value.items()) or "none"
            elif isinstance(value, list):
                value = ", ".join(value) or "none"
            rows.append(f"{key:<24} {value}")
        return "\n".join(rows)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


_WALK = Profile(
    name="walk",
    mode="walk",
    kmh=4.8,
    classes=(*_STREETS, *_PATHS, "steps", "ferry"),
    class_kmh=(("ferry", 15.0), ("steps", 2.4)),
)
PRESETS: dict[str, Profile] = {
    "walk": _WALK,
    "pram_toddler": replace(
        _WALK,
        name="pram_toddler",
        kmh=3.6,
        off_network_kmh=3.6,
        classes=(*_STREETS, *_PATHS, "ferry"),
        class_kmh=(("ferry", 15.0),),
        closed_barriers=_NO_WHEELS_BARRIERS,
        refused_smoothness=("very_horrible", "impassable"),
    ),
    "wheelchair": replace(
        _WALK,
        name="wheelchair",
        kmh=3.2,
        off_network_kmh=3.2,
        classes=(*_STREETS, *_PATHS, "ferry"),
        class_kmh=(("ferry", 15.0),),
        closed_barriers=(*_NO_WHEELS_BARRIERS, "cycle_barrier"),
        refused_surfaces=(*_ROUGH, *_ROUGHER),
        refused_smoothness=("bad", "very_bad", "horrible", "very_horrible", "impassable"),
        needs_wheelchair_access=True,
        max_incline_percent=10.0,
    ),
    "drive": Profile(
        name="drive",
        mode="drive",
        kmh=30.0,
        classes=("motorway", "motorway_link", *_STREETS, "ferry"),
        class_kmh=_DRIVE_KMH,
        cap_kmh=_DRIVE_CAPS_KMH,
        closed_barriers=_NO_CAR_BARRIERS,
        one_way=True,
        use_maxspeed=True,
        urban_factor=0.85,
        rural_factor=0.95,
        junction_seconds=5.0,
        signal_seconds=10.0,
        ferries=True,
    ),
}

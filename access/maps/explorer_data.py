"""What the consultation explorer is made from: one frozen value of frames and travel matrices.

`_ExplorerData` knows no study, no configuration and no file: whoever holds the tables fills it in.
Every fault is found before a page is written, and all of them are told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.analysis.analysis import Analysis
from access.analysis.headline import BesideHeadline
from access.analysis.hub_plans import HubsForPage, PlanForPage
from access.analysis.results import FAMILY_HUBS, HubTerms, ProposalResult, StudyResults
from access.errors import Fault, ParameterError
from access.maps.explorer_parts import _buses_of, _ExplorerBus, _Ground, _index_names
from access.maps.ground import MapGround
from access.measure.trips import WEEKDAYS
from access.network.matrix import TravelMatrix
from access.siting.plans import Offer
from access.siting.problem import AtLeast
from access.study.tables import without_shapes
from access.units import great_circle_m, project

_AREA_COLUMNS = ("id", "lon", "lat")
_SITE_COLUMNS = ("id", "name", "service", "lon", "lat")
_CANDIDATE_COLUMNS = ("id", "name", "lon", "lat")


@dataclass(frozen=True)
class _ExplorerPlan:
    """One of the proposals for a service.

    Parameters
    ----------
    key, title : str
    after : tuple of str
        Ids of the sites open under it.
    days : dict of str to float
        Days a week that a site is open, where that is said to be fewer than every weekday.
    stays : tuple of str
        Ids of the sites that close for this service and where some services would stay.
    beside : tuple of str
        Sentences that stand beside its finding: with the neighbours' centres, and on foot.
    """

    key: str
    title: str
    after: tuple[str, ...]
    days: Mapping[str, float] = field(default_factory=dict)
    stays: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class _ExplorerService:
    """One service of the consultation, and what is proposed for it.

    Parameters
    ----------
    key : str
        As in the ``service`` column of the sites, and in `access.charts.chart.MARKERS`.
    title : str
        Plural, as a heading: ``"Children's centres"``.
    one : str
        Singular: ``"children's centre"``.
    people : str
        Who it is for, plural: ``"children under five"``.
    count : str
        Column of the areas that counts them.
    before, after : tuple of str
        Ids of the sites open today and under the proposal. `after` may hold candidates (hubs).
    plans : tuple of ExplorerPlan
        Every proposal for it; the first is the one shown at first. Empty: `after` is the only one.
    never_close : tuple of str
        Of `before`, what every alternative keeps.
    least_open : mapping of str to (tuple of str, int)
        By locality, its sites of `before` and how many of them every alternative keeps at least.
    """

    key: str
    title: str
    one: str
    people: str
    count: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    plans: tuple[_ExplorerPlan, ...] = ()
    never_close: tuple[str, ...] = ()
    least_open: Mapping[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)

    @property
    def closing(self) -> tuple[str, ...]:
        """Ids open today and not under the proposal."""
        return tuple(i for i in self.before if i not in set(self.after))


@dataclass(frozen=True, eq=False)
class _ExplorerData:
    """Everything that one page needs.

    Parameters
    ----------
    title : str
        What the consultation is about.
    place : str
        The council area.
    services : tuple of ExplorerService
        One or more.
    areas : DataFrame
        One row an area: ``id lon lat`` (WGS84 degrees), a count column a service, and when
        known ``name ward locality imd_decile`` (1 = most deprived), ``p_no_car`` (0-1) and
        ``weight`` (what one family counts for in weighted averages; 1 where missing).
    sites : DataFrame
        Centres of today: ``id name service lon lat`` and when known ``address postcode locality
        assumed`` (bool or yes/no), ``position_error_m``, ``annual_cost_gbp``.
    walk : TravelMatrix
        Minutes on foot at `walk_km_h`, all areas x all sites and candidates (any order).
    candidates : DataFrame, optional
        Where a hub could go: ``id name lon lat`` and when known ``kind address``.
    drive : TravelMatrix, optional
        Minutes by car, parking not included.
    shapes : GeoSeries, optional
        Area polygons by area id, with a CRS; approximate cells are drawn where not given.
    shapes_approximate : bool
        True where the shapes are not the areas' real boundaries; the page says so.
    outline : shapely geometry, optional
        The place's boundary, WGS84.
    surroundings : GeoDataFrame, optional
        Water, woods, parks and railways: ``kind`` and geometry, as `access.network.surroundings`.
    streets : GeoDataFrame, optional
        Lines for the basemap, with a CRS and when known ``rank`` (1 main, 2 middle, 3 minor);
        where `modelled` is true they are drawn faintly, as no real streets.
    modelled : bool
        True where minutes come from modelled rather than real streets; badged on every map.
    headline : str
        The mode that the page begins with.
    nation : str
        Whose ranks of deprivation these are.
    places : DataFrame, optional
        Names for orientation and search: ``name lon lat`` and when known ``rank`` (1 first).
    postcodes : DataFrame, optional
        ``postcode lon lat area_id``.
    names : DataFrame, optional
        Further names to find: ``name lon lat`` and when known ``kind within``.
    proposal : str
        The proposal in words, as used within a sentence.
    weights_note : str
        What weighted averages mean, one sentence.
    walk_km_h, pram_km_h : float
        The speed that `walk` holds, and that of a family with a pram.
    parking_minutes : float
        Added to a drive in the family trip.
    thresholds_minutes : tuple of float
        Limits that shares are given for.
    threshold_minutes : float
        The limit at first, and the one that options are ranked by.
    as_of : str
        The date or vintage on every output; never the clock.
    vintages, attributions, assumptions : tuple of str
        Sentences, shown on the page.
    neighbours : DataFrame, optional
        The nearest centre of another council: ``area_id service name minutes`` on foot.
    consultation : tuple of (str, str)
        How to answer: ``closes address email link``, those that are known.
    counts_open : bool
        True where counts are published statistics, or estimates from them, so that the page's
        file may hold them as they are. False pools counts of 1 to 4 in the file itself.
        Shown counts of 1 to 4 are suppressed either way.
    language : str
        ``lang`` of the page: the key of a strings file.
    bus : ExplorerBus, optional
        Minutes by bus at every time of setting out.
    bus_matrix : TravelMatrix, optional
        Minutes by bus that somebody else worked out, one a pair.
    hubs : HubsForPage, optional
        Where hubs could go, and the plans; None where the study asks for none.
    hub_terms : HubTerms
        What hubs are called.
    ways : DataFrame, optional
        Ways on foot along real streets, what matters most first: ``area_id site_id geometry``.
    """

    title: str
    place: str
    services: tuple[_ExplorerService, ...]
    areas: pd.DataFrame
    sites: pd.DataFrame
    walk: TravelMatrix
    candidates: pd.DataFrame | None = None
    drive: TravelMatrix | None = None
    shapes: gpd.GeoSeries | None = None
    shapes_approximate: bool = True
    outline: shapely.Geometry | None = None
    surroundings: gpd.GeoDataFrame | None = None
    streets: gpd.GeoDataFrame | None = None
    modelled: bool = True
    headline: str = "walk"
    nation: str = "the nation"
    places: pd.DataFrame | None = None
    postcodes: pd.DataFrame | None = None
    names: pd.DataFrame | None = None
    proposal: str = "the proposal"
    weights_note: str = ""
    walk_km_h: float = 4.8
    pram_km_h: float = 3.6
    parking_minutes: float = 3.0
    thresholds_minutes: tuple[float, ...] = (10.0, 15.0, 20.0, 30.0)
    threshold_minutes: float = 20.0
    as_of: str = ""
    vintages: tuple[str, ...] = ()
    attributions: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    neighbours: pd.DataFrame | None = None
    consultation: tuple[tuple[str, str], ...] = ()
    counts_open: bool = True
    language: str = "en"
    bus: _ExplorerBus | None = None
    bus_matrix: TravelMatrix | None = None
    hubs: HubsForPage | None = None
    hub_terms: HubTerms = FAMILY_HUBS
    ways: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise ParameterError(f"the explorer's input has {len(faults)} fault(s)", faults)

    def service(self, key: str) -> _ExplorerService:
        """Give one service by its key."""
        for service in self.services:
            if service.key == key:
                return service
        raise ParameterError(
            f"service={key!r}; expected one of {[service.key for service in self.services]}"
        )


def _beside_buses(data: _ExplorerData, areas: pd.DataFrame, where: Mapping[str, int]) -> _Ground:
    """Gather what goes with buses, in an order of areas."""
    known = "p_no_car" in areas
    return _Ground(
        areas["id"].tolist(), where, data.walk, data.drive,
        areas["p_no_car"].to_numpy(float) if known else None, data.parking_minutes,
    )  # fmt: skip


def _faults(data: _ExplorerData) -> list[Fault]:
    faults = _column_faults(data)
    if faults:
        return faults
    area_ids = list(data.areas["id"].astype(str))
    site_ids = list(data.sites["id"].astype(str))
    if data.candidates is not None:
        site_ids += list(data.candidates["id"].astype(str))
    faults += _twice("areas", area_ids) + _twice("sites and candidates", site_ids)
    faults += _degree_faults(data)
    for name, matrix in (("walk", data.walk), ("drive", data.drive), ("bus", data.bus_matrix)):
        if matrix is not None:
            faults += _missing(f"{name} matrix", "area_ids", area_ids, matrix.area_ids)
            faults += _missing(f"{name} matrix", "site_ids", site_ids, matrix.site_ids)
    for service in data.services:
        faults += _missing(
            "sites and candidates", f"{service.key} before", service.before, site_ids
        )
        faults += _missing("sites and candidates", f"{service.key} after", service.after, site_ids)
        for plan in service.plans:
            name = f"{service.key} {plan.key}"
            faults += _missing("sites and candidates", name, plan.after, site_ids)
        for side in ("before", "after"):
            if not getattr(service, side):
                faults.append(
                    Fault("services", service.key, side, "", "at least one open site's id")
                )
        counts = pd.to_numeric(data.areas[service.count], errors="coerce")
        for i in np.flatnonzero(~(counts >= 0)):
            found = str(data.areas[service.count].iloc[i])
            faults.append(Fault("areas", area_ids[i], service.count, found, "a count of 0 or more"))
    known = [service.key for service in data.services]
    for site, key in zip(data.sites["id"], data.sites["service"], strict=True):
        if key not in known:
            faults.append(Fault("sites", str(site), "service", str(key), f"one of {known}"))
    return faults + _number_faults(data)


def _column_faults(data: _ExplorerData) -> list[Fault]:
    if not data.services:
        return [Fault("services", "", "", "", "at least one service")]
    wanted = [
        ("areas", data.areas, (*_AREA_COLUMNS, *(s.count for s in data.services))),
        ("sites", data.sites, _SITE_COLUMNS),
        ("candidates", data.candidates, _CANDIDATE_COLUMNS),
        ("places", data.places, ("name", "lon", "lat")),
        ("postcodes", data.postcodes, ("postcode", "lon", "lat", "area_id")),
        ("names", data.names, ("name", "lon", "lat")),
    ]
    faults = [
        Fault(name, "", column, "", f"a column named {column!r}")
        for name, frame, columns in wanted
        if frame is not None
        for column in columns
        if column not in frame.columns
    ]
    if not faults and data.areas.empty:
        faults.append(Fault("areas", "", "", "", "at least one row"))
    return faults


def _number_faults(data: _ExplorerData) -> list[Fault]:
    faults = []
    for name in ("walk_km_h", "pram_km_h", "threshold_minutes"):
        value = getattr(data, name)
        if not (np.isfinite(value) and value > 0):
            faults.append(Fault("explorer", "", name, str(value), "a number above 0"))
    if not (np.isfinite(data.parking_minutes) and data.parking_minutes >= 0):
        value = str(data.parking_minutes)
        faults.append(Fault("explorer", "", "parking_minutes", value, "a number of 0 or more"))
    for name, low, high in (("weight", 0.0, np.inf), ("p_no_car", 0.0, 1.0)):
        if name in data.areas:
            values = pd.to_numeric(data.areas[name], errors="coerce").to_numpy(float)
            for i in np.flatnonzero(~((values >= low) & (values <= high))):
                found, where = str(data.areas[name].iloc[i]), str(data.areas["id"].iloc[i])
                expected = f"a number from {low:g} to {high:g}"
                faults.append(Fault("areas", where, name, found, expected))
    return faults


def _degree_faults(data: _ExplorerData) -> list[Fault]:
    faults = []
    frames = {
        "areas": data.areas,
        "sites": data.sites,
        "candidates": data.candidates,
        "places": data.places,
        "postcodes": data.postcodes,
        "names": data.names,
    }
    for name, frame in frames.items():
        if frame is None:
            continue
        lon = pd.to_numeric(frame["lon"], errors="coerce").to_numpy(float)
        lat = pd.to_numeric(frame["lat"], errors="coerce").to_numpy(float)
        bad = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))
        key = next(c for c in ("id", "postcode", "name") if c in frame)
        for i in np.flatnonzero(bad)[:20]:
            faults.append(
                Fault(name, str(frame[key].iloc[i]), "lon, lat", f"{lon[i]}, {lat[i]}",
                      "WGS84 degrees; reproject metres first")
            )  # fmt: skip
    return faults


def _twice(name: str, ids: list[str]) -> list[Fault]:
    index = pd.Index(ids)
    return [
        Fault(name, str(i), "id", str(i), "an id that stands once")
        for i in index[index.duplicated()].unique()
    ]


def _missing(
    name: str, column: str, wanted: Iterable[str], known: Iterable[str], most: int = 20
) -> list[Fault]:
    there = set(known)
    gone = [str(i) for i in wanted if i not in there]
    return [Fault(name, i, column, i, "an id that is in it") for i in gone[:most]]


_WEIGHT_WORDS = {
    "none": "Everybody counts the same.",
    "linear": "People in the most deprived areas of the country count up to {most:g} times as "
    "much as those in the least deprived.",
}


#: By results: the page and the report's maps show the same.
_KEPT: WeakKeyDictionary[StudyResults, _ExplorerData] = WeakKeyDictionary()


def explorer_data(results: StudyResults) -> _ExplorerData:
    """Gather the explorer's input from a run.

    Where a service has several proposals, its first is the one shown at first.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    ExplorerData
    """
    if results not in _KEPT:
        _KEPT[results] = _gathered(results)
    return _KEPT[results]


def _gathered(results: StudyResults) -> _ExplorerData:
    study, config = results.study, results.study.config
    first = _first_proposals(results)
    areas = without_shapes(study.areas)
    if not study.knows_cars:  # known of some areas it blends nothing
        areas = areas.drop(columns="p_no_car", errors="ignore")
    drive, by_bus = (results.matrices.get(mode) for mode in ("drive", "bus"))
    own = results.sites.loc[results.sites["kind"] != "neighbour", "id"].tolist()
    ground = MapGround(results)
    places = ground.places
    services = tuple(_service(results, key, proposal) for key, proposal in first.items())
    open_sets = [s for own in services for s in (own.before, *(p.after for p in own.plans))]
    return _ExplorerData(
        title=config.study.title,
        language=config.study.language,
        place=config.study.place,
        services=services,
        areas=areas.assign(weight=Analysis(results).area_weights().per_family),
        sites=without_shapes(study.centres),
        candidates=_candidate_sites(results),
        walk=results.matrices["walk"].sites(own),
        drive=None if drive is None else drive.sites(own),
        shapes=study.shapes,
        shapes_approximate=study.shapes is None,
        outline=study.boundary,
        surroundings=None if results.surroundings is None else results.surroundings.shapes,
        streets=ground.streets,
        modelled=results.modelled,
        headline=results.headline,
        nation=study.nation,
        places=places if len(places) else None,
        postcodes=_postcodes(results),
        names=_index_names(results),
        weights_note=_weights_note(results),
        walk_km_h=config.travel.walk_km_h,
        pram_km_h=config.travel.pram_km_h,
        parking_minutes=config.travel.parking_minutes,
        thresholds_minutes=config.measures.thresholds_minutes,
        threshold_minutes=config.measures.threshold_minutes,
        as_of=config.study.as_of,
        vintages=(config.areas.vintage, *_sources(results)),
        attributions=ground.attributions,
        assumptions=results.assumptions,
        bus=_buses_of(results),
        hubs=HubsForPage.of(results),
        hub_terms=HubTerms.of(results.study),
        ways=ground.ways(open_sets),
        bus_matrix=None if results.bus is not None or by_bus is None else by_bus.sites(own),
        neighbours=_nearest_neighbours(results),
        consultation=tuple(
            config.consultation.model_dump(
                exclude_none=True, include={"closes", "address", "email", "link"}
            ).items()
        ),
    )


def _candidate_sites(results: StudyResults) -> pd.DataFrame | None:
    """Give the candidates, and the positions of their own that proposals open."""
    held = without_shapes(results.study.candidates)
    new = results.sites.loc[results.sites["kind"] == "new", ["id", "name", "lon", "lat"]]
    parts = [part for part in (held, new) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else None


def _first_proposals(results: StudyResults) -> dict[str, ProposalResult | None]:
    first: dict[str, ProposalResult | None] = dict.fromkeys(results.study.config.services)
    for proposal in results.proposals.values():
        if first[proposal.service] is None:
            first[proposal.service] = proposal
    return first


def _service(results: StudyResults, key: str, proposal: ProposalResult | None) -> _ExplorerService:
    settings = results.study.config.services[key]
    today = tuple(sorted(results.study.open_ids(key)))
    rules = results.study.rules(key)
    where = rules["localities"] or {}
    return _ExplorerService(
        key, settings.title, settings.one, settings.noun, settings.demand,
        today, today if proposal is None else proposal.after,
        tuple(_plan(results, p) for p in results.proposals.values() if p.service == key),
        tuple(i for i in rules["never_close"] if i in today),
        {
            name: (tuple(i for i in today if where[i] == name), least)
            for name, least in (rules["min_per_locality"] or {}).items()
        },
    )  # fmt: skip


def _plan(results: StudyResults, proposal: ProposalResult) -> _ExplorerPlan:
    said = results.study.config.proposals.get(proposal.key)
    steps = said.steps if said is not None else []
    days = {step["site"]: float(step["days"]) for step in steps if step.get("days") is not None}
    some = days.items()
    return _ExplorerPlan(
        proposal.key, proposal.title, proposal.after,
        {site: number for site, number in some if number < WEEKDAYS and site in proposal.after},
        proposal.deregistered, BesideHeadline(results, proposal).words(),
    )  # fmt: skip


def _nearest_neighbours(results: StudyResults) -> pd.DataFrame | None:
    """Find the nearest centre of another council to each area, on foot, by service."""
    table = results.study.neighbours
    services = results.study.config.services
    if table.empty:
        return None
    said = table.get("service", table.get("type", pd.Series("", index=table.index)))
    said = said.fillna("").astype(str).str.lower()
    parts = []
    for key, service in services.items():
        serves = said.eq(key.lower()) | said.str.contains(service.one.lower(), regex=False)
        own = table[serves | (said.eq("") & (len(services) == 1))]
        if own.empty:
            continue
        minutes = results.matrices["walk"].sites(own["id"].tolist()).total_minutes
        near = minutes.argmin(axis=1)
        names = own["name"].astype(str).to_numpy()[near]
        if "authority" in own:
            councils = own["authority"].fillna("").astype(str).to_numpy()[near]
            names = [f"{n} ({c})" if c else n for n, c in zip(names, councils, strict=True)]
        ids = results.matrices["walk"].area_ids
        parts.append(
            pd.DataFrame(
                {"area_id": ids, "service": key, "name": names, "minutes": minutes.min(axis=1)}
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else None


def _weights_note(results: StudyResults) -> str:
    scheme = Analysis(results).weighting()["weights"]
    words = _WEIGHT_WORDS.get(scheme, "Weights are those of the study's settings.")
    return words.format(most=1 + results.study.config.weights.lam)


def _postcodes(results: StudyResults) -> pd.DataFrame | None:
    """Put each postcode into its area, or the area whose point is nearest where none is named."""
    table = results.study.postcodes
    if table.empty:
        return None
    if "area_id" in table:
        known = table["area_id"].isin(set(results.study.areas["id"]))
        return table.loc[known, ["postcode", "lon", "lat", "area_id"]]
    tree = shapely.STRtree(results.study.areas.geometry.to_numpy())
    points = shapely.points(project(table["lon"], table["lat"], results.study.crs))
    nearest = results.study.areas["id"].to_numpy()[tree.nearest(points)]
    return table[["postcode", "lon", "lat"]].assign(area_id=nearest)


def _sources(results: StudyResults) -> list[str]:
    return [
        f"{row['file']}: {row['source']}. {row['vintage']}. {row['licence']}."
        for row in results.study.inputs
        if row["source"] != "not stated"
    ]


_WEST, _SOUTH = -1.36, 53.42


def _example_data(**changes: object) -> _ExplorerData:
    """Give the explorer's input for an invented town of 48 areas, five and four centres."""
    areas, sites, candidates = _areas(), _sites(), _candidates()
    every = pd.concat([sites, candidates], ignore_index=True)
    metres = 1.3 * great_circle_m(
        areas["lon"].to_numpy()[:, None], areas["lat"].to_numpy()[:, None],
        every["lon"].to_numpy()[None, :], every["lat"].to_numpy()[None, :],
    )  # fmt: skip
    ids = {"area_ids": areas["id"].tolist(), "site_ids": every["id"].tolist()}
    fields: dict[str, object] = {
        "title": "Children's centres and youth centres in Exampleton",
        "place": "Exampleton",
        "services": (
            _ExplorerService(
                "childrens_centre", "Children's centres", "children's centre",
                "children under five", "children_0_4",
                ("CC1", "CC2", "CC3", "CC4", "CC5"), ("CC1", "CC2", "CC3"),
            ),
            _ExplorerService(
                "youth_centre", "Youth centres", "youth centre", "young people aged 11 to 18",
                "young_11_18", ("YC1", "YC2", "YC3", "YC4"), ("YC1", "YC2"),
            ),
        ),
        "areas": areas,
        "sites": sites,
        "candidates": candidates,
        "walk": TravelMatrix.from_minutes(metres / 80, mode="walk", **ids),
        "drive": TravelMatrix.from_minutes(metres / 500 + 1, mode="drive", **ids),
        "places": pd.DataFrame(
            {
                "name": ["Exampleton", "Upper Example", "Little Example"],
                "lon": [_WEST + 0.035, _WEST + 0.06, _WEST + 0.01],
                "lat": [_SOUTH + 0.012, _SOUTH + 0.022, _SOUTH + 0.004],
                "rank": [1, 2, 2],
            }
        ),
        "as_of": "an invented date",
        "assumptions": ("The town is invented.",),
        "weights_note": "Families in the most deprived areas count up to twice.",
        "hubs": _hubs(areas),
    }  # fmt: skip
    return _ExplorerData(**{**fields, **changes})  # type: ignore[arg-type]


def _areas() -> pd.DataFrame:
    column, row = np.meshgrid(np.arange(8), np.arange(6))
    k = np.arange(48)
    return pd.DataFrame(
        {
            "id": [f"A{i:02d}" for i in k],
            "lon": (_WEST + 0.009 * column.ravel() + 0.001 * (k % 3)).round(5),
            "lat": (_SOUTH + 0.005 * row.ravel() + 0.0007 * (k % 2)).round(5),
            "ward": [f"Ward {1 + c // 3}" for c in column.ravel()],
            "locality": np.where(column.ravel() < 4, "West", "East"),
            "imd_decile": 1 + (k * 7) % 10,
            "p_no_car": 0.1 + 0.4 * ((k * 7) % 10) / 10,
            "weight": 2.0 - ((k * 7) % 10) / 10,
            "children_0_4": 3 + (k * 5) % 23,
            "young_11_18": 2 + (k * 11) % 31,
        }
    )


def _sites() -> pd.DataFrame:
    spots = {
        "CC1": (0.005, 0.004), "CC2": (0.033, 0.013), "CC3": (0.060, 0.020),
        "CC4": (0.012, 0.024), "CC5": (0.058, 0.003),
        "YC1": (0.030, 0.009), "YC2": (0.055, 0.024), "YC3": (0.004, 0.021), "YC4": (0.062, 0.006),
    }  # fmt: skip
    names = ["Mill Lane", "Market Square", "Hilltop", "Northfield", "Riverside"]
    kind = {"CC": "Children's Centre", "YC": "Youth Centre"}
    return pd.DataFrame(
        {
            "id": list(spots),
            "name": [f"{names[int(i[2]) - 1]} {kind[i[:2]]}" for i in spots],
            "service": ["childrens_centre" if i[0] == "C" else "youth_centre" for i in spots],
            "address": [f"{names[int(i[2]) - 1]} Road" for i in spots],
            "lon": [_WEST + x for x, _ in spots.values()],
            "lat": [_SOUTH + y for _, y in spots.values()],
            "assumed": [i == "YC2" for i in spots],
            "position_error_m": [500.0 if i == "YC3" else 50.0 for i in spots],
        }
    )


def _hubs(areas: pd.DataFrame) -> HubsForPage:
    """Put hubs in the invented town: one or more on each side, at most one of two buildings."""
    sites = ("CC1", "CC2", "CC3", "L1", "L2", "YC1", "YC2")
    west = ("CC1", "CC2", "L1", "YC1")
    counts = (("Children's offer", "0 to 4", "children_0_4"), ("Youth offer", "", "young_11_18"))
    plans = (("council", ("CC2", "YC2")), ("locality", ("CC2", "L2")), ("size_3", sites[:3]))
    return HubsForPage(
        site_ids=sites,
        localities=tuple("West" if i in west else "East" for i in sites),
        mode="walk",
        offers=tuple(
            Offer(column, title, ages, 0.5, areas[column].to_numpy(float))
            for title, ages, column in counts
        ),
        area_ids=tuple(areas["id"]),
        plans=tuple(PlanForPage(key, key, chosen, key != "council") for key, chosen in plans),
        labels={},
        must=np.zeros(7, bool),
        may=np.array([i != "CC1" for i in sites]),
        sums=((np.array([float(i[0] == "L") for i in sites]), -np.inf, 1.0),),
        locality_rule=(
            AtLeast(west, 1, "West"),
            AtLeast(tuple(i for i in sites if i not in west), 1, "East"),
        ),
        reach_minutes=(10.0, 20.0),
        source="an invented paper",
        deprived=areas["imd_decile"].to_numpy() <= 2,
    )


def _candidates() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["L1", "L2"],
            "name": ["Central Library", "East School"],
            "kind": ["library", "school"],
            "address": ["Market Square", "Riverside Road"],
            "lon": [_WEST + 0.036, _WEST + 0.057],
            "lat": [_SOUTH + 0.012, _SOUTH + 0.008],
        }
    )

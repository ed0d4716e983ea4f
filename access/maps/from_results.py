"""From what a run found to what the explorer needs."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from access.maps.payload import ExplorerData, ExplorerService
from access.measure import deprivation_weights
from access.results import ProposalResult, StudyResults
from access.units import project

#: Streets that the basemap shows first, by class; every other class comes last.
_RANKS = {
    "motorway": 1, "trunk": 1, "primary": 1, "secondary": 2, "tertiary": 2, "unclassified": 3,
    "residential": 3,
}  # fmt: skip
_WEIGHT_WORDS = {
    "none": "Everybody counts the same.",
    "linear": "People in the most deprived areas of the country count up to {most:g} times as "
    "much as those in the least deprived.",
}


def explorer_data(results: StudyResults) -> ExplorerData:
    """Gather the explorer's input from a run.

    Where a service has several proposals, its first is the one shown.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    ExplorerData
    """
    study, config = results.study, results.study.config
    first = _first_proposals(results)
    areas = pd.DataFrame(study.areas.drop(columns="geometry"))
    drive = results.matrices.get("drive")
    own = results.sites.loc[results.sites["kind"] != "neighbour", "id"].tolist()
    return ExplorerData(
        title=config.study.title,
        place=config.study.place,
        services=tuple(_service(results, key, proposal) for key, proposal in first.items()),
        areas=areas.assign(weight=_weights(results)),
        sites=pd.DataFrame(study.centres.drop(columns="geometry")),
        candidates=pd.DataFrame(study.candidates.drop(columns="geometry"))
        if len(study.candidates)
        else None,
        walk=results.matrices["walk"].sites(own),
        drive=None if drive is None else drive.sites(own),
        shapes=study.shapes,
        shapes_approximate=study.shapes is None,
        streets=None if results.modelled else _streets(results),
        modelled=results.modelled,
        places=pd.DataFrame(study.places) if len(study.places) else None,
        postcodes=_postcodes(results),
        weights_note=_weights_note(results),
        walk_km_h=config.travel.walk_km_h,
        pram_km_h=config.travel.pram_km_h,
        parking_minutes=config.travel.parking_minutes,
        thresholds_minutes=config.measures.thresholds_minutes,
        threshold_minutes=config.measures.threshold_minutes,
        as_of=config.study.as_of,
        vintages=(config.areas.vintage, *_sources(results)),
        attributions=_attributions(results),
        assumptions=results.assumptions,
    )


def _first_proposals(results: StudyResults) -> dict[str, ProposalResult | None]:
    first: dict[str, ProposalResult | None] = dict.fromkeys(results.study.config.services)
    for proposal in results.proposals.values():
        if first[proposal.service] is None:
            first[proposal.service] = proposal
    return first


def _service(results: StudyResults, key: str, proposal: ProposalResult | None) -> ExplorerService:
    settings = results.study.config.services[key]
    today = tuple(sorted(results.study.centres_of(key)["id"]))
    return ExplorerService(
        key, settings.title, settings.one, settings.noun, settings.demand,
        today, today if proposal is None else proposal.after,
    )  # fmt: skip


def _scheme(results: StudyResults) -> str:
    scheme = results.study.config.weights.scheme
    return "none" if scheme == "linear" and "imd_rank" not in results.study.areas else scheme


def _weights(results: StudyResults) -> np.ndarray:
    chosen = results.study.config.weights
    demand = pd.DataFrame(results.study.areas.drop(columns="geometry")).assign(count=1.0)
    return deprivation_weights(
        demand, _scheme(results), lam=chosen.lam, national_areas=chosen.national_areas
    ).per_family


def _weights_note(results: StudyResults) -> str:
    words = _WEIGHT_WORDS.get(_scheme(results), "Weights are those of the study's settings.")
    return words.format(most=1 + results.study.config.weights.lam)


def _streets(results: StudyResults) -> gpd.GeoDataFrame:
    frame = results.networks["drive"].edges_frame()
    ranks = [_RANKS.get(str(c).removesuffix("_link"), 3) for c in frame["street_class"]]
    return frame[["geometry"]].assign(rank=ranks)


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


def _attributions(results: StudyResults) -> tuple[str, ...]:
    """Every licence once, short enough to stand under a map."""
    parts = [part.strip() for row in results.study.inputs for part in row["licence"].split(";")]
    licences = [p for p in dict.fromkeys(parts) if p not in ("MIT", "not stated")]
    rows = [f"{'; '.join(licences)}."] if licences else []
    if not results.modelled:
        rows.append("Streets © OpenStreetMap contributors, ODbL.")
    return tuple(rows)

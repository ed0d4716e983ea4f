"""Stock taking for the command line: several profiles on one street file, as text and layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from access.errors import ParameterError
from access.network.audit import (
    Audit,
    audit_network,
    demand_left_out,
    left_out_frame,
    snap_lines,
    snap_table,
)
from access.network.buffer import buffer_sensitivity
from access.network.build import build_network
from access.network.graph import Network
from access.network.profile import Profile
from access.sources.osm import is_street_file, read_streets


@dataclass(frozen=True, eq=False)
class Stock:
    """What `access network` found.

    Parameters
    ----------
    networks : dict of str to Network
        By profile name.
    audits : dict of str to Audit
    sensitivity : dict of str to DataFrame
        Empty unless asked for.
    """

    networks: dict[str, Network]
    audits: dict[str, Audit]
    sensitivity: dict[str, pd.DataFrame]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values.

        Returns
        -------
        dict
        """
        return {
            name: {
                "network": self.networks[name].to_dict(),
                "classes": audit.classes.to_dict("records"),
                "parts": audit.parts.to_dict("records"),
                "demand_left_out": [] if audit.places.empty
                else demand_left_out(audit.places).to_dict("records"),
                "warnings": list(audit.warnings),
                "sensitivity": [] if name not in self.sensitivity
                else self.sensitivity[name].to_dict("records"),
            }
            for name, audit in self.audits.items()
        }  # fmt: skip

    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables to write, by file name without its ending.

        Returns
        -------
        dict of str to DataFrame
        """
        found = {}
        for name, audit in self.audits.items():
            found[f"classes_{name}"] = audit.classes
            found[f"parts_{name}"] = audit.parts
            if len(audit.places):
                found[f"snaps_{name}"] = audit.places
                found[f"demand_left_out_{name}"] = demand_left_out(audit.places)
            if name in self.sensitivity:
                found[f"sensitivity_{name}"] = self.sensitivity[name]
        return found

    def layers(self) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
        """Layers for QGIS: streets in use, streets left out, and every place's leg.

        Yields
        ------
        str, GeoDataFrame
        """
        for name, network in self.networks.items():
            yield f"streets_{name}", network.edges_frame()
            yield f"left_out_{name}", left_out_frame(network)
            if len(self.audits[name].places):
                yield f"snap_lines_{name}", snap_lines(network, self.audits[name].places)

    def to_text(self) -> str:
        """Everything in words and small tables.

        Returns
        -------
        str
        """
        return "\n\n".join(self._one(name) for name in self.audits)

    def _one(self, name: str) -> str:
        audit, network = self.audits[name], self.networks[name]
        counts = audit.counts
        classes = audit.classes.copy()
        percent = ["share", "speed_tagged_share", "one_way_share"]
        classes[percent] = (classes[percent] * 100).round(0).astype(int)
        classes["km"] = classes["km"].round(1)
        classes.columns = ["street class", "km", "% of km", "% with limit", "% one-way"]
        lines = [
            f"{name}: {network.source.name}"
            + (f", data of {network.source.data_date}" if network.source.data_date else ""),
            f"{counts['km']:,.1f} km in use, {counts['nodes']:,} nodes, {counts['edges']:,} edges; "
            f"{counts['cut_off_km']:,.1f} km in {counts['cut_off_parts']} parts left out",
            "",
            classes.to_string(index=False),
        ]
        if len(audit.parts):
            head = audit.parts.head(5).round({"km": 2, "lon": 5, "lat": 5})
            lines += ["", "Largest parts left out", head.to_string(index=False)]
        if name in self.sensitivity:
            table = self.sensitivity[name].round(2)
            lines += ["", "What a smaller extract would change (metres past the areas' hull)",
                      table.to_string(index=False)]  # fmt: skip
        words = audit.warnings or ("Nothing to warn of.",)
        return "\n".join([*lines, "", *(f"- {word}" for word in words)])


def take_stock(
    source: str | Path,
    profiles: Sequence[Profile],
    *,
    areas: pd.DataFrame | None = None,
    sites: pd.DataFrame | None = None,
    snap_limit_m: float = 500.0,
    sensitivity: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> Stock:
    """Build networks from one street file and audit them.

    Parameters
    ----------
    source : str or Path
    profiles : sequence of Profile
    areas, sites : DataFrame, optional
        Places that join; ``residents`` of areas are counted when there.
    snap_limit_m : float
    sensitivity : bool
        Also measure what smaller extracts change; needs areas and sites.
    progress : callable
        Told each step.

    Returns
    -------
    Stock

    Raises
    ------
    NetworkError
        If the source cannot be read.
    ParameterError
        If sensitivity is asked for without places.
    """
    if sensitivity and (areas is None or sites is None):
        raise ParameterError("the sensitivity to the buffer needs a study's areas and centres")
    progress(f"reading {Path(source).name}")
    streets = read_streets(source) if is_street_file(source) else Path(source)
    networks, audits, buffers = {}, {}, {}
    for profile in profiles:
        progress(f"building the {profile.name} network")
        network = build_network(streets, profile=profile)
        tables = []
        if areas is not None:
            people = None
            if "residents" in areas.columns and "id" in areas.columns:
                people = areas.set_index("id")["residents"]
            tables.append(snap_table(network, areas, limit_m=snap_limit_m, counts=people))
        if sites is not None:
            tables.append(
                snap_table(network, sites, what="centres", limit_m=snap_limit_m, as_origin=False)
            )
        table = pd.concat(tables, ignore_index=True) if tables else None
        networks[profile.name] = network
        audits[profile.name] = audit_network(network, table)
        if sensitivity and areas is not None and sites is not None:
            progress(f"smaller extracts, {profile.name}")
            buffers[profile.name] = buffer_sensitivity(
                network, areas, sites, snap_limit_m=snap_limit_m
            )
    return Stock(networks, audits, buffers)

"""Write OpenStreetMap elements as a file that every tool reads."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import osmium
from osmium.osm import mutable

from access.errors import OutputError
from access.files import replacing

_ORDER = {"node": 0, "way": 1, "relation": 2}
_SHORT = {"node": "n", "way": "w", "relation": "r"}


def write_pbf(elements: Iterable[Mapping[str, Any]], path: Path, *, data_date: str = "") -> None:
    """Write elements into an ``.osm.pbf`` file, whole or not at all.

    Parameters
    ----------
    elements : iterable of mapping
        As Overpass gives them in JSON: ``type``, ``id``, ``tags``, and ``lat``, ``lon`` or
        ``nodes`` or ``members``.
    path : Path
    data_date : str
        State of the data, kept in the file's header.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    ordered = sorted(elements, key=lambda e: (_ORDER[e["type"]], int(e["id"])))
    header = osmium.io.Header()
    header.set("generator", "family-access")
    if data_date:
        header.set("osmosis_replication_timestamp", data_date)
    try:
        with tempfile.TemporaryDirectory() as folder, replacing(path) as whole:
            work = Path(folder) / path.name
            writer = osmium.SimpleWriter(str(work), header=header)
            try:
                for element in ordered:
                    _write(writer, element)
            finally:
                writer.close()
            with work.open("rb") as made:
                shutil.copyfileobj(made, whole)
    except (OSError, RuntimeError) as error:
        raise OutputError(f"cannot write {path}: {error}") from error


def _write(writer: osmium.SimpleWriter, element: Mapping[str, Any]) -> None:
    common: dict[str, Any] = {
        "id": int(element["id"]),
        "tags": dict(element.get("tags", {})),
        "version": 1,
    }
    if element["type"] == "node":
        place = (float(element["lon"]), float(element["lat"]))
        writer.add_node(mutable.Node(**common, location=place))
    elif element["type"] == "way":
        writer.add_way(mutable.Way(**common, nodes=[int(n) for n in element["nodes"]]))
    else:
        members = [
            (_SHORT[m["type"]], int(m["ref"]), m.get("role", "")) for m in element["members"]
        ]
        writer.add_relation(mutable.Relation(**common, members=members))

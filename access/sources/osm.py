"""Read streets out of OpenStreetMap files: ``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``.

Reading is done by libosmium (pyosmium); see `opl`. Equal sets of relevant tags are stored once, so
that access rules are judged once per set and not once per way.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from access.errors import NetworkError
from access.ledger import sha256_of
from access.sources.opl import Collected, collect

#: Tags that any rule reads; all others are forgotten when a file is read.
RELEVANT_TAGS = frozenset((
    "highway", "railway", "man_made", "route", "area", "access", "foot", "vehicle",
    "motor_vehicle", "motorcar", "oneway", "oneway:foot", "oneway:motor_vehicle", "junction",
    "maxspeed", "maxspeed:forward", "maxspeed:backward", "service", "designation", "motorroad",
    "sac_scale", "surface", "smoothness", "wheelchair", "incline", "tracktype", "duration",
    "vehicle:forward", "vehicle:backward", "motor_vehicle:forward", "motor_vehicle:backward",
    "layer",
))  # fmt: skip
SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".xml")


@dataclass(frozen=True)
class SourceInfo:
    """Where streets came from, for the ledger.

    Parameters
    ----------
    name : str
        File name or a plain description.
    sha256 : str
        Of the file's bytes; empty where there is no file.
    data_date : str
        The date of the data as the file's header gives it; empty where it gives none.
    licence : str
        Attribution that every output showing these streets must carry.
    """

    name: str
    sha256: str = ""
    data_date: str = ""
    licence: str = ""


@dataclass(frozen=True, eq=False)
class Streets:
    """Ways that may be streets, with their tags, before any access rule is applied.

    Parameters
    ----------
    node_ids : ndarray of int64, shape (n,)
        OpenStreetMap ids, ascending.
    lonlat : ndarray, shape (n, 2)
        WGS84 degrees.
    way_ids : ndarray of int64, shape (w,)
    way_tags, way_names : ndarray of int32, shape (w,)
        Positions in `tag_sets` and `names`.
    refs : ndarray of int32, shape (r,)
        Rows of `lonlat`, way after way.
    offsets : ndarray of int64, shape (w + 1,)
        Where each way begins in `refs`.
    tag_sets : tuple of dict
    names : tuple of str
    node_tags : dict of int to dict
        Tags of barrier and signal nodes, by row.
    info : SourceInfo
    missing_nodes : int
        Node references that lie outside the file; ways are cut there.
    """

    node_ids: NDArray[np.int64]
    lonlat: NDArray[np.float64]
    way_ids: NDArray[np.int64]
    way_tags: NDArray[np.int32]
    way_names: NDArray[np.int32]
    refs: NDArray[np.int32]
    offsets: NDArray[np.int64]
    tag_sets: tuple[dict[str, str], ...]
    names: tuple[str, ...]
    node_tags: dict[int, dict[str, str]]
    info: SourceInfo
    missing_nodes: int = 0


def read_streets(path: str | Path) -> Streets:
    """Read every way that may be a street from an OpenStreetMap file.

    Parameters
    ----------
    path : str or Path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.

    Returns
    -------
    Streets
        One value for every mode: read once, build several networks.

    Raises
    ------
    NetworkError
        If there is no such file, it cannot be read to its end, or it holds no streets.
    """
    path = Path(path)
    if not path.is_file():
        raise NetworkError(
            f"no street file at {path}; expected an OpenStreetMap extract "
            f"({', '.join(SUFFIXES)}), for example a county from download.geofabrik.de"
        )
    if not path.name.lower().endswith(SUFFIXES):
        raise NetworkError(f"{path} is not a street file; expected one of {', '.join(SUFFIXES)}")
    try:
        found = collect(path, RELEVANT_TAGS)
    except (RuntimeError, UnicodeDecodeError) as error:
        raise NetworkError(
            f"{path} cannot be read to its end ({error}); the file is damaged or its download "
            "stopped short. Download it again and compare its size or checksum."
        ) from error
    if not found.way_ids:
        raise NetworkError(
            f"{path} holds no streets; expected ways tagged highway=*. "
            "Was the extract cut to another theme?"
        )
    date = osmium.FileProcessor(str(path)).header.get("osmosis_replication_timestamp", "")
    info = SourceInfo(
        path.name, sha256_of(path), date[:10], "© OpenStreetMap contributors, ODbL 1.0"
    )
    return _streets(found, info)


def _streets(found: Collected, info: SourceInfo) -> Streets:
    numbers = np.concatenate(found.numbers)
    node_ids, first, rows = np.unique(
        numbers[:, 0].astype(np.int64), return_index=True, return_inverse=True
    )
    known = dict(zip(node_ids.tolist(), range(len(node_ids)), strict=True))
    return Streets(
        node_ids=node_ids,
        lonlat=numbers[first, 1:],
        way_ids=np.array(found.way_ids, np.int64),
        way_tags=np.array(found.way_tags, np.int32),
        way_names=np.array(found.way_names, np.int32),
        refs=rows.astype(np.int32),
        offsets=np.concatenate([[0], np.cumsum(found.sizes)]).astype(np.int64),
        tag_sets=tuple(dict(items) for items in found.tag_sets),
        names=tuple(found.names),
        node_tags={known[n]: tags for n, tags in found.node_tags.items() if n in known},
        info=info,
        missing_nodes=found.missing,
    )


def is_street_file(path: str | Path) -> bool:
    """Say whether a path has the ending of an OpenStreetMap file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    bool

    Examples
    --------
    >>> is_street_file("south-yorkshire-latest.osm.pbf"), is_street_file("streets.graphml")
    (True, False)
    """
    return Path(path).name.lower().endswith(SUFFIXES)

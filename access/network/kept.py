"""Networks and matrices found again by what they were made from.

A kept file is named after a hash of everything that decides its contents: the street file's
bytes, the profile, the options, the versions of the libraries and this package's source code. A
change in any of them is another name, so nothing stale is ever found. One that is damaged or cut
short is noticed (`access.network.store`), said in the log, and made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import access
from access.errors import NetworkError
from access.network.graph import Network
from access.network.matrix import TravelMatrix
from access.network.store import FORMAT, load_network, read_matrix, save_network, write_matrix

#: Networks, and matrices, that a folder keeps; those not used for longest are dropped.
MOST_KEPT = 24
_LIBRARIES = ("numpy", "osmium", "pyproj", "scipy", "shapely")
_LOG = logging.getLogger(__name__)


def cache_key(parts: Mapping[str, Any]) -> str:
    """Hash what decides a kept file's contents, with the versions and code that made it.

    Parameters
    ----------
    parts : mapping
        JSON-ready values.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> cache_key({"profile": "walk"}) == cache_key({"profile": "drive"})
    False
    """
    whole = {
        **parts,
        "format": FORMAT,
        "version": access.__version__,
        "code": _code_hash(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
    text = json.dumps(whole, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _code_hash() -> str:
    """Fingerprint of the source code that builds and measures networks."""
    home = Path(access.__file__).parent
    total = hashlib.sha256()
    for path in sorted([*(home / "network").glob("*.py"), home / "sources/osm.py",
                        home / "units.py"]):  # fmt: skip
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def network_path(folder: str | Path, key: str) -> Path:
    """Name the file that keeps a network.

    Parameters
    ----------
    folder : str or Path
    key : str
        As `cache_key` gives it.

    Returns
    -------
    Path

    Examples
    --------
    >>> network_path("kept", "1f").name
    'network-1f.npz'
    """
    return Path(folder) / f"network-{key}.npz"


def kept_network(folder: str | Path, key: str, make: Callable[[], Network]) -> Network:
    """Take a network from a folder, or make it and keep it there.

    Parameters
    ----------
    folder : str or Path
    key : str
        As `cache_key` gives it.
    make : callable
        Builds the network; called if it is not kept, or damaged.

    Returns
    -------
    Network
    """
    path = network_path(folder, key)
    if path.exists():
        try:
            _touch(path)
            return load_network(path)
        except NetworkError as error:
            why = error.__cause__ or error
            _LOG.warning("the kept network %s cannot be used (%s); it is built again", path, why)
    network = make()
    _keep(path, lambda: save_network(network, path))
    return network


def kept_matrix(folder: str | Path, key: str, make: Callable[[], TravelMatrix]) -> TravelMatrix:
    """Take a matrix from a folder, or measure it and keep it there.

    Parameters
    ----------
    folder : str or Path
    key : str
        As `cache_key` gives it.
    make : callable
        Measures the matrix; called if it is not kept, or damaged.

    Returns
    -------
    TravelMatrix
    """
    path = Path(folder) / f"matrix-{key}.parquet"
    if path.exists():
        try:
            _touch(path)
            return read_matrix(path)
        except NetworkError as error:
            why = error.__cause__ or error
            _LOG.warning("the kept matrix %s cannot be used (%s); it is measured again", path, why)
    matrix = make()
    _keep(path, lambda: write_matrix(matrix, path))
    return matrix


def _keep(path: Path, write: Callable[[], None]) -> None:
    """Write a file to keep, and drop those not used for longest; a full disk stops no work."""
    try:
        write()
    except OSError as error:
        _LOG.warning("%s could not be kept for the next time: %s", path, error)
        return
    for pattern in ("network-*.npz", "matrix-*.parquet"):
        kept = sorted(path.parent.glob(pattern), key=_last_used, reverse=True)
        for old in kept[MOST_KEPT:]:
            old.unlink(missing_ok=True)


def _last_used(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except OSError:  # another run dropped it
        return 0.0, path.name


def _touch(path: Path) -> None:
    """Mark a kept file as used."""
    with suppress(OSError):
        os.utime(path)

"""Networks and matrices as files, whole or not at all.

Each file carries a fingerprint of its contents; one that is damaged or cut short is refused.
`access.network.cache` finds them again by what they were made from.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import access
from access.errors import AccessError, NetworkError, OutputError
from access.files import any_clock, check_regular, code_fingerprint, replacing, versions
from access.network.data import _LeftOut, _SourceInfo
from access.network.matrix import TravelMatrix
from access.network.network import Network
from access.network.profiles import Profile

#: Raised whenever the layout of kept files changes.
_FORMAT = 2
_MOST_BYTES = 20_000_000_000
_LISTS = ("class_names", "street_names", "assumptions")
_MATRICES = ("entry_minutes", "network_minutes", "exit_minutes", "total_minutes",
             "network_metres", "status")  # fmt: skip
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, AccessError,
            pa.ArrowException, NotImplementedError)  # fmt: skip


def _save_network(network: Network, path: str | Path, key: str = "") -> None:
    """Write a network to one ``.npz`` file, whole or not at all.

    Parameters
    ----------
    network : Network
    path : str or Path

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    header: dict[str, Any] = {
        "format": _FORMAT,
        "mode": network.mode,
        "crs": network.crs,
        "profile": asdict(network.profile),
        "source": asdict(network.source),
        "counts": network.counts,
        "reason": list(network.left_out.reason),
        **{name: list(getattr(network, name)) for name in _LISTS},
    }
    arrays = _arrays(network)
    header["key"] = key
    header["sha256"] = _fingerprint(header, arrays)
    whole: dict[str, Any] = {
        "header": np.frombuffer(json.dumps(header).encode(), np.uint8),
        **arrays,
    }
    with replacing(Path(path)) as handle, any_clock():
        np.savez(handle, **whole)


def _load_network(path: str | Path, key: str | None = None) -> Network:
    """Read a network that `_save_network` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If the file is missing, damaged, cut short, or of another version.
    """
    try:
        check_regular(Path(path), _MOST_BYTES)
        with Path(path).open("rb") as handle, np.load(handle, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        header = json.loads(arrays.pop("header").tobytes())
        stamp = header.pop("sha256")
        if header["format"] != _FORMAT or stamp != _fingerprint(header, arrays):
            raise ValueError("its fingerprint is not that of its contents")
        if header.pop("key") != key and key is not None:
            raise ValueError("it was kept for another question")
        return _network(header, arrays)
    except _DAMAGED as error:
        raise NetworkError(
            f"the kept network {path} cannot be used ({error}); delete it and build it again"
        ) from error


def _arrays(network: Network) -> dict[str, np.ndarray]:
    own = {f.name: getattr(network, f.name) for f in fields(Network)}
    rest = {f"left_out_{f.name}": getattr(network.left_out, f.name) for f in fields(_LeftOut)}
    return {k: v for k, v in (own | rest).items() if isinstance(v, np.ndarray)}


def _fingerprint(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    total = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        total.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        total.update(np.ascontiguousarray(arrays[name]).data)
    return total.hexdigest()


def _network(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> Network:
    beside: dict[str, Any] = {
        k.removeprefix("left_out_"): v for k, v in arrays.items() if "left_out_" in k
    }
    own = {k: v for k, v in arrays.items() if "left_out_" not in k}
    profile: dict[str, Any] = {
        k: tuple(tuple(i) if isinstance(i, list) else i for i in v) if isinstance(v, list) else v
        for k, v in header["profile"].items()
    }
    whole: dict[str, Any] = {
        "mode": header["mode"],
        "crs": header["crs"],
        "profile": Profile(**profile),
        "source": _SourceInfo(**header["source"]),
        "counts": header["counts"],
        "left_out": _LeftOut(reason=tuple(header["reason"]), **beside),
        **{name: tuple(header[name]) for name in _LISTS},
        **own,
    }
    return Network(**whole)


def _write_matrix(matrix: TravelMatrix, path: str | Path, key: str = "") -> None:
    """Write a matrix to a parquet file, one row a pair.

    Parameters
    ----------
    matrix : TravelMatrix
    path : str or Path

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    rows, columns = matrix.shape
    table = {
        "area_id": np.repeat(np.array(matrix.area_ids, object), columns),
        "site_id": np.tile(np.array(matrix.site_ids, object), rows),
        **{name: getattr(matrix, name).ravel() for name in _MATRICES},
    }
    head = {
        "format": _FORMAT,
        "area_ids": list(matrix.area_ids),
        "site_ids": list(matrix.site_ids),
        "mode": matrix.mode,
        "direction": matrix.direction,
        "assumptions": list(matrix.assumptions),
        "provenance": matrix.provenance,
        "key": key,
    }
    head["sha256"] = _fingerprint(_plain(head), {k: getattr(matrix, k) for k in _MATRICES})
    made = pa.table(table).replace_schema_metadata({"travel_matrix": json.dumps(head)})
    with replacing(Path(path)) as handle:
        pq.write_table(made, handle)


def _read_matrix(path: str | Path, key: str | None = None) -> TravelMatrix:
    """Read a matrix that `_write_matrix` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    TravelMatrix

    Raises
    ------
    NetworkError
        If the file is missing, damaged, cut short, or of another kind.
    """
    try:
        check_regular(Path(path), _MOST_BYTES)
        made = pq.read_table(path)
        head = json.loads((made.schema.metadata or {})[b"travel_matrix"])
        stamp = head.pop("sha256")
        shape = (len(head["area_ids"]), len(head["site_ids"]))
        arrays = {name: made[name].to_numpy().reshape(shape) for name in _MATRICES}
        if head.pop("format") != _FORMAT or stamp != _fingerprint(
            {"format": _FORMAT, **head}, arrays
        ):
            raise ValueError("its fingerprint is not that of its contents")
        if head.pop("key") != key and key is not None:
            raise ValueError("it was kept for another question")
        head["assumptions"] = tuple(head["assumptions"])
        return TravelMatrix(**head, **arrays)
    except _DAMAGED as error:
        raise NetworkError(
            f"the kept matrix {path} cannot be used ({error}); delete it and measure it again"
        ) from error


def _plain(head: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(head))
    return plain


#: Networks, and matrices, that a folder keeps; those not used for longest are dropped.
_MOST_KEPT = 24
_LIBRARIES = ("numpy", "osmium", "pyproj", "scipy", "shapely")
_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


def _cache_key(parts: Mapping[str, Any]) -> str:
    """Hash what decides a kept file's contents, with the versions and code that made it."""
    known = versions()
    whole = {
        **parts,
        "format": _FORMAT,
        "version": access.__version__,
        "code": code_fingerprint("network"),
        "libraries": {name: known[name] for name in _LIBRARIES},
    }
    text = json.dumps(whole, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _network_path(folder: str | Path, key: str) -> Path:
    """Name the file that keeps a network."""
    return Path(folder) / f"network-{key}.npz"


def _taken(
    path: Path, key: str, read: Callable[[Path, str], _T], what: str, again: str
) -> _T | None:
    """Read what a file keeps; None where it is not there, or damaged, which is said."""
    if not path.exists():
        return None
    try:
        _touch(path)
        return read(path, key)
    except NetworkError as error:
        why = error.__cause__ or error
        _LOG.warning("the kept %s %s cannot be used (%s); it is %s again", what, path, why, again)
        return None


def _kept_network(folder: str | Path, key: str, make: Callable[[], Network]) -> Network:
    """Take a network from a folder, or make it and keep it there."""
    path = _network_path(folder, key)
    network = _taken(path, key, _load_network, "network", "built")
    if network is None:
        made = network = make()
        _keep(path, lambda: _save_network(made, path, key))
    return network


def _kept_matrix(folder: str | Path, key: str, make: Callable[[], TravelMatrix]) -> TravelMatrix:
    """Take a matrix from a folder, or measure it and keep it there."""
    path = Path(folder) / f"matrix-{key}.parquet"
    matrix = _taken(path, key, _read_matrix, "matrix", "measured")
    if matrix is None:
        made = matrix = make()
        _keep(path, lambda: _write_matrix(made, path, key))
    return matrix


_Tables = Mapping[str, pd.DataFrame]


def _kept_tables(
    folder: str | Path, key: str, make: Callable[[], _Tables | None]
) -> _Tables | None:
    """Take tables from a folder, or make them and keep them there; what is None is not kept."""
    path = Path(folder) / f"around-{key}.npz"
    tables = _taken(path, key, _read_tables, "ground", "read")
    if tables is None and (made := make()) is not None:
        tables = made
        _keep(path, lambda: _write_tables(made, path, key))
    return tables


def _write_tables(tables: _Tables, path: Path, key: str) -> None:
    """Write tables to one file, whole or not at all."""
    arrays = {}
    for name, table in tables.items():
        packed = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), packed)
        arrays[name] = np.frombuffer(packed.getvalue(), np.uint8)
    header: dict[str, Any] = {"format": _FORMAT, "key": key}
    header["sha256"] = _fingerprint(header, arrays)
    told = np.frombuffer(json.dumps(header).encode(), np.uint8)
    whole: dict[str, Any] = {"header": told, **arrays}
    with replacing(path) as handle, any_clock():
        np.savez(handle, **whole)


def _read_tables(path: Path, key: str) -> _Tables:
    """Read tables that `_write_tables` wrote; NetworkError where they are damaged or others."""
    try:
        check_regular(path, _MOST_BYTES)
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        header = json.loads(arrays.pop("header").tobytes())
        stamp = header.pop("sha256")
        if stamp != _fingerprint({"format": _FORMAT, "key": key}, arrays):
            raise ValueError("its fingerprint is not that of its contents")
        return {
            name: pq.read_table(pa.BufferReader(packed.tobytes()), use_threads=False).to_pandas()
            for name, packed in arrays.items()
        }
    except _DAMAGED as error:
        raise NetworkError(
            f"the kept tables {path} cannot be used ({error}); delete them and read them again"
        ) from error


def _keep(path: Path, write: Callable[[], None]) -> None:
    """Write a file to keep, and drop those not used for longest; a full disk stops no work."""
    if path.exists() and not path.is_file():
        _LOG.warning("%s is no file and is left alone; nothing is kept there", path)
        return
    try:
        write()
    except (OSError, OutputError) as error:
        if not path.parent.is_dir():  # no folder was named, and that is to be said
            raise
        why = error.__cause__ or error
        _LOG.warning("%s could not be kept for the next time: %s", path, why)
        return
    for pattern in ("network-*.npz", "matrix-*.parquet", "around-*.npz"):
        kept = sorted(path.parent.glob(pattern), key=_last_used, reverse=True)
        for old in kept[_MOST_KEPT:]:
            with suppress(OSError):  # a folder in its place, or another run dropped it
                old.unlink()


def _last_used(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, path.name
    except OSError:  # another run dropped it
        return 0.0, path.name


def _touch(path: Path) -> None:
    """Mark a kept file as used."""
    with suppress(OSError):
        os.utime(path)

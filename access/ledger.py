"""The ledger that stands beside every output: what went in, how, and what was assumed."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

#: Packages whose version can change a number.
_PACKAGES = (
    "family-access", "numpy", "scipy", "pandas", "geopandas", "shapely", "pyproj", "osmium",
    "scikit-learn", "highspy",
)  # fmt: skip


def sha256_of(path: Path) -> str:
    """Hash a regular file: a pipe would be waited for, and a device read, without end."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def code_fingerprint(*rooms: str) -> str:
    """Hash the source of some rooms of this package: what they work out may change with it."""
    home = Path(__file__).parent
    total = hashlib.sha256()
    files = [path for room in rooms for path in (home / room).glob("*.py")]
    for path in sorted([*files, home / "units.py"]):
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def versions() -> dict[str, str]:
    """Name the versions of Python and of the packages that can change a number."""
    return {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES}


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


@dataclass(frozen=True)
class RunLedger:
    """What a run read, with which settings, and what its readers must know.

    Parameters
    ----------
    command : dict
        How to run it again: the command's name and options.
    inputs : tuple of dict
        ``file, sha256, source, vintage, licence`` of everything read.
    parameters : dict
        Every setting that can change a number.
    counts : dict
        Rows in and rows out.
    assumptions, warnings : tuple of str
        In words.
    outputs : dict of str to str
        File name to sha256.
    left_out : tuple of dict
        ``part reason`` of what the run had to do without.
    """

    command: Mapping[str, Any]
    inputs: tuple[Mapping[str, str], ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[Mapping[str, str], ...] = ()

    def to_json(self) -> str:
        """Write the ledger as JSON, keys sorted: the same run gives the same bytes.

        Returns
        -------
        str
        """
        body = {
            "command": dict(self.command),
            "inputs": [dict(i) for i in self.inputs],
            "parameters": dict(self.parameters),
            "counts": dict(self.counts),
            "assumptions": list(self.assumptions),
            "warnings": list(self.warnings),
            "outputs": dict(self.outputs),
            "left_out": [dict(part) for part in self.left_out],
            "versions": versions(),
        }
        return to_json(body)


def to_json(body: Any) -> str:
    r"""Turn plain values into stable JSON: keys sorted, numpy numbers plain, ``inf`` as null."""
    return json.dumps(_plain(body), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, str) or value is None:
        return value
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        # Twelve digits: what a processor's own order of adding changes lies beyond them.
        return float(f"{value:.12g}") if math.isfinite(value) else None
    if isinstance(value, Iterable):
        return [_plain(v) for v in value]
    return value

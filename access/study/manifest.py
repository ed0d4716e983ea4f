"""Where each table comes from: source, vintage, licence and hash, in `manifest.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from access.errors import Fault, StudyError
from access.escape import settings_faults, toml_text
from access.files import leads_out, read_whole
from access.ledger import sha256_of
from access.study.config import MOST_BYTES

_FIELDS = ("source", "vintage", "licence")


def _read_manifest(folder: Path, names: Sequence[str]) -> tuple[dict[str, str], ...]:
    """Hash every table that was read and join what the manifest says of it."""
    listed = _listed(folder)
    rows = []
    for name in names:
        entry = listed.get(name, {})
        digest = sha256_of(folder / name)
        changed = "not listed" if not entry else "no" if entry.get("sha256") == digest else "yes"
        rows.append(
            {"file": name, "sha256": digest, "changed": changed}
            | {field: str(entry.get(field, "not stated")) for field in _FIELDS}
            | ({"date": str(entry["date"])} if "date" in entry else {})
        )
    return tuple(rows)


def _listed(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / "manifest.toml"
    try:
        listed = tomllib.loads(read_whole(path, MOST_BYTES).decode("utf-8-sig")).get("table", {})
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path} cannot be read as TOML: {str(error)[:300]}") from None
    if not isinstance(listed, dict) or not all(isinstance(v, dict) for v in listed.values()):
        raise StudyError(f'{path} is not a manifest; expected a section [table."FILE"] a file')
    faults = [Fault(path.name, "", *fault) for fault in settings_faults(listed, "table")]
    if faults:
        raise StudyError(f"{path} has {len(faults)} fault(s)", faults)
    return listed


def manifest_text(
    folder: Path, names: Sequence[str], notes: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Give the manifest's text with today's hashes, what it says of sources kept.

    A note stands behind the source of its file.
    """
    from access.sources.folder import manifest_fields

    lines = ["# Where each table comes from. Hashes: `access check --write-manifest`.\n"]
    listed = _listed(folder)
    kept = [n for n in listed if (folder / n).is_file() and not leads_out(folder, n)]
    for row in _read_manifest(folder, list(dict.fromkeys([*names, *kept]))):
        if row["file"] in notes:
            row["source"] += f" ({notes[row['file']]})"
        lines.append(f"[table.{toml_text(row['file'])}]")
        said = {field: row[field] for field in (*_FIELDS, "sha256")}
        more = {k: v for k, v in listed.get(row["file"], {}).items() if k not in said}
        lines += manifest_fields(said | more)
        lines.append("")
    return "\n".join(lines)

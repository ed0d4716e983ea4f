"""The words of a study folder: `study.toml`, `manifest.toml` and the attributions."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from access.sources.columns import quoted
from access.sources.saving import save

#: What is known of each service: title, one of it, whom it is for by default, its age band.
SERVICES: dict[str, tuple[str, str, tuple[str, str], str]] = {
    "childrens_centre": (
        "Children's Centres",
        "Children's Centre",
        ("children_0_4", "children under five"),
        "0 to 4",
    ),
    "youth_centre": (
        "Youth Centres",
        "Youth Centre",
        ("young_11_18", "young people aged 11 to 18"),
        "11 to 18",
    ),
    "family_hub": ("Family Hubs", "Family Hub", ("children_0_4", "children under five"), "0 to 4"),
    "library": ("Libraries", "library", ("residents", "residents"), "everybody"),
}


@dataclass(frozen=True)
class Provenance:
    """Where a table comes from, for the manifest and the attributions.

    Parameters
    ----------
    source, vintage, licence : str
    urls : tuple of str
        Addresses; empty for files that were handed over.
    fetched : str
        Date; empty for files that were handed over.
    whole : bool
        Whether everything it should hold is in it; a further call fills in what is not.
    """

    source: str
    vintage: str
    licence: str
    urls: tuple[str, ...] = ()
    fetched: str = ""
    whole: bool = True


@dataclass(frozen=True)
class Settings:
    """What goes into a study's settings.

    Parameters
    ----------
    name, title, place, as_of : str
    box : tuple of float
    unit, vintage : str
    notes : sequence of str
    services : mapping of str to (str, str)
        Key to the column that counts whom it is for, and their noun.
    centres : mapping of str to sequence of (str, str)
        Id and name of each service's centres, for the example.
    shared, copied : mapping of str to str
        Counts shared from larger areas, and figures copied from them.
    shapes : bool
    national_areas : int
        0 where no deprivation is known.
    hubs : sequence of str
        Ids of today's hubs.
    buffer_m : float
    """

    name: str
    title: str
    place: str
    as_of: str
    box: tuple[float, float, float, float]
    unit: str
    vintage: str
    notes: Sequence[str]
    services: Mapping[str, tuple[str, str]]
    centres: Mapping[str, Sequence[tuple[str, str]]]
    shared: Mapping[str, str] = field(default_factory=dict)
    copied: Mapping[str, str] = field(default_factory=dict)
    parent_key: str = "lsoa"
    shapes: bool = False
    national_areas: int = 0
    hubs: Sequence[str] = ()
    buffer_m: float = 5000.0


def settings_text(s: Settings) -> str:
    """`study.toml`, with an example of a proposal per service for the planner to fill in."""
    lines = [
        f"# {s.title}. Made from public tables: manifest.toml says which.",
        "# Proposals are yours: fill in the examples below, then `access check` and `access run`.",
        "",
        "[study]",
        f"name = {quoted(s.name)}",
        f"title = {quoted(s.title)}",
        f"place = {quoted(s.place)}",
        f"as_of = {quoted(s.as_of)}            # printed on outputs instead of a clock",
        f"box = [{', '.join(f'{edge:g}' for edge in s.box)}]   # west, south, east, north",
        "notes = [",
        *(f"  {quoted(note)}," for note in s.notes),
        "]",
        "",
        "[areas]",
        f"unit = {quoted(s.unit)}",
        f"vintage = {quoted(s.vintage)}",
    ]
    if s.shapes:
        lines.append('shapes = "areas.geojson"             # boundaries')
    if s.shared or s.copied:
        lines += [
            'parent_table = "parents.csv"         # figures known only for larger areas ...',
            f"parent_key = {quoted(s.parent_key)}",
            'share_by = "residents"               # ... are shared by this, totals kept',
        ]
    for part, pairs in (("shared_counts", s.shared), ("from_parent", s.copied)):
        if pairs:
            lines += ["", f"[areas.{part}]", *(f"{k} = {quoted(v)}" for k, v in pairs.items())]
    for key, (demand, noun) in s.services.items():
        title, one, _, band = SERVICES.get(
            key,
            (
                key.replace("_", " ").capitalize(),
                "centre",
                ("residents", "residents"),
                "not stated",
            ),
        )
        lines += [
            "",
            f"[services.{key}]",
            f"title = {quoted(title)}",
            f"one = {quoted(one)}",
            f"demand = {quoted(demand)}",
            f"noun = {quoted(noun)}",
            f"age_band = {quoted(band if demand != 'residents' else 'everybody')}",
        ]
    lines += _examples(s)
    lines += ["", "[travel]", f"buffer_m = {s.buffer_m:g}", "", "[weights]"]
    if s.national_areas:
        lines += [
            'scheme = "linear"                    # none | linear | green_book | a column',
            "lam = 1.0",
            f"national_areas = {s.national_areas}               # areas that ranks are out of",
        ]
    else:
        lines += ['scheme = "none"                      # no deprivation by area is at hand']
    if s.hubs:
        lines += [
            "",
            "[hubs]",
            f"council_choice = [{', '.join(map(quoted, s.hubs))}]",
            'council_source = "Department for Education, list of family hub sites"',
        ]
    return "\n".join(lines) + "\n"


def _examples(s: Settings) -> list[str]:
    lines: list[str] = []
    for key in s.services:
        own = list(s.centres.get(key, ()))
        if len(own) < 2:
            continue
        title = SERVICES.get(key, (key,))[0]
        names = "; ".join(f"{id_} {' '.join(name.split())}" for id_, name in own[:60])
        names = "".join(ch for ch in names if ch.isprintable())
        lines += [
            "",
            f"# TO FILL IN: what is proposed for {title}. Take the # away and name ids.",
            f"# [proposals.{key}s_{len(own)}_to_{len(own) - 1}]",
            f'# title = "{title} from {len(own)} to {len(own) - 1}"',
            f'# service = "{key}"',
            f"# close = [{quoted(own[-1][0])}]",
            '# source = "The paper that proposes it."',
            f"# Today's: {names}",
        ]
    return lines


def manifest_text(tables: Mapping[str, tuple[bytes, Provenance]], kept: Mapping[str, dict]) -> str:
    """`manifest.toml`: source, vintage, licence, checksum, and date fetched of every table."""
    lines = ["# Where each table comes from. Hashes: `access check --write-manifest`.", ""]
    for name in sorted({*tables, *kept}):
        lines.append(f"[table.{quoted(name)}]")
        if name in tables:
            body, about = tables[name]
            entry = {
                "source": about.source,
                "vintage": about.vintage,
                "licence": about.licence,
                "sha256": hashlib.sha256(body).hexdigest(),
                "fetched": about.fetched,
                "urls": " ".join(about.urls),
                "made": "yes",
                "whole": "yes" if about.whole else "no",
            }
        else:
            entry = {k: str(v) for k, v in kept[name].items()}
        lines += [f"{k} = {quoted(v)}" for k, v in entry.items() if v]
        lines.append("")
    return "\n".join(lines)


def read_manifest(folder: Path) -> dict[str, dict]:
    """What a manifest that is there says of each table; nothing where there is none."""
    try:
        text = (folder / "manifest.toml").read_text(encoding="utf-8")
        return dict(tomllib.loads(text).get("table", {}))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def made_by_us(folder: Path, name: str, manifest: Mapping[str, dict]) -> bool:
    """Whether a file is there as it was made: one that somebody changed is theirs."""
    entry, path = manifest.get(name, {}), folder / name
    if entry.get("made") != "yes" or not path.is_file():
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == entry.get("sha256")


def attribution_text(tables: Mapping[str, tuple[bytes, Provenance]], place: str) -> str:
    """The attributions that every output which shows the data must carry."""
    lines = [f"# Attributions for the study of {place}", ""]
    by: dict[tuple[str, str], list[str]] = {}
    for name, (_, about) in sorted(tables.items()):
        by.setdefault((about.source, about.licence), []).append(name)
    for (source, licence), names in by.items():
        lines += [f"- {', '.join(names)}: {source}. {licence}."]
    return "\n".join([*lines, ""])


def write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files one by one, each whole or not at all, `study.toml` last but the manifest."""
    order = sorted(files, key=lambda n: (n == "manifest.toml", n == "study.toml", n))
    for name in order:
        save(folder / name, files[name])

"""What a study still lacks is asked for; what is being put together, and how each part fared."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from access.errors import AccessError, FetchError
from access.sources import figures, ons, registers
from access.sources.folder import (
    Provenance,
)
from access.sources.http import Fetched, Internet
from access.sources.ons import UNITS
from access.sources.points import _fetch_postcodes
from access.sources.registers import _District
from access.sources.shelf import COUNTS, _figures_at_hand, _Shelf

_AT_ONCE = 2


@dataclass
class _Asked:
    """What came of asking.

    Parameters
    ----------
    origin : dict of str to (str, str)
        File name to its address and the date it was fetched.
    failed : dict of str to str
        _Part to why it could not be had.
    """

    origin: dict[str, tuple[str, str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Task:
    """One file to fetch: for which part, under which name, and how."""

    part: str
    name: str
    role: str
    fetch: Callable[[Path], Fetched]


def _ask_for_parts(
    net: Internet,
    shelf: _Shelf,
    district: _District,
    unit: str,
    folder: Path,
    progress: Callable[[str], None],
    parts: Collection[str] = (),
) -> _Asked:
    """Fetch every file that is not at hand into a folder, and put it on the shelf.

    Parameters
    ----------
    net : Internet
    shelf : Shelf
        What is at hand; fetched files are added.
    district : District
    unit : str
    folder : Path
        Where small files are put, for the next call.
    progress : callable
    parts : collection of str
        Only these; all when empty. The look-up of areas comes with the boundaries.

    Returns
    -------
    Asked
    """
    asked = _Asked()
    groups = [
        _ons_tasks(net, district, unit, folder),
        _nomis_tasks(net, district, unit, _figures_at_hand(shelf, unit)),
        _other_tasks(net, unit),
    ]
    have = {role for item in shelf.items for role in item.roles}
    wanted = [[t for t in g if t.role not in have and _is_asked(t, parts)] for g in groups]

    def run(tasks: list[_Task]) -> list[tuple[_Task, Fetched | None, str]]:
        done: list[tuple[_Task, Fetched | None, str]] = []
        for task in tasks:
            progress(f"asking for {task.part}")
            try:
                done.append((task, task.fetch(folder / task.name), ""))
            except AccessError as error:
                done.append((task, None, error.message))
        return done

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = [row for rows in pool.map(run, wanted) for row in rows]
    for task, got, why in results:
        if got is None:
            asked.failed.setdefault(task.part, why)
            continue
        path = folder / task.name
        if got.path != path:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(got.path, path.with_name(f".{path.name}.part"))
            path.with_name(f".{path.name}.part").replace(path)
        item = shelf.add(path)
        if item is None or task.role not in item.roles:
            path.unlink()
            net.forget(got.url)
            why = shelf.refused.pop() if item is None or not item.roles else path.name
            asked.failed.setdefault(task.part, f"what {got.url} gave is another thing: {why}")
        else:
            asked.origin[task.name] = (got.url, got.day)
    return asked


def _is_asked(task: _Task, parts: Collection[str]) -> bool:
    needed = task.role.startswith("lookup") and "boundaries" in parts
    return not parts or task.part in parts or needed


def _ons_tasks(net: Internet, district: _District, unit: str, folder: Path) -> list[_Task]:
    """Look-up first: it tells the codes that the other layers are asked for."""
    code = UNITS[unit][0]
    codes: dict[str, list[str]] = {}

    def lookup(path: Path) -> Fetched:
        where = [
            f"LAD{year}CD IN ({','.join(f'{c!r}' for c in district.codes)})"
            for year in range(11, 30)
        ]
        return ons.fetch_layer(net, ons.LAYERS[f"lookup {unit}"], where, path, geometry=False)

    def by_code(layer: str, geometry: bool) -> Callable[[Path], Fetched]:
        def fetch(path: Path) -> Fetched:
            if not codes:
                path_of = folder / f"lookup_{unit}.geojson"
                if not path_of.exists():
                    raise FetchError(
                        "the look-up that tells which areas are the district's is missing"
                    )
                codes["own"] = sorted(ons.parse_lookup(path_of, *UNITS[unit][:2])[code.lower()])
            return ons.fetch_codes(
                net, ons.LAYERS[layer], code, codes["own"], path, geometry=geometry
            )

        return fetch

    def wards(path: Path) -> Fetched:
        where = [
            f"LAD{year}CD IN ({','.join(f'{c!r}' for c in district.codes)})"
            for year in range(29, 22, -1)
        ]
        return ons.fetch_layer(net, ons.LAYERS["wards"], where, path)

    return [
        _Task("areas", f"lookup_{unit}.geojson", f"lookup {unit}", lookup),
        _Task(
            "areas",
            f"centroids_{unit}.geojson",
            f"centroids {unit}",
            by_code(f"centroids {unit}", True),
        ),
        _Task(
            "boundaries",
            f"boundaries_{unit}.geojson",
            f"boundaries {unit}",
            by_code(f"boundaries {unit}", True),
        ),
        _Task("wards", "wards.geojson", "wards", wards),
    ]


def _nomis_tasks(net: Internet, district: _District, unit: str, known: set[str]) -> list[_Task]:
    """Census tables whose figures no file at hand has."""

    def fetch(topic: figures.Topic) -> Callable[[Path], Fetched]:
        def by_any_code(path: Path) -> Fetched:
            """NOMIS may know a district by its former code only."""
            for code in district.codes[:-1]:
                try:
                    return figures.fetch_topic(net, topic, code, unit, path)
                except figures.NoRowsError:
                    continue
            return figures.fetch_topic(net, topic, district.codes[-1], unit, path)

        return by_any_code

    return [
        _Task(
            "census",
            f"{topic.name.split()[0].lower()}_{unit}.csv",
            f"figures {topic.dataset}",
            fetch(topic),
        )
        for topic in figures.TOPICS[UNITS[unit][3]]
        if not {topic.figures[0][0], *({topic.total} & set(COUNTS))} <= known
    ]


def _other_tasks(net: Internet, unit: str) -> list[_Task]:
    year = 2025 if UNITS[unit][3] == 2021 else 2019
    return [
        _Task(
            "deprivation",
            f"File_7_IoD{year}.csv",
            "deprivation",
            lambda path: figures.fetch_deprivation(net, year),
        ),
        _Task("postcodes", "codepo_gb.zip", "postcodes", lambda path: _fetch_postcodes(net)),
        _Task(
            "centres",
            "edubaseallchildrencentre.csv",
            "register centres",
            lambda path: registers.fetch_register(net, "centres"),
        ),
        _Task(
            "hubs",
            "List_of_family_hub_sites.csv",
            "register hubs",
            lambda path: registers.fetch_hubs(net),
        ),
        _Task(
            "candidates",
            "edubasealldata.csv",
            "register schools",
            lambda path: registers.fetch_register(net, "schools"),
        ),
    ]


@dataclass
class _Part:
    """One part of a study folder.

    Parameters
    ----------
    name : str
    state : str
        What became of it, in words.
    whole : bool
    by_hand : str
        Which file to get by hand and where to put it, if it is not whole.
    some : bool
        Whether there is some of it.
    """

    name: str
    state: str
    whole: bool = True
    by_hand: str = ""
    some: bool = False

    @property
    def mark(self) -> str:
        """``ok``, ``in part`` or ``MISSING``."""
        return "ok" if self.whole else "in part" if self.some else "MISSING"


@dataclass
class Made:
    """A study folder that was made, and what is still to be done.

    Parameters
    ----------
    folder : Path
    district : District
    parts : list of _Part
    notes : list of str
        What was converted, estimated or left out.
    """

    folder: Path
    district: _District
    parts: list[_Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether no part is missing."""
        return all(part.whole for part in self.parts)

    def to_text(self) -> str:
        """Say what was made, what is missing, and what to do."""
        lines = [f"{self.folder}: a study of {self.district.spoken} ({self.district.code})", ""]
        lines += [f"  {part.mark:<7} {part.name}: {part.state}" for part in self.parts]
        hand = [p for p in self.parts if p.by_hand]
        if hand:
            lines += ["", "To get by hand, then give the same command again:"]
            lines += [f"  {p.name}: {p.by_hand}" for p in hand]
        if self.notes:
            lines += ["", "What was done on the way:"] + [f"  - {note}" for note in self.notes]
        return "\n".join(lines)


@dataclass
class _Work:
    """What is being put together."""

    district: _District
    unit: str
    shelf: _Shelf
    made: Made
    asked: _Asked
    hand_folder: Path
    buffer_m: float
    areas: pd.DataFrame = field(default_factory=pd.DataFrame)
    parents: pd.DataFrame = field(default_factory=pd.DataFrame)
    shapes: gpd.GeoSeries | None = None
    tables: dict[str, tuple[bytes, Provenance]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    study_notes: list[str] = field(default_factory=list)

    def part(
        self, name: str, state: str, *, whole: bool = True, by_hand: str = "", some: bool = False
    ) -> None:
        """Note what became of a part; one that is missing says why the internet did not help."""
        why = self.asked.failed.get(name, "")
        if not whole and why:
            state = f"{state} ({why})"
        if by_hand and not whole:
            by_hand = f"{by_hand}; put it into {self.hand_folder}"
        self.made.parts.append(_Part(name, state, whole, by_hand, some))

    def provenance(
        self, source: str, vintage: str, licence: str, *files: str, whole: bool = True
    ) -> Provenance:
        """Where a table comes from; addresses and dates where it was fetched."""
        got = [self.asked.origin[f] for f in files if f in self.asked.origin]
        days = sorted({day for _, day in got})
        return Provenance(
            source, vintage, licence, tuple(url for url, _ in got), days[-1] if days else "", whole
        )

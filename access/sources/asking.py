"""What a study still lacks is asked for, two sources at a time; one that is down is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from access.errors import AccessError, FetchError
from access.sources import deprivation, nomis, ons, registers
from access.sources.codepoint import fetch_postcodes
from access.sources.districts import District
from access.sources.download import Fetched, Internet
from access.sources.ons import UNITS
from access.sources.people import COUNTS, figures_at_hand
from access.sources.shelf import Shelf

_AT_ONCE = 2


@dataclass
class Asked:
    """What came of asking.

    Parameters
    ----------
    origin : dict of str to (str, str)
        File name to its address and the date it was fetched.
    failed : dict of str to str
        Part to why it could not be had.
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


def ask_for_parts(
    net: Internet,
    shelf: Shelf,
    district: District,
    unit: str,
    folder: Path,
    progress: Callable[[str], None],
) -> Asked:
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

    Returns
    -------
    Asked
    """
    asked = Asked()
    groups = [
        _ons_tasks(net, district, unit, folder),
        _nomis_tasks(net, district, unit, figures_at_hand(shelf, unit)),
        _other_tasks(net, unit),
    ]
    have = {role for item in shelf.items for role in item.roles}
    wanted = [[task for task in group if task.role not in have] for group in groups]

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


def _ons_tasks(net: Internet, district: District, unit: str, folder: Path) -> list[_Task]:
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


def _nomis_tasks(net: Internet, district: District, unit: str, known: set[str]) -> list[_Task]:
    """Census tables whose figures no file at hand has."""

    def fetch(topic: nomis.Topic) -> Callable[[Path], Fetched]:
        def by_any_code(path: Path) -> Fetched:
            """NOMIS may know a district by its former code only."""
            for code in district.codes[:-1]:
                try:
                    return nomis.fetch_topic(net, topic, code, unit, path)
                except nomis.NoRowsError:
                    continue
            return nomis.fetch_topic(net, topic, district.codes[-1], unit, path)

        return by_any_code

    return [
        _Task(
            "census",
            f"{topic.name.split()[0].lower()}_{unit}.csv",
            f"figures {topic.dataset}",
            fetch(topic),
        )
        for topic in nomis.TOPICS[UNITS[unit][3]]
        if not {topic.figures[0][0], *({topic.total} & set(COUNTS))} <= known
    ]


def _other_tasks(net: Internet, unit: str) -> list[_Task]:
    year = 2025 if UNITS[unit][3] == 2021 else 2019
    return [
        _Task(
            "deprivation",
            f"File_7_IoD{year}.csv",
            "deprivation",
            lambda path: deprivation.fetch_deprivation(net, year),
        ),
        _Task("postcodes", "codepo_gb.zip", "postcodes", lambda path: fetch_postcodes(net)),
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

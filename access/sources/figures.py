"""Figures by area: census tables of NOMIS, and the English Indices of Deprivation."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from access.errors import FetchError, StudyError
from access.files import write_file
from access.sources.columns import _plain, _read_numbers, _shown
from access.sources.http import Fetched, Internet, _is_page, _NotWholeError
from access.sources.tables import _read_source, _Source

_SOURCE = "Office for National Statistics, Census {year}, by NOMIS"
_LICENCE = "Open Government Licence v3.0; source: Office for National Statistics"
#: Types of geography by unit.
_TYPES = {"oa21": 150, "lsoa21": 151, "msoa21": 152, "oa11": 299, "lsoa11": 298, "msoa11": 297}
_PAGE = 25_000


@dataclass(frozen=True)
class _Topic:
    """One census table: what it is told by, and what is taken from it.

    Parameters
    ----------
    name : str
    dataset : str
        NOMIS id.
    told_by : str
        A category that no other table has (regular expression).
    total : str
        Our name for its total.
    figures : tuple of (str, str)
        Our name, and the categories that add up to it (regular expression).
    ask : mapping of str to object
        What else NOMIS must be told, or it gives every figure several times.
    """

    name: str
    dataset: str
    told_by: str
    total: str
    figures: tuple[tuple[str, str], ...]
    ask: Mapping[str, object] = field(default_factory=dict)


#: Every kind of place together: tables of 2011 come by rural and urban places as well.
_EVERY_PLACE = {"rural_urban": 0}
#: Categories as they are named, without the table's own name before them.
_TOPICS_2021 = (
    _Topic(
        "TS007A age by five-year bands",
        "NM_2020_1",
        r"^aged 4 years and under$",
        "residents",
        (
            ("children_0_4", r"^aged 4 years and under$"),
            ("age_5_9", r"^aged 5 to 9 years$"),
            ("age_10_14", r"^aged 10 to 14 years$"),
            ("age_15_19", r"^aged 15 to 19 years$"),
        ),
    ),
    _Topic(
        "TS045 car or van availability",
        "NM_2063_1",
        r"^no cars or vans in household$",
        "households",
        (("households_no_car", r"^no cars or vans in household$"),),
    ),
    _Topic(
        "TS038 disability",
        "NM_2056_1",
        r"^disabled under the equality act$",
        "people",
        (("disabled", r"^disabled under the equality act$"),),
    ),
    _Topic(
        "TS021 ethnic group",
        "NM_2041_1",
        r"^white: english, welsh, scottish, northern irish or british$",
        "people_ethnic_group",
        (("white_british", r"^white: english, welsh, scottish, northern irish or british$"),),
    ),
    _Topic(
        "TS003 household composition",
        "NM_2023_1",
        r"lone parent (family|household).*with dependent children$",
        "households_composition",
        (
            (
                "lone_parent_households",
                r"^(single family household: )?lone parent (family|household): "
                r"with dependent children$",
            ),
        ),
    ),
)
_TOPICS_2011 = (
    _Topic(
        "QS103EW age by single year",
        "NM_503_1",
        r"^(age )?under 1$",
        "residents",
        (
            ("children_0_4", r"^(age )?(under 1|[1-4])$"),
            ("age_5_9", r"^(age )?[5-9]$"),
            ("young_11_18", r"^(age )?1[1-8]$"),
            ("children_5_10", r"^(age )?([5-9]|10)$"),
        ),
        _EVERY_PLACE,
    ),
    _Topic(
        "QS416EW car or van availability",
        "NM_548_1",
        r"^no cars or vans in household$",
        "households",
        (("households_no_car", r"^no cars or vans in household$"),),
        _EVERY_PLACE,
    ),
)
_TOPICS_ESTIMATES = (
    _Topic(
        "mid-year estimates by single year",
        "NM_2014_1",
        r"^(age )?(11|aged 11 years?)$",
        "residents_estimate",
        (
            ("children_0_4", r"^(age )?(under 1|aged 0|0|[1-4])$"),
            ("children_5_10", r"^(age )?([5-9]|10)$"),
            ("young_11_18", r"^(age )?1[1-8]$"),
        ),
    ),
)
_TOPICS = {2021: _TOPICS_2021, 2011: _TOPICS_2011}


# --- reading ---------------------------------------------------------------------------------


def _parse_figures(
    source: _Source, topics: Iterable[_Topic]
) -> tuple[pd.DataFrame, list[_Topic], list[str]]:
    """Figures of a table of NOMIS: long (as the service gives it) or wide (as bulk files are).

    Parameters
    ----------
    source : Source
    topics : iterable of Topic

    Returns
    -------
    DataFrame
        Indexed by area code, one column a figure of the topics that the table holds.
    list of Topic
        Those it holds.
    list of str
        What was converted.

    Raises
    ------
    StudyError
        If rows are missing or numbers cannot be read.
    """
    frame = source.frame
    names = {_plain(column): column for column in frame.columns}
    code = names.get("geographycode") or names.get("geographygsscode")
    if code is None:
        return pd.DataFrame(), [], []
    wide = _widened(source, code, names) if "obsvalue" in names else frame.set_index(code)
    categories = {column: _category(column) for column in wide.columns}
    out = pd.DataFrame(index=wide.index)
    held: list[_Topic] = []
    notes: list[str] = []
    for topic in topics:
        if not any(re.search(topic.told_by, text) for text in categories.values()):
            continue
        held.append(topic)
        for name, pattern in (
            (
                topic.total,
                r"^(total|all (usual residents|households|ages)|"
                r"all categories:?.*)(: .*)?$",
            ),
            *topic.figures,
        ):
            columns = [c for c, text in categories.items() if re.search(pattern, text)]
            if columns:
                out[name] = _added(wide, columns, source, notes)
    return out, held, notes


def _topics_held(source: _Source) -> list[_Topic]:
    """Which census tables a file of NOMIS holds; none where it is no such file."""
    names = {_plain(column): column for column in source.frame.columns}
    if "geographycode" not in names:
        return []
    if "obsvalue" in names:
        labels = [c for p, c in names.items() if p.endswith("name")]
        texts = {t for c in labels for t in source.frame[c].unique()[:200]}
    else:
        texts = set(source.frame.columns)
    found = {_category(text) for text in texts}
    every = (*_TOPICS_2021, *_TOPICS_2011, *_TOPICS_ESTIMATES)
    return [t for t in every if any(re.search(t.told_by, text) for text in found)]


def _category(header: str) -> str:
    """A category without the table's name before it and the measure behind."""
    text = re.sub(r"\s*;\s*measures?:.*$", "", header.strip(), flags=re.IGNORECASE)
    text = re.sub(
        r"^(age|number of cars or vans|cars or vans|disability|ethnic group|"
        r"household composition|sex)\s*:\s*",
        "",
        text,
        flags=re.IGNORECASE,
    )
    return text.casefold().strip()


def _widened(source: _Source, code: str, names: dict[str, str]) -> pd.DataFrame:
    """The long form with one row a figure, as one row an area."""
    frame = source.frame
    places = names.get("ruralurbanname")  # tables of 2011 come with all and each kind of place
    if places and len(frame[places].unique()) > 1:
        frame = frame[frame[places].str.casefold() == "total"]
    measures = names.get("measuresname")
    if measures and len(frame[measures].unique()) > 1:
        frame = frame[frame[measures].str.casefold().isin(["value", "count"])]
    others = {
        "geography",
        "date",
        "measures",
        "obsstatus",
        "urn",
        "obsconf",
        "rural urban",
        "ruralurban",
        "freq",
        "sex",
    }
    labels = [
        c for p, c in names.items() if p.endswith("name") and p.removesuffix("name") not in others
    ]
    labels = [c for c in labels if len(frame[c].unique()) > 1] or labels
    if len(labels) != 1:
        raise StudyError(
            f"{source.file} has {len(labels)} columns of categories ({_shown(labels)}); expected "
            "one, such as C2021_AGE_19_NAME"
        )
    twice = frame.duplicated([code, labels[0]])
    if twice.any():
        rows = [source.rows[i] for i in frame.index[twice]]
        raise StudyError(f"{source.file} gives a figure twice (rows {_shown(rows)})")
    known = frame[[code, labels[0], names["obsvalue"]]].dropna()
    wide = known.pivot(index=code, columns=labels[0], values=names["obsvalue"])  # noqa: PD010 - once
    lost = int(wide.isna().sum().sum())
    if lost:
        areas = wide.index[wide.isna().any(axis=1)].tolist()
        raise StudyError(
            f"{source.file} lacks {lost:,} figures of {len(areas):,} areas ({_shown(areas)}): the "
            "download was cut short; get it again"
        )
    return wide


def _added(
    wide: pd.DataFrame, columns: Sequence[str], source: _Source, notes: list[str]
) -> np.ndarray:
    total = np.zeros(len(wide))
    for column in columns:
        read = _read_numbers(wide[column].astype(str).tolist(), least=0)
        if read.wrong:
            at, text, expected = read.wrong[0]
            raise StudyError(
                f"{source.file}, {wide.index[at]}, {column}: found {text!r}; expected {expected}"
            )
        notes += [f"{column}: {change}, {n:,} cells." for change, n in read.changes.items()]
        total += np.asarray(read.cells)
    return total


class _NoRowsError(FetchError):
    """The service has nothing for a code: it is of another year."""


# --- asking ----------------------------------------------------------------------------------


def _fetch_topic(
    net: Internet, topic: _Topic, districts: Sequence[str], unit: str, path: Path
) -> Fetched:
    """Fetch one table for all areas of a district, every row counted.

    Parameters
    ----------
    net : Internet
    topic : Topic
    districts : sequence of str
        Codes of the local authority: several where it was made of as many.
    unit : str
        A key of `_TYPES`.
    path : Path
        CSV to write, in the service's own long form.

    Returns
    -------
    Fetched

    Raises
    ------
    FetchError
        If the reply has other columns, or fewer rows than it counts itself.
    """
    header: list[str] = []
    rows: list[list[str]] = []
    first = ""
    for district in districts:
        names, own, url = _rows_of(net, topic, district, unit)
        if header and names != header:
            raise FetchError(f"{url} gives other columns than {first}")
        header, first = names, first or url
        rows += own
    _check_square(header, rows, topic)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    body = text.getvalue().encode()
    write_file(path, body)
    return Fetched(path, first, hashlib.sha256(body).hexdigest(), net.day)


def _rows_of(
    net: Internet, topic: _Topic, district: str, unit: str
) -> tuple[list[str], list[list[str]], str]:
    """Give the columns and every row of one local authority's areas, and where they are from."""
    header: list[str] = []
    rows: list[list[str]] = []
    total: int | None = None
    url = ""
    while total is None or len(rows) < total:
        url = net.address(
            "nomis",
            f"dataset/{topic.dataset}.data.csv",
            date="latest",
            geography=f"{district}TYPE{_TYPES[unit]}",
            measures=20100,
            **topic.ask,
            RecordOffset=len(rows),
            RecordLimit=_PAGE,
        )
        page = net.get(url, topic.name, check=_is_csv, fresh=True).body.decode(
            "utf-8-sig", "replace"
        )
        grid = [row for row in csv.reader(io.StringIO(page)) if row]
        names = [name.strip().upper() for name in grid[0]]
        _check_columns(names, topic, url)
        new = grid[1:]
        if header and names != header:
            raise FetchError(f"{url} gives other columns than the page before it")
        header = names
        count = _record_count(new, names, url)
        if total is not None and count is not None and count != total:
            raise FetchError(f"{url} counted {total:,} rows of {topic.name}, then {count:,}")
        total = count if count is not None else total
        rows += new
        if not new:
            break
    if not rows:
        raise _NoRowsError(
            f"NOMIS gave no rows of {topic.name} for {district}: the code is of "
            f"another year, or not known to it ({url})"
        )
    if total is not None and len(rows) != total:
        raise FetchError(
            f"NOMIS counts {total:,} rows of {topic.name} and gave {len(rows):,}: the "
            "reply was cut short; nothing is taken from it"
        )
    return header, rows, url.split("&RecordOffset")[0]


def _is_csv(path: Path, kind: str) -> None:
    start = path.read_bytes()[:4000]
    if _is_page(start, kind):
        raise _NotWholeError("a web page came in its place")
    if b"," not in start.split(b"\n", 1)[0]:
        raise _NotWholeError(f"no table came: {start[:80].decode('utf-8', 'replace').strip()!r}")


def _check_columns(names: list[str], topic: _Topic, url: str) -> None:
    lacking = [n for n in ("GEOGRAPHY_CODE", "OBS_VALUE") if n not in names]
    if lacking:
        raise FetchError(
            f"{url} gives {topic.name} without {', '.join(lacking)}; its columns are "
            f"{_shown(names)}: the service has changed"
        )


def _record_count(rows: list[list[str]], names: list[str], url: str) -> int | None:
    if "RECORD_COUNT" not in names or not rows:
        return None
    at = names.index("RECORD_COUNT")
    counts = {row[at] for row in rows if len(row) > at}
    ragged = [row for row in rows if len(row) != len(names)]
    if len(counts) != 1 or not next(iter(counts)).isdigit() or ragged:
        raise FetchError(f"{url} gave rows that are not whole; nothing is taken from it")
    return int(next(iter(counts)))


def _check_square(header: list[str], rows: list[list[str]], topic: _Topic) -> None:
    """Every area must have as many figures: a reply cut between pages has not."""
    at = header.index("GEOGRAPHY_CODE")
    counts = pd.Series([row[at] for row in rows]).value_counts()
    short = counts[counts != counts.max()]
    if len(short):
        raise FetchError(
            f"NOMIS gave fewer figures of {topic.name} for {len(short):,} areas "
            f"({_shown(sorted(short.index))}); nothing is taken from it"
        )


_INDICES = (
    "Ministry of Housing, Communities and Local Government: English Indices of Deprivation {year}"
)
_INDICES_LICENCE = "Open Government Licence v3.0"
#: Path of the file by year.
_FILE_7 = {
    2025: "media/691ded56d140bbbaa59a2a7d/File_7_IoD2025_All_Ranks_Scores_Deciles_Population_"
    "Denominators.csv",
    2019: "media/5dc407b440f0b6379a7acc8d/File_7_-_All_IoD2019_Scores__Ranks__Deciles_and_"
    "Population_Denominators_3.csv",
    2015: "media/5a7ffd55ed915d74e33f7ca4/File_7_ID_2015_All_ranks__deciles_and_scores_for_the_"
    "Indices_of_Deprivation__and_population_denominators.csv",
}
#: LSOAs of England by census: what a rank is out of.
_NATIONAL = {2011: 32_844, 2021: 33_755}
_IMD = r"^(indexofmultipledeprivationimd|imd(20\d\d)?)"
_IDACI = r"^(incomedeprivationaffectingchildrenindexidaci|idaci(20\d\d)?)"
_RANK = r"rank(where1ismostdeprived)?$"
_DECILE = r"decile(where1ismostdeprived10%?oflsoas)?$"
_RANKS = {
    "imd_score": f"{_IMD}score$",
    "imd_rank": _IMD + _RANK,
    "imd_decile": _IMD + _DECILE,
    "idaci_rank": _IDACI + _RANK,
    "idaci_decile": _IDACI + _DECILE,
}


def _lsoa_column(source: _Source) -> tuple[str, int] | None:
    """The column of LSOA codes, and the census they are of (0 where it does not say)."""
    for column in source.frame.columns:
        name = _plain(column)
        found = re.fullmatch(r"lsoa(?:code)?(2011|2021|11|21)?(?:cd|code)?", name)
        if found:
            year = found[1] or ""
            return column, int(f"20{year[-2:]}") if year else 0
    return None


def _holds_deprivation(source: _Source) -> bool:
    """Whether a table has ranks of deprivation by LSOA."""
    names = list(map(_plain, source.frame.columns))
    return _lsoa_column(source) is not None and any(
        re.match(_RANKS["imd_rank"], name) for name in names
    )


def _parse_deprivation(source: _Source | Path) -> tuple[pd.DataFrame, int, list[str]]:
    """Ranks and deciles by LSOA.

    Parameters
    ----------
    source : Source or Path

    Returns
    -------
    DataFrame
        Indexed by LSOA code: ``imd_rank, imd_decile, idaci_rank, idaci_decile, imd_score``, those
        the file has.
    int
        Census of its LSOAs, 2011 or 2021; 0 where nothing tells.
    list of str
        What was converted, and what the file lacks.

    Raises
    ------
    StudyError
        If it is another file of the series, or ranks are not what they should be.
    """
    table = source if isinstance(source, _Source) else _read_source(source)
    found = _lsoa_column(table)
    if found is None or not _holds_deprivation(table):
        raise StudyError(
            f"{table.file} is not File 7 of the Indices of Deprivation (scores, ranks, deciles): "
            f"expected an LSOA code and an IMD rank; it has {_shown(list(table.frame.columns))}"
        )
    code, census = found
    out = pd.DataFrame(index=pd.Index(table.frame[code].to_numpy(), name="id"))
    notes: list[str] = []
    for ours, pattern in _RANKS.items():
        alike = [c for c in table.frame.columns if re.match(pattern, _plain(c))]
        if not alike:
            notes.append(f"{table.file} has no {ours.replace('_', ' ')}.")
            continue
        column = max(alike, key=lambda c: re.findall(r"20\d\d", c)[-1:])  # of two years the later
        if len(alike) > 1:
            notes.append(f"{table.file}: {ours} is taken from {column}, of {_shown(alike)}.")
        read = _read_numbers(table.frame[column].tolist(), least=0 if ours == "imd_score" else 1)
        if read.wrong:
            at, text, expected = read.wrong[0]
            raise StudyError(
                f"{table.file}, row {table.rows[at]}, {column}: found {text!r}; expected {expected}"
            )
        notes += [f"{column}: {change}, {n:,} cells." for change, n in read.changes.items()]
        out[ours] = read.cells
    twice = out.index[out.index.duplicated()].tolist()
    if twice:
        raise StudyError(f"{table.file} holds {_shown(twice)} twice; expected every LSOA once")
    if len(out) in _NATIONAL.values():
        census = census or next(year for year, n in _NATIONAL.items() if n == len(out))
    return out, census, notes


def _fetch_deprivation(net: Internet, year: int) -> Fetched:
    """Fetch File 7 of a year, kept as it came.

    Raises
    ------
    FetchError
    """
    url = net.address("gov", _FILE_7[year])
    return net.get(url, f"File 7 of the Indices of Deprivation {year}", check=_is_file7)


def _is_file7(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        start = file.read(400)
    if start.lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise _NotWholeError("a web page came in its place")
    if b"LSOA code" not in start:
        raise _NotWholeError("its first row does not name LSOA codes")

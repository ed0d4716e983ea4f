"""The English Indices of Deprivation: File 7 of 2015, 2019 and 2025, or a table like it."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from access.errors import StudyError
from access.sources.cells import read_numbers, shown
from access.sources.download import Fetched, Internet
from access.sources.patient import NotWholeError
from access.sources.tables import Source, plain, read_source

SOURCE = (
    "Ministry of Housing, Communities and Local Government: English Indices of Deprivation {year}"
)
LICENCE = "Open Government Licence v3.0"
#: Path of the file by year.
FILES = {
    2025: "media/691ded56d140bbbaa59a2a7d/File_7_IoD2025_All_Ranks_Scores_Deciles_Population_"
    "Denominators.csv",
    2019: "media/5dc407b440f0b6379a7acc8d/File_7_-_All_IoD2019_Scores__Ranks__Deciles_and_"
    "Population_Denominators_3.csv",
    2015: "media/5a7ffd55ed915d74e33f7ca4/File_7_ID_2015_All_ranks__deciles_and_scores_for_the_"
    "Indices_of_Deprivation__and_population_denominators.csv",
}
#: LSOAs of England by census: what a rank is out of.
NATIONAL = {2011: 32_844, 2021: 33_755}
_IMD = r"^(indexofmultipledeprivationimd|imd(20\d\d)?)"
_IDACI = r"^(incomedeprivationaffectingchildrenindexidaci|idaci(20\d\d)?)"
_RANK = r"rank(where1ismostdeprived)?$"
_DECILE = r"decile(where1ismostdeprived10%?oflsoas)?$"
_FIGURES = {
    "imd_score": f"{_IMD}score$",
    "imd_rank": _IMD + _RANK,
    "imd_decile": _IMD + _DECILE,
    "idaci_rank": _IDACI + _RANK,
    "idaci_decile": _IDACI + _DECILE,
}


def lsoa_column(source: Source) -> tuple[str, int] | None:
    """The column of LSOA codes, and the census they are of (0 where it does not say)."""
    for column in source.frame.columns:
        name = plain(column)
        found = re.fullmatch(r"lsoa(?:code)?(2011|2021|11|21)?(?:cd|code)?", name)
        if found:
            year = found[1] or ""
            return column, int(f"20{year[-2:]}") if year else 0
    return None


def holds_deprivation(source: Source) -> bool:
    """Whether a table has ranks of deprivation by LSOA."""
    names = list(map(plain, source.frame.columns))
    return lsoa_column(source) is not None and any(
        re.match(_FIGURES["imd_rank"], name) for name in names
    )


def parse_deprivation(source: Source | Path) -> tuple[pd.DataFrame, int, list[str]]:
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
    table = source if isinstance(source, Source) else read_source(source)
    found = lsoa_column(table)
    if found is None or not holds_deprivation(table):
        raise StudyError(
            f"{table.file} is not File 7 of the Indices of Deprivation (scores, ranks, deciles): "
            f"expected an LSOA code and an IMD rank; it has {shown(list(table.frame.columns))}"
        )
    code, census = found
    out = pd.DataFrame(index=pd.Index(table.frame[code].to_numpy(), name="id"))
    notes: list[str] = []
    for ours, pattern in _FIGURES.items():
        column = next((c for c in table.frame.columns if re.match(pattern, plain(c))), None)
        if column is None:
            notes.append(f"{table.file} has no {ours.replace('_', ' ')}.")
            continue
        read = read_numbers(table.frame[column].tolist(), least=0 if ours == "imd_score" else 1)
        if read.wrong:
            at, text, expected = read.wrong[0]
            raise StudyError(
                f"{table.file}, row {table.rows[at]}, {column}: found {text!r}; expected {expected}"
            )
        notes += [f"{column}: {change}, {n:,} cells." for change, n in read.changes.items()]
        out[ours] = read.cells
    twice = out.index[out.index.duplicated()].tolist()
    if twice:
        raise StudyError(f"{table.file} holds {shown(twice)} twice; expected every LSOA once")
    if len(out) in NATIONAL.values():
        census = census or next(year for year, n in NATIONAL.items() if n == len(out))
    return out, census, notes


def fetch_deprivation(net: Internet, year: int) -> Fetched:
    """Fetch File 7 of a year, kept as it came.

    Raises
    ------
    FetchError
    """
    url = net.address("gov", FILES[year])
    return net.get(url, f"File 7 of the Indices of Deprivation {year}", check=_is_file7)


def _is_file7(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        start = file.read(400)
    if start.lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise NotWholeError("a web page came in its place")
    if b"LSOA code" not in start:
        raise NotWholeError("its first row does not name LSOA codes")

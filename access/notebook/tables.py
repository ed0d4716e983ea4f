"""What every answer of a notebook can do, its tables, and a study's own register and sources."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from access.analysis.results import StudyResults
from access.display import html_answer, text_answer
from access.document.document import Block, Callout, Document, TableBlock
from access.document.table import Cell, Table, TableView
from access.document.xlsx import write_xlsx
from access.errors import Fault, OutputError, ParameterError, StudyError
from access.files import check_file
from access.study import Study, load_study
from access.text import NOT_KNOWN, capital, is_missing, number

# What every answer of a notebook can do, and tables of the report as a notebook shows them.


@dataclass(frozen=True, eq=False)
class TableAnswer:
    """A table of the report, as it may be shown: small counts hidden unless it is internal.

    Parameters
    ----------
    table : Table
    results : StudyResults
        Whose numbers these are, for what they assume.
    internal : bool
        Counts below five are kept; not for publication.
    warning : str
        What must be read with the table.

    Examples
    --------
    >>> closing = answers.impact().table("closing")
    >>> closing.to_frame().columns[:2].tolist()
    ['Site', 'Nearest to']
    """

    table: Table
    results: StudyResults
    internal: bool = False
    warning: str = ""

    @property
    def view(self) -> TableView:
        """The table as it may be shown."""
        return self.table.view(internal=self.internal)

    def to_frame(self) -> pd.DataFrame:
        """Give the table's values as shown, the total left out.

        Returns
        -------
        DataFrame
            One column a column of the table. Missing where a count is hidden, not known or does
            not apply; ``inf`` where no site is reached.

        Examples
        --------
        >>> answers.impact().table("change").to_frame()["Walking"].tolist()[0]
        11074
        """
        view = self.view
        heads = [column.header for column in view.columns]
        return pd.DataFrame([[_value(c) for c in row] for row in view.rows], columns=heads)

    def to_excel(self, path: str | Path) -> Path:
        """Write the table as a workbook of one sheet, its notes below it.

        Parameters
        ----------
        path : str or Path
            Ends in ``.xlsx``.

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            If the name ends in anything else, or the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     answers.impact().table("within").to_excel(f"{folder}/within.xlsx").name
        'within.xlsx'
        """
        noted = (*self.table.notes, *([self.warning] if self.warning else []))
        table = replace(self.table, notes=noted)
        return _save_workbook(path, table.title, [table], self.results, internal=self.internal)

    def _rows(self) -> list[list[str]]:
        return [[c.text for c in row] for row in self.view.body]

    def _text_columns(self) -> list[int]:
        return [k for k, column in enumerate(self.view.columns) if column.kind == "text"]

    def __repr__(self) -> str:
        heads = [column.header for column in self.view.columns]
        text = text_answer(self.view.title, heads, self._rows(), text_columns=self._text_columns())
        return "\n".join([text, *self.view.notes, *([self.warning] if self.warning else [])])

    def _repr_html_(self) -> str:
        heads = [column.header for column in self.view.columns]
        notes = (*self.view.notes, *self.results.assumptions)
        return html_answer(
            self.view.title, heads, self._rows(), notes=notes, text_columns=self._text_columns(),
            warning=self.warning,
        )  # fmt: skip


def _value(cell: Cell) -> object:
    if cell.state == "value":
        return cell.value
    return math.inf if cell.state == "unreached" else None


def _save_workbook(
    path: str | Path,
    title: str,
    tables: Sequence[Table],
    results: StudyResults,
    *,
    internal: bool = False,
) -> Path:
    """Write tables as a workbook, one sheet each, with what they assume on the front sheet."""
    file = _workbook_path(path, results.study.files)
    rest_on = Callout("assumption", "What these figures rest on", tuple(results.assumptions))
    blocks: list[Block] = [rest_on]
    blocks += [TableBlock(table) for table in tables]
    document = Document(
        title=title,
        blocks=tuple(blocks),
        subject=results.study.config.study.title,
        date=_study_date(results),
        internal=internal,
    )
    write_xlsx(document, file)
    return file


def _workbook_path(path: str | Path, inputs: Iterable[Path] = ()) -> Path:
    """Check that a name is one of a workbook."""
    file = Path(path)
    if file.suffix.lower() != ".xlsx":
        raise OutputError(f"{path} cannot be a workbook; expected a name that ends in .xlsx")
    check_file(file, inputs)
    return file


def _study_date(results: StudyResults) -> datetime.date | None:
    """Give the date that stands on a study's outputs."""
    try:
        return datetime.date.fromisoformat(results.study.config.study.as_of)
    except ValueError:
        return None


class _View:
    """An answer that shows itself: it has what was found, and reads it as words and tables.

    Whatever the finding has, such as the ``summary`` of an `access.scenario.Impact` or the
    ``table`` of an `access.scenario.Ranking`, can be asked of the view by the same name.

    Parameters
    ----------
    results : StudyResults
        Of which it is asked.
    found : object
        What was found.

    Examples
    --------
    >>> answers.impact().found.summary is answers.impact().summary
    True
    """

    results: StudyResults
    found: Any

    def __getattr__(self, name: str) -> Any:
        """Give what the finding has."""
        if name.startswith("_") or name in ("found", "results"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        return getattr(self.found, name)

    def __dir__(self) -> list[str]:
        own = [n for n in dir(self.found) if not n.startswith("_")]
        return sorted({*super().__dir__(), *own})

    def sentence(self) -> str:
        """Say what was found, in words that can be read aloud.

        Returns
        -------
        str

        Examples
        --------
        >>> answers.impact().sentence().split(", ")[0]
        'Closing Park View'
        """
        return str(self.found.sentence())

    def to_frame(self) -> pd.DataFrame:
        """Give the figures.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> len(answers.alternatives(keep=11).to_frame())
        12
        """
        return pd.DataFrame(self.found.to_frame())

    def to_excel(self, path: str | Path) -> Path:
        """Write every table of this answer as a workbook, one sheet each.

        Parameters
        ----------
        path : str or Path
            Ends in ``.xlsx``.

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            If the name ends in anything else, or the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     answers.alternatives(keep=11).to_excel(f"{folder}/ways.xlsx").name
        'ways.xlsx'
        """
        tables = [make() for make in self._tables().values()]
        return _save_workbook(path, self._title(), tables, self.results)

    def _title(self) -> str:
        """Name the answer."""
        raise NotImplementedError

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        """Give the tables behind the answer by name."""
        raise NotImplementedError

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        """Give the head and the rows of the small table."""
        raise NotImplementedError

    def _text_columns(self) -> tuple[int, ...]:
        return (0,)

    def _notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.found.notes, *self.results.assumptions)))

    def __repr__(self) -> str:
        return text_answer(self.sentence(), *self._shown(), text_columns=self._text_columns())

    def _repr_html_(self) -> str:
        return html_answer(
            self.sentence(), *self._shown(), notes=self._notes(), title=self._title(),
            text_columns=self._text_columns(),
        )  # fmt: skip


# ------------------------------------------------------------------------------
# A study's register and sources, every cell in full.

_UNKNOWNS = {
    "annual_cost_gbp": "Cost a year (£)",
    "annual_visits": "Visits a year",
    "condition": "Condition",
    "capacity": "Capacity",
}


@dataclass(frozen=True, eq=False)
class FrameAnswer:
    """A sentence and a table, shown in full.

    Parameters
    ----------
    sentence : str
    frame : DataFrame
    notes : tuple of str

    Examples
    --------
    >>> FrameAnswer("One site.", pd.DataFrame({"Site": ["Wath"], "Minutes": [5]}))
    One site.
      Site  Minutes
      Wath        5
    """

    sentence: str
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Give the table.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> FrameAnswer("One site.", pd.DataFrame({"Site": ["Wath"]})).to_frame().shape
        (1, 1)
        """
        return self.frame

    def _table(self) -> tuple[list[str], list[list[str]]]:
        places = [_places(self.frame[c]) for c in self.frame.columns]
        rows = [
            [_cell(v, n) for v, n in zip(row, places, strict=True)]
            for row in self.frame.itertuples(index=False)
        ]
        return [str(c) for c in self.frame.columns], rows

    def _text_columns(self) -> list[int]:
        kinds = [pd.api.types.is_numeric_dtype(self.frame[c]) for c in self.frame.columns]
        return [k for k, numeric in enumerate(kinds) if not numeric]

    def __repr__(self) -> str:
        return text_answer(self.sentence, *self._table(), text_columns=self._text_columns())

    def _repr_html_(self) -> str:
        return html_answer(
            self.sentence, *self._table(), notes=self.notes, text_columns=self._text_columns()
        )


def _places(column: pd.Series) -> int:
    """Digits after the point: none in a column of whole numbers, else two."""
    if not pd.api.types.is_float_dtype(column):
        return 0
    return 0 if (column.dropna() % 1 == 0).all() else 2


def _cell(value: object, places: int) -> str:
    if is_missing(value):
        return NOT_KNOWN
    return f"{value:,.{places}f}" if isinstance(value, float) else str(value)


def register(study: Study) -> FrameAnswer:
    """List today's centres, what is assumed of each, and what is not known.

    Parameters
    ----------
    study : Study

    Returns
    -------
    FrameAnswer

    Examples
    --------
    >>> from access.study import load_study
    >>> found = register(load_study("rotherham"))
    >>> found.sentence
    '23 centres: 6 are assumed stand-ins, 5 stand at proxy positions. Not known of any: cost a year
    (£), visits a year, condition, capacity.'
    """
    centres = pd.DataFrame(study.centres)
    services = {key: service.one for key, service in study.config.services.items()}
    stand_in = centres["assumed"].eq(True)
    proxy = centres["proxy"].eq(True)
    frame = pd.DataFrame(
        {
            "Id": centres["id"],
            "Centre": centres["name"],
            "Service": [services.get(s, s) for s in centres["service"]],
            "Locality": centres.get("locality"),
            "Assumed": ["stand-in" if a else "proxy position" if p else "no"
                        for a, p in zip(stand_in, proxy, strict=True)],
            "Position good to (m)": pd.to_numeric(centres["position_error_m"], errors="coerce")
            if "position_error_m" in centres else None,
            **{words: centres[c] for c, words in _UNKNOWNS.items() if c in centres},
        }
    ).reset_index(drop=True)  # fmt: skip
    text = (
        f"{number(len(centres), 'centre')}: {_are(int(stand_in.sum()), 'assumed stand-in')}, "
        f"{_stand(int(proxy.sum()))}."
    )
    unknown = [
        words.lower() for words in _UNKNOWNS.values() if words not in frame
        or all(is_missing(v) for v in frame[words])
    ]  # fmt: skip
    if unknown:
        text += f" Not known of any: {', '.join(unknown)}."
    return FrameAnswer(text, frame, study.assumptions)


def _are(count: int, what: str) -> str:
    return f"{count} is an {what}" if count == 1 else f"{count or 'none'} are {what}s"


def _stand(count: int) -> str:
    if count == 1:
        return "1 stands at a proxy position"
    return f"{count or 'none'} stand at proxy positions"


def sources(study: Study) -> FrameAnswer:
    """List every table of a study with its source, vintage and licence.

    Parameters
    ----------
    study : Study

    Returns
    -------
    FrameAnswer
        Its sentence says whether any has changed since its manifest was written.

    Examples
    --------
    >>> from access.study import load_study
    >>> sources(load_study("rotherham")).frame["Table"].iloc[0]
    'study.toml'
    """
    rows = [
        {
            "Table": row["file"],
            "Source": row["source"],
            "Vintage": row["vintage"],
            "Licence": row["licence"],
            "Fingerprint (sha256)": row["sha256"][:12],
        }
        for row in study.inputs
    ]
    changed = [row["file"] for row in study.inputs if row["changed"] == "yes"]
    unlisted = [row["file"] for row in study.inputs if row["changed"] == "not listed"]
    text = f"{len(rows)} table{'' if len(rows) == 1 else 's'}."
    text += f" Changed since the manifest was written: {', '.join(changed)}." if changed else ""
    text += f" Not in the manifest: {', '.join(unlisted)}." if unlisted else ""
    if not changed and not unlisted:
        text += " All are as the manifest says."
    return FrameAnswer(text, pd.DataFrame(rows))


#: Names a street extract when it is set.
_STREETS_VARIABLE = "ACCESS_STREETS"
_ENDINGS = (".osm.pbf", ".osm", ".osm.gz", ".osm.bz2", ".graphml")


@dataclass(frozen=True)
class StreetsAnswer:
    """The street extract that was found, or where one is looked for.

    Parameters
    ----------
    path : Path or None
        ``None`` where there is none: streets are then modelled.
    looked_in : str
        The folder that was searched.

    Examples
    --------
    >>> StreetsAnswer(Path("south-yorkshire-latest.osm.pbf"), ".")
    Streets are read from south-yorkshire-latest.osm.pbf.
    """

    path: Path | None
    looked_in: str

    def sentence(self) -> str:
        """Say whether streets are real or modelled, and what to do about it.

        Returns
        -------
        str

        Examples
        --------
        >>> StreetsAnswer(None, "here").sentence()[:31]
        'No street extract is here, so t'
        """
        if self.path is not None:
            return f"Streets are read from {self.path.name}."
        return (
            "No street extract is here, so the streets below are modelled and every number says "
            f"so. For real ones, put an OpenStreetMap extract (a name ending in {_ENDINGS[0]}) "
            f"into {self.looked_in}, or set {_STREETS_VARIABLE} to its path."
        )

    def __repr__(self) -> str:
        return text_answer(self.sentence())

    def _repr_html_(self) -> str:
        return html_answer(self.sentence())


def find_streets(folder: str | Path = ".") -> StreetsAnswer:
    """Look for a street extract: where ``ACCESS_STREETS`` points, else in a folder.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    StreetsAnswer
        Of several, the first by name.

    Raises
    ------
    ParameterError
        If ``ACCESS_STREETS`` names a file that is not there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as empty:
    ...     find_streets(empty).path is None
    True
    """
    named = os.environ.get(_STREETS_VARIABLE, "").strip()
    if named:
        if not Path(named).is_file():
            raise ParameterError(
                f"{_STREETS_VARIABLE} is {named!r}, which is no file; expected the path of an "
                "OpenStreetMap extract, or nothing"
            )
        return StreetsAnswer(Path(named), str(folder))
    found = sorted(p for p in Path(folder).glob("*") if p.name.lower().endswith(_ENDINGS))
    where = "this notebook's folder" if str(folder) == "." else str(folder)
    return StreetsAnswer(found[0] if found else None, where)


@dataclass(frozen=True, eq=False)
class CheckAnswer:
    """Whether a study can be read, with every fault at once.

    Parameters
    ----------
    study : Study or None
        ``None`` where there is a fault.
    message : str
    faults : tuple of Fault

    Examples
    --------
    >>> check("rotherham").study is not None
    True
    """

    study: Study | None
    message: str
    faults: tuple[Fault, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """Give the faults, one a row.

        Returns
        -------
        DataFrame
            ``file where column found expected``.

        Examples
        --------
        >>> check("rotherham").to_frame().empty
        True
        """
        rows = [(f.file, f.where, f.column, f.value, f.expected) for f in self.faults]
        return pd.DataFrame(rows, columns=["file", "where", "column", "found", "expected"])

    def _table(self) -> tuple[list[str], list[list[str]]]:
        frame = self.to_frame()
        return (list(frame.columns) if len(frame) else []), frame.to_numpy().tolist()

    def __repr__(self) -> str:
        return text_answer(self.message, *self._table(), text_columns=range(5))

    def _repr_html_(self) -> str:
        notes = () if self.study is None else self.study.assumptions
        return html_answer(self.message, *self._table(), notes=notes, text_columns=range(5))


def check(study: str | Path) -> CheckAnswer:
    """Check a study's tables without stopping at the first fault, or at all.

    Parameters
    ----------
    study : str or Path
        A folder, or an embedded study's name.

    Returns
    -------
    CheckAnswer

    Examples
    --------
    >>> check("rotherham")
    No faults found. Children's Centres and Youth Centres in Rotherham: 854 areas (Output
    Area 2011), 23 centres, ...
    """
    try:
        loaded = load_study(study)
    except StudyError as error:
        message = capital(error.message)
        return CheckAnswer(None, message, error.faults)
    return CheckAnswer(loaded, f"No faults found. {loaded.sentence()}")

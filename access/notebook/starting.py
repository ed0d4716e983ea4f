"""Before the first question: whether the study is sound, and whether real streets are there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from access.display import html_answer, text_answer
from access.errors import Fault, ParameterError, StudyError
from access.study import Study, load_study
from access.study.show import study_sentence

#: Names a street extract when it is set.
STREETS_VARIABLE = "ACCESS_STREETS"
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
            f"into {self.looked_in}, or set {STREETS_VARIABLE} to its path."
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
    named = os.environ.get(STREETS_VARIABLE, "").strip()
    if named:
        if not Path(named).is_file():
            raise ParameterError(
                f"{STREETS_VARIABLE} is {named!r}, which is no file; expected the path of an "
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
        message = error.message[:1].upper() + error.message[1:]
        return CheckAnswer(None, message, error.faults)
    return CheckAnswer(loaded, f"No faults found. {study_sentence(loaded)}")

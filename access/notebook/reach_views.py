"""Isochrones, one path, who lives near a site, and buses, as answers in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory

import folium
import pandas as pd

from access.analysis.bus import BusChange
from access.analysis.places import Isochrones, Path, Within
from access.analysis.results import ProposalResult, StudyResults
from access.disclosure import HIDDEN
from access.document.table import Column, Table
from access.errors import OutputError, ParameterError
from access.files import check_file, write_file
from access.labels import mode_title
from access.maps.planner_map import PlannerMap
from access.notebook.tables import _View
from access.report.bus import BusFindings
from access.run.answer import IsochroneFiles, PathFiles, write_layers
from access.text import figure, limit_words


class _Mapped(_View):
    """An answer with shapes: it can be written for a map."""

    def to_geopackage(self, path: str | FilePath) -> FilePath:
        """Write the shapes for QGIS.

        Parameters
        ----------
        path : str or Path
            Ends in ``.gpkg``.

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
        ...     answers.isochrones("CC04").to_geopackage(f"{folder}/reach.gpkg").name
        'reach.gpkg'
        """
        file = self._named(path, ".gpkg")
        with TemporaryDirectory() as folder:
            made = FilePath(folder) / "made.gpkg"
            write_layers(made, self._files().layers())
            write_file(file, made.read_bytes(), inputs=self.results.study.files)
        return file

    def to_geojson(self, path: str | FilePath) -> FilePath:
        """Write the shapes as GeoJSON, WGS84.

        Parameters
        ----------
        path : str or Path
            Ends in ``.geojson`` or ``.json``.

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
        ...     answers.isochrones("CC04").to_geojson(f"{folder}/reach.geojson").name
        'reach.geojson'
        """
        file = self._named(path, ".geojson", ".json")
        write_file(file, self._files().geojson().encode(), inputs=self.results.study.files)
        return file

    def _named(self, path: str | FilePath, *endings: str) -> FilePath:
        file = FilePath(path)
        if file.suffix.lower() not in endings:
            raise OutputError(f"{path} has another ending than {' or '.join(endings)}")
        check_file(file, self.results.study.files)
        return file

    def _files(self) -> IsochroneFiles | PathFiles:
        raise NotImplementedError

    def _notes(self) -> tuple[str, ...]:
        return tuple(self.found.assumptions)


@dataclass(frozen=True, eq=False, repr=False)
class ReachAnswer(_Mapped):
    """What lies within so many minutes of sites, along the streets.

    Parameters
    ----------
    results : StudyResults
    found : Isochrones

    Examples
    --------
    >>> reach = answers.isochrones("Park View", minutes=[10, 20])
    >>> reach.table["minutes"].tolist()
    [10.0, 20.0]
    """

    results: StudyResults
    found: Isochrones

    def map(self, *, tiles: bool = False) -> folium.Map:
        """Show the isochrones, the nearest darkest.

        Parameters
        ----------
        tiles : bool
            Ask for a background from the internet.

        Returns
        -------
        folium.Map

        Examples
        --------
        >>> answers.isochrones("CC04").map().get_name()
        'map_0001'
        """
        return PlannerMap.of_reach(self.results, self.found, tiles=tiles).in_a_notebook()

    def _files(self) -> IsochroneFiles:
        return IsochroneFiles(self.results, self.found)

    def _title(self) -> str:
        return "What lies within so many minutes"

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        def table() -> Table:
            columns = (Column("site", "Site"), Column("minutes", "Minutes", "minutes"),
                       Column("km", "Streets reached, km", "number", decimals=1),
                       Column("area", "Area, square km", "number", decimals=2),
                       Column("status", "Status"))  # fmt: skip
            rows = self.to_frame()[["site_name", "minutes", "street_km", "area_km2", "status"]]
            return Table(self._title(), columns, tuple(rows.itertuples(index=False, name=None)))

        return {"isochrones": table}

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        head = ["site", "minutes", "streets, km", "area, square km", "status"]
        rows = [
            [r["site_name"], f"{r['minutes']:g}", figure(r["street_km"], 1),
             figure(r["area_km2"], 2), r["status"].replace("_", " ")]
            for r in self.to_frame().to_dict("records")
        ]  # fmt: skip
        return head, rows


@dataclass(frozen=True, eq=False, repr=False)
class PathAnswer(_Mapped):
    """The way from one area to one site that the travel matrix measures.

    Parameters
    ----------
    results : StudyResults
    found : Path

    Examples
    --------
    >>> way = answers.path("E00038789", "CC04")
    >>> bool(way.minutes == answers.travel().to_frame().loc["E00038789", "CC04"])
    True
    """

    results: StudyResults
    found: Path

    def _files(self) -> PathFiles:
        return PathFiles(self.found)

    def _title(self) -> str:
        trip = mode_title(self.found.mode)
        return f"The way from {self.found.area} to {self.found.site_name}, {trip}"

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        def table() -> Table:
            columns = (Column("street", "Street"), Column("metres", "Metres", "number"),
                       Column("minutes", "Minutes", "minutes"))  # fmt: skip
            rows = tuple(self.found.steps.itertuples(index=False, name=None))
            return Table(self._title(), columns, rows)

        return {"steps": table}

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [r["street"], figure(r["metres"]), figure(r["minutes"], 1)]
            for r in self.found.steps.to_dict("records")
        ]
        return ["street", "metres", "minutes"], rows


@dataclass(frozen=True, eq=False, repr=False)
class WithinAnswer(_View):
    """Who lives within so many minutes of a site, small counts hidden.

    Parameters
    ----------
    results : StudyResults
    found : Within

    Examples
    --------
    >>> answers.within("CC04", minutes=20).to_frame()["grouping"].unique().tolist()
    ['everyone', 'deprivation fifth', 'ward', 'equality group']
    """

    results: StudyResults
    found: Within

    def _title(self) -> str:
        trip = mode_title(self.found.mode)
        return f"Within {limit_words(self.found.minutes)} of {self.found.site_name}, {trip}"

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        def table() -> Table:
            head, rows = self._shown()
            columns = tuple(Column(name, name.capitalize()) for name in head)
            return Table(self._title(), columns, tuple(map(tuple, rows)))

        return {"within": table}

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        counted = ["within", "beyond", "all"]
        rows = []
        for r in self.to_frame().to_dict("records"):
            hidden = str(r["hidden"]).split()
            figures = [HIDDEN if c in hidden else figure(float(r[c])) for c in counted]
            rows.append([str(r["who"]), str(r["grouping"]), str(r["group"]), *figures])
        return ["who", "by", "group", *counted], rows

    def _text_columns(self) -> tuple[int, ...]:
        return (0, 1, 2)

    def _notes(self) -> tuple[str, ...]:
        return self.found.assumptions


@dataclass(frozen=True, eq=False, repr=False)
class _BusAnswer(_View):
    """What a change does by bus.

    Parameters
    ----------
    results : StudyResults
    found : BusChange
    result : ProposalResult
        The change.
    told : tuple of str
        What else must be told: which buses were cut.
    """

    results: StudyResults
    found: BusChange
    result: ProposalResult
    told: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Say for how many there is no journey under the limit, before and after.

        Returns
        -------
        str
        """
        return self._told.none_sentence()

    def to_frame(self) -> pd.DataFrame:
        """Give the figures.

        Returns
        -------
        DataFrame
            As `BusChange.figures`.
        """
        return self.found.figures()

    def explain(self, area: str, site: str, minute: str, *, home: bool = False) -> str:
        """Give a journey in words.

        Parameters
        ----------
        area, site : str
        minute : str
            Of the window: ``"15:20"``.
        home : bool
            The way home in place of the way there.

        Returns
        -------
        str

        Raises
        ------
        ParameterError
            If an id is unknown, or the minute is none of the window's.
        """
        times = self.results.bus
        assert times is not None
        ways = times.home if home else times.there
        if self.found.service not in ways:
            raise ParameterError(
                f"{self.found.service} has no session_ends in study.toml; expected one"
            )
        return ways[self.found.service].explain(area, site, minute)

    def audit(self) -> pd.DataFrame:
        """Say how far the timetable can be believed.

        Returns
        -------
        DataFrame
            As `Timetable.audit`.
        """
        times = self.results.bus
        assert times is not None
        return times.audit(self.results.study)

    @property
    def _told(self) -> BusFindings:
        service = self.results.study.config.services[self.found.service]
        return BusFindings(self.found, service.noun, service.title)

    def _title(self) -> str:
        return f"{self.result.title}, by bus"

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        return {"none": self._told.none_table, "minutes": self._told.minutes_table}

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        head: list[str] = []
        rows: list[list[str]] = []
        for make in self._tables().values():
            view = make().view()
            head = head or [column.label for column in view.columns][:3]
            rows += [[c.text for c in row][:3] for row in view.body]
        return head, rows

    def _notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.told, *self.results.assumptions)))

"""What is being put together while a study folder is made, and how each part fared."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pandas as pd

from access.sources.asking import Asked
from access.sources.districts import District
from access.sources.shelf import Shelf
from access.sources.study_text import (
    Provenance,
)


@dataclass
class Part:
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
    parts : list of Part
    notes : list of str
        What was converted, estimated or left out.
    """

    folder: Path
    district: District
    parts: list[Part] = field(default_factory=list)
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
class Work:
    """What is being put together."""

    district: District
    unit: str
    shelf: Shelf
    made: Made
    asked: Asked
    hand_folder: Path
    buffer_m: float
    areas: pd.DataFrame = field(default_factory=pd.DataFrame)
    parents: pd.DataFrame = field(default_factory=pd.DataFrame)
    shapes: gpd.GeoSeries | None = None
    tables: dict[str, tuple[bytes, Provenance]] = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
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
        self.made.parts.append(Part(name, state, whole, by_hand, some))

    def provenance(
        self, source: str, vintage: str, licence: str, *files: str, whole: bool = True
    ) -> Provenance:
        """Where a table comes from; addresses and dates where it was fetched."""
        got = [self.asked.origin[f] for f in files if f in self.asked.origin]
        days = sorted({day for _, day in got})
        return Provenance(
            source, vintage, licence, tuple(url for url, _ in got), days[-1] if days else "", whole
        )

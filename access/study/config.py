"""The settings of a study, `study.toml`: every one named, checked, and all faults told at once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from access.errors import Fault, StudyError
from access.escape import LONGEST_KEY, file_inside, settings_faults

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=LONGEST_KEY)]
FileName = Annotated[str, AfterValidator(file_inside)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Settings(BaseModel):
    """Frozen, and deaf to no misspelling."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PlaceSettings(_Settings):
    """Which place, as of when, and the lon/lat box every point must lie in."""

    name: Name
    title: str
    place: str
    as_of: str
    box: tuple[float, float, float, float]
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _box_is_degrees(self) -> PlaceSettings:
        west, south, east, north = self.box
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError(
                "box must be [west, south, east, north] in degrees, west < east, south < north"
            )
        return self


class AreaSettings(_Settings):
    """The areas' table, and how figures of larger areas come down to them."""

    table: FileName = "areas.csv"
    unit: str = "area"
    vintage: str = "not stated"
    parent_table: FileName | None = None
    parent_key: str = "lsoa"
    share_by: str = "residents"
    locality_from: str | None = None
    shared_counts: dict[Name, str] = {}
    from_parent: dict[Name, str] = {}
    shapes: FileName | None = None


class ServiceSettings(_Settings):
    """One service: its words and the column of the areas that counts who it is for."""

    title: str
    one: str
    demand: Name
    noun: str
    age_band: str = "not stated"
    pram: bool = True  # whether its families may come with a pram


class ProposalSettings(_Settings):
    """A named change to one service."""

    title: str
    service: Name
    close: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    comment: str = ""
    source: str = ""


class TravelSettings(_Settings):
    """Speeds and limits."""

    walk_km_h: Positive = 4.8
    pram_km_h: Positive = 3.6
    parking_minutes: Annotated[float, Field(ge=0)] = 3.0
    snap_limit_m: Positive = 500.0
    max_unsnapped_share: Share = 0.02
    buffer_m: Annotated[float, Field(ge=0)] = 5000.0


class MeasureSettings(_Settings):
    """Presets, not legal tests: minutes and metres that shares are given for."""

    thresholds_minutes: tuple[Positive, ...] = (10, 15, 20, 30)
    threshold_minutes: Positive = 20
    distances_m: dict[str, Positive] = {"2 miles": 3218.688, "2.5 km": 2500.0}


class WeightSettings(_Settings):
    """How deprivation counts."""

    scheme: str = "linear"
    lam: Annotated[float, Field(ge=0)] = 1.0
    national_areas: Annotated[int, Field(gt=1)] = 32844


class LocalitySettings(_Settings):
    """Rules by locality."""

    names: tuple[str, ...] = ()
    minimum_open: Annotated[int, Field(ge=0)] = 0
    never_close: tuple[str, ...] = ()


class HubSettings(_Settings):
    """The Family Hub question."""

    council_choice: tuple[str, ...] = ()
    council_source: str = ""
    shares: dict[Name, Share] = {}
    most: Annotated[int, Field(ge=1)] = 12


class StudyConfig(_Settings):
    """All of `study.toml`."""

    study: PlaceSettings
    areas: AreaSettings = AreaSettings()
    services: dict[Name, ServiceSettings] = Field(min_length=1)
    proposals: dict[Name, ProposalSettings] = {}
    travel: TravelSettings = TravelSettings()
    measures: MeasureSettings = MeasureSettings()
    weights: WeightSettings = WeightSettings()
    localities: LocalitySettings = LocalitySettings()
    hubs: HubSettings = HubSettings()
    tables: dict[
        Literal["centres", "candidates", "neighbours", "places", "postcodes"], FileName
    ] = {}

    @model_validator(mode="after")
    def _services_exist(self) -> StudyConfig:
        named = [(f"proposals.{key}", p.service) for key, p in self.proposals.items()]
        named += [("hubs.shares", key) for key in self.hubs.shares]
        if self.areas.locality_from is not None:
            named.append(("areas.locality_from", self.areas.locality_from))
        wrong = [f"{where} names service {service!r}" for where, service in named
                 if service not in self.services]  # fmt: skip
        if wrong:
            raise ValueError(f"{'; '.join(wrong)}; expected one of {sorted(self.services)}")
        return self


def read_config(path: Path) -> StudyConfig:
    """Read and check a `study.toml`.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    StudyConfig

    Raises
    ------
    StudyError
        If the file is missing, is not TOML, or has settings that are unknown, missing or wrong;
        every fault is listed.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(
            f"no study.toml in {path.parent}; expected a study folder. "
            "Make one with `access new FOLDER`, or name the embedded one: rotherham."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise StudyError(f"{path} cannot be read as TOML: {error}") from error
    unfit = [Fault(path.name, "", *fault) for fault in settings_faults(raw)]
    if unfit:
        raise StudyError(f"{path} has {len(unfit)} fault(s)", unfit)
    try:
        return StudyConfig.model_validate(raw)
    except ValidationError as error:
        faults = [
            Fault(
                path.name,
                "",
                ".".join(str(part) for part in item["loc"]),
                "" if item["type"] in ("missing", "value_error") else repr(item["input"])[:80],
                _expected(item["type"], item["msg"]),
            )
            for item in error.errors()
        ]
        raise StudyError(f"{path} has {len(faults)} fault(s)", faults) from None


def _expected(kind: str, message: str) -> str:
    if kind == "missing":
        return "this setting to be given"
    if kind == "extra_forbidden":
        return "no such setting; check its spelling against the handbook or remove it"
    return message.removeprefix("Value error, ")

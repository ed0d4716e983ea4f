"""Write the reference of a study's settings and tables: ``python notebooks/make_reference.py``.

Made from the schema that checks them, so that neither can say what the other does not do.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from access.study import tables
from access.study.config import StudyConfig
from access.study.sheet import Column

OUT = Path(__file__).resolve().with_name("settings.md")

#: What each column of a table means, and what it switches on. A test holds the keys to the schema.
COLUMNS: dict[str, dict[str, str]] = {
    "areas": {
        "id": "the area's id, once each; text, as written",
        "lon": "longitude of the point that everyone there starts from, WGS84 degrees",
        "lat": "its latitude",
        "imd_rank": "rank of deprivation, 1 the most deprived: switches on linear weights, and the "
        "criterion that sets the most and least deprived fifths apart; where neither tenth nor fifth "
        "is given, tenths are worked out from it",
        "imd_decile": "tenth of deprivation, 1 the most deprived: switches on tables and a chart by "
        "tenth",
        "imd_fifth": "national fifth of deprivation, 1 the most deprived: sets the most and least "
        "deprived fifths apart where given, in place of the rank or tenth",
        "idaci_rank": "rank of children's income deprivation, kept beside each area",
        "idaci_decile": "its tenth, to group by (`idaci_fifth`)",
        "p_no_car": "share of households without a car, 0 to 1: switches on the family trip "
        "(walk and drive blended by it) and tables by band",
        "income": 'median income, for `weights.scheme = "green_book"`',
        "residents": "people: a denominator of groups, and what counts are shared by unless "
        "`areas.share_by` says otherwise",
        "households": "households: with households_no_car, p_no_car is worked out when not given; "
        "where it is 0 an empty p_no_car switches nothing off",
        "households_no_car": "households without a car, at most households",
    },
    "parents": {"id": "the larger area's id, which `areas.parent_key` of the areas points to"},
    "centres": {
        "id": "the centre's id, once each",
        "name": "its name, as outputs print it",
        "service": "key of the service in study.toml",
        "lon": "longitude, WGS84 degrees",
        "lat": "latitude",
        "address": "for the sheet of each building",
        "postcode": "for the sheet of each building",
        "building": "the same text for centres of several services in one building: told where one "
        "of them closes",
        "locality": "part of the place: switches on rules and tables by locality "
        "(`localities`, `areas.locality_from`)",
        "position_error_m": "how wrong the position may be, metres: switches on its redrawing where "
        "the ranking's firmness is asked",
        "position_basis": "where the position is from; one that begins with `proxy` is said to be a "
        "proxy in every output",
        "assumed": "yes for a stand-in whose real name the papers do not give: said in every output",
        "annual_cost_gbp": "running cost, pounds a year: switches on savings as a criterion",
        "annual_visits": "visits a year, on the sheet of each building",
        "condition": "condition of the building, on its sheet",
        "capacity": "families that it can take: switches on who would be over capacity",
        "status": "full (where empty), part_time, outreach, deregistered or closed: the last two "
        "are no offer",
        "days": "days a week that it is open: switches on the expected trip over the week",
    },
    "candidates": {
        "id": "the site's id, that no centre has",
        "name": "its name, as outputs print it",
        "lon": "longitude, WGS84 degrees",
        "lat": "latitude",
        "kind": "what stands there now: a library, a school, ... (`hubs.among`, `hubs.at_most`)",
        "owner": "whose it is, for plans among some owners' sites (`hubs.among`)",
        "open_from": "when it opened, as year, year-month or day: one that opened later than "
        "study.as_of is no candidate, and the report tells of it apart",
        "locality": "part of the place, for hubs in each locality",
        "position_basis": "where the position is from; as for centres",
        "annual_cost_gbp": "running cost, pounds a year; empty where not known",
        "condition": "condition of the building; empty where not known",
        "capacity": "families that it can take; empty where not known",
    },
    "neighbours": {
        "id": "the centre's id",
        "name": "its name",
        "lon": "longitude, WGS84 degrees",
        "lat": "latitude",
        "service": "key of the service that it offers; of every service where empty or not there",
    },
    "places": {
        "name": "a name for orientation on maps",
        "lon": "longitude, WGS84 degrees",
        "lat": "latitude",
        "rank": "1 is written first where names would lie on each other",
    },
    "postcodes": {
        "postcode": "a postcode: switches on search by postcode in the explorer",
        "lon": "longitude, WGS84 degrees",
        "lat": "latitude",
    },
    "gazetteer": {
        "name": "a name that people know: found by the explorer's search, in any script; one row "
        "for each language it is written in",
        "lon": "longitude, WGS84 degrees",
        "lat": "latitude",
        "kind": "what it is: street, locality, school, ...; empty for a place. Streets and schools "
        "are offered, never taken in silence",
        "within": "the place it is in, which tells two streets of one name apart",
    },
}
ABOUT = {
    "areas": "`areas.csv` (`areas.table`): one row an area, where families live. Must be there.",
    "parents": "`areas.parent_table`: one row a larger area, with the counts that only it has.",
    "centres": "`centres.csv`: one row a centre that is open today. Must be there.",
    "candidates": "`candidates.csv`: sites where a Family Hub could go. May be left out.",
    "neighbours": "`neighbours.csv`: other authorities' centres: what a proposal does is said with and without them. May be left out.",
    "places": "`places.csv`: names on maps. May be left out.",
    "postcodes": "`postcodes.csv`: the explorer's search by postcode. May be left out.",
    "gazetteer": "`gazetteer.csv`: names that the explorer finds. May be left out.",
}
#: Columns of areas with a name of your own that a setting takes.
BY_NAME = (
    ("`services.*.demand`", "the count of whom a service is for", "every figure of that service"),
    ("`groups.column`, `groups.denominator`", "counts of a group and of its whole",
     "a row of the equality tables"),
    ("`weights.scheme`", "a weight of 0 or more an area", "weighted averages, in place of linear"),
    ("`areas.parent_key`", "the id of the larger area", "what `shared_counts` and `from_parent` bring"),
    ("`areas.share_by`", "a whole count", "how a larger area's counts are shared"),
    ("`ward`", "a name", "tables by ward, the wards' names in sentences and in the explorer"),
)  # fmt: skip
_KINDS = {str: "text", float: "number", int: "whole number", bool: "true or false"}


def kind_words(kind: Any) -> str:
    """Say a type as someone who writes TOML would."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f"`{a}`" for a in args)
    if origin in (types.UnionType, Union):
        return " or ".join(kind_words(a) for a in args if a is not type(None))
    if origin is tuple:
        within = [a for a in args if a is not Ellipsis]
        if args[-1] is Ellipsis:
            return "tables" if _is_model(within[0]) else f"list of {_plural(within[0])}"
        return f"list of {len(within)} {_plural(within[0])}"
    if origin is dict:
        return "tables by key" if _is_model(args[1]) else f"text = {kind_words(args[1])}"
    if hasattr(kind, "__metadata__"):
        return kind_words(args[0])
    return "table" if _is_model(kind) else _KINDS[kind]


def _plural(kind: Any) -> str:
    words = kind_words(kind)
    return words if words.endswith("s") else f"{words}s"


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def model_of(field: FieldInfo) -> type[BaseModel] | None:
    """Find the settings a field holds: one table, tables by key, or a list of tables."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if _is_model(kind):
            return kind
    return None


def default_words(field: FieldInfo) -> str:
    """Say a default as TOML writes it."""
    default = field.default
    if field.is_required():
        return "**must be given**"
    if default is None or default == "" or default in ((), {}) or isinstance(default, BaseModel):
        return "none"
    return f"`{_toml(default)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{k}" = {_toml(v)}' for k, v in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else f"{value:.10g}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return [_row(*head), "|" + "---|" * len(head), *(_row(*row) for row in rows), ""]


def settings_lines(
    fields: Mapping[str, FieldInfo] = StudyConfig.model_fields, before: str = ""
) -> list[str]:
    """Write every key of study.toml, table by table, and tables in tables."""
    lines = []
    for own, field in fields.items():
        name = f"{before}{own}"
        model = model_of(field)
        by_key = get_origin(field.annotation) is dict and model is not None
        many = get_origin(field.annotation) is tuple
        heading = f"[[{name}]]" if many else f"[{name}.KEY]" if by_key else f"[{name}]"
        lines += [f"### `{heading}`", "", f"{_capital(field.description or '')}.", ""]
        inside = {"KEY": field} if model is None else model.model_fields
        rows = [
            (
                f"`{key}`",
                kind_words(f.annotation),
                default_words(f),
                f.description or "",
                (f.json_schema_extra or {}).get("changes", ""),  # type: ignore[union-attr]
            )
            for key, f in inside.items()
        ]
        lines += _table(("key", "type", "default", "meaning", "what changes with it"), rows)
        tables = {key: f for key, f in inside.items() if model is not None and model_of(f)}
        lines += settings_lines(tables, f"{name}.KEY." if by_key else f"{name}.")
    return lines


def schema_columns(kind: str) -> dict[str, Column]:
    """Give the columns that a table's schema and the usual settings name."""
    columns = dict(tables._SCHEMAS[kind])
    if kind == "areas":
        usual = (*tables._RANKS, *tables._USUAL_COUNTS)
        columns |= dict.fromkeys(usual, Column(float, required=False))
    return columns


def tables_lines() -> list[str]:
    """Write every column of every table."""
    lines = []
    for kind, about in ABOUT.items():
        known = schema_columns(kind)
        rows = [
            (
                f"`{name}`",
                "number" if known[name].kind is float else "text",
                "yes" if known[name].required else "no",
                words,
            )
            for name, words in COLUMNS[kind].items()
        ]
        lines += [f"### {kind.capitalize()}", "", about, ""]
        lines += _table(
            ("column", "type", "must be there", "meaning, and what it switches on"), rows
        )
        if kind == "areas":
            lines += ["Columns of the areas by a name of your own:", ""]
            lines += _table(("named by", "holds", "switches on"), list(BY_NAME))
    return lines


def reference() -> str:
    """Write the whole reference as Markdown."""
    lines = [
        "# Settings and tables of a study",
        "",
        "Made by `python notebooks/make_reference.py` from the schema that checks a study; do not",
        "edit. `access check` tells every fault at once; `access new my_town` makes a study that",
        "runs, with the least that one needs.",
        "",
        "## study.toml",
        "",
        "A key that is not here is refused, so that no misspelling passes. KEY is a name of your",
        "own: small letters, digits and underscores.",
        "",
        *settings_lines(),
        "## Tables",
        "",
        "CSV in UTF-8, one heading row. An empty cell is *not known*; further columns are allowed",
        "and kept as text. Names of `lon` and `lat` mean WGS84 degrees.",
        "",
        *tables_lines(),
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


if __name__ == "__main__":
    OUT.write_text(reference(), encoding="utf-8", newline="\n")

"""What cells and headers of people's sheets mean: every change of form counted, names matched."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from access.errors import Fault, ParameterError, StudyError
from access.escape import text_fault, toml_text, without_controls
from access.files import write_file

#: Ways in which sheets say that something is not known or not given.
_NOT_KNOWN = frozenset(
    [
        "n/a",
        "na",
        "n.a.",
        "none",
        "null",
        "nil",
        "nan",
        "unknown",
        "tbc",
        "tba",
        "-",
        "--",
        "–",
        "—",
        ".",
        "..",
        ":",
        "*",
        "x",
        "c",
        "[c]",
        "[x]",
        "[z]",
        "[u]",
        "#n/a",
        "#ref!",
        "#value!",
        "#div/0!",
        "#name?",
        "#null!",
        "#num!",
        "not known",
        "not available",
        "not applicable",
        "not held",
    ]
)
_YES = frozenset(("yes", "y", "true", "t", "1", "✓", "✔"))
_NO = frozenset(("no", "n", "false", "f", "0", "✗", "✘"))
_SMALL = re.compile(r"^(?:<|less than|under|fewer than|≤|<=)\s*(\d+)$", re.IGNORECASE)
_PLAIN = re.compile(r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")
_GROUPED = re.compile(r"^[+-]?\d{1,3}(?:[,\s']\d{3})+(?:\.\d+)?$")
_COMMA_DECIMAL = re.compile(r"^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+$")
#: ``53.4294``: a point with so many digits behind parts no thousands.
_POINT_DECIMAL = re.compile(r"^[+-]?\d*\.\d{4,}$")
#: ``1.234`` where commas are decimal ones: thousands, for nothing else is left for the point.
_DOTTED = re.compile(r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$")
#: The table that counts by names of the planner's own, and how such a name looks.
_WITH_OWN = "areas"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
#: Digits that are a code: as a number it would lose its leading zeros.
_CODE = re.compile(r"^0\d+$")
#: A byte order mark of UTF-8 that was read as Windows-1252.
_MISREAD_MARK = "ï»¿"
#: Kinds of signs that make up words: letters, vowel signs of Indian scripts, digits.
_LETTERS = frozenset(("Ll", "Lu", "Lt", "Lo", "Mn", "Mc", "Nd"))
_BRACKETS = re.compile(r"^\((.+)\)$")
#: Longest list of examples or rows in a sentence.
_SHOWN = 5


@dataclass
class _Converted:
    """A column after reading, and what was done to it.

    Parameters
    ----------
    cells : list
        ``float`` (``nan`` where not known) or ``str``.
    changes : Counter
        How many cells each change of form touched, in words.
    wrong : list of (int, str, str)
        Position, text as found, what was expected.
    """

    cells: list[Any]
    changes: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[int, str, str]] = field(default_factory=list)


def _tidy(text: object) -> str:
    """Take outer, doubled, hard and zero-width spaces and control characters out of a text."""
    shown_only = without_controls(str(text).replace("\u200b", "").replace("\ufeff", ""))
    return " ".join(shown_only.split())


def _plain(header: object) -> str:
    """A header as names are compared: small letters and digits of any script, if it has any."""
    return _letters_of(str(header))


@lru_cache(maxsize=10_000)  # every header that a column may have is asked for with every file
def _letters_of(text: str) -> str:
    tidy = _tidy(text.removeprefix(_MISREAD_MARK)).casefold()
    kept = [ch for ch in unicodedata.normalize("NFD", tidy) if ch in "%£" or _is_letter(ch)]
    return "".join(kept) or tidy


def _is_letter(ch: str) -> bool:
    """Whether a sign tells words apart, in any script: accents do not."""
    return unicodedata.category(ch) in _LETTERS and not "\u0300" <= ch <= "\u036f"


def _is_not_known(text: str) -> bool:
    """Whether a cell says that nothing is known."""
    return not text or text.casefold() in _NOT_KNOWN


def _read_texts(cells: Sequence[str]) -> _Converted:
    """Texts without stray white space; a cell that says it is not known is empty."""
    out = _Converted([])
    for cell in cells:
        text = _tidy(cell)
        if without_controls(cell) != cell:
            out.changes["control characters taken out"] += 1
        elif text != cell:
            out.changes["stray white space taken out"] += 1
        if too_long := text_fault(text):
            out.wrong.append((len(out.cells), text[:60], too_long))
        if text and _is_not_known(text) and text not in ("x", "c", "X", "C", "."):
            out.changes[f"{text!r} read as not known"] += 1
            text = ""
        out.cells.append(text)
    return out


def _read_yes_no(cells: Sequence[str]) -> _Converted:
    """``yes``, ``no`` or empty."""
    out = _Converted([])
    for i, cell in enumerate(cells):
        text = _tidy(cell).casefold()
        if text in _YES or text in _NO:
            value = "yes" if text in _YES else "no"
            if cell != value:
                out.changes[f"{_tidy(cell)!r} read as {value}"] += 1
        else:
            value = ""
            if not _is_not_known(text):
                out.wrong.append((i, _tidy(cell), "yes or no"))
            elif text:
                out.changes[f"{_tidy(cell)!r} read as not known"] += 1
        out.cells.append(value)
    return out


def _read_numbers(
    cells: Sequence[str],
    *,
    share: bool = False,
    percent: bool = False,
    suppressed: float | None = None,
    least: float | None = None,
    decimal_commas: bool = False,
) -> _Converted:
    """Read numbers as people write them.

    Parameters
    ----------
    cells : sequence of str
    share : bool
        The column holds shares from 0 to 1: ``23.4%`` is 0.234.
    percent : bool
        The header says that plain numbers are percents.
    suppressed : float, optional
        What a suppressed count such as ``<5`` is taken for; not known when not given.
    least : float, optional
        Smallest value that can be meant.
    decimal_commas : bool
        Whether the file has decimal commas in another column: ``1.234`` is then 1234.

    Returns
    -------
    Converted
        ``nan`` where a cell is empty, not known, or wrong.

    Examples
    --------
    >>> read = _read_numbers(["1,234", "£112,500", "n/a", "<5"])
    >>> read.cells[:2], read.changes["'<5' read as not known (a suppressed count)"]
    ([1234.0, 112500.0], 1)
    >>> _read_numbers(["23.4%", "50%"], share=True).cells
    [0.23399999999999999, 0.5]
    """
    texts = [_tidy(cell) for cell in cells]
    decimal = _has_comma_decimals(texts)
    dotted = (decimal or decimal_commas) and _has_dotted_thousands(texts)
    out = _Converted([])
    for i, text in enumerate(texts):
        bare = text.replace(".", "") if dotted and _DOTTED.match(_unsigned(text)) else text
        value, change, expected = _number(bare, decimal, suppressed, share)
        if bare != text:
            change = "; ".join(filter(None, ("points between thousands taken out", change)))
        if not expected and least is not None and value < least:
            value, expected = float("nan"), f"{least:g} or more"
        if expected:
            out.wrong.append((i, text, expected))
        elif change:
            out.changes[change] += 1
        out.cells.append(value)
    if share:
        _settle_shares(out, texts, percent)
    return out


def _number(
    text: str, decimal_comma: bool, suppressed: float | None, share: bool
) -> tuple[float, str, str]:
    """Value, what was changed, and what was expected if it is no number."""
    if _PLAIN.match(text):
        value = float(text)
        return (value, "", "") if math.isfinite(value) else (math.nan, "", "a finite number")
    if _is_not_known(text):
        return math.nan, f"{text!r} read as not known" if text else "", ""
    if small := _SMALL.match(text):
        return _suppressed(text, float(small[1]), suppressed)
    if text.endswith("%") and not share:
        return math.nan, "", "a number; this is a percentage"
    bare, notes = _bare_number(text, decimal_comma)
    if not _PLAIN.match(bare):
        return math.nan, "", "a number"
    value = float(bare) / 100 if text.endswith("%") else float(bare)
    return value, "; ".join(notes), ""


def _suppressed(text: str, limit: float, taken: float | None) -> tuple[float, str, str]:
    """Read ``<5``: not known, or what the mapping takes it for."""
    if taken is None:
        return math.nan, f"{text!r} read as not known (a suppressed count)", ""
    if taken >= limit:
        return math.nan, "", f"the value for suppressed counts ({taken:g}) to be below this"
    return taken, f"{text!r} taken for {taken:g}, as the mapping says", ""


def _bare_number(text: str, decimal_comma: bool) -> tuple[str, list[str]]:
    """Take off what stands about a number, and say what."""
    bare, notes = text, []
    if bare.endswith("%"):
        notes.append("percent sign read as hundredths")
        bare = bare[:-1].strip()
    if bracketed := _BRACKETS.match(bare):
        notes.append("brackets read as a minus sign")
        bare = f"-{bracketed[1]}"
    if re.search("[£€$]|GBP", bare):
        notes.append("currency sign taken out")
        bare = re.sub(r"\s*(?:[£€$]|GBP)\s*", "", bare)
    if bare.startswith("−"):
        bare = "-" + bare[1:]
    if decimal_comma and _COMMA_DECIMAL.match(bare):
        notes.append("decimal comma read")
        bare = bare.replace(".", "").replace(",", ".")
    elif _GROUPED.match(bare):
        notes.append("thousands separators taken out")
        bare = re.sub(r"[,\s']", "", bare)
    return bare, notes


def _has_comma_decimals(texts: Sequence[str]) -> bool:
    """Whether commas must be decimal ones: some cell has no other sense, and none speaks against.

    ``53,43`` can only be a decimal; ``1,234`` alone is read the British way.
    """
    bare = [_unsigned(text) for text in texts]
    commas = [text for text in bare if re.match(r"^[+-]?[\d.]*,[\d,.]*$", text)]
    if not commas or not all(_COMMA_DECIMAL.match(text) for text in commas):
        return False
    return any(not _GROUPED.match(text) for text in commas)


def _has_dotted_thousands(texts: Sequence[str]) -> bool:
    """Whether every number with points in it and no comma has them between thousands alone."""
    dotted = [text for text in map(_unsigned, texts) if re.match(r"^[+-]?\d*\.[\d.]*$", text)]
    return bool(dotted) and all(map(_DOTTED.match, dotted))


def _unsigned(text: str) -> str:
    """Take off what a number of money or a percentage has about it."""
    return re.sub(r"[£€$%\s]", "", text)


_EITHER = (
    "percentages, as the heading says; no number is above 1, so that they may be shares. Take the "
    "percent out of the heading for shares, or write the sign behind each number: 0.5%"
)


def _settle_shares(out: _Converted, texts: Sequence[str], percent: bool) -> None:
    """Plain numbers of a share column are percents if the header says so, or some are above 1."""
    plain = [i for i, t in enumerate(texts) if not t.endswith("%") and out.cells[i] == out.cells[i]]
    most = max((out.cells[i] for i in plain), default=0.0)
    if percent and 0 < most <= 1:  # a tenth of what is so, or a hundred times it
        for i in plain:
            out.cells[i] = math.nan
            out.wrong.append((i, texts[i], _EITHER))
    elif plain and most > 1:
        for i in plain:
            out.cells[i] /= 100
        out.changes["numbers up to 100 read as percent"] += len(plain)
    for i, value in enumerate(out.cells):
        if value == value and not 0 <= value <= 1:
            out.cells[i] = float("nan")
            out.wrong.append((i, texts[i], "a share from 0 to 1, or a percentage up to 100"))


def _shown(items: Sequence[object]) -> str:
    """The first few of a list and how many more there are."""
    first = ", ".join(str(item) for item in items[:_SHOWN])
    more = len(items) - _SHOWN
    return f"{first} and {more:,} more" if more > 0 else first


def _grouped(wrong: Sequence[tuple[int, str, str]]) -> dict[str, list[int]]:
    """Positions of faults by what was expected."""
    by: dict[str, list[int]] = defaultdict(list)
    for position, _, expected in wrong:
        by[expected].append(position)
    return by


@dataclass(frozen=True)
class _Column:
    """One column of a study's table.

    Parameters
    ----------
    name : str
    kind : str
        ``text``, ``number``, ``share``, ``yes_no``, ``degrees`` or ``metres``.
    also : str
        Other headers that people give it, parted by bars.
    """

    name: str
    kind: str = "text"
    also: str = ""

    @property
    def others(self) -> list[str]:
        """Plain headers that people give it."""
        return [_plain(name) for name in self.also.split("|") if name]

    def headers(self) -> frozenset[str]:
        """Every header that means this column, plain."""
        return frozenset((_plain(self.name), *self.others))


_PLACE = (
    _Column("lon", "degrees",
        "longitude|lng|long|x|x coord|lon wgs84|longitude wgs84|pwc_lng|point x|x_wgs84|coord x|"
        "x coordinate|geo_lon|geo_long|geox"),
    _Column("lat", "degrees",
        "latitude|y|y coord|lat wgs84|latitude wgs84|pwc_lat|point y|y_wgs84|coord y|"
        "y coordinate|geo_lat|geoy"),
    _Column("easting", "metres",
        "eastings|east|bng_e|pwc_e|os easting|osgb easting|gridgb1e|x easting|easting m|oseast1m|"
        "bng easting|easting x|grid ref easting|grid reference easting|grid easting|osgr easting|"
        "os x|x_bng"),
    _Column("northing", "metres",
        "northings|north|bng_n|pwc_n|os northing|osgb northing|gridgb1n|y northing|northing m|"
        "osnrth1m|bng northing|northing y|grid ref northing|grid reference northing|"
        "grid northing|osgr northing|os y|y_bng"),
    _Column("postcode", "text",
        "post code|pcd|pcds|pcd7|pcd8|postal code|site postcode|address postcode|zip|p/code|pcode|"
        "centre postcode|building postcode|postcode of centre"),
)  # fmt: skip
_SITE = (
    _Column("id", "text",
        "ref|reference|code|site id|urn|uprn|site code|site ref|asset id|centre id|building id|"
        "property ref|unique id|location id|our ref|no|number|property reference|asset ref|"
        "asset reference|centre ref|unique property reference number|unique asset id|"
        "unique asset identity|property code|site no|site number|ref no"),
    _Column("name", "text",
        "site name|centre name|centre|building|building name|establishment name|"
        "establishmentname|title|site|premises|property name|location name|venue|family hub|"
        "asset name|library|library name|school name|facility|facility name|place|"
        "children's centre name|childrens centre name|children's centre|childrens centre|"
        "youth centre name|youth centre|youth club|family hub name|hub name|hub|name of centre|"
        "name of children's centre|name of site|name of building|name of building or land|"
        "premises name|setting name|setting|nursery name|property|property description|"
        "asset description|organisation name|organisation"),
    _Column("address", "text",
        "full address|site address|street address|street|address 1|address line 1|location|"
        "street name"),
    _Column("locality", "text",
        "area|district|neighbourhood|locality name|zone|locality area|cluster|reach area|"
        "town|village|town or village|settlement"),
    _Column("annual_cost_gbp", "number",
        "annual cost|running cost|running costs|cost|annual running cost|yearly cost|"
        "annual cost £|cost £|cost per year|budget|annual budget|cost per annum|cost pa|net cost|"
        "running cost £|annual running costs|total running costs|running costs per year|"
        "operating cost|annual operating cost|revenue cost|annual revenue cost|net budget|"
        "net expenditure|total cost|gross cost"),
    _Column("annual_visits", "number",
        "visits|visits per year|yearly visits|footfall|annual footfall|visitors|annual visitors|"
        "attendances|annual attendances|total visits|number of visits|no of visits|"
        "visits per annum|visits pa|annual attendance|attendance"),
    _Column("condition", "text",
        "building condition|condition grade|condition survey|condition category|"
        "condition rating"),
    _Column("capacity", "number",
        "places|max capacity|maximum capacity|seats|number of places|no of places|"
        "registered places"),
    _Column("position_basis"),
    _Column("position_error_m", "number"),
    _Column("assumed", "yes_no", "stand in|stand-in"),
)  # fmt: skip
_COUNTS = (
    _Column("residents", "number",
        "population|pop|all residents|usual residents|all usual residents|total population|"
        "persons|pop_census2021|people total|total residents|all people|all persons"),
    _Column("children_0_4", "number",
        "age 0 to 4|aged 0 to 4|0-4|0 to 4|under 5|under 5s|aged 4 years and under|age_0_4|"
        "aged_0_4|aged_0_4_derived|children under 5|children aged 0-4|age aged 4 years and under"),
    _Column("children_5_10", "number", "age 5 to 10|5-10|5 to 10|age_5_10"),
    _Column("young_11_18", "number",
        "age 11 to 18|11-18|11 to 18|age_11_18|young people 11-18|aged 11 to 18"),
    _Column("households", "number", "all households|number of households|total households|hh"),
    _Column("households_no_car", "number",
        "no car|no cars or vans|households without a car|no cars or vans in household|"
        "no car households|hh no car|hh_no_car_est|households with no car|"
        "households with no car or van"),
    _Column("p_no_car", "share",
        "% no car|percent no car|% no car or van|no car %|no car percent|share without car|"
        "% households with no car|% of households with no car or van|"
        "% households with no car or van|% of households with no car"),
    _Column("people", "number", "people counted|ts038_base"),
    _Column("disabled", "number",
        "disabled people|disabled_ea|dis disabled under the equality act|"
        "disabled under the equality act"),
    _Column("white_british", "number",
        "people white british|white: english, welsh, scottish, northern irish or british|"
        "white english welsh scottish northern irish british"),
    _Column("lone_parent_households", "number",
        "lone parents|lone parent families|lone parent households with dependent children"),
    _Column("imd_rank", "number",
        "imd rank|index of multiple deprivation rank|index of multiple deprivation (imd) rank|"
        "wimd rank|wimd 2019 rank|simd rank|simd2020 rank|overall rank"),
    _Column("imd_decile", "number",
        "imd decile|index of multiple deprivation decile|"
        "index of multiple deprivation (imd) decile|wimd decile|simd decile"),
    _Column("idaci_rank", "number",
        "idaci rank|income deprivation affecting children index (idaci) rank"),
    _Column("idaci_decile", "number",
        "idaci decile|income deprivation affecting children index (idaci) decile"),
    _Column("income", "number", "household income|median income|mean income"),
    _Column("ward", "text",
        "ward name|wardname|wd24nm|wd25nm|ward24nm|wd23nm|wd22nm|electoral ward"),
    _Column("lsoa", "text", "lsoa code|lsoa21cd|lsoa11cd|lsoa21_code|lsoa11_code"),
    _Column("msoa", "text", "msoa code|msoa21cd|msoa11cd"),
)  # fmt: skip
_AREA_ID = _Column("id", "text",
    "oa21cd|oa11cd|oa code|output area|oa|geography code|area code|code|geography_code|gss code|"
    "data zone|datazone|output area code|area id|zone id")  # fmt: skip
_SERVICE = _Column("service", "text",
    "type|service type|centre type|site type|provision|category|type of centre|type of provision|"
    "provision type|facility type")  # fmt: skip
_KIND = _Column("kind", "text", "type|site type|category|use|building type|facility type")
#: Columns of each table that can be imported.
_TABLES: dict[str, tuple[_Column, ...]] = {
    "centres": (*_SITE, _SERVICE, *_PLACE),
    "candidates": (*_SITE, _KIND, *_PLACE),
    "neighbours": (
        *_SITE,
        _Column("authority", "text", "la|local authority|council|la (name)"),
        *_PLACE,
    ),
    "places": (
        _Column("name", "text", "place|town|settlement|locality"),
        _Column("rank", "number", "order|size rank"),
        *_PLACE[:4],
    ),
    "postcodes": _PLACE,
    "attendance": (
        _Column(
            "postcode",
            "text",
            "post code|pcd|home postcode|child postcode|family postcode|"
            "parent postcode|user postcode|member postcode",
        ),
        _Column("site", "text", "centre|centre name|centre id|site name|venue|building|setting"),
        _Column(
            "attendances",
            "number",
            "visits|attended|number of visits|times|count|contacts|"
            "attendance|number of attendances",
        ),
    ),
    "areas": (_AREA_ID, *_COUNTS, *_PLACE[:4]),
}
#: Columns of a study that no heading is taken for by itself: kept under their name, or as told.
_ONLY_TOLD: dict[str, tuple[_Column, ...]] = {
    "centres": (_Column("building"), _Column("status"), _Column("days", "number")),
    "candidates": (_Column("owner"), _Column("open_from")),
    "neighbours": (_Column("service"),),
}
#: What each table cannot be without.
_MUST: dict[str, tuple[str, ...]] = {
    "centres": ("name", "service"),
    "candidates": ("name",),
    "neighbours": ("name",),
    "places": ("name",),
    "postcodes": ("postcode",),
    "attendance": ("postcode", "site"),
    "areas": ("id",),
}


#: Words in headers of sheets that are about single people.
_OF_PEOPLE = re.compile(
    r"(?<![a-z])(child|children|parent|carer|user|member|client|family|mother|father|guardian|home)"
    r"('?s)?[ _]*(name|surname|id|ref|dob|post ?code|address)"
    r"|surname|forename|(?<![a-z])(first|last|given)[ _]?name|date[ _]of[ _]birth"
    r"|(?<![a-z])(d\.?o\.?b\.?|nhs[ _]*(no|number)|attended|attendance date)(?![a-z])",
    re.IGNORECASE,
)


def _of_people(headers: Sequence[str]) -> list[str]:
    """Headers that only a sheet about single people has: it must be counted, never copied."""
    return [header for header in headers if _OF_PEOPLE.search(_tidy(header))]


@lru_cache
def _known_headers(table: str) -> frozenset[str]:
    """Every plain header that a table's columns go by."""
    return frozenset().union(*(column.headers() for column in _columns_of(table)))


def _columns_of(table: str) -> tuple[_Column, ...]:
    """Columns that a table of a study may have."""
    if table not in _TABLES:
        raise ParameterError(f"no table {table!r}; expected one of {sorted(_TABLES)}")
    return _TABLES[table]


@dataclass(frozen=True)
class _Mapping:
    """How the columns of one sheet become those of one table.

    Parameters
    ----------
    columns : mapping of str to str
        Ours to the sheet's header.
    fixed : mapping of str to str
        Ours to one value for every row, such as ``service = "childrens_centre"``.
    meanings : mapping of str to mapping
        Ours to what each text of the sheet means.
    sheet : str
        Worksheet or layer; empty for the first that fits.
    suppressed : float or None
        What ``<5`` is taken for; not known when not given.

    Examples
    --------
    >>> _propose(["Site Name", "Postcode", "Sq m"], "candidates").columns
    {'name': 'Site Name', 'postcode': 'Postcode'}
    """

    columns: AnyMapping[str, str] = field(default_factory=dict)
    fixed: AnyMapping[str, str] = field(default_factory=dict)
    meanings: AnyMapping[str, AnyMapping[str, str]] = field(default_factory=dict)
    sheet: str = ""
    suppressed: float | None = None


def mapping_of(
    columns: Sequence[str],
    fixed: Sequence[str],
    meanings: Sequence[str],
    sheet: str,
    suppressed: float | None,
) -> _Mapping:
    """What somebody said of a sheet on the command line: ``ours=theirs``, ``ours:text=value``."""

    def pairs(texts: Sequence[str], form: str) -> list[tuple[str, str]]:
        parted = [text.partition("=") for text in texts]
        for ours, sign, _ in parted:
            if not sign or not ours or (":" in form and ":" not in ours):
                raise ParameterError(f"{ours!r} is not understood; expected {form}")
        return [(ours, value) for ours, _, value in parted]

    values: dict[str, dict[str, str]] = {}
    for ours, value in pairs(meanings, "OURS:TEXT=VALUE"):
        name, _, text = ours.partition(":")
        values.setdefault(name, {})[text] = value
    return _Mapping(
        dict(pairs(columns, "OURS=THEIRS")),
        dict(pairs(fixed, "OURS=VALUE")),
        values,
        sheet,
        suppressed,
    )


def _over(ours: _Mapping, base: _Mapping) -> _Mapping:
    """One mapping over another: what it says first."""
    taken = set(ours.fixed)
    columns = {**base.columns, **ours.columns}
    own = set(ours.columns.values())
    return _Mapping(
        {k: v for k, v in columns.items()
         if k not in taken and (k in ours.columns or v not in own)},
        {**{k: v for k, v in base.fixed.items() if k not in ours.columns}, **ours.fixed},
        {**base.meanings, **ours.meanings},
        ours.sheet or base.sheet,
        base.suppressed if ours.suppressed is None else ours.suppressed,
    )  # fmt: skip


def _propose(headers: Sequence[str], table: str) -> _Mapping:
    """Match headers with a table's columns by name, our own names before others.

    Parameters
    ----------
    headers : sequence of str
    table : str
        A key of `_TABLES`.

    Returns
    -------
    Mapping
    """
    left = {_plain(header): header for header in headers}
    found: dict[str, str] = {}
    for own in (True, False):
        for column in _columns_of(table):
            for name in [_plain(column.name)] if own else column.others:
                if column.name not in found and name in left:
                    found[column.name] = left.pop(name)
    order = [column.name for column in _columns_of(table)]
    return _Mapping({name: found[name] for name in order if name in found})


#: What headers say beside what a column holds: years, units and where an order begins.
_BESIDE = re.compile(
    r"\((?:£|gbp|wgs ?84|bng|osgb|os|metres|m|people|full|site|count|number|where 1 is[^)]*)\)"
    r"|(?<!\d)(?:mid[ -]?)?(?:19|20)\d\d(?:\s*[/–-]\s*(?:20)?\d\d)?(?!\d)",
    re.IGNORECASE,
)
#: Ages, and words beside them that change nothing: "Children aged 0 to 4 years" is 0 to 4.
_AGES = re.compile(
    r"(?<!\d)\d{1,2}\s*(?:-|–|to)\s*\d{1,2}(?!\d)|under (?:5s?|fives?)", re.IGNORECASE
)
_OF_AGES = re.compile(
    r"\b(?:children|young|people|persons|population|pop|residents|aged?|ages|years?|olds?|old)\b",
    re.IGNORECASE,
)
#: Areas that a sheet may be of, the smaller first, where it has no column of their ids by name.
_UNITS_BY_CODE = ("lsoa", "msoa")


def _without_asides(header: str) -> str:
    """A header as names are compared, without what it says beside what the column holds.

    Examples
    --------
    >>> _without_asides("IMD 2019 Rank (where 1 is most deprived)")
    'imdrank'
    >>> _without_asides("Children aged 0 to 4 years"), _without_asides("Population (male)")
    ('0to4', 'populationmale')
    """
    text = _BESIDE.sub(" ", _tidy(header))
    text = _OF_AGES.sub(" ", text) if _AGES.search(text) else text
    return _plain(text).replace("fives", "5s").replace("five", "5")


def _propose_loosely(headers: Sequence[str], table: str) -> _Mapping:
    """Match headers as `_propose` does, then those that are told apart without their asides.

    For a sheet whose mapping is shown to whoever brings it in. Of two headers that are alike then,
    as of two years, none is taken.
    """
    found = dict(_propose(headers, table).columns)
    left = [header for header in headers if header not in found.values()]
    bare = Counter(map(_without_asides, left))
    for column in _columns_of(table):
        names = [_plain(column.name), *column.others]
        own = [h for h in left if (b := _without_asides(h)) in names and bare[b] == 1]
        if column.name not in found and own:
            found[column.name] = min(own, key=lambda h: names.index(_without_asides(h)))
    if table == "areas" and "id" not in found:
        unit = next((u for u in _UNITS_BY_CODE if u in found), None)
        found |= {} if unit is None else {"id": found.pop(unit)}
    order = [column.name for column in _columns_of(table)]
    return _Mapping({name: found[name] for name in order if name in found})


def _own_names(mapping: _Mapping, table: str) -> list[str]:
    """Names in a mapping that are none of the table's: a planner's own columns."""
    known = {column.name for column in _columns_of(table)}
    return [name for name in {**mapping.columns, **mapping.fixed} if name not in known]


def _may_be_told(name: str, table: str) -> bool:
    """Whether a mapping may name a column that no heading of the table is taken for."""
    if table == _WITH_OWN:
        return bool(_NAME.fullmatch(name))
    return name in {column.name for column in _ONLY_TOLD.get(table, ())}


def _own_name_faults(mapping: _Mapping, table: str, file: str) -> list[Fault]:
    """Refuse what is said of a column and would be without effect."""
    wanted = "small letters, digits and underscores, such as over_65"
    if table != _WITH_OWN:
        columns = (*_columns_of(table), *_ONLY_TOLD.get(table, ()))
        wanted = f"one of {', '.join(column.name for column in columns)}"
    faults = [
        Fault(file, "", name[:80], "", wanted)
        for name in _own_names(mapping, table)
        if not _may_be_told(name, table)
    ]
    return faults + [
        Fault(file, "", name[:80], "", f"a column to read so (say which: --column {name}=HEADER)")
        for name in mapping.meanings
        if name not in mapping.columns
    ]


def _mapping_faults(
    mapping: _Mapping, headers: Sequence[str], table: str, file: str, *, placed: bool
) -> list[Fault]:
    """Find columns of a mapping that the sheet lacks, and of the table that nothing fills."""
    faults = []
    have = {_plain(header): header for header in headers}
    for ours, theirs in mapping.columns.items():
        if _plain(theirs) not in have:
            near = difflib.get_close_matches(_plain(theirs), have, n=1, cutoff=0.5)
            meant = repr(have[near[0]]) if near else ""
            hint = f"; is {meant} meant? --column {ours}={meant}" if near else ""
            faults.append(Fault(file, "", ours, "", f"a column headed {theirs!r}{hint}"))
    filled = {*mapping.columns, *mapping.fixed}
    faults += _own_name_faults(mapping, table, file)
    for name in _MUST[table]:
        if name not in filled:
            faults.append(
                Fault(
                    file,
                    "",
                    name,
                    "",
                    f"a column for {name!r} (say which: --column {name}=HEADER"
                    + ("" if name == "id" else f", or one value for all rows: --set {name}=VALUE")
                    + f"); the sheet has {', '.join(map(repr, headers))[:300]}",
                )
            )
    ways = ({"lon", "lat"}, {"easting", "northing"}, {"postcode"})
    if not placed and not any(way <= filled for way in ways):
        faults.append(
            Fault(
                file,
                "",
                "lon, lat",
                "",
                "longitude and latitude, easting and northing, or a postcode for every row "
                "(say which: --column lon=HEADER --column lat=HEADER); the sheet has "
                + ", ".join(map(repr, headers))[:300],
            )
        )
    return faults


def _read_mapping(path: Path, table: str) -> _Mapping | None:
    """Read the mapping of one table from a study's ``import.toml``; None where there is none.

    Raises
    ------
    StudyError
        If the file is not TOML or holds something else.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig")).get(table)
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise StudyError(f"{path} cannot be read as TOML: {error}") from error
    if raw is None:
        return None
    allowed = {
        "columns": dict,
        "fixed": dict,
        "meanings": dict,
        "sheet": str,
        "suppressed": (int, float),
    }
    wrong = [k for k, v in raw.items() if k not in allowed or not isinstance(v, allowed[k])]  # type: ignore[arg-type]
    known = {column.name for column in _columns_of(table)}
    own = table == _WITH_OWN
    wrong += [
        f"columns.{name}"
        for name in raw.get("columns", {})
        if name not in known and not _may_be_told(name, table)
    ]
    if wrong:
        raise StudyError(
            f"{path}, [{table}]: {', '.join(wrong)} is not understood; expected "
            f"{', '.join(allowed)}, and columns among {', '.join(sorted(known))}"
            + (", or of a name of your own: small letters, digits and underscores" if own else "")
        )
    return _Mapping(**raw)


def _read_told(path: Path) -> dict[str, Any]:
    """Read what was told of a study that is still to be made: its place, and so on."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("study", {})
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise StudyError(f"{path} cannot be read as TOML: {error}") from error
    known = {"place": str, "unit": str, "as_of": str, "national_areas": int}
    if not isinstance(raw, dict) or not all(
        isinstance(v, known.get(k, ())) for k, v in raw.items()
    ):
        raise StudyError(f"{path}, [study]: expected texts for place, unit and as_of, and a number")
    return raw


def _write_mapping(
    path: Path, table: str, mapping: _Mapping, told: AnyMapping[str, Any] | None = None
) -> None:
    """Keep the mapping of one table in ``import.toml``, those of other tables unchanged.

    `told` is what was said of a study that is still to be made; it is kept beside what was before.
    """
    kept: dict[str, _Mapping] = {}
    said = _read_told(path) | {k: v for k, v in (told or {}).items() if v}
    for name in _TABLES:
        there = _read_mapping(path, name)
        if there is not None:
            kept[name] = there
    kept[table] = mapping
    lines = [
        "# How sheets become the tables of this study: ours = the sheet's header.",
        "# Next year's sheet is read the same way; change a line where a header changed.",
        "",
    ]
    if said:
        lines += ["[study]", *(f"{k} = {toml_text(v) if isinstance(v, str) else v}"
                               for k, v in sorted(said.items())), ""]  # fmt: skip
    for name, one in sorted(kept.items()):
        lines += [f"[{name}]"]
        lines += [f"sheet = {toml_text(one.sheet)}"] if one.sheet else []
        lines += [] if one.suppressed is None else [f"suppressed = {one.suppressed:g}"]
        for part, pairs in (("columns", one.columns), ("fixed", one.fixed)):
            if pairs:
                lines += ["", f"[{name}.{part}]"]
                lines += [f"{_toml_key(k)} = {toml_text(v)}" for k, v in pairs.items()]
        for ours, texts in one.meanings.items():
            lines += ["", f"[{name}.meanings.{_toml_key(ours)}]"]
            lines += [f"{toml_text(k)} = {toml_text(v)}" for k, v in texts.items()]
        lines.append("")
    write_file(path, "\n".join(lines).encode())


def _toml_key(text: str) -> str:
    """A key as TOML holds it."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else toml_text(text)

"""Registers: the local authorities of England, and the sites of the Department for Education."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from access.errors import FetchError, ParameterError, StudyError
from access.sources.columns import _plain, _shown, _tidy
from access.sources.http import Fetched, Internet, _is_page, _NotThereError, _NotWholeError
from access.sources.points import _Postcodes, _tidy_postcode
from access.sources.tables import _read_source, _Source
from access.units import BRITISH_GRID, great_circle_m, unproject

#: Districts, unitary authorities, metropolitan and London boroughs (ONS, April 2023): first code
#: of a run, then names in the order of the codes. Office for National Statistics, OGL v3.0.
_RUNS = (
    (
        "E06000001",
        "Hartlepool|Middlesbrough|Redcar and Cleveland|Stockton-on-Tees|Darlington|"
        "Halton|Warrington|Blackburn with Darwen|Blackpool|Kingston upon Hull, City of|"
        "East Riding of Yorkshire|North East Lincolnshire|North Lincolnshire|York|Derby|Leicester|"
        "Rutland|Nottingham|Herefordshire, County of|Telford and Wrekin|Stoke-on-Trent|"
        "Bath and North East Somerset|Bristol, City of|North Somerset|South Gloucestershire|"
        "Plymouth|Torbay",
    ),
    (
        "E06000030",
        "Swindon|Peterborough|Luton|Southend-on-Sea|Thurrock|Medway|Bracknell Forest|"
        "West Berkshire|Reading|Slough|Windsor and Maidenhead|Wokingham|Milton Keynes|"
        "Brighton and Hove|Portsmouth|Southampton|Isle of Wight|County Durham",
    ),
    (
        "E06000049",
        "Cheshire East|Cheshire West and Chester|Shropshire|Cornwall|Isles of Scilly|"
        "Wiltshire|Bedford|Central Bedfordshire|Northumberland|Bournemouth, Christchurch and Poole|"
        "Dorset|Buckinghamshire|North Northamptonshire|West Northamptonshire|Cumberland|"
        "Westmorland and Furness|North Yorkshire|Somerset",
    ),
    ("E07000008", "Cambridge|East Cambridgeshire|Fenland|Huntingdonshire|South Cambridgeshire"),
    (
        "E07000032",
        "Amber Valley|Bolsover|Chesterfield|Derbyshire Dales|Erewash|High Peak|"
        "North East Derbyshire|South Derbyshire|East Devon|Exeter|Mid Devon|North Devon|South Hams|"
        "Teignbridge|Torridge|West Devon",
    ),
    (
        "E07000061",
        "Eastbourne|Hastings|Lewes|Rother|Wealden|Basildon|Braintree|Brentwood|"
        "Castle Point|Chelmsford|Colchester|Epping Forest|Harlow|Maldon|Rochford|Tendring|"
        "Uttlesford|Cheltenham|Cotswold|Forest of Dean|Gloucester|Stroud|Tewkesbury|"
        "Basingstoke and Deane|East Hampshire|Eastleigh|Fareham|Gosport|Hart|Havant|New Forest|"
        "Rushmoor|Test Valley|Winchester|Broxbourne|Dacorum",
    ),
    ("E07000098", "Hertsmere|North Hertfordshire"),
    ("E07000102", "Three Rivers|Watford"),
    (
        "E07000105",
        "Ashford|Canterbury|Dartford|Dover|Gravesham|Maidstone|Sevenoaks|"
        "Folkestone and Hythe|Swale|Thanet|Tonbridge and Malling|Tunbridge Wells|Burnley|Chorley|"
        "Fylde|Hyndburn|Lancaster|Pendle|Preston|Ribble Valley|Rossendale|South Ribble|"
        "West Lancashire|Wyre|Blaby|Charnwood|Harborough|Hinckley and Bosworth|Melton|"
        "North West Leicestershire|Oadby and Wigston|Boston|East Lindsey|Lincoln|North Kesteven|"
        "South Holland|South Kesteven|West Lindsey|Breckland|Broadland|Great Yarmouth|"
        "King's Lynn and West Norfolk|North Norfolk|Norwich|South Norfolk",
    ),
    (
        "E07000170",
        "Ashfield|Bassetlaw|Broxtowe|Gedling|Mansfield|Newark and Sherwood|Rushcliffe|"
        "Cherwell|Oxford|South Oxfordshire|Vale of White Horse|West Oxfordshire",
    ),
    (
        "E07000192",
        "Cannock Chase|East Staffordshire|Lichfield|Newcastle-under-Lyme|"
        "South Staffordshire|Stafford|Staffordshire Moorlands|Tamworth|Babergh",
    ),
    ("E07000202", "Ipswich|Mid Suffolk"),
    (
        "E07000207",
        "Elmbridge|Epsom and Ewell|Guildford|Mole Valley|Reigate and Banstead|"
        "Runnymede|Spelthorne|Surrey Heath|Tandridge|Waverley|Woking|North Warwickshire|"
        "Nuneaton and Bedworth|Rugby|Stratford-on-Avon|Warwick|Adur|Arun|Chichester|Crawley|"
        "Horsham|Mid Sussex|Worthing",
    ),
    (
        "E07000234",
        "Bromsgrove|Malvern Hills|Redditch|Worcester|Wychavon|Wyre Forest|St Albans|"
        "Welwyn Hatfield|East Hertfordshire|Stevenage|East Suffolk|West Suffolk",
    ),
    (
        "E08000001",
        "Bolton|Bury|Manchester|Oldham|Rochdale|Salford|Stockport|Tameside|Trafford|"
        "Wigan|Knowsley|Liverpool|St. Helens|Sefton|Wirral",
    ),
    ("E08000017", "Doncaster|Rotherham"),
    (
        "E08000021",
        "Newcastle upon Tyne|North Tyneside|South Tyneside|Sunderland|Birmingham|"
        "Coventry|Dudley|Sandwell|Solihull|Walsall|Wolverhampton|Bradford|Calderdale|Kirklees|Leeds|"
        "Wakefield|Gateshead|Barnsley|Sheffield",
    ),
    (
        "E09000001",
        "City of London|Barking and Dagenham|Barnet|Bexley|Brent|Bromley|Camden|Croydon|"
        "Ealing|Enfield|Greenwich|Hackney|Hammersmith and Fulham|Haringey|Harrow|Havering|"
        "Hillingdon|Hounslow|Islington|Kensington and Chelsea|Kingston upon Thames|"
        "Lambeth|Lewisham|Merton|"
        "Newham|Redbridge|Richmond upon Thames|Southwark|Sutton|Tower Hamlets|Waltham Forest|"
        "Wandsworth|Westminster",
    ),
)
#: Codes in older tables, the latest first: a district's own, or those that it was made of.
_FORMER: dict[str, tuple[str, ...]] = {
    "E06000057": ("E06000048",),
    "E06000058": ("E06000028 E06000029 E07000048",),
    "E06000059": ("E07000049 E07000050 E07000051 E07000052 E07000053",),
    "E06000060": ("E07000004 E07000005 E07000006 E07000007",),
    "E06000061": ("E07000150 E07000152 E07000153 E07000156",),
    "E06000062": ("E07000151 E07000154 E07000155",),
    "E06000063": ("E07000026 E07000028 E07000029",),
    "E06000064": ("E07000027 E07000030 E07000031",),
    "E06000065": ("E07000163 E07000164 E07000165 E07000166 E07000167 E07000168 E07000169",),
    "E06000066": (
        "E07000187 E07000188 E07000189 E07000246",
        "E07000187 E07000188 E07000189 E07000190 E07000191",
    ),
    "E07000240": ("E07000100",),
    "E07000241": ("E07000104",),
    "E07000242": ("E07000097",),
    "E07000243": ("E07000101",),
    "E07000244": ("E07000205 E07000206",),
    "E07000245": ("E07000201 E07000204",),
    "E08000037": ("E08000020",),
    "E08000038": ("E08000016",),
    "E08000039": ("E08000019",),
}
_NATIONS = {"W": "Wales", "S": "Scotland", "N": "Northern Ireland"}
_FILLERS = re.compile(
    r"\b(council|borough|city|county|district|metropolitan|unitary|authority|royal|london|mbc|bc|"
    r"cc|dc|the|of)\b"
)


@dataclass(frozen=True)
class _District:
    """A local authority.

    Parameters
    ----------
    code : str
        Today's code (``E08000018``).
    name : str
    former : tuple of str
        Its codes in older tables, the latest first; several with blanks between where it was made
        of as many.
    """

    code: str
    name: str
    former: tuple[str, ...] = ()

    @property
    def eras(self) -> tuple[tuple[str, ...], ...]:
        """Codes that are the whole of it together: today's, then those before."""
        return ((self.code,), *(tuple(era.split()) for era in self.former))

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that a part of it goes by."""
        return tuple(dict.fromkeys(code for era in self.eras for code in era))

    @property
    def short(self) -> str:
        """Its name as a study's short name."""
        plain = re.sub(r"[^a-z0-9]+", "_", self.spoken.lower()).strip("_")
        return plain if plain[:1].isalpha() else f"study_{plain}"

    @property
    def spoken(self) -> str:
        """Its name as it is said: 'City of Bristol'."""
        head, _, tail = self.name.partition(", ")
        return f"{tail} {head}" if tail in ("City of", "County of") else self.name


def _districts() -> tuple[_District, ...]:
    """Every local authority of England, in the order of codes.

    Examples
    --------
    >>> len(_districts())
    296
    """
    out = []
    for first, names in _RUNS:
        start = int(first[3:])
        for i, name in enumerate(names.split("|")):
            code = f"{first[:3]}{start + i:06d}"
            out.append(_District(code, name, _FORMER.get(code, ())))
    return tuple(sorted(out, key=lambda d: d.code))


def find_district(asked: str) -> _District:
    """Find a local authority of England by code or name.

    Parameters
    ----------
    asked : str

    Returns
    -------
    District

    Raises
    ------
    ParameterError
        If there is none: near names are listed, and another nation is named for what it is.

    Examples
    --------
    >>> find_district("rotherham mbc").code, find_district("E08000016").name
    ('E08000018', 'Barnsley')
    """
    every = _districts()
    text = " ".join(str(asked).split())
    for district in every:
        if (text.upper(),) in district.eras:
            return district
    if re.fullmatch(r"[A-Za-z]\d{8}", text):
        raise ParameterError(_unknown_code(text.upper(), every))
    names = {_plain_name(d.name): d for d in every}
    plain = _plain_name(text)
    if plain in names:
        return names[plain]
    within = [d for name, d in names.items() if plain and plain in name.split()]
    near = [names[n] for n in difflib.get_close_matches(plain, names, n=4, cutoff=0.6)]
    listed = "; ".join(f"{d.name} ({d.code})" for d in dict.fromkeys([*near, *within[:4]]))
    raise ParameterError(
        f"no local authority of England is called {text!r}; "
        + (
            f"near names: {listed}. Name one by its code"
            if listed
            else "expected a name or a code "
            "such as E08000018 (districts, unitary authorities and boroughs)"
        )
    )


def is_council(asked: str) -> bool:
    """Tell whether a text can only mean a council: a code, or the very name of one."""
    if re.fullmatch(r"[A-Za-z]\d{8}", asked.strip()):
        return True
    if "/" in asked or "\\" in asked or asked.strip() in (".", ".."):
        return False
    if re.fullmatch(r"[a-z][a-z0-9_]*", asked) and asked not in {d.short for d in _districts()}:
        return False
    try:
        return bool(find_district(asked))
    except ParameterError:
        return bool(re.search(r"[A-Z ]", asked))


@lru_cache(maxsize=1024)
def _plain_name(name: str) -> str:
    text = re.sub(r"[^a-z0-9 ]+", " ", name.casefold().replace("&", " and ").replace("'", ""))
    short = " ".join(_FILLERS.sub(" ", text).split())
    return short or " ".join(text.split())


def _unknown_code(code: str, every: tuple[_District, ...]) -> str:
    if code[0] in _NATIONS:
        return (
            f"{code} is a code of {_NATIONS[code[0]]}; only English local authorities are "
            "made from public sources. Import your own tables instead: access import"
        )
    if code[:3] not in ("E06", "E07", "E08", "E09"):
        return (
            f"{code} is no district, unitary authority or borough (E06, E07, E08, E09); name "
            "the authority whose families the centres serve"
        )
    if now := next((d for d in every if code in d.codes), None):
        return f"{code} is an abolished local authority, a part of {now.name} ({now.code}) today"
    near = difflib.get_close_matches(code, [d.code for d in every], n=3, cutoff=0.85)
    names = {d.code: d.name for d in every}
    listed = "; ".join(f"{names[c]} ({c})" for c in near)
    return f"{code} is no local authority of today, or an abolished one; near codes: {listed}"


_GIAS = "Department for Education: Get Information About Schools"
_HUBS = "Department for Education: list of family hub sites"
_LICENCE = "Open Government Licence v3.0"
_HUBS_PATH = "media/6980dbf0ec71a16669612e3d/List_of_family_hub_sites.csv"
#: Files of the register by what they hold.
_FILES = {"centres": "edubaseallchildrencentre", "schools": "edubasealldata"}
_DAYS_BACK = 7
#: A point this far from its postcode was typed wrong, or the postcode was.
_FAR_M = 3000.0


# --- asking ----------------------------------------------------------------------------------


def _fetch_register(net: Internet, kind: str) -> Fetched:
    """Fetch today's file of the register; a day back, up to a week, where it is not there yet.

    Parameters
    ----------
    net : Internet
    kind : str
        ``"centres"`` or ``"schools"``.

    Raises
    ------
    FetchError
    """
    day = datetime.date.fromisoformat(net.day)
    for back in range(_DAYS_BACK + 1):
        stamp = (day - datetime.timedelta(days=back)).strftime("%Y%m%d")
        try:
            return net.get(net.address("gias", f"{_FILES[kind]}{stamp}.csv"),
                           f"the register of {kind}", check=_is_register)  # fmt: skip
        except _NotThereError:
            continue
    raise FetchError(
        f"{net.address('gias')} has no file of {kind} of the last {_DAYS_BACK + 1} days"
    )


def _fetch_hubs(net: Internet) -> Fetched:
    """Fetch the list of family hub sites."""
    return net.get(
        net.address("gov", _HUBS_PATH), "the list of family hub sites", check=_is_register
    )


def _is_register(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        start = file.read(4000)
    if _is_page(start, kind):
        raise _NotWholeError("a web page came in its place")
    first = set(map(_plain, start.split(b"\n", 1)[0].decode("cp1252", "replace").split(",")))
    if not first & {"establishmentname", "familyhub"} or "postcode" not in first:
        raise _NotWholeError("its first row names no establishments or hubs with postcodes")


# --- reading ---------------------------------------------------------------------------------


def _register_kind(source: _Source) -> str | None:
    """Which register a table is: ``centres``, ``schools``, ``hubs`` or none."""
    names = set(map(_plain, source.frame.columns))
    if {"familyhub", "postcode"} <= names:
        return "hubs"
    if "establishmentname" not in names or "lename" in names:
        return None
    kinds = _column(source, "typeofestablishmentname")
    if (
        kinds is not None
        and source.frame[kinds].str.casefold().str.contains("children's cent").any()
    ):
        return "centres"
    return "schools" if names & {"phaseofeducationname", "easting"} else "centres"


def _column(source: _Source, *names: str) -> str | None:
    return next((c for c in source.frame.columns if _plain(c) in names), None)


def _texts(source: _Source, *names: str) -> pd.Series:
    column = _column(source, *names)
    if column is None:
        return pd.Series([""] * len(source.frame))
    return source.frame[column].map(_tidy).reset_index(drop=True)


def _parse_register(
    source: _Source | Path, postcodes: _Postcodes | None
) -> tuple[pd.DataFrame, list[str]]:
    """Establishments with a position each where one is known.

    Parameters
    ----------
    source : Source or Path
        A file of the register (centres or schools) or the list of hubs.
    postcodes : Postcodes or None
        Places those without a position of their own.

    Returns
    -------
    DataFrame
        ``id, name, type, status, phase, authority, address, postcode, lon, lat,
        position_basis``; ``nan`` where no position is known.
    list of str
        What the reader must be told.

    Raises
    ------
    StudyError
        If the columns are others.
    """
    table = source if isinstance(source, _Source) else _read_source(source)
    kind = _register_kind(table)
    if kind is None:
        raise StudyError(f"{table.file} is no register of the Department for Education; it has "
                         f"{_shown(list(table.frame.columns))}")  # fmt: skip
    name = _texts(table, "establishmentname", "familyhub")
    parts = [_texts(table, p) for p in ("street", "locality", "address3", "town", "address")]
    address = [", ".join(dict.fromkeys(p for p in row if p)) for row in zip(*parts, strict=True)]
    ids = _texts(table, "urn")
    out = pd.DataFrame({
        "id": [i or f"H{n:04d}" for n, i in enumerate(ids, 1)], "name": name,
        "type": _texts(table, "typeofestablishmentname") if kind != "hubs" else "Family hub",
        "status": _texts(table, "establishmentstatusname"),
        "phase": _texts(table, "phaseofeducationname"),
        "authority": _texts(table, "laname", "localauthority"), "address": address,
        "postcode": [_tidy_postcode(p) or p for p in _texts(table, "postcode")],
    })  # fmt: skip
    lonlat, basis, notes = _positions(table, out["postcode"], postcodes)
    out["lon"], out["lat"], out["position_basis"] = lonlat[:, 0], lonlat[:, 1], basis
    if kind == "centres" and (out["status"] != "").any():
        notes.append("The register's status does not tell which centres have closed since: check "
                     "them against your own list.")  # fmt: skip
    return out, notes


def _positions(
    table: _Source, postcode: pd.Series, postcodes: _Postcodes | None
) -> tuple[np.ndarray, list[str], list[str]]:
    lonlat = np.full((len(postcode), 2), np.nan)
    basis, notes = [""] * len(postcode), []
    east, north = _column(table, "easting"), _column(table, "northing")
    if east and north:
        grid = (
            table.frame[[east, north]]
            .apply(pd.to_numeric, errors="coerce")
            .to_numpy(float, copy=True)
        )
        grid[~((grid > 0).all(axis=1))] = np.nan
        lonlat = unproject(grid, BRITISH_GRID)
    own = np.isfinite(lonlat).all(axis=1)
    lonlat[~own] = np.nan
    if postcodes is not None:
        middle = postcodes.find(postcode)
        far = own & np.isfinite(middle).all(axis=1)
        far[far] = great_circle_m(*lonlat[far].T, *middle[far].T) > _FAR_M
        if far.any():
            notes.append(f"{far.sum():,} establishments stand more than {_FAR_M / 1000:g} km from "
                         "their postcode; the postcode's middle is used.")  # fmt: skip
        use = (~own & np.isfinite(middle).all(axis=1)) | far
        lonlat[use] = middle[use]
        basis = ["postcode centroid" if u else "establishment point" if o else ""
                 for u, o in zip(use, own, strict=True)]  # fmt: skip
    else:
        basis = ["establishment point" if o else "" for o in own]
    return lonlat.round(6), basis, notes


def _is_open(frame: pd.DataFrame) -> pd.Series:
    """Mark what a register does not say to be closed, or not yet open."""
    status = frame["status"].str.casefold()
    return (status == "") | status.str.startswith("open")


# --- choosing --------------------------------------------------------------------------------


def _own_authority(
    frame: pd.DataFrame, district: _District, inside: np.ndarray | None
) -> np.ndarray:
    """Rows of a local authority: by its name, and where that is a county, by its boundary.

    `inside` of None: by its name alone.
    """
    names = {_bare(district.name), _bare(district.spoken)}
    own = frame["authority"].map(_bare).isin(names).to_numpy()
    if not own.any() and inside is not None:
        return inside
    return own


def _bare(name: str) -> str:
    text = re.sub(r"[^a-z ]", " ", name.casefold().replace("&", "and"))
    words = {"council", "borough", "city", "county", "metropolitan", "district", "of", "the", "mbc"}
    return " ".join(sorted(w for w in text.split() if w not in words))


def _as_centres(frame: pd.DataFrame, service: str, prefix: str) -> pd.DataFrame:
    """Rows of a register as rows of ``centres.csv``; ids are the register's own."""
    out = pd.DataFrame({
        "id": prefix + frame["id"].astype(str), "name": frame["name"], "service": service,
        "address": frame["address"], "postcode": frame["postcode"], "lon": frame["lon"],
        "lat": frame["lat"], "position_basis": frame["position_basis"], "assumed": "no",
        "register_status": frame["status"], "annual_cost_gbp": "", "annual_visits": "",
        "condition": "", "capacity": "",
    })  # fmt: skip
    return out.reset_index(drop=True)


def _as_candidates(frame: pd.DataFrame, prefix: str, kinds: Sequence[str]) -> pd.DataFrame:
    """Rows of a register as rows of ``candidates.csv``."""
    out = pd.DataFrame({
        "id": prefix + frame["id"].astype(str), "name": frame["name"], "kind": list(kinds),
        "address": frame["address"], "postcode": frame["postcode"], "lon": frame["lon"],
        "lat": frame["lat"], "position_basis": frame["position_basis"], "annual_cost_gbp": "",
        "condition": "", "capacity": "",
    })  # fmt: skip
    return out.reset_index(drop=True)

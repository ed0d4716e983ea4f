"""The local authorities of England that have families to serve: codes, names, and near names."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from access.errors import ParameterError

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
#: Codes that a district had in older tables.
_FORMER = {
    "E08000038": "E08000016",
    "E08000039": "E08000019",
    "E07000240": "E07000100",
    "E07000241": "E07000104",
    "E07000242": "E07000097",
    "E07000243": "E07000101",
    "E08000037": "E08000020",
}
_NATIONS = {"W": "Wales", "S": "Scotland", "N": "Northern Ireland"}
_FILLERS = re.compile(
    r"\b(council|borough|city|county|district|metropolitan|unitary|authority|royal|london|mbc|bc|"
    r"cc|dc|the|of)\b"
)


@dataclass(frozen=True)
class District:
    """A local authority.

    Parameters
    ----------
    code : str
        Today's code (``E08000018``).
    name : str
    former : str
        Its code in older tables, or empty.
    """

    code: str
    name: str
    former: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code it goes by."""
        return (self.code, self.former) if self.former else (self.code,)

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


def districts() -> tuple[District, ...]:
    """Every local authority of England, in the order of codes.

    Examples
    --------
    >>> len(districts())
    296
    """
    out = []
    for first, names in _RUNS:
        start = int(first[3:])
        for i, name in enumerate(names.split("|")):
            code = f"{first[:3]}{start + i:06d}"
            out.append(District(code, name, _FORMER.get(code, "")))
    return tuple(sorted(out, key=lambda d: d.code))


def find_district(asked: str) -> District:
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
    every = districts()
    text = " ".join(str(asked).split())
    for district in every:
        if text.upper() in district.codes:
            return district
    if re.fullmatch(r"[A-Za-z]\d{8}", text):
        raise ParameterError(_unknown_code(text.upper(), every))
    names = {_plain(d.name): d for d in every}
    plain = _plain(text)
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


def _plain(name: str) -> str:
    text = re.sub(r"[^a-z0-9 ]+", " ", name.casefold().replace("&", " and ").replace("'", ""))
    short = " ".join(_FILLERS.sub(" ", text).split())
    return short or " ".join(text.split())


def _unknown_code(code: str, every: tuple[District, ...]) -> str:
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
    near = difflib.get_close_matches(code, [d.code for d in every], n=3, cutoff=0.85)
    names = {d.code: d.name for d in every}
    listed = "; ".join(f"{names[c]} ({c})" for c in near)
    return f"{code} is no local authority of today, or an abolished one; near codes: {listed}"

"""What the columns of a study's tables are called by the people who keep them."""

from __future__ import annotations

from dataclasses import dataclass

from access.sources.tables import plain


@dataclass(frozen=True)
class Column:
    """One column of a study's table.

    Parameters
    ----------
    name : str
    kind : str
        ``text``, ``number``, ``share``, ``yes_no``, ``degrees`` or ``metres``.
    also : tuple of str
        Other headers that people give it.
    """

    name: str
    kind: str = "text"
    also: tuple[str, ...] = ()

    def headers(self) -> frozenset[str]:
        """Every header that means this column, plain."""
        return frozenset(map(plain, (self.name, *self.also)))


_PLACE = (
    Column(
        "lon",
        "degrees",
        (
            "longitude",
            "lng",
            "long",
            "x",
            "x coord",
            "lon wgs84",
            "longitude wgs84",
            "pwc_lng",
            "point x",
            "x_wgs84",
            "coord x",
        ),
    ),
    Column(
        "lat",
        "degrees",
        (
            "latitude",
            "y",
            "y coord",
            "lat wgs84",
            "latitude wgs84",
            "pwc_lat",
            "point y",
            "y_wgs84",
            "coord y",
        ),
    ),
    Column(
        "easting",
        "metres",
        (
            "eastings",
            "east",
            "bng_e",
            "pwc_e",
            "os easting",
            "osgb easting",
            "gridgb1e",
            "x easting",
            "easting m",
            "oseast1m",
            "bng easting",
        ),
    ),
    Column(
        "northing",
        "metres",
        (
            "northings",
            "north",
            "bng_n",
            "pwc_n",
            "os northing",
            "osgb northing",
            "gridgb1n",
            "y northing",
            "northing m",
            "osnrth1m",
            "bng northing",
        ),
    ),
    Column(
        "postcode",
        "text",
        (
            "post code",
            "pcd",
            "pcds",
            "pcd7",
            "pcd8",
            "postal code",
            "site postcode",
            "address postcode",
            "zip",
        ),
    ),
)
_SITE = (
    Column(
        "id",
        "text",
        (
            "ref",
            "reference",
            "code",
            "site id",
            "urn",
            "uprn",
            "site code",
            "site ref",
            "asset id",
            "centre id",
            "building id",
            "property ref",
            "unique id",
            "location id",
            "our ref",
            "no",
            "number",
        ),
    ),
    Column(
        "name",
        "text",
        (
            "site name",
            "centre name",
            "centre",
            "building",
            "building name",
            "establishment name",
            "establishmentname",
            "title",
            "site",
            "premises",
            "property name",
            "location name",
            "venue",
            "family hub",
            "asset name",
            "library",
            "library name",
            "school name",
            "facility",
            "facility name",
            "place",
        ),
    ),
    Column(
        "address",
        "text",
        (
            "full address",
            "site address",
            "street address",
            "street",
            "address 1",
            "address line 1",
            "location",
        ),
    ),
    Column("locality", "text", ("area", "district", "neighbourhood", "locality name", "zone")),
    Column(
        "annual_cost_gbp",
        "number",
        (
            "annual cost",
            "running cost",
            "running costs",
            "cost",
            "annual running cost",
            "yearly cost",
            "annual cost £",
            "cost £",
            "cost per year",
            "budget",
            "annual budget",
            "cost per annum",
            "cost pa",
            "net cost",
            "running cost £",
        ),
    ),
    Column(
        "annual_visits",
        "number",
        (
            "visits",
            "visits per year",
            "yearly visits",
            "footfall",
            "annual footfall",
            "visitors",
            "annual visitors",
            "attendances",
            "annual attendances",
        ),
    ),
    Column("condition", "text", ("building condition", "condition grade", "condition survey")),
    Column("capacity", "number", ("places", "max capacity", "maximum capacity", "seats")),
    Column("position_basis", "text", ()),
    Column("position_error_m", "number", ()),
    Column("assumed", "yes_no", ("stand in", "stand-in")),
)
_COUNTS = (
    Column(
        "residents",
        "number",
        (
            "population",
            "pop",
            "all residents",
            "usual residents",
            "all usual residents",
            "total population",
            "persons",
            "pop_census2021",
            "pop",
            "people total",
            "total residents",
            "all people",
        ),
    ),
    Column(
        "children_0_4",
        "number",
        (
            "age 0 to 4",
            "aged 0 to 4",
            "0-4",
            "0 to 4",
            "under 5",
            "under 5s",
            "aged 4 years and under",
            "age_0_4",
            "aged_0_4",
            "aged_0_4_derived",
            "children under 5",
            "children aged 0-4",
            "age aged 4 years and under",
        ),
    ),
    Column("children_5_10", "number", ("age 5 to 10", "5-10", "5 to 10", "age_5_10")),
    Column(
        "young_11_18",
        "number",
        ("age 11 to 18", "11-18", "11 to 18", "age_11_18", "young people 11-18", "aged 11 to 18"),
    ),
    Column(
        "households", "number", ("all households", "number of households", "total households", "hh")
    ),
    Column(
        "households_no_car",
        "number",
        (
            "no car",
            "no cars or vans",
            "households without a car",
            "no cars or vans in household",
            "no car households",
            "hh no car",
            "hh_no_car_est",
            "households with no car",
            "households with no car or van",
        ),
    ),
    Column(
        "p_no_car",
        "share",
        (
            "% no car",
            "percent no car",
            "% no car or van",
            "no car %",
            "no car percent",
            "share without car",
            "% households with no car",
        ),
    ),
    Column("people", "number", ("people counted", "ts038_base")),
    Column(
        "disabled",
        "number",
        (
            "disabled people",
            "disabled_ea",
            "dis disabled under the equality act",
            "disabled under the equality act",
        ),
    ),
    Column(
        "white_british",
        "number",
        (
            "people white british",
            "white: english, welsh, scottish, northern irish or british",
            "white english welsh scottish northern irish british",
        ),
    ),
    Column(
        "lone_parent_households",
        "number",
        ("lone parents", "lone parent families", "lone parent households with dependent children"),
    ),
    Column(
        "imd_rank",
        "number",
        (
            "imd rank",
            "index of multiple deprivation rank",
            "index of multiple deprivation (imd) rank",
            "wimd rank",
            "wimd 2019 rank",
            "simd rank",
            "simd2020 rank",
            "overall rank",
        ),
    ),
    Column(
        "imd_decile",
        "number",
        (
            "imd decile",
            "index of multiple deprivation decile",
            "index of multiple deprivation (imd) decile",
            "wimd decile",
            "simd decile",
        ),
    ),
    Column("idaci_rank", "number", ("idaci rank",)),
    Column("idaci_decile", "number", ("idaci decile",)),
    Column("income", "number", ("household income", "median income", "mean income")),
    Column(
        "ward",
        "text",
        (
            "ward name",
            "wardname",
            "wd24nm",
            "wd25nm",
            "ward24nm",
            "wd23nm",
            "wd22nm",
            "electoral ward",
        ),
    ),
    Column("lsoa", "text", ("lsoa code", "lsoa21cd", "lsoa11cd", "lsoa21_code", "lsoa11_code")),
    Column("msoa", "text", ("msoa code", "msoa21cd", "msoa11cd")),
)
_AREA_ID = Column(
    "id",
    "text",
    (
        "oa21cd",
        "oa11cd",
        "oa code",
        "output area",
        "oa",
        "geography code",
        "area code",
        "code",
        "geography_code",
        "gss code",
        "data zone",
        "datazone",
        "output area code",
        "area id",
        "zone id",
    ),
)
_SERVICE = Column(
    "service", "text", ("type", "service type", "centre type", "site type", "provision", "category")
)
_KIND = Column("kind", "text", ("type", "site type", "category", "use", "building type"))
#: Columns of each table that can be imported.
TABLES: dict[str, tuple[Column, ...]] = {
    "centres": (*_SITE, _SERVICE, *_PLACE),
    "candidates": (*_SITE, _KIND, *_PLACE),
    "neighbours": (
        *_SITE,
        Column("authority", "text", ("la", "local authority", "council", "la (name)")),
        *_PLACE,
    ),
    "places": (
        Column("name", "text", ("place", "town", "settlement", "locality")),
        Column("rank", "number", ("order", "size rank")),
        *_PLACE[:4],
    ),
    "postcodes": _PLACE,
    "areas": (_AREA_ID, *_COUNTS, *_PLACE[:4]),
}
#: What each table cannot be without.
MUST: dict[str, tuple[str, ...]] = {
    "centres": ("name", "service"),
    "candidates": ("name",),
    "neighbours": ("name",),
    "places": ("name",),
    "postcodes": ("postcode",),
    "areas": ("id",),
}

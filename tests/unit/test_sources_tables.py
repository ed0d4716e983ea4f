"""What people have becomes tables that pass, and everything done on the way is said."""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from access.errors import StudyError
from access.sources.columns import (
    _Mapping,
    _plain,
    _propose,
    _propose_loosely,
    _read_mapping,
    _read_numbers,
    _read_yes_no,
    _write_mapping,
)
from access.sources.importing import _derive_box, _import_table, _service_key
from access.sources.points import _Postcodes, _read_postcodes, _tidy_postcode
from access.sources.tables import _read_source
from access.study.tables import known_columns

ROWS = "Site name,Longitude,Latitude,Annual cost\nRiverside,-1.36,53.43,1\nHöhe,-1.35,53.44,2\n"


def at(folder: Path, name: str, body: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return path


# --- cells -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234", 1234),
        ("£112,500", 112500),
        ("£ 1,234.50", 1234.5),
        ("1 234", 1234),
        ("(1,500)", -1500),
        ("−3", -3),
        (" 7 ", 7),
        ("1e3", 1000),
        ("12\u00a0345", 12345),
        ("GBP 40", 40),
        ("1,234,567", 1234567),
    ],
)
def test_numbers_as_people_write_them(text, value):
    read = _read_numbers([text])
    assert read.cells == [value] and not read.wrong


@pytest.mark.parametrize("text", ["n/a", "", "-", "..", "#N/A", "unknown", "[c]", "TBC"])
def test_what_is_not_known_stays_so_and_is_counted(text):
    read = _read_numbers([text])
    assert read.cells[0] != read.cells[0] and not read.wrong
    assert sum(read.changes.values()) == bool(text)


@pytest.mark.parametrize("text", ["twelve", "12 or 13", "1,23,4", "23%", "inf", "1.2.3", "12a"])
def test_what_is_no_number_is_told(text):
    read = _read_numbers([text])
    assert len(read.wrong) == 1 and read.cells[0] != read.cells[0]


def test_suppressed_counts_are_not_known_unless_told():
    assert _read_numbers(["<5"]).changes == {"'<5' read as not known (a suppressed count)": 1}
    assert _read_numbers(["<5", "less than 5"], suppressed=2).cells == [2, 2]
    assert _read_numbers(["<5"], suppressed=7).wrong  # 7 is not below 5


def test_shares():
    assert _read_numbers(["23.4%", "5 %"], share=True).cells == pytest.approx([0.234, 0.05])
    assert _read_numbers(["23.4", "0.5"], share=True).cells == pytest.approx([0.234, 0.005])
    assert _read_numbers(["0.2", "0.5"], share=True).cells == [0.2, 0.5]
    assert _read_numbers(["0.2", "20"], share=True, percent=True).cells == [0.002, 0.2]
    assert len(_read_numbers(["0.2", "1"], share=True, percent=True).wrong) == 2  # either of two
    assert _read_numbers(["0", "0"], share=True, percent=True).cells == [0, 0]
    assert _read_numbers(["120%"], share=True).wrong


def test_decimal_commas_are_read_where_nothing_else_makes_sense():
    assert _read_numbers(["53,43", "1.234,5"]).cells == [53.43, 1234.5]
    assert _read_numbers(["1,234", "2,345"]).cells == [1234, 2345]
    assert _read_numbers(["1,234", "53,43"]).cells == [1.234, 53.43]
    assert len(_read_numbers(["53,43", "1.5"]).wrong) <= 1


def test_yes_and_no():
    read = _read_yes_no(["Y", "no", "TRUE", "", "n/a", "perhaps"])
    assert read.cells == ["yes", "no", "yes", "", "", ""]
    assert read.wrong == [(5, "perhaps", "yes or no")]


@given(st.integers(-(10**12), 10**12))
def test_any_grouped_number_comes_back(number):
    assert _read_numbers([f"{number:,}"]).cells == [number]
    assert _read_numbers([f"£{abs(number):,}"]).cells == [abs(number)]


# --- text files ------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_and_delimiter(tmp_path, encoding, delimiter, end):
    body = ROWS.replace(",", delimiter).replace("\n", end).encode(encoding)
    done = _import_table(at(tmp_path, "s.csv", body), "candidates").check()
    assert done.frame["name"].tolist() == ["Riverside", "Höhe"]
    assert done.frame["lon"].tolist() == [-1.36, -1.35]
    assert done.frame["annual_cost_gbp"].tolist() == [1, 2]


def test_titles_blank_rows_totals_and_remarks_are_named_and_rows_are_the_sheets(tmp_path):
    text = (
        "Rotherham MBC - buildings,,,\n\nSite name,Postcode,Running cost,Visits\n"
        'Riverside,S60 1AE,"£1,200",abc\n,,,\nHilltop,S60 1AF,n/a,5\nTotal,,1200,5\n'
        "Source: asset register 2025,,,\n"
    )
    done = _import_table(at(tmp_path, "s.csv", text), "candidates", postcodes=POSTCODES)
    assert done.frame["name"].tolist() == ["Riverside", "Hilltop"]
    assert [(f.where, f.column, f.value) for f in done.faults] == [("row 4", "Visits", "abc")]
    told = " ".join(done.report)
    for words in (
        "row 3; above them: Rotherham MBC - buildings",
        "1 blank rows",
        "row 7: Total 1200 5",
        "row 8: Source",
        "the middle of the postcode, 2 rows",
    ):
        assert words in told


def test_a_cell_in_quotes_may_hold_lines_and_separators(tmp_path):
    text = 'Name,Address,Lon,Lat\n"A, B","1 High St\nTown",-1.3,53.4\nC,d,-1.3,x\n'
    done = _import_table(at(tmp_path, "s.csv", text), "candidates")
    assert done.frame["address"][0] == "1 High St Town"
    assert done.faults[0].where == "row 3"  # as a spreadsheet counts


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("s.csv", b"", "is empty"),
        ("s.csv", b"<!DOCTYPE html><html>Log in</html>", "web page"),
        ("s.csv", bytes(range(256)) * 20, "not a text file"),
        ("s.csv", b"name,lon,lat\n\x81\x8d,1,2\n", "neither UTF-8"),
        ("s.csv", b"just one column\n1\n2\n", "no row of headers"),
        ("s.csv", b"name,lon,lat\n", "no rows under them"),
        ("s.csv", b"name,lon,lat\na,1,2,3\n", "row 2: 4 cells under 3 headers"),
        ("s.csv", b"name,lon,Lon,lat\na,1,2,3\n", "stands over two columns"),
        ("s.xls", b"\xd0\xcf\x11\xe0", "save it as .xlsx"),
        ("s.xlsx", b"PK\x03\x04 not really", "damaged"),
        ("s.xlsx", b"name,lon\n", "workbook"),
        ("s.gpkg", b"<html>Sign in</html>", "web page"),
        ("s.geojson", b'{"type": "Topology"}', "expected a FeatureCollection"),
        ("s.geojson", b'{"type": "Featu', "is not JSON"),
        ("s.kml", b'<!DOCTYPE a [<!ENTITY b "c">]><kml/>', "unsafe"),
        ("s.shp", b"\x00\x00\x27\x0a" + b"\x00" * 100, "lacks its .dbf and .shx"),
        ("s.gpkg", b"SQLite format 3\x00" + b"\x00" * 100, "cannot be read as shapes"),
    ],
)
def test_files_that_are_none(tmp_path, name, body, words):
    with pytest.raises(StudyError, match=words):
        _import_table(at(tmp_path, name, body), "candidates")


def test_only_regular_files_of_a_bearable_size(tmp_path):
    with pytest.raises(StudyError, match="not a regular file"):
        _read_source(tmp_path)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(StudyError, match="not a regular file"):
        _read_source(tmp_path / "pipe.csv")
    with pytest.raises(StudyError, match="at most"):
        _read_source(at(tmp_path, "s.csv", ROWS), most_bytes=10)
    with pytest.raises(StudyError, match="cannot be read"):
        _read_source(tmp_path / "none.csv")


@pytest.mark.parametrize("name", ["s.xlsx", "s.zip"])
def test_zip_bombs_and_unsafe_paths(tmp_path, name):
    bomb, up = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/a.xml", b"0" * 60_000_000)
    with pytest.raises(StudyError, match="refused as unsafe"):
        _read_source(at(tmp_path, name, bomb.getvalue()))
    with zipfile.ZipFile(up, "w") as archive:
        archive.writestr("../../etc/a.shp", b"x")
    with pytest.raises(StudyError, match="unsafe path"):
        _read_source(at(tmp_path, name, up.getvalue()))


# --- workbooks -------------------------------------------------------------------------------


def workbook(path: Path, **sheets) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_the_worksheet_that_fits_is_read_and_others_are_named(tmp_path):
    path = workbook(
        tmp_path / "s.xlsx",
        Notes=[["Prepared by", "estates"], ["Version", 3]],
        Sites=[
            ["Buildings 2025"],
            [],
            ["Building name", "Eastings", "Northings", "Max capacity"],
            ["Riverside", 442900, 392700.0, True],
            ["Hilltop", 445000, 394000, 40],
        ],
    )
    done = _import_table(path, "candidates")
    assert done.frame["name"].tolist() == ["Riverside", "Hilltop"]
    assert done.frame["lon"].round(3).tolist() == [-1.356, -1.324]
    assert "Worksheets not read: 'Notes'." in done.report
    assert done.mapping.sheet == "Sites"
    assert [f.where for f in done.faults] == ["row 4"]  # yes is not a capacity
    with pytest.raises(StudyError, match="has no worksheet 'Sheet9'"):
        _import_table(path, "candidates", sheet="Sheet9")


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("0%", 0.234),
        ("0.0%", 0.234),
        ("0.0 %;[Red]-0.0%", 0.234),
        ('0.0"%"', 23.4),
        ("0.0", 23.4),
        ("0.0_%_)", 23.4),
    ],
)
def test_a_share_that_a_workbook_shows_as_a_percentage_is_that_share(tmp_path, form, value):
    book = openpyxl.Workbook()
    book.active.append(["id", "lon", "lat", "Population", "% no car"])
    book.active.append(["A1", -1.35, 53.43, 300, value])
    book.active["E2"].number_format = form
    book.save(tmp_path / "areas.xlsx")
    frame = _import_table(tmp_path / "areas.xlsx", "areas").check().frame
    assert frame["p_no_car"].tolist() == pytest.approx([0.234])
    own = _Mapping({"id": "id", "lon": "lon", "lat": "lat", "no_car": "% no car"})
    taken = _import_table(tmp_path / "areas.xlsx", "areas", mapping=own).check().frame
    assert taken["no_car"].tolist() == pytest.approx([0.234 if value < 1 else value])


@pytest.mark.parametrize("header", ["% no car", "percent_no_car", "Per cent no car"])
def test_a_heading_of_percent_is_known_however_it_is_spelt(tmp_path, header):
    path = tmp_path / "areas.csv"
    path.write_text(f"id,lon,lat,residents,{header}\nA,-1.35,53.43,300,0.4\nB,-1.3,53.4,300,0.9\n")
    assert "so that they may be shares" in str(_import_table(path, "areas").faults)


@pytest.mark.parametrize(
    ("form", "shown"), [("0000", "0007"), ("0", "7"), ("General", "7"), ("#,##0", "7")]
)
def test_an_id_has_the_leading_zeros_that_a_workbook_shows(tmp_path, form, shown):
    book = openpyxl.Workbook()
    for row in (["Ref", "Name", "Lon", "Lat", "Capacity"], [7, "A", -1.35, 53.43, 7]):
        book.active.append(row)
    book.active["A2"].number_format = book.active["E2"].number_format = form
    book.save(tmp_path / "s.xlsx")
    frame = _import_table(tmp_path / "s.xlsx", "candidates").check().frame
    assert (frame["id"].tolist(), frame["capacity"].tolist()) == ([shown], [7])


def test_formulas_without_a_saved_result_are_not_read_as_empty(tmp_path):
    path = workbook(tmp_path / "s.xlsx", A=[["name", "lon", "lat"], ["a", "=1-2", 53.4]])
    with pytest.raises(StudyError, match="formulas hold no result"):
        _import_table(path, "candidates")


# --- shapes ----------------------------------------------------------------------------------


def shapes(crs="EPSG:4326", geometry=None) -> gpd.GeoDataFrame:
    geometry = geometry or [shapely.Point(-1.36, 53.43), shapely.Point(-1.35, 53.44)]
    return gpd.GeoDataFrame({"Site Name": ["A", "B"]}, geometry=geometry, crs=4326).to_crs(crs)


KML = (
    '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
)
KML = KML.format("".join(
    f"<Placemark><name>{n}</name><Point><coordinates>{x},{y}</coordinates></Point></Placemark>"
    for n, x, y in (("A", -1.36, 53.43), ("B", -1.35, 53.44))
))  # fmt: skip


@pytest.mark.parametrize("ending", ["gpkg", "shp", "geojson", "kml"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:27700"])
def test_points_of_any_form(tmp_path, ending, crs):
    if ending in ("kml", "geojson"):
        crs = "EPSG:4326"
    frame = shapes(crs)
    if ending == "kml":  # by hand: an old GDAL writes latitude first
        (tmp_path / "s.kml").write_text(KML, encoding="utf-8")
    else:
        frame.to_file(tmp_path / f"s.{ending}")
    done = _import_table(tmp_path / f"s.{ending}", "candidates").check()
    assert done.frame["name"].tolist() == ["A", "B"]
    assert done.frame["lon"].tolist() == pytest.approx([-1.36, -1.35], abs=1e-5)


def test_a_zipped_shapefile(tmp_path):
    shapes().to_file(tmp_path / "s.shp")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for part in tmp_path.glob("s.*"):
            archive.write(part, f"inner/{part.name}")
    done = _import_table(tmp_path / "all.zip", "candidates").check()
    assert done.frame["lat"].tolist() == pytest.approx([53.43, 53.44])


def test_polygons_stand_for_a_point_inside_and_say_so(tmp_path):
    ell = shapely.Polygon([(0, 0), (3, 0), (3, 1), (1, 1), (1, 3), (0, 3)])
    bow = shapely.Polygon([(5, 0), (6, 1), (6, 0), (5, 1)])
    frame = gpd.GeoDataFrame(
        {"oa21cd": ["E1", "E2"], "residents": [5, 6]}, geometry=[ell, bow], crs=4326
    )
    frame.to_file(tmp_path / "s.gpkg")
    done = _import_table(tmp_path / "s.gpkg", "areas").check()
    inside = shapely.points(done.frame[["lon", "lat"]].to_numpy())
    assert shapely.contains(ell, inside[0])
    assert "2 polygons stand for a point inside each of them." in done.report
    assert "1 polygons that cross themselves were mended." in done.report
    assert done.shapes.index.tolist() == ["E1", "E2"]


def test_a_file_without_crs_is_told_by_its_numbers_or_refused(tmp_path):
    frame = shapes("EPSG:27700")
    frame.to_file(tmp_path / "s.shp")
    (tmp_path / "s.prj").unlink()
    done = _import_table(tmp_path / "s.shp", "candidates").check()
    assert done.frame["lon"].tolist() == pytest.approx([-1.36, -1.35], abs=1e-4)
    assert any("does not say its CRS" in note for note in done.report)


def test_lines_are_no_places(tmp_path):
    shapes(geometry=[shapely.LineString([(0, 0), (1, 1)])] * 2).to_file(tmp_path / "s.gpkg")
    with pytest.raises(StudyError, match="are lines"):
        _import_table(tmp_path / "s.gpkg", "candidates")


# --- places and postcodes --------------------------------------------------------------------

CODE_POINT = (
    '"S60 1AE",10,442900,392700,"E92000001","E19000001","E18000002","","E08000018","E05012995"\n'
    '"S60 1AF",10,443900,393700,"E92000001","E19000001","E18000002","","E08000018","E05012995"\n'
    '"S64 9ED",10,447000,400000,"E92000001","E19000001","E18000002","","E08000017","E05012990"\n'
    '"S60 1ZZ",90,0,0,"E92000001","E19000001","E18000002","","E08000018","E05012990"\n'
)
POSTCODES = _Postcodes(
    pd.DataFrame(
        {"lon": [-1.36, -1.35], "lat": [53.43, 53.44], "district": "", "ward": ""},
        index=pd.Index(["S60 1AE", "S60 1AF"], name="postcode"),
    )
)


def test_code_point_open_of_any_form(tmp_path):
    single = at(tmp_path, "s.csv", CODE_POINT)
    folder = tmp_path / "Data" / "CSV"
    folder.mkdir(parents=True)
    at(folder, "s.csv", CODE_POINT)
    with zipfile.ZipFile(tmp_path / "codepo_gb.zip", "w") as archive:
        archive.writestr("Data/CSV/s.csv", CODE_POINT)
        archive.writestr("Doc/Code-Point_Open_Column_Headers.csv", "PC,PQ\n")
    frames = [
        _read_postcodes(path, districts=["E08000018"]).frame
        for path in (single, tmp_path / "Data", tmp_path / "codepo_gb.zip")
    ]
    assert frames[0].index.tolist() == ["S60 1AE", "S60 1AF"]
    for other in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], other)
    assert frames[0]["lon"].tolist() == pytest.approx([-1.3558, -1.3406], abs=1e-3)
    assert "2 postcodes" not in _read_postcodes(single).notes
    told = _read_postcodes(single, districts=["E08000018"]).notes
    assert told[0] == "4 postcodes read; 1 of them lie in other districts."
    with pytest.raises(StudyError, match="holds no postcode of E06000001"):
        _read_postcodes(single, districts=["E06000001"])


def test_retired_postcodes_are_named_with_a_near_one(tmp_path):
    path = at(tmp_path, "s.csv", "name,postcode\nA,s601ae\nB,S60 1AG\nC,Town Hall\nD,\n")
    done = _import_table(path, "candidates", postcodes=POSTCODES)
    assert done.frame["postcode"].tolist()[0] == "S60 1AE"
    assert done.frame["position_basis"].tolist() == ["postcode centroid", "", "", ""]
    faults = {f.where: f for f in done.faults}
    assert faults["row 3"].value == "S60 1AG" and "is S60 1A" in faults["row 3"].expected
    assert "such as S60 1AE" in faults["row 4"].expected
    assert len(done.frame) == 4 and "row 5" in faults
    with pytest.raises(StudyError, match="nothing was written"):
        done.write(tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_postcodes_alone_ask_for_code_point(tmp_path):
    done = _import_table(at(tmp_path, "s.csv", "name,postcode\nA,S60 1AE\n"), "candidates")
    assert "Code-Point Open" in done.faults[0].expected
    assert "--postcodes FILE" in done.faults[0].expected


@pytest.mark.parametrize("table", ["centres", "candidates", "neighbours", "places", "areas"])
def test_every_column_of_a_study_can_be_named(tmp_path, table):
    """Whatever a sheet heads it: what the settings promise can be told by --column."""
    values = {"lon": "-1.36", "lat": "53.43", "open_from": "2019", "postcode": "S60 1AE"}
    names = sorted(known_columns(table))
    cells = ",".join(values.get(name, "1") for name in names)
    sheet = f"{','.join(f'heading of {name}' for name in names)}\n{cells}\n"
    mapping = _Mapping({name: f"heading of {name}" for name in names})
    done = _import_table(at(tmp_path, "s.csv", sheet), table, mapping=mapping)
    assert set(names) <= set(done.check().frame.columns)
    if "open_from" in names:
        assert done.frame["open_from"].tolist() == ["2019"]
    _write_mapping(tmp_path / "import.toml", table, mapping)
    assert _read_mapping(tmp_path / "import.toml", table) == mapping


def test_a_sheet_without_a_position_is_told_what_it_has_and_how_to_name_it(tmp_path):
    with pytest.raises(StudyError, match=r"--column lat=HEADER\); the sheet has 'id', 'Long.'"):
        _import_table(at(tmp_path, "s.csv", "id,Long.\nA,-1.36\n"), "areas")


@pytest.mark.parametrize(
    "headers", ["Longitude,Latitude", "lng,lat", "X,Y", "Lon,Lat", "x_coord,y_coord", "LONG,LAT"]
)
def test_names_of_degrees(tmp_path, headers):
    done = _import_table(at(tmp_path, "s.csv", f"name,{headers}\nA,-1.36,53.43\n"), "candidates")
    assert done.check().frame[["lon", "lat"]].to_numpy().tolist() == [[-1.36, 53.43]]


@pytest.mark.parametrize(
    "headers", ["X,Y", "Easting,Northing", "BNG_E,BNG_N", "Eastings,Northings"]
)
def test_names_of_metres(tmp_path, headers):
    done = _import_table(at(tmp_path, "s.csv", f"name,{headers}\nA,442900,392700\n"), "candidates")
    assert done.check().frame["lon"][0] == pytest.approx(-1.3558, abs=1e-3)


HEADINGS = {
    "centres": {
        "name": ["Children's Centre Name", "Name of building or land", "Setting Name",
                 "Organisation Name", "Youth Club", "Premises Name"],
        "postcode": ["P/Code", "Centre Postcode", "Post code (site)", "Postcode (full)"],
        "easting": ["Grid Ref Easting", "Eastings (m)", "X_BNG", "Easting (BNG)"],
        "lon": ["X Co-ordinate", "GeoX", "Longitude (WGS84)"],
        "annual_cost_gbp": ["Annual Running Cost (£)", "Running Costs 2017/18", "2017/18 Budget",
                            "Net Expenditure", "Total running costs 2024-25"],
        "annual_visits": ["Footfall 2017/18", "Number of visits", "Visits p.a.", "Attendance"],
        "locality": ["Town", "Town or village"],
        "service": ["Type of provision", "Facility type"],
        "id": ["Unique Property Reference Number", "Asset Ref", "Ref. No."],
    },
    "areas": {
        "id": ["LSOA11CD", "LSOA code (2021)", "OA21CD"],
        "residents": ["Mid-2020 population", "Population 2021", "All persons"],
        "p_no_car": ["% of households with no car or van"],
        "children_0_4": ["Children aged 0 to 4", "Population aged 0-4", "0–4 year olds",
                         "Children under five", "Aged 0 to 4 years"],
        "young_11_18": ["Young people aged 11 to 18", "Ages 11 - 18"],
        "imd_rank": ["IMD 2019 Rank", "IMD2019 rank",
                     "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)"],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "ours", "heading"),
    [(t, ours, h) for t, known in HEADINGS.items() for ours, many in known.items() for h in many],
)
def test_headings_of_councils_tables_are_known(table, ours, heading):
    assert _propose_loosely(["Notes", heading], table).columns == {ours: heading}


@pytest.mark.parametrize(
    ("table", "headings"),
    [
        ("areas", ["Population 2011", "Population 2021"]),  # which of the two is not for us to say
        ("areas", ["Population (male)", "Males aged 0-4", "% aged 0 to 4", "Aged 0-5"]),
        ("centres", ["Budget 2016/17", "Budget 2017/18", "Cost (capital)"]),
    ],
)
def test_headings_that_could_mean_another_thing_are_left_alone(table, headings):
    assert _propose_loosely(headings, table).columns == {}


def test_a_sheet_by_a_larger_area_is_known_by_its_codes_and_smaller_ones_go_first():
    assert _propose_loosely(["LSOA code"], "areas").columns == {"id": "LSOA code"}
    both = _propose_loosely(["LSOA21CD", "OA21CD"], "areas").columns
    assert both == {"id": "OA21CD", "lsoa": "LSOA21CD"}
    plain = _propose_loosely(["IMD 2019 Rank", "imd_rank"], "areas").columns
    assert plain == {"imd_rank": "imd_rank"}, "a heading that says it plainly goes first"


def test_swapped_degrees_are_refused_in_words(tmp_path):
    done = _import_table(at(tmp_path, "s.csv", "name,lon,lat\nA,53.43,-1.36\n"), "candidates")
    assert "look swapped" in done.faults[0].expected


# --- mappings --------------------------------------------------------------------------------


def test_a_mapping_is_kept_and_next_years_sheet_is_read_the_same_way(tmp_path):
    first = at(tmp_path, "a.csv", 'Centre,Sort,Lon,Lat\n"Wath ""Victoria""",CC,-1.3,53.4\n')
    own = _Mapping(
        {"name": "Centre", "service": "Sort", "lon": "Lon", "lat": "Lat"},
        meanings={"service": {"CC": "childrens_centre"}},
        suppressed=2,
    )
    done = _import_table(first, "centres", mapping=own).check()
    assert done.frame["service"].tolist() == ["childrens_centre"]
    _write_mapping(tmp_path / "import.toml", "centres", done.mapping)
    _write_mapping(
        tmp_path / "import.toml", "candidates", _propose(["name", "lon", "lat"], "candidates")
    )
    kept = _read_mapping(tmp_path / "import.toml", "centres")
    assert kept == done.mapping
    again = _import_table(first, "centres", mapping=kept).check()
    pd.testing.assert_frame_equal(again.frame, done.frame)
    renamed = at(tmp_path, "b.csv", "Centres,Sort,Lon,Lat\nA,CC,-1.3,53.4\n")
    with pytest.raises(StudyError, match="is 'Centres' meant"):
        _import_table(renamed, "centres", mapping=kept)


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_survives_a_mapping(tmp_path_factory, header, value):
    path = tmp_path_factory.mktemp("m") / "import.toml"
    mapping = _Mapping({"name": header}, {"service": value}, {"service": {header: value}})
    _write_mapping(path, "centres", mapping)
    assert _read_mapping(path, "centres") == mapping


def test_a_mapping_that_says_something_else(tmp_path):
    path = at(tmp_path, "import.toml", "[centres.columns]\nnmae = 'a'\n")
    with pytest.raises(StudyError, match=r"columns\.nmae is not understood"):
        _read_mapping(path, "centres")


def test_car_shares_columns_kept_and_the_written_table(tmp_path):
    text = (
        "OA21CD,Households,No car,lng,lat,IMD rank,Ward Name,Odd one\nE1,100,23,-1.3,53.4,<5,W,z\n"
    )
    done = _import_table(at(tmp_path, "s.csv", text), "areas").check()
    assert done.frame["p_no_car"].tolist() == [0.23]
    done.write(tmp_path / "areas.csv")
    written = (tmp_path / "areas.csv").read_text()
    assert (
        written == "id,households,households_no_car,imd_rank,ward,lon,lat,odd_one,p_no_car\n"
        "E1,100,23,,W,-1.3,53.4,z,0.23\n"
    )
    assert "Columns kept as they stand: 'Odd one'." in done.report


def test_ids_that_stand_twice(tmp_path):
    text = "id,name,lon,lat\n1,A,-1.3,53.4\n01,B,-1.3,53.4\n1,C,-1.3,53.4\n"
    done = _import_table(at(tmp_path, "s.csv", text), "candidates")
    assert [(f.where, f.value) for f in done.faults] == [("rows 2, 4", "1")]


def test_what_a_table_cannot_be_without(tmp_path):
    with pytest.raises(StudyError, match="a column for 'name'") as error:
        _import_table(at(tmp_path, "s.csv", "colour,size\nred,1\n"), "candidates")
    assert len(error.value.faults) == 2


def test_box_and_postcode_form():
    box, crs = _derive_box([-3.1, -2.9], [51.5, 51.6])
    assert crs == "EPSG:27700" and box[0] < -3.1 and box[3] > 51.6
    assert _tidy_postcode("sw1a1aa") == "SW1A 1AA" and _tidy_postcode("S60") is None


# --- what a planner's own sheet holds besides --------------------------------------------------


POINTS = "id;lon;lat;residents;{}\nA;-3,01;51,58;1.204;{}\nB;-3,02;51,59;{}"


@pytest.mark.parametrize(
    ("cells", "commas", "values"),
    [
        (["1.204", "45"], True, [1204, 45]),
        (["1.204.567", "£1.200,50"], False, [1204567, 1200.5]),
        (["1.204", "45,5"], False, [1204, 45.5]),
        (["1.204", "45.5"], True, [1.204, 45.5]),  # here the point is a decimal one
        (["0.204"], True, [0.204]),
        (["1.204", "45"], False, [1.204, 45]),  # nothing says that commas are decimal ones
    ],
)
def test_points_between_thousands_where_commas_are_decimal_ones(cells, commas, values):
    assert _read_numbers(cells, decimal_commas=commas).cells == values


def test_a_sheet_with_decimal_commas_has_points_between_thousands(tmp_path):
    path = at(tmp_path, "s.csv", POINTS.format("Over 65", "1.001", "1.301;1.002"))
    done = _import_table(path, "areas").check()
    assert done.frame["residents"].tolist() == [1204, 1301]
    assert done.frame["lon"].tolist() == [-3.01, -3.02]
    assert "residents: points between thousands taken out, 2 cells." in done.report
    kept = next(line for line in done.report if line.startswith("over_65 (from 'Over 65')"))
    assert "would read them as decimal points" in kept


def test_a_count_of_ones_own_name_is_read_as_a_number_and_never_lost(tmp_path):
    sheet = 'id,lon,lat,Over 65,Code\nA,-3.01,51.58,"1,100",007\nB,-3.02,51.59,*,008\n'
    path = at(tmp_path, "s.csv", sheet)
    mapping = _Mapping(
        {"id": "id", "lon": "lon", "lat": "lat", "over_65": "Over 65", "code": "Code"},
        {"year": "2024"},
        {"over_65": {"*": "2"}},
    )
    done = _import_table(path, "areas", mapping=mapping).check()
    assert done.frame["over_65"].tolist() == [1100, 2]
    assert done.frame["code"].tolist() == ["007", "008"]
    assert done.frame["year"].tolist() == ["2024", "2024"]
    _write_mapping(tmp_path / "import.toml", "areas", mapping)  # and next year's is read so too
    assert _read_mapping(tmp_path / "import.toml", "areas") == mapping


@pytest.mark.parametrize(
    ("table", "mapping", "said"),
    [
        ("areas", {"columns": {"Over 65": "x"}}, "small letters, digits and underscores"),
        ("centres", {"columns": {"capasity": "x"}}, "capasity: expected one of .*capacity"),
        ("centres", {"fixed": {"colour": "red"}}, "colour: expected one of"),
        ("areas", {"meanings": {"nix": {"c": "2"}}}, "nix: expected a column to read so"),
    ],
)
def test_what_is_told_of_a_column_has_an_effect_or_is_refused(tmp_path, table, mapping, said):
    path = at(tmp_path, "s.csv", "id,name,service,lon,lat,x\nA,B,library,-3.01,51.58,1\n")
    names = ("id", "lon", "lat", *(() if table == "areas" else ("name", "service")))
    columns = {n: n for n in names} | mapping.pop("columns", {})
    with pytest.raises(StudyError, match=said):
        _import_table(path, table, mapping=_Mapping(columns, **mapping))


def test_degrees_fill_what_has_no_place_on_the_grid_and_disagreement_is_told(tmp_path):
    sheet = (
        "id,Easting,Northing,Lon,Lat\nA,332000,186000,-2.9825,51.5688\n"
        "B,,,-2.96,51.58\nC,333000,187000,-2.99,51.578\n"
    )
    done = _import_table(at(tmp_path, "s.csv", sheet), "areas").check()
    assert done.frame[["lon", "lat"]].iloc[1].tolist() == [-2.96, 51.58]
    assert "lon, lat: as they stand, 1 rows without a grid place." in done.report
    apart = next(line for line in done.report if "apart" in line)
    assert "in 1 rows (row 4)" in apart


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("library", "library"),
        ("Warm spaces", "warm_spaces"),
        ("Children's Centre", "childrens_centre"),
        ("2nd hand", "service_2nd_hand"),
        ('a"] [x', "a_x"),
    ],
)
def test_a_service_by_its_name_becomes_a_key(tmp_path, name, key):
    path = at(tmp_path, "s.csv", "id,name,lon,lat\nA,B,-3.01,51.58\n")
    done = _import_table(path, "centres", fixed={"service": name}).check()
    assert done.frame["service"].tolist() == [key]


@given(st.text(min_size=1, max_size=90).filter(lambda text: text.strip()))
def test_every_service_becomes_a_key_that_settings_take(name):
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", _service_key(name))


@pytest.mark.parametrize(
    "names",
    [("中心 1", "青年 1"), ("子ども", "青年"), ("A 子ども", "A 青年"), ("a" * 99, "a" * 98)],
)
def test_services_of_two_names_stay_two(names):
    assert len(set(map(_service_key, names))) == 2
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", _service_key(name)) for name in names)


def test_a_centre_without_a_service_is_refused(tmp_path):
    path = at(tmp_path, "s.csv", "id,name,service,lon,lat\nA,B,,-3.01,51.58\n")
    with pytest.raises(StudyError, match="row 2, service: expected a service in every row"):
        _import_table(path, "centres").check()


# --- rows that must not be lost -------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        ('A,x,1\nB,"y,2\nC,z,3\n', 3),
        ('A,x,1\nB,y,2\nC,"z,3', 4),
        ('"A,x,1\n', 2),
    ],
)
def test_a_quotation_mark_that_nobody_closes_swallows_no_rows(tmp_path, rows, row):
    path = at(tmp_path, "a.csv", "name,kind,n\n" + rows)
    with pytest.raises(StudyError, match=rf"row {row}: a quotation mark opens"):
        _read_source(path)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_quoted_cells_that_are_closed_are_read_whatever_the_end(tmp_path, end):
    path = at(tmp_path, "a.csv", f'name,kind\nA,"x\ny"\nB 5" pipe,"z"{end}')
    assert _read_source(path).frame["kind"].tolist() == ["x\ny", "z"]


def test_a_name_that_begins_with_total_is_no_total(tmp_path):
    rows = "name,kind,n\nTotal Fitness Youth Centre,youth,1\nB,youth,2\nTotal,all kinds,3\n"
    source = _read_source(at(tmp_path, "a.csv", rows + "Total centres,,3\nGrand total:,-,3\n"))
    assert source.frame["name"].tolist() == ["Total Fitness Youth Centre", "B"]


def test_metres_in_a_file_that_is_taken_for_degrees(tmp_path):
    body = (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
        '{"OA21CD": "E00000001"}, "geometry": {"type": "Point", "coordinates": [443000, 393000]}}]}'
    )
    source = _read_source(at(tmp_path, "a.geojson", body))
    assert source.lonlat[0] == pytest.approx([-1.354, 53.432], abs=0.001)
    assert any("does not say its CRS" in note for note in source.notes)
    with pytest.raises(StudyError, match="does not say its CRS"):
        _read_source(at(tmp_path, "b.geojson", body.replace("443000", "9443000")))


def test_headings_and_names_of_any_script_are_told_apart(tmp_path):
    rows = "Κωδικός,Όνομα,Longitude,Latitude\nC1,Κέντρο Α,-1.35,53.43\nC2,Κέντρο Β,-1.36,53.44\n"
    told = _Mapping({"id": "Κωδικός", "name": "ονομα", "lon": "Longitude", "lat": "Latitude"})
    done = _import_table(at(tmp_path, "s.csv", rows), "candidates", mapping=told).check()
    assert done.frame["id"].tolist() == ["C1", "C2"]
    assert done.frame["name"].tolist() == ["Κέντρο Α", "Κέντρο Β"]
    assert len({_plain(text) for text in ("কি", "কা", "中心", "#", "*", "")}) == 6
    assert _plain("Tŷ Gwyn¹") == _plain("TY-GWYN")


@pytest.mark.parametrize(
    "rows",
    [
        "Name,Longitude,Latitude\nA,0,0\nB,-1.35,53.43\n",
        "Name,X,Y\nA,0,0\nB,442900,392700\n",
        "Name,Easting,Northing,Longitude,Latitude\nA,,,0,0\nB,442900,392700,-1.35,53.43\n",
    ],
)
def test_zeros_for_a_place_that_is_not_known_are_none(tmp_path, rows):
    done = _import_table(at(tmp_path, "s.csv", rows), "candidates")
    assert [(f.where, f.expected) for f in done.faults] == [("row 2", "a position for every row")]
    assert done.frame["lon"].round(2).tolist()[1:] in ([-1.36], [-1.35])


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ({"capacity": "1,200"}, 1200),
        ({"capacity": "abc"}, None),
        ({"easting": "abc", "northing": "1"}, None),
        ({"capacity": "-1"}, None),
    ],
)
def test_what_is_set_for_every_row_is_read_as_cells_are(tmp_path, said, given):
    rows = "Name,Longitude,Latitude\nA,-1.36,53.43\nB,-1.35,53.43\n"
    told = _Mapping({"name": "Name", "lon": "Longitude", "lat": "Latitude"}, said)
    done = _import_table(at(tmp_path, "s.csv", rows), "candidates", mapping=told)
    if given is None:
        assert (done.faults[0].where, done.faults[0].column) == ("rows 2, 3", next(iter(said)))
    else:
        assert done.check().frame["capacity"].tolist() == [given, given]


def test_a_list_of_numbers_in_a_sheet_with_points_is_no_decimal_comma(tmp_path):
    rows = 'Site,Longitude,Latitude,Rooms,Capacity\nA,-1.3501,53.4301,"1,2",1.250\nSub total,,,,1\n'
    done = _import_table(at(tmp_path, "s.csv", rows), "candidates").check()
    assert done.frame["capacity"].tolist() == [1.25]

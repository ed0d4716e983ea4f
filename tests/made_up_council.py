"""A made-up council in every source's own form: files in a folder, or a server on 127.0.0.1.

Nothing here is a real figure. The district is Rutland by code only: 12 Output Areas in 4 LSOAs in
2 wards, on a grid of squares of a kilometre in the British National Grid.
"""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, wraps
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd
import pytest
import shapely

from access.sources import council, council_areas, registers, shelf
from access.units import unproject

CODE, NAME = "E06000017", "Rutland"
WEST, SOUTH, SIDE = 486_000, 308_000, 1_000
OAS = [f"E001{n:05d}" for n in range(12)]
LSOAS = [f"E010{n:05d}" for n in range(4)]
CATEGORIES = {
    "NM_2020_1": (
        "C2021_AGE_19_NAME",
        [
            "Total",
            "Aged 4 years and under",
            "Aged 5 to 9 years",
            "Aged 10 to 14 years",
            "Aged 15 to 19 years",
        ],
    ),
    "NM_2063_1": (
        "C2021_CARS_5_NAME",
        ["Total: All households", "No cars or vans in household", "1 car or van in household"],
    ),
    "NM_2056_1": (
        "C2021_DISABILITY_5_NAME",
        [
            "Total: All usual residents",
            "Disabled under the Equality Act",
            "Not disabled under the Equality Act",
        ],
    ),
    "NM_2041_1": (
        "C2021_ETH_20_NAME",
        [
            "Total: All usual residents",
            "White",
            "White: English, Welsh, Scottish, Northern Irish or British",
        ],
    ),
    "NM_2023_1": (
        "C2021_HHCOMP_15_NAME",
        [
            "Total: All households",
            "Single family household: Lone parent family",
            "Single family household: Lone parent family: With dependent children",
        ],
    ),
}


def square(n: int) -> tuple[int, int]:
    return WEST + SIDE * (n % 4), SOUTH + SIDE * (n // 4)


@cache
def lonlat(x: float, y: float) -> list[float]:
    """Turn metres into degrees, each place once: in a server's new thread PROJ begins anew."""
    return unproject([[x, y]], "EPSG:27700")[0].round(6).tolist()


def figure(n: int, category: int) -> int:
    return (100 + n) // (1 + 3 * category)


def nomis_rows(dataset: str, areas: list[str] = OAS) -> list[list[str]]:
    label, names = CATEGORIES[dataset]
    total = len(areas) * len(names)
    head = [
        "DATE",
        "GEOGRAPHY",
        "GEOGRAPHY_NAME",
        "GEOGRAPHY_CODE",
        label.removesuffix("_NAME"),
        label,
        "MEASURES",
        "MEASURES_NAME",
        "OBS_VALUE",
        "RECORD_OFFSET",
        "RECORD_COUNT",
    ]
    rows = [head]
    for n, area in enumerate(areas):
        for c, name in enumerate(names):
            rows.append(
                [
                    "2021",
                    f"18{n}",
                    area,
                    area,
                    str(c),
                    name,
                    "20100",
                    "Value",
                    str(figure(n, c)),
                    str(len(rows) - 1),
                    str(total),
                ]
            )
    return rows


def as_csv(rows, encoding="utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def lsoa_of(n: int) -> str:
    return LSOAS[n % 4]


def file7() -> bytes:
    head = [
        "LSOA code (2021)",
        "LSOA name (2021)",
        "Local Authority District code (2024)",
        "Index of Multiple Deprivation (IMD) Score",
        "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
        "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)",
        "Income Deprivation Affecting Children Index (IDACI) Score (rate)",
        "Income Deprivation Affecting Children Index (IDACI) Rank (where 1 is most deprived)",
        "Income Deprivation Affecting Children Index (IDACI) Decile (where 1 is most deprived "
        "10% of LSOAs)",
    ]
    rows = [
        [c, f"Rutland 00{n}A", CODE, "20.1", f"{1000 + n:,}", "1", "0.2", 900 + n, 1]
        for n, c in enumerate(LSOAS)
    ]
    return as_csv([head, *rows, ["E01009999", "Elsewhere 1A", "E06000001", "1", 5, 1, "0.1", 6, 1]])


def code_point() -> dict[str, bytes]:
    rows = []
    for n in range(12):
        x, y = square(n)
        rows.append(
            [
                f"LE15 {n % 10}A{'AB'[n // 10]}",
                10,
                x + 500,
                y + 500,
                "E92000001",
                "",
                "",
                "",
                CODE,
                "E05000001",
            ]
        )
    far = [
        [
            "LE15 9ZZ",
            10,
            WEST - 2500,
            SOUTH + 500,
            "E92000001",
            "",
            "",
            "",
            "E07000130",
            "E05000009",
        ],
        ["AB10 1AA", 10, 393000, 806000, "S92000003", "", "", "", "S12000033", "S13000009"],
    ]
    return {"le.csv": as_csv(rows + far[:1]), "ab.csv": as_csv(far[1:])}


def code_point_zip() -> bytes:
    """Pack it as of no hour: the same bytes whenever it is made."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, text in code_point().items():
            archive.writestr(zipfile.ZipInfo(f"Data/CSV/{name}"), text)
        archive.writestr(zipfile.ZipInfo("Doc/licence.txt"), "OS OpenData")
    return body.getvalue()


_GIAS = [
    "URN",
    "LA (name)",
    "EstablishmentName",
    "TypeOfEstablishment (name)",
    "EstablishmentStatus (name)",
    "PhaseOfEducation (name)",
    "Street",
    "Locality",
    "Address3",
    "Town",
    "Postcode",
    "Easting",
    "Northing",
]


def gias_centres() -> bytes:
    kind = "Children's centre"
    rows = [
        [
            "20001",
            NAME,
            "Oakham Children’s Centre",
            kind,
            "Open",
            "",
            "High Street",
            "",
            "",
            "Oakham",
            "LE15 0AA",
        ],
        [
            "20002",
            NAME,
            "Uppingham Children's Centre",
            f"{kind} linked site",
            "Open",
            "",
            "",
            "",
            "",
            "Uppingham",
            "le158aa",
        ],
        ["20003", NAME, "Gone Children's Centre", kind, "Open", "", "", "", "", "", "LE15 7ZZ"],
        [
            "20004",
            "Leicestershire",
            "Melton Children's Centre",
            kind,
            "Open",
            "",
            "",
            "",
            "",
            "",
            "LE15 9ZZ",
        ],
        ["20005", "Aberdeen", "Far Centre", kind, "Open", "", "", "", "", "", "AB10 1AA"],
    ]
    return as_csv([_GIAS[:11], *rows], "cp1252")


def gias_schools() -> bytes:
    x, y = square(5)
    rows = [
        [
            "1001",
            NAME,
            "Rutland College",
            "Academy",
            "Open",
            "Secondary",
            "",
            "",
            "",
            "",
            "LE15 5AA",
            x + 400,
            y + 400,
        ],
        ["1002", NAME, "Primary", "Academy", "Open", "Primary", "", "", "", "", "LE15 5AA", x, y],
        [
            "1003",
            NAME,
            "Closed",
            "Academy",
            "Closed",
            "Secondary",
            "",
            "",
            "",
            "",
            "LE15 5AA",
            x,
            y,
        ],
    ]
    return as_csv([_GIAS, *rows], "cp1252")


def hubs() -> bytes:
    rows = [
        ["Family_Hub", "Local_Authority", "Postcode"],
        ["Oakham Family Hub", NAME, "LE15 0AA"],
        ["New Hub", NAME, "LE15 3AA"],
        ["Other", "Derby", "DE1 1AA"],
    ]
    return as_csv(rows, "utf-8-sig")


def features(kind: str, own: list[str] | None = None) -> list[dict]:
    out = []
    for n, code in enumerate(OAS):
        x, y = square(n)
        point = {"type": "Point", "coordinates": lonlat(x + 500, y + 500)}
        ring = shapely.box(x, y, x + SIDE, y + SIDE).exterior.coords
        polygon = {"type": "Polygon", "coordinates": [[lonlat(*c) for c in ring]]}
        shape = {"pwc": point, "bgc": polygon, "lookup": None}[kind]
        about = {"OBJECTID": n + 1, "OA21CD": code}
        if kind == "lookup":
            about |= {
                "LSOA21CD": lsoa_of(n),
                "LSOA21NM": f"Rutland 00{n % 4}A",
                "MSOA21CD": "E02000001",
                "LAD22CD": CODE,
                "LAD22NM": NAME,
            }
        out.append({"type": "Feature", "properties": about, "geometry": shape})
    return out


def ward_features() -> list[dict]:
    out = []
    for n, name in enumerate(["North & West", 'Ward "B"']):
        x = WEST + 2 * SIDE * n
        ring = shapely.box(x, SOUTH, x + 2 * SIDE, SOUTH + 3 * SIDE).exterior.coords
        polygon = {"type": "Polygon", "coordinates": [[lonlat(*c) for c in ring]]}
        about = {"OBJECTID": n + 1, "WD25CD": f"E0500000{n}", "WD25NM": name, "LAD25CD": CODE}
        out.append({"type": "Feature", "properties": about, "geometry": polygon})
    return out


LAYERS = {
    "OA21_LAD22_LSOA21_MSOA21_LEP22_EN_LU_V2": lambda: features("lookup"),
    "Output_Areas_2021_PWC_V3": lambda: features("pwc"),
    "Output_Areas_2021_EW_BGC_V2": lambda: features("bgc"),
    "WD_MAY_2025_UK_BGC": ward_features,
}


def collection(rows: list[dict]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": rows}).encode()


def put_into(folder: Path, *, without: tuple[str, ...] = ()) -> Path:
    """The folder that somebody downloaded by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "lookup.geojson": collection(features("lookup")),
        "pwc.geojson": collection(features("pwc")),
        "oa boundaries.geojson": collection(features("bgc")),
        "wards.geojson": collection(ward_features()),
        "File_7_IoD2025.csv": file7(),
        "codepo_gb.zip": code_point_zip(),
        "edubaseallchildrencentre20251101.csv": gias_centres(),
        "edubasealldata20251101.csv": gias_schools(),
        "List_of_family_hub_sites.csv": hubs(),
    } | {f"{name}.csv": as_csv(nomis_rows(name)) for name in CATEGORIES}
    files["lookup.csv"] = as_csv(
        [list(r["properties"]) for r in features("lookup")][:1]
        + [list(r["properties"].values()) for r in features("lookup")]
    )
    del files["lookup.geojson"]
    for name, body in files.items():
        if not any(word in name for word in without):
            (folder / name).write_bytes(body)
    return folder


class Server:
    """Every source on 127.0.0.1; `faults`: part of an address to what goes wrong, once each."""

    def __init__(self, **faults) -> None:
        self.faults = {key: list(value) for key, value in faults.items()}
        self.layers = dict(LAYERS)
        self.asked: list[str] = []
        self.most_page = 2000
        self.total_shift = 0
        self.extra: dict[str, bytes] = {}
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.serve(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.done = threading.Event()
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def addresses(self) -> dict[str, str]:
        return {
            name: f"{self.url}/{name}"
            for name in ("ons", "nomis", "gov", "os", "gias", "geofabrik", "naptan", "bods")
        }

    def stop(self) -> None:
        self.done.set()
        self.http.shutdown()
        self.http.server_close()

    def serve(self, handler) -> None:
        address = unquote(handler.path)
        with self.lock:
            self.asked.append(address)
            fault = next((f.pop(0) for part, f in self.faults.items() if part in address and f), "")
        if not fault:
            body, kind, status = self.answer(address)
            return self.send(handler, body, kind, status)
        if fault == "refused":
            handler.connection.close()
            handler.close_connection = True
            return None
        body, kind, _ = self.answer(address)
        if fault.isdigit():
            return self.send(handler, b"<html>Error</html>", "text/html", int(fault))
        if fault == "login":
            return self.send(handler, b"<!DOCTYPE html><title>Sign in</title>", "text/html", 200)
        if fault == "hidden login":
            return self.send(handler, b"\n<html>Sign in</html>", kind, 200)
        if fault == "slow":
            self.done.wait(3)
            return self.send(handler, body, kind, 200)
        if fault == "cut":
            return self.send(handler, body, kind, 200, sent=body[: len(body) // 2])
        if fault == "short":
            half = body[: body.rfind(b"\n", 0, len(body) // 2) + 1] or body[: len(body) // 2]
            return self.send(handler, half, kind, 200)
        if fault == "wrong type":
            return self.send(handler, b'{"hello": 1}', "application/json", 200)
        if fault == "error inside":
            text = b'{"error": {"code": 500, "message": "Unable to complete operation."}}'
            return self.send(handler, text, "application/json", 200)
        if fault == "renamed":
            body = re.sub(rb"OA21CD|GEOGRAPHY_CODE|EstablishmentName|LSOA code", b"NEWNAME", body)
            return self.send(handler, body, kind, 200)
        if fault == "empty":
            return self.send(handler, b"", kind, 200)
        raise AssertionError(fault)

    def send(self, handler, body, kind, status, sent=None) -> None:
        start = 0
        wanted = re.match(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        if wanted and status == 200 and handler.headers.get("If-Range") == '"same"':
            start, status = int(wanted[1]), 206
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", kind)
            handler.send_header("Content-Length", str(len(body) - start))
            if status == 206:
                handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            handler.send_header("ETag", '"same"')
            if status == 429:
                handler.send_header("Retry-After", "7")
            handler.end_headers()
            handler.wfile.write((body if sent is None else sent)[start:])
            if sent is not None:
                handler.wfile.flush()
                handler.connection.close()
                handler.close_connection = True
        except (BrokenPipeError, ConnectionResetError, OSError):
            handler.close_connection = True

    def answer(self, address: str) -> tuple[bytes, str, int]:
        parts = urlsplit(address)
        query = {key: value[0] for key, value in parse_qs(parts.query).items()}
        for end, body in self.extra.items():
            if parts.path.endswith(end):
                return body, "application/octet-stream", 200
        if parts.path.startswith("/ons"):
            return self.ons(parts.path.removeprefix("/ons").strip("/"), query)
        if parts.path.startswith("/nomis"):
            return self.nomis(parts.path, query)
        simple = {
            "File_7_IoD2025": (file7, "text/csv"),
            "family_hub": (hubs, "text/csv"),
            "CodePointOpen": (code_point_zip, "application/zip"),
            "edubaseallchildrencentre": (gias_centres, "text/csv"),
            "edubasealldata": (gias_schools, "text/csv"),
        }
        for part, (make, kind) in simple.items():
            if part in parts.path:
                return make(), kind, 200
        return b"<html>not found</html>", "text/html", 404

    def ons(self, path: str, query: dict) -> tuple[bytes, str, int]:
        kind = "application/json"
        if not path:
            listed = [{"name": name, "type": "FeatureServer"} for name in self.layers]
            return json.dumps({"services": listed}).encode(), kind, 200
        name = path.split("/")[0]
        if name not in self.layers:
            return b'{"error": {"code": 400, "message": "Invalid URL"}}', kind, 200
        rows = self.layers[name]()
        if not path.endswith("query"):
            fields = [{"name": n, "type": "esriFieldTypeString"} for n in rows[0]["properties"]]
            return json.dumps({"fields": fields, "objectIdField": "OBJECTID"}).encode(), kind, 200
        rows = [r for r in rows if _fits(r["properties"], query["where"])]
        if query.get("returnCountOnly"):
            return json.dumps({"count": len(rows) + self.total_shift}).encode(), kind, 200
        start, size = int(query["resultOffset"]), int(query["resultRecordCount"])
        if size > self.most_page:
            return b'{"error": {"code": 500, "message": "too many"}}', kind, 200
        return collection(rows[start : start + min(size, 5)]), kind, 200

    def nomis(self, path: str, query: dict) -> tuple[bytes, str, int]:
        rows = nomis_rows(path.split("/")[-1].split(".")[0])
        if not query["geography"].startswith(CODE):
            return as_csv(rows[:1]), "text/csv", 200
        start = int(query["RecordOffset"])
        return as_csv([rows[0], *rows[1:][start : start + 20]]), "text/csv", 200


def _fits(row: dict, where: str) -> bool:
    column, _, values = where.partition(" IN ")
    return str(row.get(column)) in re.findall(r"'([^']*)'", values)


# --- what many studies are made of ---------------------------------------------------------------


@contextmanager
def each_file_once() -> Iterator[None]:
    """Read each file once, by its name and bytes: every study here is made of the same dozen."""
    read: dict[tuple[str, bytes], shelf._Item] = {}
    look = shelf._look_at

    def look_at(path: Path) -> shelf._Item:
        if path.is_symlink() or not path.is_file():
            return look(path)
        key = path.name, path.read_bytes()
        if key not in read:
            read[key] = look(path)
        return replace(read[key], path=path, roles=list(read[key].roles))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf, "_look_at", look_at)
        for room, names in _PARSERS.items():
            for name in names:
                patch.setattr(room, name, _once(getattr(room, name)))
        yield


#: What takes a table that was read, or files, and changes neither.
_PARSERS = {
    council: ("_read_postcodes",),
    council_areas: ("_parse_centroids", "_parse_lookup", "_parse_deprivation"),
    registers: ("_parse_register",),
    shelf: ("_table_figures",),
}


def _once(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Parse the same things once: a file is its bytes, a table that was read is itself."""
    kept: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    @wraps(parse)
    def parsed(*given: Any, **more: Any) -> Any:
        key = tuple(map(_key, (*given, *more.values())))
        if key not in kept:
            kept[key] = (given, more), parse(*given, **more)  # beside them, so that each stays
        return _another(kept[key][1])

    return parsed


def _key(value: Any) -> Any:
    """Say what a thing that is parsed is, or how it is parsed."""
    if isinstance(value, Path):
        files = sorted(value.rglob("*")) if value.is_dir() else [value]
        return tuple((f.name, f.read_bytes()) for f in files if f.is_file())
    if isinstance(value, str | int | tuple | None):
        return value
    return id(value)


def _another(value: Any) -> Any:
    """Give a result of one's own: who asked may change it."""
    if isinstance(value, tuple):
        return tuple(map(_another, value))
    return value.copy() if isinstance(value, list | pd.DataFrame) else value

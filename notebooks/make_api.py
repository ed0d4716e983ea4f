"""Write the API reference and the methods page as HTML: ``python notebooks/make_api.py [FOLDER]``.

Needs pdoc, which comes with the test extra. Writes into ``maps/api`` unless told otherwise.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pdoc
from pdoc.render_helpers import to_html

import access

HERE = Path(__file__).resolve().parent
ROOMS = sorted(room.name for room in pkgutil.iter_modules(access.__path__) if room.ispkg)
PAGE = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><title>Methods of family-access</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 system-ui,sans-serif;color:#0b0c0c;max-width:62rem;margin:2rem auto;
padding:0 1rem}}table{{border-collapse:collapse;margin:1rem 0}}th,td{{border-bottom:1px solid
#b1b4b6;padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top}}code{{background:#f3f2f1;
padding:0 .2em}}</style></head><body><p><a href="access.html">The API reference</a></p>
{body}</body></html>
"""


def modules() -> Iterator[str]:
    """Name the modules where the names stand that people call: those of the rooms' front doors."""
    doors = [access, *(importlib.import_module(f"access.{room}") for room in ROOMS)]
    names = [getattr(door, name) for door in doors for name in getattr(door, "__all__", ())]
    homes = {str(getattr(value, "__module__", "")) for value in names}
    yield from sorted(
        {"access", "access.analysis.analysis"} | {h for h in homes if h[:7] == "access."}
    )


@contextmanager
def parsed_once() -> Iterator[None]:
    """Read a module's source once, not for every class of it: that was half the time."""
    parse = ast.parse
    ast.parse = cache(parse)
    try:
        yield
    finally:
        ast.parse = parse


def main(folder: Path) -> None:
    """Resolve the names of the front door, which are loaded late, and write every page."""
    # Two of pdoc's warnings say nothing about the documentation: inherited annotations are texts
    # that it looks up in the heir's module, and it cannot tell where a slot is from.
    for quirk in ("Error parsing type annotation", "Cannot determine where"):
        warnings.filterwarnings("ignore", message=quirk)
    for name in access.__all__:
        setattr(access, name, getattr(access, name))
    pdoc.render.configure(
        docformat="numpy", show_source=False, footer_text=f"family-access {access.__version__}"
    )
    with parsed_once():
        pdoc.pdoc(*modules(), output_directory=folder)
    words = (HERE / "methods.md").read_text(encoding="utf-8")
    (folder / "methods.html").write_text(PAGE.format(body=to_html(words)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "maps" / "api")

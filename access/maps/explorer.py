"""The consultation explorer: one HTML file that answers "what does this mean for my street?".

The page is a template of our own around Leaflet, with everything inside it: styles, scripts,
data, strings. A Content-Security-Policy names the hash of every script and of the style sheet
and forbids every request to anywhere. Nothing in the data can become markup: text goes in as
escaped text or as JSON, and the page's scripts make text nodes only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from access.escape import html_text, policy_hash, script_json
from access.files import write_file
from access.maps.explorer_encode import encode
from access.maps.explorer_words import (
    about_words,
    as_of_words,
    credits_words,
    fill_text,
    place_hint_words,
    safe_text,
    speeds_words,
    strings,
    summary_words,
)
from access.maps.payload import ExplorerData

TILE_HOST = "https://tile.openstreetmap.org"
_SCRIPTS = (
    "core.js", "rank.js", "dom.js", "find.js", "app.js", "layers.js", "symbols.js", "names.js",
    "map.js", "charts.js", "street.js", "search.js", "change.js", "boxes.js", "option.js",
    "log.js", "main.js",
)  # fmt: skip
_GAP = re.compile(r"\{\{(t:)?(\w+)\}\}")


def explorer_html(data: ExplorerData, *, online_tiles: bool = False) -> str:
    """Make the explorer as one self-contained HTML text.

    Parameters
    ----------
    data : ExplorerData
    online_tiles : bool
        Offer OpenStreetMap's tiles as a tick box. Only then may the page ask that one host for
        pictures, and only once the box is ticked; tiles that do not come are not missed (the
        tile server refuses pages opened from a file).

    Returns
    -------
    str
        The same text for the same data, byte for byte.

    Raises
    ------
    ParameterError
        If there is no strings file for the page's language.

    Examples
    --------
    >>> from access.maps.explorer_example import example_data
    >>> page = explorer_html(example_data())
    >>> page.startswith("<!doctype html>"), "https://" in page
    (True, False)
    """
    words = strings(data.language)
    payload = encode(data)
    if online_tiles:
        payload["tiles"] = f"{TILE_HOST}/{{z}}/{{x}}/{{y}}.png"
    leaflet = re.sub(r"\n?//# sourceMappingURL=.*", "", _asset("leaflet/leaflet.js"))
    leaflet = leaflet.replace("https://leafletjs.com", "#")
    scripts = [leaflet, *(_asset(name) for name in _SCRIPTS)]
    style = _style()
    fields = {
        "language": html_text(data.language),
        "policy": html_text(_policy(style, scripts, online_tiles)),
        "title": html_text(data.title),
        "summary": html_text(summary_words(data, words)),
        "css": style,
        "place_hint": html_text(place_hint_words(data, payload, words)),
        "speeds": html_text(fill_text(words, "speeds", **speeds_words(data))),
        "badge": f'<p class="badge">{safe_text(words, "badge")}</p>' if data.modelled else "",
        "credits": html_text(credits_words(data, payload, words, online_tiles)),
        "tiles": _tiles_box(words) if online_tiles else "",
        "about": about_words(data, payload, words),
        "footer": html_text(as_of_words(data, words)),
        "strings": script_json(words),
        "data": script_json(payload),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    return _fill(_asset("page.html"), fields, words)


def write_explorer(
    data: ExplorerData, path: str | os.PathLike[str], *, online_tiles: bool = False
) -> Path:
    """Write the explorer to a file; a failed write leaves a former file as it was.

    Parameters
    ----------
    data : ExplorerData
    path : path
        Ends in ``.html``.
    online_tiles : bool
        See `explorer_html`.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    OutputError
        If the file cannot be written.
    ParameterError
        See `explorer_html`.
    """
    target = Path(path)
    text = explorer_html(data, online_tiles=online_tiles)
    write_file(target, text.encode("utf-8"))
    return target


def _asset(name: str) -> str:
    path = resources.files("access.maps") / "assets"
    for part in name.split("/"):
        path = path / part
    return path.read_text(encoding="utf-8")


def _style() -> str:
    """Leaflet's style sheet without its pictures, then ours."""
    leaflet = re.sub(r"url\([^)]*\)", "none", _asset("leaflet/leaflet.css"))
    style = leaflet + _asset("explorer.css") + _asset("print.css")
    return re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)


def _policy(style: str, scripts: Iterable[str], online_tiles: bool) -> str:
    pictures = f"data: {TILE_HOST}" if online_tiles else "data:"
    return "; ".join(
        [
            "default-src 'none'",
            "script-src " + " ".join(policy_hash(script) for script in scripts),
            f"style-src {policy_hash(style)}",
            f"img-src {pictures}",
            "connect-src 'none'",
            "form-action 'none'",
            "base-uri 'none'",
        ]
    )


def _fill(template: str, fields: Mapping[str, str], words: Mapping[str, Any]) -> str:
    def one(match: re.Match[str]) -> str:
        is_text, name = match.groups()
        return safe_text(words, name) if is_text else fields[name]

    return _GAP.sub(one, template)


def _tiles_box(words: Mapping[str, Any]) -> str:
    return (
        '<div class="check"><input type="checkbox" id="show-tiles">'
        f'<label for="show-tiles">{safe_text(words, "show_tiles")}</label></div>'
    )

"""The consultation explorer: one HTML file that answers "what does this mean for my street?".

The page is a template of our own around Leaflet, with everything inside it: styles, scripts,
data, strings. A Content-Security-Policy names the hash of every script and of the style sheet
and forbids every request to anywhere. Nothing in the data can become markup: text goes in as
escaped text or as JSON, and the page's scripts make text nodes only.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from access.errors import OutputError, ParameterError
from access.maps.explorer_encode import encode
from access.maps.payload import ExplorerData

TILE_HOST = "https://tile.openstreetmap.org"
TILE_ATTRIBUTION = "Street map (online only) © OpenStreetMap contributors, ODbL."
_SCRIPTS = (
    "core.js", "dom.js", "find.js", "app.js", "layers.js", "map.js", "charts.js", "street.js",
    "change.js", "option.js", "log.js", "main.js",
)  # fmt: skip
UNSURE_M = 200.0
"""Positions that may be this far out are named on the page."""
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
        "language": html.escape(data.language),
        "policy": html.escape(_policy(style, scripts, online_tiles)),
        "title": html.escape(data.title),
        "summary": html.escape(_summary(data, words)),
        "css": style,
        "place_hint": html.escape(_place_hint(data, payload, words)),
        "speeds": html.escape(
            _say(words, "speeds", walk=f"{data.walk_km_h:g}", pram=f"{data.pram_km_h:g}")
        ),
        "badge": f'<p class="badge">{_t(words, "badge")}</p>' if data.modelled else "",
        "credits": html.escape(_credits(data, payload, words, online_tiles)),
        "tiles": _tiles_box(words) if online_tiles else "",
        "about": _about(data, payload, words),
        "footer": html.escape(
            _say(words, "footer_as_of", date=_date(data.as_of, words)) if data.as_of else ""
        ),
        "strings": _json(words),
        "data": _json(payload),
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
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(
            f"{target} cannot be written ({error.strerror}); expected a folder that may be written "
            "to with room for about 2 MB. A former file is left as it was."
        ) from error
    return target


def strings(language: str) -> dict[str, Any]:
    """Read the words of the page in one language.

    Parameters
    ----------
    language : str
        A key of the files ``access/maps/assets/strings.<language>.json``.

    Returns
    -------
    dict
        Texts by key; a text with ``one`` and ``other`` is chosen by number in the page.

    Raises
    ------
    ParameterError
        If there is no such file.

    Examples
    --------
    >>> strings("en")["nav_street"]
    'My street'
    """
    folder = resources.files("access.maps") / "assets"
    known = sorted(
        entry.name.split(".")[1] for entry in folder.iterdir() if entry.name.startswith("strings.")
    )
    if language not in known:
        raise ParameterError(
            f"language={language!r}; expected one of {known}: each is a file "
            "strings.<language>.json beside the others"
        )
    words: dict[str, Any] = json.loads(_asset(f"strings.{language}.json"))
    return words


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


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _policy(style: str, scripts: Iterable[str], online_tiles: bool) -> str:
    pictures = f"data: {TILE_HOST}" if online_tiles else "data:"
    return "; ".join(
        [
            "default-src 'none'",
            "script-src " + " ".join(_hash(script) for script in scripts),
            f"style-src {_hash(style)}",
            f"img-src {pictures}",
            "connect-src 'none'",
            "form-action 'none'",
            "base-uri 'none'",
        ]
    )


def _json(value: Any) -> str:
    """JSON that no HTML parser can take for markup."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _fill(template: str, fields: Mapping[str, str], words: Mapping[str, Any]) -> str:
    def one(match: re.Match[str]) -> str:
        is_text, name = match.groups()
        return _t(words, name) if is_text else fields[name]

    return _GAP.sub(one, template)


def _t(words: Mapping[str, Any], key: str) -> str:
    return html.escape(str(words[key]))


def _say(words: Mapping[str, Any], key: str, **values: str) -> str:
    text = str(words[key])
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _summary(data: ExplorerData, words: Mapping[str, Any]) -> str:
    parts = []
    for service in data.services:
        key = "header_become" if set(service.after) != set(service.before) else "header_stay"
        before, after = str(len(service.before)), str(len(service.after))
        parts.append(_say(words, key, title=service.title, before=before, after=after))
    return " ".join(parts)


def _date(text: str, words: Mapping[str, Any]) -> str:
    """Write 2018-03-12 as 12 March 2018; anything else as it is."""
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
    if found is None or not 1 <= int(found[2]) <= 12:
        return text
    return f"{int(found[3])} {words['months'][int(found[2]) - 1]} {found[1]}"


def _place_hint(data: ExplorerData, payload: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    names = [place[0] for place in payload["places"][:2]]
    if payload["postcodes"]:
        sector = next(iter(payload["postcodes"]["sectors"].items()))
        code = f"{sector[0][:-1]} {sector[0][-1]}{sector[1][:2]}"
        return _say(words, "place_hint_postcode", example=", ".join([code, *names]))
    return _say(words, "place_hint_name", example=", ".join(names) or data.place)


def _credits(
    data: ExplorerData, payload: Mapping[str, Any], words: Mapping[str, Any], tiles: bool
) -> str:
    parts = list(data.attributions)
    if payload["shapes_approximate"]:
        parts.insert(0, str(words["credits_cells"]))
    if tiles:
        parts.append(TILE_ATTRIBUTION)
    if data.as_of:
        parts.append(_say(words, "footer_as_of", date=_date(data.as_of, words)))
    return " ".join(parts)


def _tiles_box(words: Mapping[str, Any]) -> str:
    return (
        '<div class="check"><input type="checkbox" id="show-tiles">'
        f'<label for="show-tiles">{_t(words, "show_tiles")}</label></div>'
    )


def _about(data: ExplorerData, payload: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    areas = f"{len(data.areas):,}"
    how = [_say(words, "about_how_short", areas=areas)]
    if "residents" in data.areas:
        homes = f"{data.areas['residents'].mean():.0f}"
        how = [_say(words, "about_how", areas=areas, homes=homes)]
    how.append(_say(words, "about_walk", walk=f"{data.walk_km_h:g}", pram=f"{data.pram_km_h:g}"))
    if data.drive is not None and "no_car" in payload["areas"]:
        how.append(_say(words, "about_typical", parking=f"{data.parking_minutes:g}"))
    if data.weights_note:
        how.append(data.weights_note)
    if data.modelled:
        how.append(str(words["about_modelled"]))
    assumed = [site["name"] for site in payload["sites"] if site.get("assumed")]
    unsure = [
        _say(words, "about_site_error", name=site["name"], metres=f"{site['error_m']:,.0f}")
        for site in payload["sites"]
        if not site.get("assumed") and site.get("error_m", 0) >= UNSURE_M
    ]
    doubts = ""
    if unsure:
        doubts += _paragraphs([words["about_sites_intro"]]) + _bullets(unsure)
    if assumed:
        doubts += _paragraphs([words["about_assumed_intro"]]) + _bullets(assumed)
    terms = "".join(
        f"<dt>{html.escape(term)}</dt><dd>{html.escape(meaning)}</dd>"
        for term, meaning in words["about_words"]
    )
    parts = [
        _block(words, "about_how_title", _paragraphs(how)),
        _block(words, "about_assumed_title", _bullets(data.assumptions)),
        _block(words, "about_sites_title", doubts),
        _block(words, "about_words_title", f"<dl>{terms}</dl>"),
        _block(words, "about_data_title", _bullets([*data.vintages, *data.attributions])),
        _block(words, "about_privacy_title", _paragraphs([words["about_privacy"]])),
        _block(words, "about_credits_title", _paragraphs([words["about_credits"]])),
    ]  # fmt: skip
    return "".join(parts)


def _block(words: Mapping[str, Any], title: str, inner: str) -> str:
    return f"<h3>{_t(words, title)}</h3>{inner}" if inner else ""


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{html.escape(text)}</p>" for text in texts)


def _bullets(texts: Iterable[str]) -> str:
    items = "".join(f"<li>{html.escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""

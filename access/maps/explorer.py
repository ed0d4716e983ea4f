"""The consultation explorer: one HTML file that answers "what does this mean for my street?".

The page is a template of our own around Leaflet, with everything inside it: styles, scripts,
data, strings. A Content-Security-Policy names the hash of every script and of the style sheet
and forbids every request to anywhere. Nothing in the data can become markup: text goes in as
escaped text or as JSON, and the page's scripts make text nodes only.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from access.disclosure import THRESHOLD
from access.errors import ParameterError
from access.escape import html_text, policy_hash, script_json
from access.files import write_file
from access.labels import page_words
from access.maps.explorer_data import _ExplorerData
from access.maps.explorer_encode import _encode
from access.maps.explorer_parts import _ALPHABET, _NEAR_M
from access.units import great_circle_m

_TILE_ATTRIBUTION = "Street map (online only) © OpenStreetMap contributors, ODbL."
_UNSURE_M = 200.0
"""Positions that may be this far out are named on the page."""


def _strings(language: str, nation: str = "the nation") -> dict[str, Any]:
    """Read the words of the page in one language, the nation's name filled in."""
    folder = resources.files("access.maps") / "assets"
    known = sorted(
        entry.name.split(".")[1] for entry in folder.iterdir() if entry.name.startswith("strings.")
    )
    if language not in known:
        raise ParameterError(
            f"language={language!r}; expected one of {known}: each is a file "
            "strings.<language>.json beside the others"
        )
    # what modes and criteria are called stands in labels; another language says it in its own,
    # and what it does not say yet stays in English
    words: dict[str, Any] = dict(page_words())
    for name in dict.fromkeys(("en", language)):
        words |= json.loads((folder / f"strings.{name}.json").read_text(encoding="utf-8"))
    filled: dict[str, Any] = _with_nation(words, nation)
    return filled


def _with_nation(words: Any, nation: str) -> Any:
    """Fill the nation's name into texts, wherever they stand."""
    if isinstance(words, dict):
        return {key: _with_nation(value, nation) for key, value in words.items()}
    if isinstance(words, list):
        return [_with_nation(value, nation) for value in words]
    return words.replace("{nation}", nation) if isinstance(words, str) else words


def _safe_text(words: Mapping[str, Any], key: str) -> str:
    """Give one of the page's texts, escaped for HTML."""
    return html_text(words[key])


def _fill_text(words: Mapping[str, Any], key: str, **values: str) -> str:
    """Fill the gaps of one of the page's texts."""
    text = words[key]
    if isinstance(text, dict):
        text = text["one" if values.get("n") == "1" else "other"]
    # in one pass: a gap inside a user's words is no gap
    return re.sub(r"\{(\w+)\}", lambda gap: values.get(gap[1], gap[0]), str(text))


def _name_hubs(data: _ExplorerData, words: dict[str, Any]) -> None:
    """Put what the study calls its hubs into the page's texts, in the page's language if it can."""
    called = data.hub_terms
    own = [called.title, called.one, called.many]
    title, one, many = words.pop("hub_names").get(called.title, own)
    services = ", ".join(service.title for service in data.services)
    named = {"title": title, "hub": one, "hubs": many, "services": services}
    for key in ("nav_hubs", "hub_title", "hubs_title"):
        words[key] = _fill_text(words, key, **named)
    *others, hub = words["about_words"]
    meaning = [_fill_text({"it": text}, "it", **named) for text in hub]
    words["about_words"] = [*others, *([] if data.hubs is None else [meaning])]


def _published_date(text: str, words: Mapping[str, Any]) -> str:
    """Write 2018-03-12 as 12 March 2018; anything else as it is."""
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
    if found is None or not 1 <= int(found[2]) <= 12:
        return text
    return f"{int(found[3])} {words['months'][int(found[2]) - 1]} {found[1]}"


def _number_words(value: float, words: Mapping[str, Any]) -> str:
    """Write a whole number as the language groups its digits."""
    return f"{value:,.0f}".replace(",", words["thousands"])


def _summary_words(data: _ExplorerData, words: Mapping[str, Any]) -> str:
    """Say in a sentence a service what is proposed."""
    parts = []
    for service in data.services:
        key = "header_become" if set(service.after) != set(service.before) else "header_stay"
        before, after = str(len(service.before)), str(len(service.after))
        named = {"title": service.title, "one": service.one, "before": before, "after": after}
        parts.append(_fill_text(words, key, n=before, **named))
    return " ".join(parts)


def _as_of_words(data: _ExplorerData, words: Mapping[str, Any]) -> str:
    """Say as of when the figures are; nothing where it is not known."""
    if not data.as_of:
        return ""
    return _fill_text(words, "footer_as_of", date=_published_date(data.as_of, words))


def _speeds_words(data: _ExplorerData) -> dict[str, str]:
    """Give both walking speeds as text, ready for `_fill_text`."""
    return {"walk": f"{data.walk_km_h:g}", "pram": f"{data.pram_km_h:g}"}


_LIKE_A_NAME = re.compile(r"^[^\W\d_]{3}[^\d]*$")


def _place_near_homes(payload: Mapping[str, Any]) -> str:
    """Name a place that the page can answer for: some are there to find one's way on the map."""
    homes = np.asarray(payload["areas"]["lon"]), np.asarray(payload["areas"]["lat"])
    names = [name for name, *_ in payload["places"]]
    far = (great_circle_m(*homes, lon, lat).min() for _, lon, lat, _ in payload["places"])
    near = (name for name, metres in zip(names, far, strict=True) if metres <= _NEAR_M)
    return str(next(near, names[0]))


def _findable(payload: Mapping[str, Any]) -> dict[str, str]:
    """Give an example of each kind of place that the page can find, in the order of its label."""
    found: dict[str, str] = {}
    if payload["postcodes"]:
        sectors = payload["postcodes"]["sectors"]
        sector, rest = max(sectors.items(), key=lambda item: len(item[1]))
        found["postcode"] = f"{sector[:-1]} {sector[-1]}{rest[:2]}"
    names = payload["names"]
    if names:
        kinds = [names["kinds"][_ALPHABET.index(at)][0] for at in names["at"][::7]]
        for kind in ("street", "place", "school"):
            own = [n for n, k in zip(names["names"].split("\n"), kinds, strict=True) if k == kind]
            if own:  # an example that looks like one, and not "2" or "A48"
                found[kind] = next((n for n in own if _LIKE_A_NAME.search(n)), own[0])
    if payload["places"]:
        found["place"] = _place_near_homes(payload)
    if "ward" in payload["areas"] and any(payload["areas"]["ward"]["of"]):
        found["ward"] = next(name for name in payload["areas"]["ward"]["of"] if name)
    if payload["sites"]:
        found["centre"] = payload["sites"][0]["name"]
    order = ("postcode", "street", "place", "ward", "school", "centre")
    return {kind: found[kind] for kind in order if kind in found}


def _find_kinds(found: Mapping[str, str], words: Mapping[str, Any]) -> str:
    """List what may be typed: only what can be found."""
    kinds = [str(words[f"label_{kind}"]) for kind in found][:4]
    return words["or_list"].join([", ".join(kinds[:-1]), kinds[-1]]) if kinds[1:] else kinds[0]


def _place_hint_words(found: Mapping[str, str], words: Mapping[str, Any]) -> str:
    """Give examples of what can be typed."""
    chosen = [found[kind] for kind in ("postcode", "street", "place", "ward") if kind in found]
    return _fill_text(words, "place_hint", example=", ".join(chosen[:3] or found.values()))


def _credits_words(
    data: _ExplorerData, payload: Mapping[str, Any], words: Mapping[str, Any], tiles: bool
) -> str:
    """Give what must stand under every map."""
    parts = list(data.attributions)
    if payload["shapes_approximate"]:
        parts.insert(0, str(words["credits_cells"]))
    if tiles:
        parts.append(_TILE_ATTRIBUTION)
    return " ".join(part for part in (*parts, _as_of_words(data, words)) if part)


def _about_words(data: _ExplorerData, payload: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    """Write the part "About the figures" as HTML, every text escaped."""
    areas = _number_words(len(data.areas), words)
    how = [_fill_text(words, "about_how_short", areas=areas)]
    if "residents" in data.areas:
        homes = f"{data.areas['residents'].mean():.0f}"
        how = [_fill_text(words, "about_how", areas=areas, homes=homes)]
    how.append(_fill_text(words, "about_walk", **_speeds_words(data)))
    if data.drive is not None and "no_car" in payload["areas"]:
        by_bus = data.bus is not None or data.bus_matrix is not None
        key = "about_typical_bus" if by_bus else "about_typical"
        how.append(_fill_text(words, key, parking=f"{data.parking_minutes:g}"))
    if "levels" in payload["minutes"]["walk"][0]:
        how.append(str(words["about_rounded"]))
    if data.weights_note:
        how.append(data.weights_note)
    if data.modelled:
        how.append(str(words["about_modelled"]))
    assumed = [site["name"] for site in payload["sites"] if site.get("assumed")]
    unsure = [
        _fill_text(
            words,
            "about_site_error",
            name=site["name"],
            metres=_number_words(site["error_m"], words),
        )
        for site in payload["sites"]
        if not site.get("assumed") and site.get("error_m", 0) >= _UNSURE_M
    ]
    doubts = ""
    if unsure:
        doubts += _paragraphs([words["about_sites_intro"]]) + _bullets(unsure)
    if assumed:
        doubts += _paragraphs([words["about_assumed_intro"]]) + _bullets(assumed)
    terms = "".join(
        f"<dt>{html_text(term)}</dt><dd>{html_text(meaning)}</dd>"
        for term, meaning in words["about_words"]
    )
    parts = [
        _paragraphs([words["language_note"]] if words["language_note"] else []),
        _block(words, "about_how_title", _paragraphs(how)),
        _block(words, "about_assumed_title", _bullets(data.assumptions)),
        _block(words, "about_sites_title", doubts),
        _block(words, "about_words_title", f"<dl>{terms}</dl>"),
        _block(words, "about_data_title", _bullets([*data.vintages, *data.attributions])),
        _block(words, "about_privacy_title", _paragraphs([words["about_privacy"]])),
        _block(words, "about_credits_title", _paragraphs([words["about_credits"]])),
    ]  # fmt: skip
    return "".join(parts)


def _respond_html(data: _ExplorerData, words: Mapping[str, Any]) -> str:
    """Write how to answer the consultation; nothing where the study does not say."""
    said = dict(data.consultation)
    lines = []
    if "closes" in said:
        date = _published_date(said["closes"], words)
        lines.append(html_text(_fill_text(words, "respond_by", date=date)))
    if "address" in said:
        lines.append(f"{_safe_text(words, 'respond_post')} {html_text(said['address'])}")
    for key, scheme in (("mail", "mailto:"), ("link", "")):
        value = html_text(said.get({"mail": "email"}.get(key, key), ""))
        if value:
            link = f'<a href="{scheme}{value}" rel="noopener">{value}</a>'
            lines.append(f"{_safe_text(words, f'respond_{key}')} {link}")
    if not lines:
        return ""
    items = "".join(f"<p>{line}</p>" for line in lines)
    title = _safe_text(words, "respond_title")
    inner = f'<div class="wide"><h2>{title}</h2>{items}</div>'
    return f'<aside class="respond" aria-label="{title}">{inner}</aside>'


def _block(words: Mapping[str, Any], title: str, inner: str) -> str:
    return f"<h3>{_safe_text(words, title)}</h3>{inner}" if inner else ""


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{html_text(text)}</p>" for text in texts)


def _bullets(texts: Iterable[str]) -> str:
    items = "".join(f"<li>{html_text(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


_TILE_HOST = "https://tile.openstreetmap.org"
_SCRIPTS = (
    "core.js", "bus.js", "rank.js", "hubsets.js", "dom.js", "find.js", "app.js", "layers.js",
    "symbols.js", "names.js", "ground.js", "map.js", "charts.js", "street.js", "bustrip.js",
    "search.js", "change.js", "boxes.js", "standing.js", "option.js", "hubs.js", "qr.js",
    "state.js", "hall.js", "log.js", "main.js",
)  # fmt: skip
_GAP = re.compile(r"\{\{(t:)?(\w+)\}\}")


def _explorer_html(data: _ExplorerData, *, online_tiles: bool = False) -> str:
    """Make the explorer as one self-contained HTML text."""
    words = _strings(data.language, data.nation)
    words["suppressed_note"] = _fill_text(words, "suppressed_note", below=str(THRESHOLD))
    _name_hubs(data, words)
    payload = _encode(data)
    if online_tiles:
        payload["tiles"] = f"{_TILE_HOST}/{{z}}/{{x}}/{{y}}.png"
    found = _findable(payload)
    words["find_kinds"] = _find_kinds(found, words)
    leaflet = re.sub(r"\n?//# sourceMappingURL=.*", "", _asset("leaflet/leaflet.js"))
    leaflet = leaflet.replace("https://leafletjs.com", "#")
    scripts = [leaflet, *(_asset(name) for name in _SCRIPTS)]
    style = _style()
    fields = {
        "language": html_text(data.language),
        "direction": html_text(words["direction"]),
        "policy": html_text(_policy(style, scripts, online_tiles)),
        "title": html_text(data.title),
        "summary": html_text(_summary_words(data, words)),
        "css": style,
        "place_label": html_text(_fill_text(words, "place_label", kinds=words["find_kinds"])),
        "place_hint": html_text(_place_hint_words(found, words)),
        "speeds": html_text(_fill_text(words, "speeds", **_speeds_words(data))),
        "badge": f'<p class="badge">{_safe_text(words, "badge")}</p>' if data.modelled else "",
        "credits": html_text(_credits_words(data, payload, words, online_tiles)),
        "tiles": _tiles_box(words) if online_tiles else "",
        "about": _about_words(data, payload, words),
        "respond": _respond_html(data, words),
        "footer": html_text(_as_of_words(data, words)),
        "strings": script_json(words),
        "data": script_json(payload),
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    return _fill(_asset("page.html"), fields, words)


def write_explorer(
    data: _ExplorerData, path: str | os.PathLike[str], *, online_tiles: bool = False
) -> Path:
    """Write the explorer to a file; a failed write leaves a former file as it was.

    Parameters
    ----------
    data : ExplorerData
    path : path
        Ends in ``.html``.
    online_tiles : bool
        See `_explorer_html`.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    OutputError
        If the file cannot be written.
    ParameterError
        See `_explorer_html`.
    """
    target = Path(path)
    text = _explorer_html(data, online_tiles=online_tiles)
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
    pictures = f"data: {_TILE_HOST}" if online_tiles else "data:"
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
        return _safe_text(words, name) if is_text else fields[name]

    return _GAP.sub(one, template)


def _tiles_box(words: Mapping[str, Any]) -> str:
    return (
        '<div class="check"><input type="checkbox" id="show-tiles">'
        f'<label for="show-tiles">{_safe_text(words, "show_tiles")}</label></div>'
    )

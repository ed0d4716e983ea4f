"""Text that people wrote, made harmless for the place it goes to: one function for each place.

Names, ids, titles and comments come in study folders that are sent round; whatever they hold is
text and nothing else. No template, markup engine, spreadsheet or terminal sees it but through here.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from shlex import quote
from typing import Any

#: What one cell of a table may hold, characters, and what one setting may.
_LONGEST_CELL = 1_000
_LONGEST_SETTING = 10_000
LONGEST_KEY = 64
#: What a cell of a workbook can hold, characters.
_WORKBOOK_CELL = 32_767
#: Control characters that XML forbids, lone surrogates, and non-characters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: Marks that turn the reading direction round and so can make a name read as another; and the byte
#: order mark, which is drawn as nothing and which no PDF for screen readers may hold.
_UNDRAWN = re.compile("[\u061c\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff]")
#: What is drawn as nothing though Unicode calls it a letter, a sign or a mark.
_UNSEEN = {*map(chr, range(0xFE00, 0xFE10)), *"\u034f\u115f\u1160\u2800\u3164\uffa0"}
_SPACES = re.compile(r"[ \t]*[\r\n\t\u2028\u2029]+[ \t]*")
#: What begins a formula in a spreadsheet, with the full-width forms; blanks may stand before it.
_FORMULA = re.compile("[\\s\ufeff\u200b]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
#: What jinja, JavaScript's template literals or HTML would take for their own.
_REFERENCES = str.maketrans({c: f"&#{ord(c)};" for c in "`${}\\%\n\r\u2028\u2029"})
#: What a terminal obeys instead of showing: all but the line break and the tab.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_WINDOWS = os.name == "nt"
_RESERVED_COLUMNS = ("fid", "geom", "geometry", "rowid", "ogc_fid")


def plain(text: object) -> str:
    r"""Make any value into one line of text that Word, Excel and the PDF can all hold.

    Examples
    --------
    >>> plain("Wath\n Victoria ")
    'Wath Victoria'
    >>> plain("a\x00b")
    'a�b'
    """
    return chart_text(_SPACES.sub(" ", str(text))).strip()


def seen(text: str) -> str:
    r"""Give what is seen of a text: letters composed, without blanks round it or marks of no width.

    Examples
    --------
    >>> seen("\u200bA02 "), seen("\ufeff\u3164")
    ('A02', '')
    """
    if text.isascii():
        return text.strip()
    composed = unicodedata.normalize("NFC", text)
    return "".join(
        c for c in composed if c not in _UNSEEN and unicodedata.category(c) != "Cf"
    ).strip()


def chart_text(text: object) -> str:
    """Drop what no font can draw; `$` needs no escape, as no chart's text is read as maths."""
    return _FORBIDDEN.sub("\ufffd", _UNDRAWN.sub("", str(text)))


def without_controls(text: str) -> str:
    """Take out what `text_fault` refuses."""
    return _FORBIDDEN.sub("", text)


def html_text(text: object) -> str:
    """Make text that HTML shows as it is, in an element and in a quoted attribute."""
    return html.escape(str(text), quote=True)


def notebook_text(text: object) -> str:
    """Make text that a notebook shows as it is: HTML, and with no dollars to set as maths."""
    return _without_maths(html_text(_FORBIDDEN.sub("\ufffd", str(text))))


def _without_maths(page: str) -> str:
    """Keep a notebook from setting what stands between two dollars of some HTML as maths."""
    return page.replace("$", "<span>$</span>")


def template_text(text: object) -> str:
    """Make text that stays text in HTML, jinja and JavaScript, however often it is rendered.

    Notes
    -----
    branca reads what folium has rendered as a template once more, so that JSON does not help: no
    brace or percent sign of a user may be left.

    Examples
    --------
    >>> template_text("<b>{{ 7*7 }}`${alert(1)}`")
    '&lt;b&gt;&#123;&#123; 7*7 &#125;&#125;&#96;&#36;&#123;alert(1)&#125;&#96;'
    """
    return html_text(_FORBIDDEN.sub("\ufffd", str(text))).translate(_REFERENCES)


def script_json(value: Any) -> str:
    """Write JSON that no HTML parser can take for markup."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def policy_hash(script: str) -> str:
    """Name one script or style in a page's content policy, so that no other can run."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def cell_text(text: str) -> str:
    r"""Make text that a spreadsheet cannot take for a formula.

    Examples
    --------
    >>> cell_text('=HYPERLINK("http://x")'), cell_text("Wath"), cell_text("\t=1")
    ('\'=HYPERLINK("http://x")', 'Wath', "'\t=1")
    """
    if _FORMULA.match(_UNDRAWN.sub("", text)):
        text = f"'{text}"
    return text[:_WORKBOOK_CELL]


def cell_text_undone(text: str) -> str:
    """Take away the apostrophe that `cell_text` sets before a formula."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text[1:]) else text


def terminal_text(text: object) -> str:
    r"""Make control characters and direction marks visible, as JSON would write them.

    Examples
    --------
    >>> terminal_text("a\x1b]0;t\x07b")
    'a\\u001b]0;t\\u0007b'
    """
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", str(text))


def typed(text: object) -> str:
    """Write a text as one word of a command, as it is typed: on Windows in double quotes only.

    Examples
    --------
    >>> typed("my_town")
    'my_town'
    """
    word = str(text)
    if not _WINDOWS:
        return quote(word)
    return word if re.fullmatch(r"[\w.:\\/-]+", word) else f'"{word}"'


def toml_text(text: str) -> str:
    """Write a string of TOML, with its quotes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def column_names(names: Iterable[object]) -> list[str]:
    """Give columns names that a GeoPackage holds: unlike in more than case, and none of its own.

    Examples
    --------
    >>> column_names(["id", "ID", "fid", "ward"])
    ['id', 'ID_2', 'fid_2', 'ward']
    """
    taken = set(_RESERVED_COLUMNS)
    given = []
    for name in map(str, names):
        base = plain(name) or "column"
        unlike, k = base, 1
        while unlike.lower() in taken:
            k += 1
            unlike = f"{base}_{k}"
        taken.add(unlike.lower())
        given.append(unlike)
    return given


def text_fault(text: str, longest: int = _LONGEST_CELL) -> str:
    r"""Say what a text would have to be, where it can be no name, title or comment.

    Examples
    --------
    >>> text_fault("Wath"), text_fault("W\x00ath")
    ('', 'text without control characters; take out U+0000')
    """
    if len(text) > longest:
        return f"at most {longest:,} characters; this text has {len(text):,}"
    wrong = _FORBIDDEN.findall(text)
    if not wrong:  # as of nearly every text of a study
        return ""
    found = sorted({f"U+{ord(c):04X}" for c in wrong})
    return f"text without control characters; take out {', '.join(found)}"


def settings_faults(settings: Any, where: str = "") -> Iterator[tuple[str, str, str]]:
    """Find every text that `text_fault` refuses in nested settings: where, its start, expected."""
    waiting: list[tuple[Any, str]] = [(settings, where)]
    while waiting:  # and no call in a call: settings may be nested deeper than Python can
        value, where = waiting.pop()
        if isinstance(value, str):
            expected = text_fault(value, _LONGEST_SETTING)
            if expected:
                yield where, value[:60], expected
        elif isinstance(value, Mapping):
            for key in value:
                expected = text_fault(key, _LONGEST_CELL)
                if expected:
                    yield where, key[:60], expected
            inner = [(v, f"{where}.{k[:60]}".strip(".")[:200]) for k, v in value.items()]
            waiting += reversed(inner)
        elif isinstance(value, list):
            waiting += ((v, where) for v in reversed(value))


def file_inside(name: str) -> str:
    """Give a file's name back where it lies in the folder it is named from; else ValueError."""
    parts = name.split("/")
    if not name.strip() or "\\" in name or ":" in name or any(p in ("", ".", "..") for p in parts):
        raise ValueError("the name of a file inside the study folder")
    if len(name) > 200:
        raise ValueError("a file name of at most 200 characters")
    return name

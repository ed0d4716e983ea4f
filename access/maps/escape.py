"""Users' text on its way into a folium map."""

from __future__ import annotations

import html

# folium passes labels through jinja and then into a JavaScript template literal: what either of
# them, or HTML, would take for its own becomes a character reference
_REFERENCES = str.maketrans({c: f"&#{ord(c)};" for c in "`${}\\%\n\r\u2028\u2029"})


def safe_text(text: object) -> str:
    """Make text from outside into text that stays text in HTML, jinja and JavaScript.

    Parameters
    ----------
    text : object
        A name, address or comment; written with ``str``.

    Returns
    -------
    str
        With character references; shown as the same text by a browser.

    Examples
    --------
    >>> safe_text("<b>{{ 7*7 }}`${alert(1)}`")
    '&lt;b&gt;&#123;&#123; 7*7 &#125;&#125;&#96;&#36;&#123;alert(1)&#125;&#96;'
    """
    return html.escape(str(text), quote=True).translate(_REFERENCES)

"""Text that comes from outside, made fit to stand in any of the three writers' files."""

from __future__ import annotations

import re

#: Control characters that XML forbids, lone surrogates, and non-characters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
#: Marks that turn the reading direction round and so can make a name read as another.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
_SPACES = re.compile(r"[ \t]*[\r\n\t\u2028\u2029]+[ \t]*")


def plain(text: object) -> str:
    r"""Make any value into one line of text that Word, Excel and the PDF can all hold.

    Parameters
    ----------
    text : object
        A name, a reason that somebody typed, a number.

    Returns
    -------
    str
        The text with line breaks and tabs as single spaces, forbidden characters shown as the
        replacement character, direction marks dropped, and no spaces at its ends.

    Examples
    --------
    >>> plain("Wath\n Victoria ")
    'Wath Victoria'
    >>> plain("a\x00b")
    'a�b'
    """
    line = _SPACES.sub(" ", str(text))
    return _FORBIDDEN.sub("\ufffd", _DIRECTION.sub("", line)).strip()

"""What a person typed in a cell, as the value that was meant; every change of form is counted."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Ways in which sheets say that something is not known or not given.
NOT_KNOWN = frozenset(
    [
        "n/a",
        "na",
        "n.a.",
        "none",
        "null",
        "nil",
        "nan",
        "not",
        "known",
        "unknown",
        "tbc",
        "tba",
        "-",
        "--",
        "–",
        "—",
        ".",
        "..",
        ":",
        "*",
        "x",
        "c",
        "[c]",
        "[x]",
        "[z]",
        "[u]",
        "#n/a",
        "#ref!",
        "#value!",
        "#div/0!",
        "#name?",
        "#null!",
        "#num!",
    ]
) | {"not known", "not available", "not applicable", "not held"}
_YES = frozenset(("yes", "y", "true", "t", "1", "✓", "✔"))
_NO = frozenset(("no", "n", "false", "f", "0", "✗", "✘"))
_SMALL = re.compile(r"^(?:<|less than|under|fewer than|≤|<=)\s*(\d+)$", re.IGNORECASE)
_PLAIN = re.compile(r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")
_GROUPED = re.compile(r"^[+-]?\d{1,3}(?:[,\s']\d{3})+(?:\.\d+)?$")
_COMMA_DECIMAL = re.compile(r"^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+$")
_BRACKETS = re.compile(r"^\((.+)\)$")
#: Longest list of examples or rows in a sentence.
_SHOWN = 5


@dataclass
class Converted:
    """A column after reading, and what was done to it.

    Parameters
    ----------
    cells : list
        ``float`` (``nan`` where not known) or ``str``.
    changes : Counter
        How many cells each change of form touched, in words.
    wrong : list of (int, str, str)
        Position, text as found, what was expected.
    """

    cells: list
    changes: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[int, str, str]] = field(default_factory=list)


def tidy(text: object) -> str:
    """Take outer and doubled white space out of a text, hard spaces and zero-width ones too."""
    plain = str(text).replace("\u200b", "").replace("\ufeff", "")
    return " ".join(plain.split())


def is_not_known(text: str) -> bool:
    """Whether a cell says that nothing is known."""
    return not text or text.casefold() in NOT_KNOWN


def read_texts(cells: Sequence[str]) -> Converted:
    """Texts without stray white space; a cell that says it is not known is empty."""
    out = Converted([])
    for cell in cells:
        text = tidy(cell)
        if text != cell:
            out.changes["stray white space taken out"] += 1
        if text and is_not_known(text) and text not in ("x", "c", "X", "C", "."):
            out.changes[f"{text!r} read as not known"] += 1
            text = ""
        out.cells.append(text)
    return out


def read_yes_no(cells: Sequence[str]) -> Converted:
    """``yes``, ``no`` or empty."""
    out = Converted([])
    for i, cell in enumerate(cells):
        text = tidy(cell).casefold()
        if text in _YES or text in _NO:
            value = "yes" if text in _YES else "no"
            if cell != value:
                out.changes[f"{tidy(cell)!r} read as {value}"] += 1
        else:
            value = ""
            if not is_not_known(text):
                out.wrong.append((i, tidy(cell), "yes or no"))
            elif text:
                out.changes[f"{tidy(cell)!r} read as not known"] += 1
        out.cells.append(value)
    return out


def read_numbers(
    cells: Sequence[str],
    *,
    share: bool = False,
    percent: bool = False,
    suppressed: float | None = None,
    least: float | None = None,
) -> Converted:
    """Read numbers as people write them.

    Parameters
    ----------
    cells : sequence of str
    share : bool
        The column holds shares from 0 to 1: ``23.4%`` is 0.234.
    percent : bool
        The header says that plain numbers are percents.
    suppressed : float, optional
        What a suppressed count such as ``<5`` is taken for; not known when not given.
    least : float, optional
        Smallest value that can be meant.

    Returns
    -------
    Converted
        ``nan`` where a cell is empty, not known, or wrong.

    Examples
    --------
    >>> read = read_numbers(["1,234", "£112,500", "n/a", "<5"])
    >>> read.cells[:2], read.changes["'<5' read as not known (a suppressed count)"]
    ([1234.0, 112500.0], 1)
    >>> read_numbers(["23.4%", "50%"], share=True).cells
    [0.23399999999999999, 0.5]
    """
    texts = [tidy(cell) for cell in cells]
    decimal = _has_comma_decimals(texts)
    out = Converted([])
    for i, text in enumerate(texts):
        value, change, expected = _number(text, decimal, suppressed, share)
        if not expected and least is not None and value < least:
            value, expected = float("nan"), f"{least:g} or more"
        if expected:
            out.wrong.append((i, text, expected))
        elif change:
            out.changes[change] += 1
        out.cells.append(value)
    if share:
        _settle_shares(out, texts, percent)
    return out


def _number(
    text: str, decimal_comma: bool, suppressed: float | None, share: bool
) -> tuple[float, str, str]:
    """Value, what was changed, and what was expected if it is no number."""
    nan = float("nan")
    if _PLAIN.match(text):
        return (
            (nan, "", "a finite number")
            if abs(float(text)) == float("inf")
            else (float(text), "", "")
        )
    if is_not_known(text):
        return nan, f"{text!r} read as not known" if text else "", ""
    if small := _SMALL.match(text):
        if suppressed is None:
            return nan, f"{text!r} read as not known (a suppressed count)", ""
        if suppressed >= float(small[1]):
            return nan, "", f"the value for suppressed counts ({suppressed:g}) to be below this"
        return suppressed, f"{text!r} taken for {suppressed:g}, as the mapping says", ""
    bare, notes = text, []
    if bare.endswith("%"):
        if not share:
            return nan, "", "a number; this is a percentage"
        notes.append("percent sign read as hundredths")
        bare = bare[:-1].strip()
    if bracketed := _BRACKETS.match(bare):
        notes.append("brackets read as a minus sign")
        bare = f"-{bracketed[1]}"
    if re.search("[£€$]|GBP", bare):
        notes.append("currency sign taken out")
        bare = re.sub(r"\s*(?:[£€$]|GBP)\s*", "", bare)
    if bare.startswith("−"):
        bare = "-" + bare[1:]
    if decimal_comma and _COMMA_DECIMAL.match(bare):
        notes.append("decimal comma read")
        bare = bare.replace(".", "").replace(",", ".")
    elif _GROUPED.match(bare):
        notes.append("thousands separators taken out")
        bare = re.sub(r"[,\s']", "", bare)
    if not _PLAIN.match(bare):
        return nan, "", "a number"
    value = float(bare) / 100 if text.endswith("%") else float(bare)
    return value, "; ".join(notes), ""


def _has_comma_decimals(texts: Sequence[str]) -> bool:
    """Whether commas must be decimal ones: some cell has no other sense, and none speaks against.

    ``53,43`` can only be a decimal; ``1,234`` alone is read the British way.
    """
    bare = [re.sub(r"[£€$%\s]", "", text) for text in texts]
    commas = [text for text in bare if re.match(r"^[+-]?[\d.]*,[\d,.]*$", text)]
    if not commas or not all(_COMMA_DECIMAL.match(text) for text in commas):
        return False
    return any(not _GROUPED.match(text) for text in commas)


def _settle_shares(out: Converted, texts: Sequence[str], percent: bool) -> None:
    """Plain numbers of a share column are percents if the header says so, or some are above 1."""
    plain = [i for i, t in enumerate(texts) if not t.endswith("%") and out.cells[i] == out.cells[i]]
    if plain and (percent or any(out.cells[i] > 1 for i in plain)):
        for i in plain:
            out.cells[i] /= 100
        out.changes["numbers up to 100 read as percent"] += len(plain)
    for i, value in enumerate(out.cells):
        if value == value and not 0 <= value <= 1:
            out.cells[i] = float("nan")
            out.wrong.append((i, texts[i], "a share from 0 to 1, or a percentage up to 100"))


def shown(items: Sequence[object]) -> str:
    """The first few of a list and how many more there are."""
    first = ", ".join(str(item) for item in items[:_SHOWN])
    more = len(items) - _SHOWN
    return f"{first} and {more:,} more" if more > 0 else first


def grouped(wrong: Sequence[tuple[int, str, str]]) -> dict[str, list[int]]:
    """Positions of faults by what was expected."""
    by: dict[str, list[int]] = defaultdict(list)
    for position, _, expected in wrong:
        by[expected].append(position)
    return by

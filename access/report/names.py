"""Names of options and sites, short enough for a table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from access.results import StudyResults


def names_of(titles: Sequence[str]) -> str:
    """Join the names of an option that is best in several ways.

    Parameters
    ----------
    titles : sequence of str

    Returns
    -------
    str

    Examples
    --------
    >>> names_of(["Shortest on average", "Best for deprived families"])
    'Shortest on average; best for deprived families'
    """
    first, *others = titles
    return "; ".join([first, *(t[0].lower() + t[1:] for t in others)])


def short_names(results: StudyResults) -> dict[str, str]:
    """Shorten site names for tables: "Park View" for "Park View Children's Centre".

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    dict of str to str
        By id; a stand-in says that it is assumed, and no two are alike.
    """
    sites = results.sites
    endings = [s.one for s in results.study.config.services.values()]
    short: dict[str, str] = {}
    for id_, name, assumed in zip(sites["id"], sites["name"], sites["assumed"], strict=True):
        text = _shortened(str(name), endings)
        short[str(id_)] = (text or str(name)) + (" (assumed)" if assumed else "")
    kinds = dict(zip(sites["id"].astype(str), sites["service"].astype(str), strict=True))
    seen: dict[tuple[str, str], int] = {}
    for id_, text in short.items():
        seen[text, kinds[id_]] = seen.get((text, kinds[id_]), 0) + 1
    full = results.names()
    return {i: t if seen[t, kinds[i]] == 1 else str(full[i]) for i, t in short.items()}


def _shortened(name: str, endings: Sequence[str]) -> str:
    before = ""
    while before != name:
        before = name
        name = re.sub(r"\s*\([^)]*\)\s*$", "", name).strip()
        for ending in endings:
            if name.lower().endswith(ending.lower()):
                name = name[: -len(ending)].strip()
    return name

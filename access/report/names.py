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


#: Words that say what every centre is, and so part none of them from the others.
_GENERAL = ("Youth and Community Centre", "Community Centre", "Youth Club", "youth base")


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
    endings = [s.one for s in results.study.config.services.values()]
    return _told_apart(results, [*endings, *_GENERAL])


def site_names(results: StudyResults) -> dict[str, str]:
    """Give site names without what stands in brackets or after a slash, but with their kind.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    dict of str to str
        By id, for lists that hold sites of several kinds: "Wath Library".
    """
    return _told_apart(results, [])


def _told_apart(results: StudyResults, endings: Sequence[str]) -> dict[str, str]:
    """Shorten every name, and keep in full those that would be alike within a service."""
    sites = results.sites
    short: dict[str, str] = {}
    for id_, name, kind, assumed in sites[["id", "name", "kind", "assumed"]].itertuples(
        index=False
    ):
        text = _shortened(str(name), endings if kind != "candidate" else ())
        short[str(id_)] = (text or str(name)) + (" (assumed)" if assumed else "")
    group = dict(zip(sites["id"].astype(str), sites["service"].astype(str), strict=True))
    seen: dict[tuple[str, str], int] = {}
    for id_, text in short.items():
        seen[text, group[id_]] = seen.get((text, group[id_]), 0) + 1
    full = results.names()
    return {i: t if seen[t, group[i]] == 1 else str(full[i]) for i, t in short.items()}


def _shortened(name: str, endings: Sequence[str]) -> str:
    before = ""
    while before != name:
        before = name
        name = re.sub(r"\s*\([^)]*\)\s*$", "", name).strip()
        name = name.split(" / ", 1)[0]
        for ending in endings:
            if name.lower().endswith(" " + ending.lower()):
                name = name[: -len(ending)].strip()
    return name

"""`build_network`: one door for every source of streets."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx

from access.errors import NetworkError, ParameterError
from access.ledger import sha256_of
from access.network.assemble import assemble
from access.network.graph import Network
from access.network.interchange import network_from_graph, read_graphml
from access.network.profile import PRESETS, Profile
from access.network.slope import Heights, read_heights
from access.network.store import cache_key, kept_network
from access.sources.osm import SUFFIXES, Streets, is_street_file, read_streets


def build_network(
    source: str | Path | Streets | nx.Graph,
    *,
    mode: str | None = None,
    profile: Profile | str | None = None,
    keep: str = "main",
    heights: Heights | str | Path | None = None,
    cache: str | Path | None = None,
) -> Network:
    """Build the streets that one kind of traveller can use.

    Parameters
    ----------
    source : path, Streets or networkx graph
        An OpenStreetMap file (``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``), a GraphML
        file, a networkx or osmnx graph, or what `access.sources.osm.read_streets` read (read
        once, build several modes).
    mode : str, optional
        ``"walk"`` (the default) or ``"drive"``, or the name of any preset profile.
    profile : Profile or str, optional
        Rules and speeds, or a preset's name; the mode's preset when not given.
    keep : str
        ``"main"`` keeps the main connected part (strongly connected for driving) and counts
        what it leaves; ``"all"`` keeps everything.
    heights : Heights or path, optional
        A terrain grid (ESRI ASCII, as OS Terrain 50): walking speeds then follow the slope.
    cache : path, optional
        A folder to keep networks of street files in. What is kept is found again only for the
        same bytes, profile, options and code, and made again if it is damaged.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If the source cannot be read to its end, holds no usable streets, or has bad nodes or
        edges.
    ParameterError
        If mode and profile are unknown or disagree.

    Examples
    --------
    >>> import networkx as nx
    >>> town = nx.Graph()
    >>> town.add_node("a", x=-1.36, y=53.43), town.add_node("b", x=-1.35, y=53.43)
    (None, None)
    >>> town.add_edge("a", "b", length=700.0)
    >>> build_network(town, mode="walk").edge_minutes_forward.tolist()
    [8.75]
    """
    chosen, heights = _with_heights(choose_profile(mode, profile), heights)
    if isinstance(source, nx.Graph):
        return network_from_graph(source, chosen, keep=keep, heights=heights)
    if isinstance(source, Streets):
        return assemble(source, chosen, keep=keep, heights=heights)
    if not isinstance(source, (str, Path)):
        raise ParameterError(
            f"source is a {type(source).__name__}; expected a path, Streets or a networkx graph"
        )
    path = Path(source)
    if cache is None or not path.is_file():
        return _from_file(path, chosen, keep, heights)
    grid = None if heights is None else [
        heights.crs, heights.west, heights.south, heights.cell_m, heights.metres.shape,
        hashlib.sha256(heights.metres.tobytes()).hexdigest(),
    ]  # fmt: skip
    key = cache_key(
        {
            "file": [path.name, sha256_of(path)],
            "profile": chosen.to_dict(),
            "keep": keep,
            "heights": grid,
        }
    )
    return kept_network(cache, key, lambda: _from_file(path, chosen, keep, heights))


def _from_file(path: Path, profile: Profile, keep: str, heights: Heights | None) -> Network:
    if path.name.lower().endswith(".graphml"):
        if not path.is_file():
            raise NetworkError(f"no street file at {path}")
        graph, info = read_graphml(path)
        return network_from_graph(graph, profile, info=info, keep=keep, heights=heights)
    if path.is_file() and not is_street_file(path):
        raise NetworkError(
            f"{path} is not a street file; expected one of {', '.join((*SUFFIXES, '.graphml'))}"
        )
    return assemble(read_streets(path), profile, keep=keep, heights=heights)


def _with_heights(
    profile: Profile, heights: Heights | str | Path | None
) -> tuple[Profile, Heights | None]:
    if heights is None:
        if profile.slope != "none":
            raise ParameterError(
                f"profile {profile.name!r} walks by slope ({profile.slope}), but no heights are "
                "given; give heights=..., or dataclasses.replace(profile, slope='none')"
            )
        return profile, None
    grid = heights if isinstance(heights, Heights) else read_heights(heights)
    return replace(profile, slope="tobler"), grid


def choose_profile(mode: str | None, profile: Profile | str | None) -> Profile:
    """Find the profile that a mode and a profile argument ask for.

    Parameters
    ----------
    mode : str, optional
    profile : Profile or str, optional

    Returns
    -------
    Profile

    Raises
    ------
    ParameterError
        If either is unknown or they disagree.

    Examples
    --------
    >>> choose_profile(None, None).name, choose_profile("walk", "pram_toddler").name
    ('walk', 'pram_toddler')
    """
    if mode is not None and mode not in PRESETS:
        raise ParameterError(f"mode is {mode!r}; expected one of {sorted(PRESETS)}")
    if profile is None:
        return PRESETS[mode or "walk"]
    chosen: Any = Profile.preset(profile) if isinstance(profile, str) else profile
    if not isinstance(chosen, Profile):
        raise ParameterError(
            f"profile is a {type(chosen).__name__}; expected a Profile or one of {sorted(PRESETS)}"
        )
    if mode is not None and PRESETS[mode].mode != chosen.mode:
        raise ParameterError(f"mode is {mode!r} but profile {chosen.name!r} is for {chosen.mode!r}")
    return chosen

"""`build_network`: one door for every source of streets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import networkx as nx

from access.errors import NetworkError, ParameterError
from access.ledger import sha256_of
from access.network.assemble import assemble
from access.network.graph import Network
from access.network.interchange import network_from_graph, read_graphml
from access.network.kept import cache_key, kept_network, network_path
from access.network.profile import PRESETS, Profile
from access.network.slope import Heights, read_heights
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
    key = _key(path, sha256_of(path), chosen, keep, heights)
    return kept_network(cache, key, lambda: _from_file(path, chosen, keep, heights))


def build_networks(
    source: str | Path,
    profiles: Mapping[str, Profile],
    *,
    cache: str | Path | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> dict[str, Network]:
    """Build the streets of several kinds of traveller from one file, read once at most.

    Parameters
    ----------
    source : path
        As for `build_network`.
    profiles : mapping of str to Profile
        By any name.
    cache : path, optional
        As for `build_network`; where every network is kept there, the file is not read.
    progress : callable
        Called with a few words before each step.

    Returns
    -------
    dict of str to Network
        In the order of `profiles`.

    Raises
    ------
    NetworkError
        As in `build_network`.

    Examples
    --------
    >>> build_networks("streets.osm.pbf", {})
    {}
    """
    path = Path(source)
    whole: list[Streets] = []

    def build(name: str, profile: Profile) -> Network:
        # GraphML comes as a graph of one mode's own; a street extract is read once for all
        if path.name.lower().endswith(".graphml"):
            progress(f"building the {name} network")
            return _from_file(path, profile, "main", None)
        if not whole:
            progress(f"reading {path.name}")
            whole.append(read_streets(path))
        progress(f"building the {name} network")
        return assemble(whole[0], profile)

    if cache is None or not path.is_file():
        return {name: build(name, profile) for name, profile in profiles.items()}
    sha256, found = sha256_of(path), {}
    for name, profile in profiles.items():
        key = _key(path, sha256, profile, "main", None)
        if network_path(cache, key).exists():
            progress(f"taking the {name} network kept from an earlier run on {path.name}")
        found[name] = kept_network(cache, key, partial(build, name, profile))
    return found


def _key(path: Path, sha256: str, profile: Profile, keep: str, heights: Heights | None) -> str:
    """Name what decides a network made from a file."""
    grid = None if heights is None else [
        heights.crs, heights.west, heights.south, heights.cell_m, heights.metres.shape,
        hashlib.sha256(heights.metres.tobytes()).hexdigest(),
    ]  # fmt: skip
    parts = {"file": [path.name, sha256], "profile": profile.to_dict(), "keep": keep}
    return cache_key({**parts, "heights": grid})


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

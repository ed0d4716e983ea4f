"""A network as a notebook shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from access.display import html_answer

if TYPE_CHECKING:
    from access.network.graph import Network


def network_html(network: Network) -> str:
    """Write a network for a notebook: whose streets, how many, and of which kind.

    Parameters
    ----------
    network : Network

    Returns
    -------
    str
        Everything escaped.
    """
    km = np.bincount(
        network.edge_class, weights=network.edge_metres / 1000, minlength=len(network.class_names)
    )
    order = np.argsort(-km, kind="stable")
    rows = [(network.class_names[k], f"{km[k]:,.0f}") for k in order[:8] if km[k] > 0]
    rest = float(km[order[8:]].sum())
    if rest > 0:
        rows.append(("all others", f"{rest:,.0f}"))
    sentence = (
        f"Streets to {network.mode} along, from {network.source.name}: {network.n_edges:,} pieces, "
        f"{network.n_nodes:,} junctions and ends, {km.sum():,.0f} km."
    )
    return html_answer(sentence, ["Kind of street", "km"], rows, notes=network.assumptions)

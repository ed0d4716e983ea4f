"""An answer of the optimiser as a notebook shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from access.display import html_answer

if TYPE_CHECKING:
    from access.siting.solution import Solution

_MOST = 40


def solution_html(solution: Solution) -> str:
    """Write an answer for a notebook: the sites, whom they serve, and what is proven.

    Parameters
    ----------
    solution : Solution

    Returns
    -------
    str
        Everything escaped.
    """
    served = solution.to_frame()
    served = served[np.isfinite(served["minutes"].to_numpy(float))]
    groups = served.groupby("site_id")["minutes"]
    areas, longest = groups.size(), groups.max()
    rows = [
        (site, f"{areas.get(site, 0):,}", f"{longest[site]:.1f}" if site in longest else "none")
        for site in solution.chosen[:_MOST]
    ]
    if len(solution.chosen) > _MOST:
        rows.append((f"and {len(solution.chosen) - _MOST:,} more", "", ""))
    proven = [
        f"{goal.goal}: {goal.value:,.6g}"
        + (" (proven)" if goal.proven else f" (bound {goal.bound:,.6g})")
        for goal in solution.goals
    ]
    head = ["Open", "Areas served", "Longest, minutes"] if rows else []
    notes = (*proven, f"How: {solution.method}", *(f"Checked: {c}" for c in solution.checks))
    return html_answer(
        solution.words, head, rows, notes=notes, notes_title="What is proven, and how"
    )

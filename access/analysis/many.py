"""More ways than can be listed: the best searched with a proof, the others drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from access.errors import ParameterError
from access.scenario.criteria import Floats
from access.scenario.options import (
    Closings,
    CriteriaSettings,
    Indices,
    Options,
    ServiceChoice,
    choosable,
    in_pounds,
    list_options,
)
from access.scenario.ranking import supported
from access.scenario.sampled import Found, SampledRanking, stand_in_sample
from access.siting import AtLeast, Demand, Goal, Problem, ServeAll, Solution, alternatives, site
from access.siting.search import Progress

#: Ways drawn; a share is then known within about 0.7 of a percentage point.
_DRAWS = 20_000
_NEAR, _WITHIN = 12, 0.01
#: Nodes after which a search ends without a proof: never a clock, so that bytes stay the same.
_MOST_NODES = 3_000


def _sampled_ranking(
    choice: ServiceChoice,
    settings: CriteriaSettings,
    *,
    mode: str,
    names: Mapping[str, str],
    seed: int,
    draws: int = _DRAWS,
) -> SampledRanking:
    """Place a proposal among all ways without listing them."""
    _, rules = choosable(choice)
    options = list_options(choice, settings, partial(Closings.drawn, draws=draws, seed=seed))
    criteria, left_out = supported([options], None)
    found, near = _searched(options, rules, criteria)
    made = stand_in_sample(
        options,
        found,
        near,
        criteria=criteria,
        rules=rules,
        seed=seed,
        absolute_gap=settings.absolute_gap,
        mode=mode,
        names=names,
    )
    return replace(made, notes=(*made.notes, *left_out))


def _searched(
    options: Options, rules: Closings, criteria: tuple[str, ...]
) -> tuple[dict[str, Found], list[Indices]]:
    """Search for the best way by every measure that can be proven, and for those near it."""
    ready = options.ready
    goals = {
        "mean": (Goal.mean(), 0),
        "weighted_mean": (Goal.mean(), 1),
        "worst": (Goal.worst(), 0),
        "share_beyond": (Goal.left_out(ready.threshold_minutes), 0),
    }
    found, near = {}, []
    for criterion, (goal, column) in goals.items():
        # what is nearest changes from minute to minute: no search weighs that, samples do
        if criterion not in criteria or ready.marks > 1:
            continue
        problem = _problem(options, rules, goal, ready.weights[:, column])
        if criterion == "mean":
            try:
                several = alternatives(problem, _NEAR, within=_WITHIN, progress=_not_for_ever)
            except ParameterError:  # every way leaves somebody out of reach
                continue
            best = several.best
            near = [_positions(chosen, options) for chosen in several.table["chosen"]]
        else:
            best = site(problem, progress=_not_for_ever)
        if best.chosen:
            found[criterion] = _found(best, criterion, options)
    if "savings" in criteria:
        found["savings"] = _most_saved(options, rules)
    return found, near


def _not_for_ever(search: Progress) -> bool:
    return search.nodes < _MOST_NODES


def _problem(options: Options, rules: Closings, goal: Goal, weights: Floats) -> Problem:
    """Put the choice as a siting problem; what is open in every option is one more site."""
    ready, n = options.ready, len(options.ids)
    minutes = ready.values[ready.places].T
    always = ready.values[ready.always]
    locked = sorted(set(range(n)) - set(rules.free.tolist()))
    keep = rules.sites - rules.closing
    if np.isfinite(always).any():
        minutes, locked, keep = np.column_stack([minutes, always]), [*locked, n], keep + 1
    least = [
        AtLeast(tuple(str(j) for j in where), count, name)
        for name, (where, count) in rules.rules.items()
        if count
    ]
    # families out of reach are beyond every threshold; no mean counts without them
    serve = [] if goal.kinds == {"left_out"} else [ServeAll()]
    return Problem(
        Demand(minutes, weights),
        p=keep,
        goals=goal,
        locked_open=[str(j) for j in locked],
        rules=(*least, *serve),
    )


def _positions(chosen: tuple[str, ...], options: Options) -> Indices:
    return np.array(sorted(int(j) for j in chosen if int(j) < len(options.ids)), dtype=np.intp)


def _found(best: Solution, criterion: str, options: Options) -> Found:
    bound = best.bound
    if criterion == "share_beyond":
        families = options.ready.totals[0] + options.ready.never_reached
        bound = (bound + options.ready.never_reached) / families
    return Found(_positions(best.chosen, options), bound, best.status == "proven_optimal")


def _most_saved(options: Options, rules: Closings) -> Found:
    """Close the dearest sites that the rules let close: the greedy choice is the best (matroid)."""
    saved = np.array([options.site_savings.get(i, 0.0) for i in options.ids])
    group = {int(j): k for k, (where, _) in enumerate(rules.groups) for j in where}
    left = [most for _, most in rules.groups]
    closed: list[int] = []
    for j in sorted(group, key=lambda j: (-saved[j], j)):
        if len(closed) < rules.closing and left[group[j]] > 0:
            closed.append(j)
            left[group[j]] -= 1
    kept = np.array([j for j in range(rules.sites) if j not in set(closed)], dtype=np.intp)
    return Found(kept, float(in_pounds(saved[closed].sum())), proven=True)

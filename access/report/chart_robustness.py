"""A chart of how sure a ranking is: how often each option is best when what is uncertain varies."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from access.maps.style import CATEGORICAL, QUIET
from access.report.chart import Chart, label_bars
from access.scenario import Robustness
from access.scenario.ranking import CRITERION_WORDS
from access.scenario.words import list_words, named

_LABEL_CHARACTERS = 34
_BAR, _LINE = 0.18, 0.17
"""Inches that a bar, and each line of its label, add to the picture's height."""


def robustness_chart(
    robustness: Robustness, criterion: str = "mean", *, most: int = 8, caption: str = ""
) -> Chart:
    """How often each option is best when what is uncertain varies.

    Parameters
    ----------
    robustness : Robustness
        Its `names` label the bars; ids stand where no name is known.
    criterion : str
    most : int
        Options shown; the others are put together.
    caption : str

    Returns
    -------
    Chart

    Raises
    ------
    ParameterError
        If the criterion is not one of these.
    """
    table = robustness.best_options(criterion)
    shown = table.head(most)
    closed = [_closing(named(ids, robustness.names)) for ids in shown["closed"]]
    shares = [100 * s for s in shown["share"]]
    if len(table) > most:
        rest = len(table) - most
        closed.append(f"{rest:,} other{'s' if rest > 1 else ''}")
        shares.append(100 * float(table["share"].iloc[most:].sum()))
    mine = set(robustness.proposal or ())
    colours = [CATEGORICAL[3] if set(k) == mine else CATEGORICAL[0] for k in shown["kept"]]
    colours += [QUIET] * (len(closed) - len(colours))
    own = table[[set(k) == mine for k in table["kept"]]]
    share = 100 * float(own["share"].sum()) if len(own) else 0.0
    title = (
        f"{closed[0][0].upper()}{closed[0][1:]} is best in {_percent(shares[0])} of "
        f"{len(robustness.draws):,} settings"
    )
    if robustness.proposal is not None:
        title += f", the proposal in {_percent(share) if share else 'none'}"
    pairs = zip(closed, shares, strict=True)
    alt = (
        f"Bar chart of how often each option is best by {CRITERION_WORDS[criterion]}: "
        + "; ".join(f"{words} {_percent(s)}" for words, s in pairs)
        + "."
    )
    labels = [textwrap.wrap(_capital(words), _LABEL_CHARACTERS) for words in closed]

    def draw(figure: Figure, axes: Axes) -> None:
        # bars stand as far apart as their labels have lines, so that no two labels touch
        tall = np.array([_BAR + _LINE * len(lines) for lines in labels])
        places = np.cumsum(tall) - tall / 2
        axes.barh(places, shares, color=colours, height=0.3)
        axes.set_yticks(places, ["\n".join(lines) for lines in labels])
        axes.set_ylim(tall.sum(), 0)
        label_bars(axes, shares, [_percent(s) for s in shares], places)
        axes.set_xlabel(f"share of settings in which it is best by {CRITERION_WORDS[criterion]}")

    plain = "Varied: " + "; ".join(robustness.notes[:6]) + "."
    height = sum(_BAR + _LINE * len(lines) for lines in labels) + 0.6
    return Chart(title, alt, caption or plain, draw, (6.8, height))


def _closing(names: Sequence[str]) -> str:
    return f"closing {list_words(names)}" if names else "closing nothing"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _percent(share: float) -> str:
    return "under 1 %" if 0 < share < 1 else f"{share:.0f} %"

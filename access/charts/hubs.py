"""How the average trip falls with the number of Family Hubs, as a picture."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from access.analysis.results import StudyResults
from access.charts.chart import Chart
from access.charts.style import CATEGORICAL, INK, PAPER
from access.errors import ParameterError
from access.labels import trip
from access.siting.hubs import HubSearch


def hub_chart(results: StudyResults, found: HubSearch, mode: str, among: int) -> Chart:
    """Draw the least mean minutes by number of hubs, and where the council's choice lies."""
    minutes = found.curve_frame()["mean_minutes"].astype(float)
    if minutes.empty:
        raise ParameterError("no number of hubs has an answer to draw")
    n, mean, trips = len(found.best.chosen), float(found.best.objective), trip(mode)
    title = f"The best {n} hubs have a mean {trips} of {mean:.1f} minutes"
    council = found.council
    alt = "Line of the least mean minutes by number of hubs: " + (
        "; ".join(f"{p} hubs {m:.1f}" for p, m in minutes.items()) + "."
    )
    if council is not None:
        title += f", the council's {len(council.chosen)} one of {council.mean_minutes:.1f}"
        alt += f" A cross marks the council's {len(council.chosen)}: {council.mean_minutes:.1f}."

    def draw(figure: Figure, axes: Axes) -> None:
        axes.plot(minutes.index, minutes, color=CATEGORICAL[0], marker="o", markersize=5)
        for p, m in minutes.items():
            axes.annotate(
                f"{m:.0f}", (float(str(p)), m), xytext=(4, 5), textcoords="offset points",
                fontsize=9,
            )  # fmt: skip
        if council is not None:
            at = (len(council.chosen), council.mean_minutes)
            axes.plot(*at, "X", markersize=11, color=CATEGORICAL[3], markeredgecolor=INK)
            axes.annotate(
                "the council's choice", at, xytext=(10, -3), textcoords="offset points",
                fontsize=10, fontweight="bold",
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.0},
            )  # fmt: skip
        axes.set_xticks(minutes.index.tolist())
        axes.set_ylim(0, None)
        axes.set_xlabel("number of hubs, each at the best places for as many")
        axes.set_ylabel("mean minutes")

    below = (
        f"Mean {trips} to the nearest hub, families of all services by their shares, "
        f"{results.study.config.study.place}. {among} sites to choose from. "
        f"{results.streets.split('. ')[0].rstrip('.')}."
    )
    return Chart(title, alt, below, draw, (6.8, 3.8))

"""A study's answers in Jupyter: one call a question, results that read as a sentence and a table.

Nothing is worked out here: every method hands the question to the room that answers it.
"""

from access.maps.ground import area_chart, places_chart, streets_chart
from access.notebook.answers import Answers, answer
from access.notebook.change_views import (
    ImpactAnswer,
    OfferAnswer,
    RankingAnswer,
    RobustnessAnswer,
    WeightsAnswer,
)
from access.notebook.place_views import HubView, TodayAnswer
from access.notebook.reach_views import PathAnswer, ReachAnswer, WithinAnswer
from access.notebook.tables import (
    CheckAnswer,
    FrameAnswer,
    StreetsAnswer,
    TableAnswer,
    check,
    find_streets,
    register,
    sources,
)

__all__ = [
    "Answers",
    "CheckAnswer",
    "RobustnessAnswer",
    "FrameAnswer",
    "HubView",
    "ImpactAnswer",
    "OfferAnswer",
    "PathAnswer",
    "RankingAnswer",
    "ReachAnswer",
    "StreetsAnswer",
    "TableAnswer",
    "TodayAnswer",
    "WeightsAnswer",
    "WithinAnswer",
    "answer",
    "area_chart",
    "check",
    "find_streets",
    "places_chart",
    "register",
    "sources",
    "streets_chart",
]

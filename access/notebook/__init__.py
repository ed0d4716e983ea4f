"""A study's answers in Jupyter: one call a question, results that read as a sentence and a table.

Nothing is worked out here: every method hands the question to the room that answers it.
"""

from access.notebook.answers import Answers, answer
from access.notebook.drawing import area_chart, places_chart, streets_chart
from access.notebook.firmness import FirmnessAnswer, WeightsAnswer
from access.notebook.hubs import HubsAnswer
from access.notebook.impacts import ImpactAnswer
from access.notebook.rankings import RankingAnswer
from access.notebook.register import FrameAnswer, register, sources
from access.notebook.starting import CheckAnswer, StreetsAnswer, check, find_streets
from access.notebook.tables import TableAnswer
from access.notebook.today import TodayAnswer

__all__ = [
    "Answers",
    "CheckAnswer",
    "FirmnessAnswer",
    "FrameAnswer",
    "HubsAnswer",
    "ImpactAnswer",
    "RankingAnswer",
    "StreetsAnswer",
    "TableAnswer",
    "TodayAnswer",
    "WeightsAnswer",
    "answer",
    "area_chart",
    "check",
    "find_streets",
    "places_chart",
    "register",
    "sources",
    "streets_chart",
]

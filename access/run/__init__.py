"""The main job, from study folder to outputs."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from access.analysis.job import measure_study, run_job
    from access.analysis.results import StudyResults
    from access.run.summary import summary_of
    from access.run.write import write_outputs

__all__ = ["measure_study", "run_job", "summary_of", "write_outputs"]
_HOME_OF = {
    "measure_study": "access.analysis.job",
    "run_job": "access.analysis.job",
    "summary_of": "access.run.summary",
    "write_outputs": "access.run.write",
}


def draw_ahead(results: "StudyResults", *, progress: Callable[[str], None]) -> None:
    """Draw how firm the rankings are, and the areas: both are kept; and import what writes."""
    from access.analysis.results import Parts
    from access.maps.ground import MapGround
    from access.report.robustness import StudyRobustness

    import_module("access.run.write")
    StudyRobustness(results).draw(progress=progress, parts=Parts())
    Parts().make("the areas' cells", lambda: MapGround(results).cells)


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: who asks a question draws no map."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'access.run' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)

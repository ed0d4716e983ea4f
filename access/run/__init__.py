"""The main job, from study folder to outputs."""

from access.analysis.job import measure_study, run_job
from access.run.summary import summary_of
from access.run.write import write_outputs

__all__ = ["measure_study", "run_job", "summary_of", "write_outputs"]

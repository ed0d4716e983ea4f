"""The main job, from study folder to outputs."""

from access.run.job import measure_study, run_job
from access.run.tables import summary_of
from access.run.write import write_outputs

__all__ = ["measure_study", "run_job", "summary_of", "write_outputs"]

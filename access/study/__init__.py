"""What goes in: study folders, their settings and tables, checked."""

from access.study.config import StudyConfig, read_config
from access.study.study import Study, find_study, load_study

__all__ = ["Study", "StudyConfig", "find_study", "load_study", "read_config"]

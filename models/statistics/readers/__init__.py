"""Multi-reader multi-case analysis of reader studies: numpy and scipy only."""

from models.statistics.readers.analysis import analyse
from models.statistics.readers.config import ReaderConfig
from models.statistics.readers.study import Study

__all__ = ["ReaderConfig", "Study", "analyse"]

"""Where in an organ is dose dangerous: outcome = ⟨dose, map⟩ + clinical terms, over a common space."""

from models.dose_maps.analysis import analyse as analyse
from models.dose_maps.config import MapConfig as MapConfig
from models.dose_maps.effective import effective_dose_gy as effective_dose_gy
from models.dose_maps.effective import effective_dose_map as effective_dose_map
from models.dose_maps.study import Outcome as Outcome
from models.dose_maps.study import Study as Study
from models.dose_maps.work import Progress as Progress
from models.dose_maps.work import Run as Run

"""Common space of an organ: registration of surfaces, mean shape, doses on it, and dose accumulation."""

from models.organ_space.accumulation import Accumulated, accumulate
from models.organ_space.config import RegistrationConfig, SpaceConfig
from models.organ_space.drift import register
from models.organ_space.organ import Organ
from models.organ_space.registration import Registration
from models.organ_space.space import CommonSpace, common_space
from models.organ_space.surface import surface_points

__all__ = [
    "Accumulated", "CommonSpace", "Organ", "Registration", "RegistrationConfig", "SpaceConfig", "accumulate",
    "common_space", "register", "surface_points",
]  # fmt: skip

"""Settings of the common organ space; what cannot be meant is refused when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from models.organ_space.errors import BadPoints

Side = Literal["L", "R"]


@dataclass(frozen=True)
class RegistrationConfig:
    """Of one point set to another."""

    width: float = 0.6
    """Of the Gaussian kernel of the displacement, in root mean square radii of the moving points: the larger,
    the more points move together (β of coherent point drift)."""
    stiffness: float = 0.1
    """Weight of the displacement's norm against the distances (λ)."""
    outliers: float = 0.05
    """Share of the fixed points that belong to nothing (w)."""
    centres: int = 250
    """Points that carry the displacement (Nyström)."""
    iterations: int = 60
    """At most, of the non-rigid part."""
    tolerance: float = 1e-3
    """Relative change of the mixture's deviation at which it ends."""
    affine: bool = True
    """Whether scale and shear come before the non-rigid part, or only rotation and translation."""
    variance: bool = False
    """Whether the uncertainty of the displacement widens the mixture (the variance term of Bayesian coherent
    point drift)."""
    device: str = "cpu"
    """Of the expectation step: `cpu` truncates by a k-d tree, any other is a device of torch and takes all
    pairs in blocks."""
    seed: int = 0
    """Of the farthest-point order."""

    def __post_init__(self) -> None:
        if self.width <= 0 or self.stiffness <= 0 or not 0 <= self.outliers < 1:
            raise BadPoints("width and stiffness have to be positive, outliers a share below 1")
        if self.centres < 4 or self.iterations < 1 or self.tolerance <= 0:
            raise BadPoints("too few centres or iterations, or a tolerance that is not positive")


@dataclass(frozen=True)
class SpaceConfig:
    """Of the common space of an organ."""

    registration: RegistrationConfig = field(default_factory=RegistrationConfig)
    points: int = 1500
    """On each surface."""
    size: int = 32
    """Voxels of the template's box along its longest side."""
    rounds: int = 2
    """Of averaging, after the first template."""
    mirror_to: Side | None = None
    """The side to which organs of the other are mirrored; None refuses organs of both."""
    max_folded: float = 0.01
    """Share of an organ's voxels whose Jacobian determinant may be not positive."""
    min_dice: float = 0.8
    """Between an organ and the warped template."""
    speck: float = 0.02
    """Share of a structure's volume that may lie apart and is left out."""

    def __post_init__(self) -> None:
        if self.points < 50 or self.size < 8 or self.rounds < 0:
            raise BadPoints("at least 50 points, 8 voxels and no negative number of rounds are needed")
        if not (0 <= self.max_folded < 1 and 0 <= self.min_dice < 1 and 0 <= self.speck < 0.5):
            raise BadPoints("shares have to lie between 0 and 1, specks below a half")

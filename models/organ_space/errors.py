"""What the common organ space refuses, each with the patient or the number that is at fault.

OrganSpaceError
├── EmptySurface         a structure without a voxel, or of too few for a surface
├── DisconnectedSurface  a structure in several parts
├── OppositeSides        organs of both sides, and nothing said about mirroring
├── FoldedWarp           a warp that turns a part of the organ inside out
├── PoorOverlap          an organ that its warp does not cover
├── DoseUnknown          no dose, or none over the whole organ
├── TooFewOrgans         fewer organs than make a mean
└── BadPoints            points that are none, or too few, or settings that mean nothing
"""

from __future__ import annotations

from rt.errors import RtError


class OrganSpaceError(RtError):
    """Organs that cannot be brought to a common space."""

    slug = "bad-organ-space"


class EmptySurface(OrganSpaceError):
    """A structure without a voxel, or of too few for a surface."""

    slug = "empty-surface"


class DisconnectedSurface(OrganSpaceError):
    """A structure in several parts, of which none can be left out as a speck."""

    slug = "disconnected-surface"


class OppositeSides(OrganSpaceError):
    """Organs of the left and of the right, and nothing said about mirroring."""

    slug = "opposite-sides"


class FoldedWarp(OrganSpaceError):
    """A warp whose Jacobian determinant is not positive in more of the organ than is allowed."""

    slug = "folded-warp"


class PoorOverlap(OrganSpaceError):
    """An organ that the warped template, or the warped organ of another fraction, does not cover."""

    slug = "poor-overlap"


class DoseUnknown(OrganSpaceError):
    """There is no dose, or it does not reach all of the organ."""

    slug = "dose-unknown"


class TooFewOrgans(OrganSpaceError):
    """Fewer organs than make a mean."""

    slug = "too-few-organs"


class BadPoints(OrganSpaceError):
    """Points that are no numbers, too few, or in one plane; or settings that mean nothing."""

    slug = "bad-points"

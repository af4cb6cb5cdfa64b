"""Structures of a patient from those of the patients most like him: registration and label fusion.

Each candidate is laid over the patient by an affine registration at a coarse grid, and the most similar ones
that have the structure are kept.  Around the structure each is then aligned again and bent (demons), its
label goes the same way, and the labels vote.  Nothing is learnt: a prediction pays for every registration.
After Heckemann et al. 2006 (doi:10.1016/j.neuroimage.2006.05.061; majority) and Artaechevarria et al. 2009
(doi:10.1109/TMI.2008.2011559; votes weighted by local likeness).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from models.data import Sample
from models.inference.segment import Prediction
from models.preprocessing import NetworkImage
from rt.geometry import Grid
from rt.resample import to_image

COARSE = 3
"""The affine registration sees every so many voxels, averaged."""
LIKENESS_SIGMA = 2.0
"""Reach of the local likeness, in voxels."""
LIKENESS_POWER = 2.0
"""A vote counts by (local mean squared difference) to the power of minus this."""


@dataclass(frozen=True)
class AtlasOptions:
    """How many atlases, from how many candidates, and how they vote."""

    atlases: int = 5
    candidates: int = 30
    """Training patients that are tried, evenly spread over all; every one costs an affine registration."""
    fusion: Literal["majority", "local"] = "local"
    margin_mm: float = 24.0
    """Around what the affine registration says of a structure."""
    iterations: int = 40
    """Of the demons."""
    smoothing: float = 1.5
    """Sigma of the smoothed displacements, in voxels."""

    def __post_init__(self) -> None:
        if self.fusion not in ("majority", "local") or min(self.atlases, self.candidates) < 1:
            raise TypeError(f"fusion {self.fusion!r} of {self.atlases} out of {self.candidates} atlases")


@dataclass(frozen=True)
class Atlas:
    """A patient whose structures are known."""

    image: sitk.Image
    """float32 in the network's range."""
    coarse: sitk.Image
    labels: dict[str, sitk.Image]
    """float32, 1 inside, of the known structures that are not empty."""

    @classmethod
    def of(cls, sample: Sample, values: npt.NDArray[np.float32], structures: tuple[str, ...]) -> Atlas:
        """The sample with its voxels `values` in the network's range; millimetres from its own corner."""
        grid = Grid.of(values.shape, [1.0] * 3, [0.0] * 3, np.eye(3))
        masks = {
            name: (sample.labels >> index & 1).astype(np.float32)
            for index, name in enumerate(structures)
            if sample.known[index]
        }
        labels = {name: to_image(mask, grid) for name, mask in masks.items() if mask.any()}
        image = to_image(values, grid)
        return cls(image, _coarse(image), labels)


@dataclass(frozen=True)
class _Laid:
    """An atlas laid over the patient."""

    atlas: Atlas
    transform: sitk.Transform
    unlikeness: float


def predict_from_atlases(
    atlases: Sequence[Atlas], structures: tuple[str, ...], image: NetworkImage, options: AtlasOptions
) -> Prediction:
    """Share of votes per structure (structures, k, j, i), 0 far from where any atlas has it."""
    values = image.values_kji
    own = Grid.of(values.shape, [1.0] * 3, [0.0] * 3, np.eye(3))
    fixed = to_image(values, own)
    coarse = _coarse(fixed)
    step = max(1, len(atlases) // options.candidates)
    laid = [_lay(coarse, atlas) for atlas in atlases[::step][: options.candidates]]
    laid.sort(key=lambda one: one.unlikeness)
    votes = np.zeros((len(structures), *values.shape), dtype=np.float16)
    for index, name in enumerate(structures):
        nearest = [one for one in laid if name in one.atlas.labels][: options.atlases]
        box = _region(fixed, nearest, name, options.margin_mm / image.grid.spacing_ijk_mm[0])
        if box is not None:
            part = (slice(box[2], box[5]), slice(box[1], box[4]), slice(box[0], box[3]))
            region = fixed[box[0] : box[3], box[1] : box[4], box[2] : box[5]]
            bent = [_bend(region, one, name, options) for one in nearest]
            votes[(index, *part)] = _fused(sitk.GetArrayFromImage(region), bent, options)
    return Prediction(votes, image.grid)


def _coarse(image: sitk.Image) -> sitk.Image:
    shrunk: sitk.Image = sitk.BinShrink(image, [min(COARSE, max(1, n // 8)) for n in image.GetSize()])
    return shrunk


def _lay(fixed: sitk.Image, atlas: Atlas) -> _Laid:
    """Affine, from where the two bodies' centres of mass meet; unlikeness is minus the correlation."""
    start = sitk.CenteredTransformInitializer(
        fixed + 1.0,
        atlas.coarse + 1.0,
        sitk.AffineTransform(3),
        sitk.CenteredTransformInitializerFilter.MOMENTS,
    )
    transform, unlikeness = _affine(fixed, atlas.coarse, start, 60)
    return _Laid(atlas, transform, unlikeness)


def _affine(
    fixed: sitk.Image, moving: sitk.Image, start: sitk.Transform, iterations: int
) -> tuple[sitk.Transform, float]:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, iterations, relaxationFactor=0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=False)
    try:
        found = method.Execute(fixed, moving)
    except RuntimeError:  # the two do not overlap: such an atlas is the least like
        return start, 0.0
    return found, float(method.GetMetricValue())


def _region(
    fixed: sitk.Image, laid: Sequence[_Laid], name: str, margin: float
) -> tuple[int, int, int, int, int, int] | None:
    """Box (i, j, k from, i, j, k to) around the structure as the affine registrations have it."""
    moved = (
        sitk.GetArrayViewFromImage(_moved(one.atlas.labels[name], fixed, one.transform, 0.0)) > 0.5
        for one in laid
    )
    anywhere = reduce(np.logical_or, moved, np.zeros(fixed.GetSize()[::-1], dtype=bool))
    where = np.argwhere(anywhere)
    if len(where) == 0:
        return None
    low = np.maximum(where.min(axis=0) - margin, 0).astype(int)[::-1]
    high = np.minimum(where.max(axis=0) + margin + 1, anywhere.shape).astype(int)[::-1]
    return (int(low[0]), int(low[1]), int(low[2]), int(high[0]), int(high[1]), int(high[2]))


def _bend(
    region: sitk.Image, one: _Laid, name: str, options: AtlasOptions
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The atlas and its label on the region: aligned again there, then bent."""
    refined, unlikeness = _affine(region, one.atlas.image, sitk.Transform(one.transform), 40)
    if unlikeness >= 0:
        refined = one.transform
    near = _moved(one.atlas.image, region, refined, -1.0)
    demons = sitk.FastSymmetricForcesDemonsRegistrationFilter()
    demons.SetNumberOfIterations(options.iterations)
    demons.SetSmoothDisplacementField(True)
    demons.SetStandardDeviations(options.smoothing)
    field = demons.Execute(region, near)
    bending = sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64))
    image = _moved(near, region, bending, -1.0)
    label = _moved(_moved(one.atlas.labels[name], region, refined, 0.0), region, bending, 0.0)
    return sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(label)


def _moved(image: sitk.Image, onto: sitk.Image, transform: sitk.Transform, outside: float) -> sitk.Image:
    return sitk.Resample(image, onto, transform, sitk.sitkLinear, outside, sitk.sitkFloat32)


def _fused(
    fixed: npt.NDArray[np.float32],
    bent: Sequence[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]],
    options: AtlasOptions,
) -> npt.NDArray[np.float32]:
    total, weights = np.zeros_like(fixed), np.zeros_like(fixed)
    for image, label in bent:
        weight = np.ones_like(fixed)
        if options.fusion == "local":
            unlike = ndimage.gaussian_filter((image - fixed) ** 2, LIKENESS_SIGMA)
            weight = ((unlike + 1e-3) ** -LIKENESS_POWER).astype(np.float32)
        total += weight * label
        weights += weight
    share: npt.NDArray[np.float32] = total / weights
    return share

"""One delineation out of several readers': STAPLE, majority vote, and where they disagree.

Masks are (k, j, i) on one grid, one a reader.  STAPLE works on a box around the union: far from it all
agree, and what all agree on would only raise every reader's specificity towards 1 (Warfield 2004, §IV).
Voxels on which the readers decide alike and whose prior is alike share one posterior, so that the cost of
an iteration is the number of such groups, not of voxels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from rt.errors import ConsensusError, MaskError
from rt.geometry import FloatArray, Grid
from rt.masks import Box, Mask, bounding_box, padded_box

_Codes = npt.NDArray[np.int64]

MOST_READERS = 62
"""Decisions on a voxel are the bits of one integer."""
FIRST_RATE = 0.99999
"""Sensitivity and specificity never leave [1 - this, this]: a rate of 1 would forbid what was seen."""


@dataclass(frozen=True)
class StapleConfig:
    """How STAPLE is run."""

    margin_mm: float = 10.0
    """The box around the union of all masks is grown by so much."""
    tolerance: float = 1e-10
    """Converged when no sensitivity or specificity moves by more between two iterations."""
    iterations: int = 2000
    """At most."""
    prior_kji: FloatArray | None = None
    """Probability of each voxel before anybody drew, in (0, 1), on the masks' grid; None: the mean share of
    voxels drawn, the same everywhere (as in ITK)."""


@dataclass(frozen=True)
class Staple:
    """What STAPLE estimates."""

    probability_kji: FloatArray
    """That the voxel belongs to the structure; 0 outside `region`."""
    region: Box
    """The voxels (k, j, i) that were looked at."""
    sensitivity: tuple[float, ...]
    """P(drawn | inside) of each reader, in the order of the masks."""
    specificity: tuple[float, ...]
    """P(not drawn | outside) of each reader, within the region."""
    iterations: int
    converged: bool

    @property
    def mask_kji(self) -> Mask:
        """Voxels that are more likely inside than not."""
        inside: Mask = self.probability_kji > 0.5
        return inside


@dataclass(frozen=True)
class Region:
    """Connected voxels that the same readers drew and the same others did not."""

    number: int
    """From 1; its voxels' value in `Disagreement.regions_kji`."""
    included_by: tuple[int, ...]
    """Readers who drew it, as indices of the masks, ascending."""
    voxels: int
    volume_ml: float
    centre_kji: tuple[int, int, int]
    """A voxel of the region near its middle."""


@dataclass(frozen=True)
class Disagreement:
    """Regions of disagreement, largest first."""

    regions: tuple[Region, ...]
    regions_kji: npt.NDArray[np.int32]
    """Number of the region of each voxel; 0 where there is none."""
    left_out_ml: float
    """Volume of disagreement in pieces smaller than asked for."""


def staple(masks_kji: Sequence[Mask], grid: Grid, config: StapleConfig | None = None) -> Staple:
    """The probability of each voxel and every reader's sensitivity and specificity, by maximum likelihood.

    Expectation and maximisation take turns, beginning with the mean of the masks, until no rate moves by
    more than the tolerance.  Warfield, Zou, Wells 2004, doi:10.1109/TMI.2004.828354.

    Raises
    ------
    ConsensusError
        Fewer than two masks, nothing drawn in any, or a prior that is not a probability of each voxel.
    MaskError
        Masks that are not on the grid.
    """
    config = config or StapleConfig()
    _check(masks_kji, grid)
    region = _region(masks_kji, grid, config.margin_mm)
    codes = _decisions(masks_kji, region)
    prior = _prior(config.prior_kji, grid, region, codes, len(masks_kji))
    first, place, counts = _groups(codes.ravel(), prior)
    drawn = (codes.ravel()[first][None, :] >> np.arange(len(masks_kji))[:, None] & 1).astype(bool)
    found = _maximise(drawn, np.broadcast_to(prior, codes.size)[first], counts.astype(np.float64), config)
    probability = np.zeros(grid.shape_kji)
    probability[region] = found.posterior[place].reshape(codes.shape)
    return Staple(
        probability, region, tuple(found.sensitivity.tolist()), tuple(found.specificity.tolist()),
        found.iterations, found.converged,
    )  # fmt: skip


def _groups(codes: _Codes, prior: FloatArray) -> tuple[_Codes, _Codes, _Codes]:
    """Voxels of one decision and one prior: first of each group, group of each voxel, size of each."""
    if prior.size == 1:
        _, first, place, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    else:
        keys = np.rec.fromarrays([codes, prior])
        _, first, place, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    return first, place, counts


@dataclass(frozen=True)
class _Found:
    posterior: FloatArray
    sensitivity: FloatArray
    specificity: FloatArray
    iterations: int
    converged: bool


def _maximise(drawn: Mask, prior: FloatArray, counts: FloatArray, config: StapleConfig) -> _Found:
    """Expectation-maximisation over groups: `drawn` (readers, groups), `prior` and `counts` (groups)."""
    posterior = drawn.mean(axis=0)
    sensitivity = specificity = np.full(len(drawn), -1.0)
    for iteration in range(1, config.iterations + 1):
        inside, outside = counts * posterior, counts * (1 - posterior)
        before = np.concatenate([sensitivity, specificity])
        sensitivity = _rate(drawn @ inside, inside.sum())
        specificity = _rate(~drawn @ outside, outside.sum())
        posterior = _posterior(drawn, prior, sensitivity, specificity)
        moved = float(np.abs(np.concatenate([sensitivity, specificity]) - before).max())
        if moved <= config.tolerance:
            return _Found(posterior, sensitivity, specificity, iteration, True)
    return _Found(posterior, sensitivity, specificity, config.iterations, False)


def _posterior(
    drawn: Mask, prior: FloatArray, sensitivity: FloatArray, specificity: FloatArray
) -> FloatArray:
    p, q = sensitivity[:, None], specificity[:, None]
    inside = np.log(prior) + np.where(drawn, np.log(p), np.log1p(-p)).sum(axis=0)
    outside = np.log1p(-prior) + np.where(drawn, np.log1p(-q), np.log(q)).sum(axis=0)
    likely: FloatArray = 1.0 / (1.0 + np.exp(np.clip(outside - inside, -700.0, 700.0)))
    return likely


def _rate(hits: FloatArray, total: float) -> FloatArray:
    return np.clip(hits / max(total, np.finfo(np.float64).tiny), 1 - FIRST_RATE, FIRST_RATE)


def majority(masks_kji: Sequence[Mask], grid: Grid) -> Mask:
    """Voxels that more than half of the readers drew; half of them is not enough."""
    return np.asarray(2 * _votes(masks_kji, grid) > len(masks_kji), dtype=np.bool_)


def share(masks_kji: Sequence[Mask], grid: Grid) -> npt.NDArray[np.float32]:
    """Share of the readers who drew each voxel, 0 to 1."""
    shares = _votes(masks_kji, grid).astype(np.float32)
    shares /= np.float32(len(masks_kji))
    return shares


def _votes(masks_kji: Sequence[Mask], grid: Grid) -> npt.NDArray[np.uint16]:
    """How many readers drew each voxel; one mask after the other, for together they are large."""
    _check(masks_kji, grid)
    votes = np.zeros(grid.shape_kji, dtype=np.uint16)
    for mask in masks_kji:
        votes += mask
    return votes


def entropy_bits(masks_kji: Sequence[Mask], grid: Grid) -> npt.NDArray[np.float32]:
    """Shannon entropy of the readers' decision on each voxel in bits: 0 where all agree, 1 at half."""
    drawn = share(masks_kji, grid)
    bits = np.zeros(grid.shape_kji, dtype=np.float32)
    split = (drawn > 0) & (drawn < 1)
    p = drawn[split]
    bits[split] = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return bits


def disagreement(masks_kji: Sequence[Mask], grid: Grid, smallest_ml: float = 0.0) -> Disagreement:
    """Regions to decide on, largest first: voxels that touch by a face and that the same readers drew.

    Pieces smaller than `smallest_ml` are not listed; `left_out_ml` says how much that is.
    """
    _check(masks_kji, grid)
    box = _region(masks_kji, grid, 0.0)
    codes = _decisions(masks_kji, box)
    everybody = (1 << len(masks_kji)) - 1
    numbers = np.zeros(codes.shape, dtype=np.int32)
    found: list[tuple[int, int, tuple[int, int, int], Mask, tuple[slice, ...]]] = []
    left_out = 0
    for code in np.unique(codes[(codes != 0) & (codes != everybody)]):
        labels, _ = ndimage.label(codes == code)
        for label, place in enumerate(ndimage.find_objects(labels), start=1):
            inside: Mask = labels[place] == label
            count = int(np.count_nonzero(inside))
            if count * grid.voxel_mm3 / 1000.0 < smallest_ml:
                left_out += count
                continue
            found.append((count, int(code), _middle(inside, place, box), inside, place))
    found.sort(key=lambda one: (-one[0], one[2]))
    for number, (*_, inside, place) in enumerate(found, start=1):
        numbers[place][inside] = number
    whole = np.zeros(grid.shape_kji, dtype=np.int32)
    whole[box] = numbers
    regions = tuple(
        Region(
            number, tuple(n for n in range(len(masks_kji)) if code >> n & 1), count,
            count * grid.voxel_mm3 / 1000.0, centre,
        )
        for number, (count, code, centre, *_) in enumerate(found, start=1)
    )  # fmt: skip
    return Disagreement(regions, whole, left_out * grid.voxel_mm3 / 1000.0)


def region_of(masks_kji: Sequence[Mask], grid: Grid, margin_mm: float) -> Box:
    """The box (k, j, i) around the union of all masks, grown by a margin and kept on the grid."""
    _check(masks_kji, grid)
    return _region(masks_kji, grid, margin_mm)


def _middle(inside: Mask, place: tuple[slice, ...], box: Box) -> tuple[int, int, int]:
    """The voxel of a region that is nearest to its centre of mass."""
    voxels = np.argwhere(inside)
    nearest = voxels[np.argmin(((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1))]
    k, j, i = (int(v) + p.start + b.start for v, p, b in zip(nearest, place, box, strict=True))
    return (k, j, i)


def _check(masks_kji: Sequence[Mask], grid: Grid) -> None:
    if not 2 <= len(masks_kji) <= MOST_READERS:
        raise ConsensusError(f"a consensus needs 2 to {MOST_READERS} readers, not {len(masks_kji)}")
    for number, mask in enumerate(masks_kji, start=1):
        if mask.shape != grid.shape_kji:
            raise MaskError(f"the mask of reader {number} is {mask.shape}, the grid {grid.shape_kji}")
    if not any(mask.any() for mask in masks_kji):
        raise ConsensusError("no reader drew anything")


def _region(masks_kji: Sequence[Mask], grid: Grid, margin_mm: float) -> Box:
    union = np.logical_or.reduce(masks_kji)
    box = bounding_box(union)
    if box is None:
        raise ConsensusError("no reader drew anything")
    i, j, k = (int(np.ceil(margin_mm / spacing)) for spacing in grid.spacing_ijk_mm)
    return padded_box(box, (k, j, i), union.shape)


def _decisions(masks_kji: Sequence[Mask], region: Box) -> _Codes:
    """What the readers decided on each voxel, reader n as bit n."""
    codes = np.zeros(masks_kji[0][region].shape, dtype=np.int64)
    for number, mask in enumerate(masks_kji):
        codes |= mask[region].astype(np.int64) << number
    return codes


def _prior(given: FloatArray | None, grid: Grid, region: Box, codes: _Codes, readers: int) -> FloatArray:
    """The prior of each voxel of the region in one row, or the one that all share."""
    if given is None:
        drawn = sum(int(np.count_nonzero(codes >> n & 1)) for n in range(readers)) / (readers * codes.size)
        return np.asarray([np.clip(drawn, 1 - FIRST_RATE, FIRST_RATE)], dtype=np.float64)
    if given.shape != grid.shape_kji:
        raise ConsensusError(f"the prior is {given.shape}, the grid {grid.shape_kji}")
    prior = np.asarray(given, dtype=np.float64)[region].ravel()
    if not np.all((prior > 0) & (prior < 1)):
        raise ConsensusError("the prior has values that are not between 0 and 1")
    return prior

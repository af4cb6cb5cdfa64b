"""Pictures of heads drawn from label maps, in torch, on the device that trains.

Each is of another anatomy (bent, turned, scaled), another contrast and another scanner: partial volume, thick
slices, uneven coils, noise, a field of view that ends, a stripped skull.  The truth is what the map says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch.nn import functional

from models.datasets.head_labels import STRUCTURES, TISSUES, HeadMap
from models.synthesis.contrasts import Contrast, draw_contrast
from models.synthesis.lesions import paste_lesions
from models.transforms import rotation
from rt.masks import bounding_box, padded_box

BRIGHT_QUANTILE = 0.985
"""An MRI is divided by this quantile of its foreground, here and in `models.preprocessing`."""
_FIELD = 6
"""Bits in which up to 27 fine voxels are counted; ten structures share 60."""
_ORBIT = len(TISSUES)
"""Of a scan's tissues: muscle and fat of the orbit, which is nearly all fat."""
_ORBIT_MM = 6
_FATTY = -0.9
"""Texture, of standard deviation about 0.6, below which there is something else in the orbit than fat."""
_SKULL = 1 << STRUCTURES.index("Intracranial")


@dataclass(frozen=True)
class HeadRanges:
    """Ranges of the random changes; symmetric and uniform unless said otherwise."""

    rotation_rad: float = 0.25
    scale: float = 0.15
    bend_mm: float = 4.0
    slice_mm: float = 7.5
    """Thickest slice; three pictures in five have slices thicker than the grid."""
    bias: float = 0.5
    noise: float = 0.08
    gamma: float = 0.3
    lesion_probability: float = 0.3
    strip_probability: float = 0.12
    cut_probability: float = 0.2
    orbit_probability: float = 0.0
    """Of an orbit full of fat, as in life; else muscle may lie there as anywhere, and hide the nerve."""


@dataclass(frozen=True)
class HeadScan:
    """A head map whose voxels lie on the device that trains."""

    tissues: torch.Tensor
    """(k, j, i), an index into TISSUES, or one more in the orbit."""
    structures: torch.Tensor
    shares: npt.NDArray[np.float64]
    """Share of each tissue in what is not air."""
    points: dict[str, npt.NDArray[np.float64]]
    """Voxel positions (n, 3) of each structure that is there, but for the outline."""

    @classmethod
    def of(cls, head: HeadMap, device: torch.device) -> Self:
        """The map's voxels copied to `device`."""
        counts = np.bincount(head.tissues.ravel(), minlength=len(TISSUES)).astype(np.float64)
        counts[0] = 0
        rng = np.random.default_rng(len(head.tissues))
        points = {name: rng.permutation(np.argwhere(head.mask(name))) for name in STRUCTURES[1:]}
        return cls(
            torch.from_numpy(np.where(_orbit(head.tissues), np.uint8(_ORBIT), head.tissues)).to(device),
            torch.from_numpy(head.structures.astype(np.int16)).to(device),
            counts / counts.sum(),
            {name: found[:2000].astype(np.float64) for name, found in points.items() if len(found)},
        )


def _orbit(tissues: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """What of muscle and fat (k, j, i) lies near the eyes' muscles and nerves."""
    nerves = np.isin(tissues, [TISSUES.index("optic-nerve"), TISSUES.index("eye-muscle")])
    orbit = np.zeros_like(nerves)
    found = bounding_box(nerves)
    if found is not None:
        box = padded_box(found, (_ORBIT_MM,) * 3, tissues.shape)
        near = ndimage.distance_transform_edt(~nerves[box]) <= _ORBIT_MM
        orbit[box] = near & (tissues[box] == TISSUES.index("muscle-and-fat"))
    return orbit


@dataclass(frozen=True)
class HeadView:
    """What a picture shows of a head."""

    size: int
    """Voxels along each side of the cube."""
    spacing_mm: int
    whole: bool = False
    """Centred on the head's middle, else on a structure four times in five."""
    kind: str | None = None
    """Of `contrasts.KINDS`; any if none is given."""
    around: tuple[str, ...] = ()
    """Structures that it is centred on: whole on their middle, else always on one of them; none: as above."""


@dataclass(frozen=True)
class HeadPicture:
    """A drawn patch."""

    image: torch.Tensor
    """(k, j, i) float32; air -1, the head's bright end about 1."""
    target: torch.Tensor
    """(structures, k, j, i) uint8 of STRUCTURES."""
    lesions: torch.Tensor
    """(k, j, i) bool: the tumours that were put in."""


def draw_head(scan: HeadScan, view: HeadView, rng: np.random.Generator, ranges: HeadRanges) -> HeadPicture:
    """One random picture.

    The picture is made of voxels of 1 mm and averaged, so that a voxel may hold several tissues; a structure
    holds a voxel when it fills half of it.
    """
    tissues, structures = _sampled(scan, view, rng, ranges)
    contrast = draw_contrast(rng, view.kind)
    orbit = tissues == _ORBIT
    tissues[orbit] = TISSUES.index("muscle-and-fat")
    if ranges.orbit_probability == 0 or rng.random() >= ranges.orbit_probability:
        orbit = torch.zeros_like(orbit)
    fine = _painted(tissues, orbit, contrast, rng)
    inside = (structures & _SKULL) > 0
    lesions = torch.zeros_like(inside)
    if rng.random() < ranges.lesion_probability:
        fine, lesions = paste_lesions(fine, inside, rng)
    image = _averaged(fine, view.spacing_mm)
    target = _majority(structures, view.spacing_mm)
    if rng.random() < ranges.strip_probability:
        shell = functional.max_pool3d(target[1][None, None].float(), 3, 1, 1)[0, 0] > 0
        image, target = image * shell, target * shell
    bright = _bright_end(contrast, scan.shares)
    image = _acquired(image / bright, view.spacing_mm, rng, ranges)
    seen = image > 0
    tumours = (_averaged(lesions.float(), view.spacing_mm) >= 0.5) & seen
    return HeadPicture(image * 2 - 1, target * seen, tumours)


def _sampled(
    scan: HeadScan, view: HeadView, rng: np.random.Generator, ranges: HeadRanges
) -> tuple[torch.Tensor, torch.Tensor]:
    """Tissues and structures (size³) at the bent, turned, scaled and perhaps mirrored voxels of 1 mm."""
    device, size = scan.tissues.device, view.size * view.spacing_mm
    centre = _centre(scan, view, rng)
    scales = rng.uniform(1 - ranges.scale, 1 + ranges.scale, 3)
    scales[2] *= rng.choice([-1.0, 1.0])
    matrix = rotation(rng.uniform(-ranges.rotation_rad, ranges.rotation_rad, 3)) @ np.diag(scales)
    steps = torch.arange(size, dtype=torch.float32, device=device) - (size - 1) / 2
    turn = torch.from_numpy(matrix.astype(np.float32)).to(device)
    index = torch.zeros(size, size, size, dtype=torch.int64, device=device)
    outside = torch.zeros(size, size, size, dtype=torch.bool, device=device)
    bend = _smooth_noise(3, size, size / float(rng.uniform(20, 60)), rng, device)
    bend = bend * float(rng.uniform(0, ranges.bend_mm))
    for axis in range(3):
        k, j, i = (steps * turn[axis, other] for other in range(3))
        along = bend[axis].add_((k + float(centre[axis]))[:, None, None] + j[None, :, None]).add_(i).round_()
        last = scan.tissues.shape[axis] - 1
        outside |= (along < 0) | (along > last)
        index.mul_(last + 1).add_(along.clamp_(0, last).to(torch.int64))
    tissues = scan.tissues.reshape(-1)[index]
    structures = scan.structures.reshape(-1)[index]
    tissues[outside], structures[outside] = 0, 0
    return tissues, structures


def _centre(scan: HeadScan, view: HeadView, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The map's voxel (k, j, i) in the middle of a picture."""
    shape, reach = np.array(scan.tissues.shape, dtype=np.float64), view.size * view.spacing_mm / 4
    near = [scan.points[name] for name in view.around if name in scan.points]
    if view.whole:
        corners = [each for points in near for each in (points.min(axis=0), points.max(axis=0))]
        return (np.min(corners, axis=0) + np.max(corners, axis=0)) / 2 if corners else shape / 2
    if near or (scan.points and rng.random() < 0.8):
        near = near or list(scan.points.values())
        points = near[rng.integers(len(near))]
        chosen: npt.NDArray[np.float64] = points[rng.integers(len(points))] + rng.uniform(-reach, reach, 3)
        return chosen
    return rng.uniform(0, 1, 3) * shape


def _painted(
    tissues: torch.Tensor, orbit: torch.Tensor, contrast: Contrast, rng: np.random.Generator
) -> torch.Tensor:
    """Brightness of each voxel of 1 mm: its tissue's, fat between muscles and in the orbit, and texture."""
    device, size = tissues.device, tissues.shape[0]
    mean = torch.from_numpy(contrast.mean).to(device)
    spread = torch.from_numpy(contrast.spread).to(device)
    index = tissues.to(torch.int64)
    image = mean[index] + spread[index] * torch.randn(tissues.shape, device=device)
    texture = _smooth_noise(1, size, size / float(rng.uniform(4, 12)), rng, device)[0]
    cut = float(np.quantile(rng.standard_normal(2000) * 0.6, 1 - contrast.fat_share))
    fat = ((tissues == TISSUES.index("muscle-and-fat")) & (texture > cut)) | (orbit & (texture > _FATTY))
    image[fat] += contrast.fat - float(contrast.mean[TISSUES.index("muscle-and-fat")])
    uneven = _smooth_noise(1, size, size / float(rng.uniform(6, 30)), rng, device)[0]
    return (image * (1 + float(rng.uniform(0, 0.1)) * uneven)).clamp_(min=0)


def _acquired(
    image: torch.Tensor, spacing_mm: int, rng: np.random.Generator, ranges: HeadRanges
) -> torch.Tensor:
    """What a scanner makes of it: slices, coils, noise, grey scale, field of view (outside it exactly 0)."""
    size, device = image.shape[0], image.device
    if rng.random() < 0.6:
        image = _thick_slices(
            image,
            rng.uniform(spacing_mm, max(spacing_mm, ranges.slice_mm)) / spacing_mm,
            int(rng.integers(3)),
        )
    elif rng.random() < 0.3:
        image = functional.avg_pool3d(image[None, None], 3, 1, 1)[0, 0]
    field = _smooth_noise(1, size, float(rng.uniform(1.5, 4)), rng, device)[0]
    image = image * torch.exp(field * float(rng.uniform(0, ranges.bias)))
    level = float(rng.uniform(0, ranges.noise))
    real, imaginary = (torch.randn(image.shape, device=device) * level for _ in range(2))
    image = torch.sqrt((image + real) ** 2 + imaginary**2)
    image = image * float(rng.uniform(0.85, 1.15))
    image = image.clamp(min=1e-6) ** float(math.exp(rng.uniform(-ranges.gamma, ranges.gamma)))
    if rng.random() < ranges.cut_probability:
        axis, side = int(rng.integers(3)), int(rng.integers(1, size // 2))
        image = image.clone()
        start = 0 if rng.random() < 0.5 else size - side
        image.narrow(axis, start, side).zero_()
    return image.clamp_(max=2.0)


def _thick_slices(image: torch.Tensor, factor: float, axis: int) -> torch.Tensor:
    """Averaged over `factor` voxels along an axis, and interpolated back between the slices."""
    shape = list(image.shape)
    count = max(4, round(shape[axis] / factor))
    small = [count if n == axis else extent for n, extent in enumerate(shape)]
    averaged = functional.interpolate(image[None, None], small, mode="area")
    return functional.interpolate(averaged, shape, mode="trilinear")[0, 0]


def _smooth_noise(
    channels: int, size: int, nodes: float, rng: np.random.Generator, device: torch.device
) -> torch.Tensor:
    """(channels, size³) of smooth noise with about `nodes` independent values along an axis.

    Linear between the nodes, one axis after the other by matrix products: much faster than `interpolate`.
    """
    count = max(2, min(size, round(nodes)))
    noise = torch.from_numpy(rng.standard_normal((channels, count, count, count)).astype(np.float32)).to(
        device
    )
    place = torch.linspace(0, count - 1, size, device=device)
    weight = (1 - (place[:, None] - torch.arange(count, device=device)).abs()).clamp_(min=0)
    for _ in range(3):
        noise = torch.einsum("ckji,sk->cjis", noise, weight)
    return noise.contiguous()


def _averaged(fine: torch.Tensor, factor: int) -> torch.Tensor:
    return fine if factor == 1 else functional.avg_pool3d(fine[None, None], factor)[0, 0]


def _majority(structures: torch.Tensor, factor: int) -> torch.Tensor:
    """(structures, k, j, i) uint8: whether each fills at least half of a voxel of `factor`³ fine ones.

    All are counted at once, each in a field of its own of one integer.
    """
    bits = torch.arange(len(STRUCTURES), device=structures.device)[:, None, None, None]
    if factor == 1:
        return ((structures[None] >> bits) & 1).to(torch.uint8)
    count = structures.shape[0] // factor
    table = torch.arange(1 << len(STRUCTURES), device=structures.device)
    spread = torch.zeros_like(table)
    for bit in range(len(STRUCTURES)):
        spread |= ((table >> bit) & 1) << (_FIELD * bit)
    fields = spread[structures.to(torch.int64)].reshape(count, factor, count, factor, count, factor)
    sums: torch.Tensor = fields.sum(5).sum(3).sum(1)
    counts = (sums[None] >> (_FIELD * bits)) & (2**_FIELD - 1)
    return torch.ge(counts, (factor**3 + 1) // 2).to(torch.uint8)


def _bright_end(contrast: Contrast, shares: npt.NDArray[np.float64]) -> float:
    """The brightness that `BRIGHT_QUANTILE` of the whole head's voxels stay below, fat counted as fat."""
    fat = TISSUES.index("muscle-and-fat")
    values = np.append(contrast.mean, contrast.fat)
    weights = np.append(shares, shares[fat] * contrast.fat_share)
    weights[fat] *= 1 - contrast.fat_share
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return max(0.1, float(values[order][min(len(values) - 1, int(np.searchsorted(below, BRIGHT_QUANTILE)))]))

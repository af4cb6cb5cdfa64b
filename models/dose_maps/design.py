"""Doses as the solvers see them: in blocks of voxels, centred, free of what clinical terms explain.

Doses are centred by voxel and their linear relation with the clinical terms is taken away; as these are
fitted without a penalty this changes no map and no prediction, only the speed.  All blocks share one scale,
so that a map in the solvers' units times `per_gy` is per Gy.  A block's dose is the sum over its voxels
within the organ by the voxels of a full block: its map is the same in all of its voxels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.dose_maps.losses import Batch
from models.dose_maps.study import Mask, Matrix, Study, Vector, Volume


@dataclass(frozen=True)
class Design:
    """What all problems of a study share."""

    doses: Tensor
    """(n, blocks of the box), highest singular value √n; 0 outside the organ."""
    mask: Tensor
    """(k, j, i) blocks of the box that touch the organ."""
    blocks: Blocks
    per_gy: float
    batch: Batch
    """One problem: the study as it is."""

    @classmethod
    def of(
        cls, study: Study, device: torch.device, voxels: int = 10**9, dtype: torch.dtype = torch.float32
    ) -> Design:
        """Doses and outcome of a checked study on a device, in blocks that are not more than `voxels`."""
        blocks = Blocks.of(study.mask_kji, voxels)
        doses = np.stack([blocks.mean(one) for one in study.doses_nkji])
        flat = doses.reshape(len(doses), -1)
        terms = _orthonormal(study)
        whole = np.column_stack([np.ones(len(flat)), terms]) if study.outcome.kind == "survival" else terms
        flat -= flat.mean(axis=0)
        flat -= whole @ (whole.T @ flat) / len(flat)
        steepest = float(np.sqrt(np.linalg.eigvalsh(flat @ flat.T)[-1] / len(flat)))

        def put(values: npt.NDArray[Any]) -> Tensor:
            return torch.as_tensor(values, device=device, dtype=dtype)

        happened = put(study.outcome.happened)[None]
        values = put(_values(study))[None]
        batch = Batch(study.outcome.kind, values, happened, put(terms)[None], torch.ones_like(happened))
        mask = torch.as_tensor(blocks.mask, device=device)
        return cls(put(flat / steepest), mask, blocks, 1 / steepest, batch)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(k, j, i) of the box in blocks."""
        k, j, i = self.mask.shape
        return k, j, i

    def map_kji(self, flat: Tensor) -> Volume:
        """A map (blocks of the box) in the solver's units as one per Gy in each voxel of the organ's grid."""
        per_voxel = self.per_gy / self.blocks.edge**3
        return self.blocks.spread(flat.reshape(self.shape).cpu().numpy() * per_voxel)


@dataclass(frozen=True)
class Blocks:
    """Cubes of voxels over the box of an organ."""

    edge: int
    """Voxels."""
    organ: Mask
    """(k, j, i) of the organ's grid."""
    box: tuple[slice, slice, slice]
    padding: tuple[tuple[int, int], ...]
    """Voxels to add at the ends of the box's axes."""

    @classmethod
    def of(cls, organ: Mask, voxels: int) -> Blocks:
        """The smallest cubes of which the organ has no more than `voxels`."""
        axes = ((1, 2), (0, 2), (0, 1))
        ends = [(int(one[0]), int(one[-1]) + 1) for one in (np.flatnonzero(organ.any(axis=a)) for a in axes)]
        k, j, i = (slice(*one) for one in ends)
        edge = 1
        while True:
            padding = tuple((0, -(high - low) % edge) for low, high in ends)
            found = cls(edge, organ, (k, j, i), padding)
            if int(found.mask.sum()) <= voxels:
                return found
            edge += 1

    @property
    def mask(self) -> Mask:
        """(k, j, i) blocks that touch the organ."""
        return self._summed(self.organ) > 0

    def mean(self, dose_kji: Volume) -> Matrix:
        """(k, j, i) blocks: sum of the dose over the organ, by the voxels of a block."""
        return self._summed(np.where(self.organ, dose_kji, 0)) / self.edge**3

    def spread(self, blocks: npt.NDArray[Any]) -> Volume:
        """A value a block (k, j, i) in every voxel of it that lies in the organ; 0 elsewhere."""
        own = blocks
        for axis in range(3):
            own = own.repeat(self.edge, axis=axis)
        out = np.zeros(self.organ.shape, dtype=np.float32)
        k, j, i = (slice(0, one.stop - one.start) for one in self.box)
        out[self.box] = own[k, j, i]
        return np.where(self.organ, out, np.float32(0))

    def _summed(self, volume: npt.NDArray[Any]) -> Matrix:
        own = np.pad(volume[self.box].astype(np.float64), self.padding)
        k, j, i = (length // self.edge for length in own.shape)
        e = self.edge
        return np.asarray(own.reshape(k, e, j, e, i, e).sum(axis=(1, 3, 5)))


def _orthonormal(study: Study) -> Matrix:
    """Clinical terms (n, c), of mean square 1 and uncorrelated, with a constant but for survival."""
    terms = study.terms - study.terms.mean(axis=0)
    own = np.linalg.qr(terms)[0] * len(terms) ** 0.5 if terms.shape[1] else terms
    if study.outcome.kind == "survival":
        return np.asarray(own)
    return np.column_stack([np.ones(len(terms)), own])


def _values(study: Study) -> Vector:
    """Of times only the order matters; ranks keep ties and are exact in single precision."""
    values = np.asarray(study.outcome.values, dtype=np.float64)
    if study.outcome.kind != "survival":
        return values
    return np.unique(values, return_inverse=True)[1].astype(np.float64)

"""Is there a map at all, and where: permutations with family-wise control over the organ.

Patients' outcomes and clinical terms, kept together, are dealt anew to doses from which the clinical terms
were regressed (Smith's form of permutation with nuisance terms; Winkler et al., NeuroImage 2014;92:381).
Two questions are asked.
1. Any relation: highest absolute correlation, over voxels, of smoothed dose and the residual of the clinical
   fit.  Its permutation needs neither map nor penalty, so choosing the penalty on the same patients cannot
   make it too small.  Where it says no, no voxel is significant.
2. Where: the smoothed map over its spread under permutation, against the highest such value of each permuted
   map, all at the final penalty.
So the chance of any significant voxel where nothing is related is at most alpha.  What no permutation can
tell is which of two places with nearly the same doses it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

from models.dose_maps.convex import Fit
from models.dose_maps.losses import linear, null_fit
from models.dose_maps.study import Matrix, Vector
from models.dose_maps.work import Solver, Work

FWHM = 2.3548
"""Standard deviations of a Gaussian's full width at half maximum."""
ANY = 999
"""Permutations of the first question: each is a product of matrices."""


@dataclass(frozen=True)
class Significance:
    """What permutations say; maps over blocks of the box."""

    any_p: float
    """Of any relation between dose and outcome."""
    any_null: Vector
    """(permutations,) highest correlation of each."""
    any_observed: float
    p: npt.NDArray[np.float64]
    """(k, j, i) family-wise p of the map, 1 outside the organ."""
    null: Vector
    """(permutations,) highest standardised value of each permuted map."""
    observed: float


@dataclass(frozen=True)
class Smoothing:
    """A Gaussian that takes nothing from outside the organ."""

    sigma: tuple[float, float, float]
    """In blocks."""
    mask: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, work: Work) -> Smoothing:
        """As the configuration has it."""
        edge = work.design.blocks.edge
        k, j, i = (work.config.smoothing_mm / FWHM / (mm * edge) for mm in work.study.spacing_mm)
        return cls((k, j, i), work.design.blocks.mask)

    def __call__(self, maps: npt.NDArray[np.floating]) -> Matrix:
        """Maps (b, k, j, i), 0 outside."""
        sigma = (0.0, *self.sigma)
        inside = self.mask[None].astype(np.float64)
        found = ndimage.gaussian_filter(maps * inside, sigma, mode="constant")
        share = ndimage.gaussian_filter(inside, sigma, mode="constant")
        return np.asarray(np.where(self.mask, found / np.maximum(share, 1e-12), 0.0))


def orders(n: int, count: int, seed: int) -> npt.NDArray[np.intp]:
    """(count, n) permutations of patients, the same for the same seed."""
    rng = np.random.default_rng([seed, n])
    return np.stack([rng.permutation(n) for _ in range(count)])


def ask(work: Work, solver: Solver, penalty: Tensor, final: Fit) -> Significance:
    """Both questions, of the final map."""
    observed, null = any_relation(work)
    any_p = (1 + int((null >= observed - 1e-12).sum())) / (1 + len(null))
    smooth, shape = Smoothing.of(work), work.design.shape
    maps = smooth(_permuted(work, solver, penalty).reshape(-1, *shape))
    own = smooth(final.maps.reshape(-1, *shape).cpu().numpy())[0]
    inside = smooth.mask
    spread = np.sqrt((maps**2).mean(axis=0))
    floor = max(float(np.median(spread[inside])), 1e-3 * float(np.abs(own).max()), 1e-12)
    spread = np.maximum(spread, floor)
    highest = (np.abs(maps) / spread)[:, inside].max(axis=1)
    standard = np.abs(own) / spread
    above = (highest[:, None] >= standard[inside][None] - 1e-12).sum(axis=0)
    p = np.ones(shape)
    p[inside] = np.where(own[inside] == 0, 1.0, (1 + above) / (1 + len(highest)))
    p[inside] = np.maximum(p[inside], any_p)
    return Significance(any_p, null, observed, p, highest, float(standard[inside].max()))


def any_relation(work: Work) -> tuple[float, Vector]:
    """Highest absolute correlation over the organ of smoothed dose and residual, and that of permutations."""
    design = work.design
    batch = design.batch
    residual = -batch.loss(linear(batch.terms, null_fit(batch)))[1][0].cpu().double().numpy()
    smooth = Smoothing.of(work)
    doses = smooth(design.doses.cpu().numpy().reshape(-1, *design.shape))[:, smooth.mask]
    doses = doses - doses.mean(axis=0)
    size = np.linalg.norm(doses, axis=0)
    doses = doses[:, size > 1e-6 * size.max()] / size[size > 1e-6 * size.max()]
    residual = residual - residual.mean()
    residual = residual / max(float(np.linalg.norm(residual)), 1e-12)
    drawn = residual[orders(len(residual), ANY, work.config.seed)]
    return float(np.abs(residual @ doses).max()), np.abs(drawn @ doses).max(axis=1)


def _permuted(work: Work, solver: Solver, penalty: Tensor) -> npt.NDArray[np.float64]:
    """Maps (permutations, blocks of the box) of shuffled patients at the final penalty."""
    drawn = torch.from_numpy(orders(len(work.study.doses_nkji), work.config.permutations, work.config.seed))
    maps = []
    for first, own in work.chunks(drawn):

        def make(own: Tensor = own) -> dict[str, Tensor]:
            batch = work.design.batch.shuffled(own.to(work.run.device))
            return {"maps": solver.fit(batch, penalty.expand(len(own))).maps.half()}

        maps.append(work.kept(f"permuted.{first}", make)["maps"])
        work.say(0.65 + 0.2 * (first + len(own)) / len(drawn), "permutations")
    return np.asarray(torch.cat(maps).double().numpy())

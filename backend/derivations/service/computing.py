"""The mask of a derivation, worked out without a transaction and stored as a blob."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np

from backend.derivations.errors import NotComputable, SourceOnOtherGrid
from backend.derivations.service.inputs import Inputs
from backend.dose import service as dose
from backend.kit.errors import IntegrityFailure
from backend.kit.storage import storage
from backend.labels import service as labels
from backend.labels.expressions import (
    SIDES,
    CombineStep,
    CropStep,
    IsodoseOperand,
    Margin,
    MarginStep,
    StructureOperand,
    level_gy,
    operands,
)
from backend.labels.service import StoredMask
from backend.studies import service as studies
from backend.studies.errors import NoVolume
from backend.studies.registrations import Link
from backend.studies.tables import Series
from rt import algebra
from rt.dose import Dose
from rt.errors import RtError
from rt.masks import Mask, mask_shape


@dataclass(frozen=True)
class Computed:
    """A derived contour, and what it was computed from."""

    mask: StoredMask
    used: dict[str, Any]
    """`schemas.DerivedFrom`."""
    words: str
    doubts: tuple[dict[str, Any], ...]
    """Warnings of plausibility."""


@dataclass(frozen=True)
class _Sources:
    """Masks and doses as they are asked for."""

    inputs: Inputs
    doses: Mapping[str, tuple[Series, Dose]]
    beyond_gy: float | None = None
    """The isodose that goes on beyond the dose grid as it is on its faces."""

    def mask(self, operand: StructureOperand | IsodoseOperand) -> Mask:
        """The operand with its margin, (k, j, i) on the grid of the image."""
        if isinstance(operand, IsodoseOperand):
            _, found = self.doses[operand.dose_series_id]
            gy = level_gy(operand.level)
            mask = algebra.isodose(found, self.inputs.grid, gy, beyond=gy == self.beyond_gy)
        else:
            mask = self._structure(operand.structure_id)
        return mask if operand.margin is None else self.moved(mask, operand.margin)

    def moved(self, mask_kji: Mask, margin: Margin) -> Mask:
        """The mask with each side moved."""
        margins = algebra.Margins(**{side: getattr(margin, side) for side in SIDES})
        move = algebra.expand if margin.direction == "grow" else algebra.contract
        return move(mask_kji, self.inputs.grid, margins)

    def _structure(self, structure_id: str) -> Mask:
        row, revision = self.inputs.structures[structure_id]
        shape = mask_shape(storage().get(revision.sha256))
        if shape != self.inputs.grid.shape_kji:
            raise SourceOnOtherGrid(
                f"{row.name} was drawn on {shape} voxels, the image has {self.inputs.grid.shape_kji}",
                name=row.name,
            )
        return labels.load_mask(revision, self.inputs.grid)


@dataclass(frozen=True)
class Evaluated:
    """A derived contour of which nothing was kept."""

    mask_kji: Mask
    assembled: Mapping[str, Series]
    """The dose series with their voxels, by id."""
    doubts: tuple[dict[str, Any], ...]
    """Warnings of plausibility."""


def evaluate(inputs: Inputs) -> Evaluated:
    """The derived contour.

    Raises
    ------
    SourceOnOtherGrid
        When a source was drawn before the image got other slices.
    NotComputable
        When a dose has no voxels, or geometry cannot be computed with.
    """
    try:
        doses = {key: _loaded(series, link) for key, (series, link) in inputs.doses.items()}
        mask = _evaluated(_Sources(inputs, doses))
    except (RtError, NoVolume, IntegrityFailure) as error:
        raise NotComputable(error.detail) from error
    assembled = {key: series for key, (series, _) in doses.items()}
    return Evaluated(mask, assembled, _doubts(inputs, doses, mask))


def compute(inputs: Inputs, before_kji: Mask) -> Computed:
    """The derived contour as a blob, compared with the one before; raises what `evaluate` does."""
    made = evaluate(inputs)
    return Computed(
        labels.store_mask(made.mask_kji, before_kji, inputs.grid),
        inputs.used(made.assembled),
        inputs.words,
        made.doubts,
    )


def _loaded(series: Series, link: Link | None) -> tuple[Series, Dose]:
    series = studies.with_volume(series)
    return series, dose.load_dose(series, link)


def _evaluated(sources: _Sources) -> Mask:
    expression, grid = sources.inputs.expression, sources.inputs.grid
    mask = sources.mask(expression.first)
    for step in expression.steps:
        match step:
            case MarginStep():
                mask = sources.moved(mask, step.margin)
            case CropStep():
                crop = algebra.crop_from if step.keep == "outside" else algebra.crop_into
                mask = crop(mask, grid, sources.mask(step.operand), step.mm)
            case CombineStep():
                mask = _combined(step, mask, sources.mask(step.operand))
            case _:
                assert_never(step)
    return mask


def _combined(step: CombineStep, mask_kji: Mask, other_kji: Mask) -> Mask:
    match step.kind:
        case "union":
            return algebra.union([mask_kji, other_kji])
        case "intersect":
            return algebra.intersection([mask_kji, other_kji])
        case "subtract":
            return algebra.difference(mask_kji, [other_kji])
    assert_never(step.kind)


def _doubts(
    inputs: Inputs, doses: Mapping[str, tuple[Series, Dose]], mask_kji: Mask
) -> tuple[dict[str, Any], ...]:
    """What a person should look at: nothing is left, or the end of the dose grid within an isodose shows."""
    found: list[dict[str, Any]] = []
    if not mask_kji.any():
        found.append(_doubt("derived-empty", "the derivation leaves nothing", {}))
    levels = [
        level_gy(operand.level)
        for operand in operands(inputs.expression)
        if isinstance(operand, IsodoseOperand)
        and _is_cut(doses[operand.dose_series_id][1], level_gy(operand.level))
    ]
    for gy in dict.fromkeys(levels):
        if np.array_equal(_evaluated(_Sources(inputs, doses, beyond_gy=gy)), mask_kji):
            continue
        found.append(_doubt("isodose-cut", f"the dose grid ends within {gy:g} Gy", {"gy": round(gy, 2)}))
    return tuple(found)


def _is_cut(found: Dose, at_least_gy: float) -> bool:
    """Whether a dose reaches the level on a face of its grid, beyond which it is unknown."""
    gy = found.gy_kji
    faces = (np.take(gy, end, axis) for axis in range(3) for end in (0, -1))
    return any(bool((face >= at_least_gy).any()) for face in faces)


def _doubt(slug: str, detail: str, values: dict[str, str | float]) -> dict[str, Any]:
    return {"slug": slug, "detail": detail, "severity": "warning", "values": values}

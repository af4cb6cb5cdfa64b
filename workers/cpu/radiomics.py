"""Features of a structure for the patients of a cohort: several of these jobs share one feature set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from backend.cohorts.service import computing
from backend.cohorts.service.choosing import DOSE
from backend.cohorts.service.computing import Measured, Task
from backend.dose import service as doses
from backend.kit.errors import AppError, NotFound
from backend.labels import service as labels
from backend.studies import service as studies
from backend.studies.tables import Series
from rt.errors import DoseError, RtError
from rt.geometry import FloatArray, Grid
from rt.masks import Mask
from rt.radiomics import extract, perturbed
from workers.runtime import JobCancelled, JobContext, job


@job("radiomics", queue="cpu")
def compute_features(context: JobContext) -> dict[str, Any]:
    """Take one patient after the other until nobody waits; the last to end tells how reliable they are."""
    set_id, job_id = context.parameters["feature_set_id"], context.claim.job_id
    computed = failed = 0
    while (task := _next(context, set_id, job_id)) is not None:
        outcome = _outcome(context, task)
        with context.session() as session:
            computing.settle(session, task.row_id, outcome)
        computed, failed = computed + isinstance(outcome, Measured), failed + isinstance(outcome, tuple)
    result: dict[str, Any] = {"computed": computed, "failed": failed}
    with context.finishing(result) as session:
        computing.finish_set(session, set_id)
    return result


def _next(context: JobContext, set_id: str, job_id: str) -> Task | None:
    context.check_cancelled()
    with context.session(read_only=True) as session:
        if computing.is_called_off(session, set_id, job_id):
            raise JobCancelled
    with context.session() as session:
        return computing.take_row(session, set_id, job_id)


def _outcome(context: JobContext, task: Task) -> Measured | tuple[str, str]:
    """What a patient gives; one that cannot be measured stops nobody else."""
    try:
        return measure(context, task)
    except (AppError, RtError) as problem:
        return problem.slug, str(problem)
    except (ArithmeticError, ValueError) as error:  # a fault of ours, which the log shows, for this patient
        context.log("error", name=type(error).__name__)
        return "internal", type(error).__name__


@dataclass(frozen=True)
class _Image:
    """The image that is measured, read when the first extraction needs it."""

    digest: str
    grid: Grid
    read: Callable[[], tuple[FloatArray, Mask | None]]
    """Voxels in their unit, and where they are known; None: everywhere."""
    facts: dict[str, Any]


def measure(context: JobContext, task: Task) -> Measured:
    """Extractions of a patient's contour and of those that it is compared with; known ones are found again.

    AppError or RtError where the contour or its image cannot be measured.
    """
    image = _image(context, task)
    held: list[tuple[FloatArray, Mask | None]] = []
    contours = 1 + task.perturbations + len(task.chosen["readers"]) + bool(task.chosen["ai"])
    ready = count()

    def made(mask_sha256: str, variant: str, read_mask: Callable[[], Mask]) -> str:
        context.check_cancelled()
        fraction = (task.position + next(ready) / contours) / task.total
        context.progress(fraction, "case", n=task.position + 1, total=task.total)
        key = computing.key_of(task, image.digest, mask_sha256, variant)
        with context.session(read_only=True) as session:
            known = computing.find_extraction(session, task, key)
        if known is not None:
            return known
        if not held:
            held.append(image.read())
        (voxels, known_kji), mask = held[0], read_mask()
        if known_kji is not None and (mask & ~known_kji).any():
            raise DoseError("the dose does not reach all of the structure")
        found = extract(voxels, mask, image.grid, task.settings)
        return computing.keep_extraction(task, key, found)

    def contour(said: dict[str, Any]) -> str:
        return made(said["mask"], "", lambda: _mask(context, said, image.grid))

    first = contour(task.chosen)
    others = {"perturbation": _perturbations(context, task, image.grid, made)}
    with_ai = [task.chosen["ai"]] if task.chosen["ai"] else []
    others["ai"] = [one for said in with_ai if (one := _or_none(contour, said)) is not None]
    others["readers"] = [
        one for said in task.chosen["readers"] if (one := _or_none(contour, said)) is not None
    ]
    return Measured(first, {kind: ids for kind, ids in others.items() if ids}, image.facts)


def _or_none(contour: Callable[[dict[str, Any]], str], said: dict[str, Any]) -> str | None:
    """A contour to compare with; one that cannot be measured is not compared."""
    try:
        return contour(said)
    except (AppError, RtError):
        return None


def _perturbations(context: JobContext, task: Task, grid: Grid, made: Callable[..., str]) -> list[str]:
    """Extractions of the contour as it is disturbed; the seed is the contour's own, so that they repeat.

    One that leaves nothing to measure takes the patient out of this comparison.
    """
    mask, wanted = task.chosen["mask"], task.perturbations
    drawn: list[Mask] = []

    def read(index: int) -> Mask:
        if not drawn:
            drawn.extend(perturbed(_mask(context, task.chosen, grid), grid, wanted, int(mask[:8], 16)))
        return drawn[index]

    try:
        return [made(mask, f"perturbed {n}", partial(read, n)) for n in range(wanted)]
    except RtError:
        return []


def _mask(context: JobContext, said: dict[str, Any], grid: Grid) -> Mask:
    with context.session(read_only=True) as session:
        revision = labels.get_revision(session, said["structure_id"], said["revision"])
    return labels.load_mask(revision, grid)


def _image(context: JobContext, task: Task) -> _Image:
    with context.session(read_only=True) as session:
        series = session.get(Series, task.chosen["series_id"])
    if series is None:
        raise NotFound("the images were deleted meanwhile")
    series = studies.with_volume(series)
    volume = series.volume or {}
    grid = Grid.from_json(volume["grid"])
    if task.modality == DOSE:
        return _dose(context, series, grid)

    def read() -> tuple[FloatArray, None]:
        voxels, _ = studies.load_volume(series)
        return voxels.astype(np.float64) * volume["slope"], None

    return _Image(_digest(series.volume_sha256, volume["grid"], volume["slope"]), grid, read, {})


def _dose(context: JobContext, image: Series, grid: Grid) -> _Image:
    """The plan's dose on the image's grid, trilinear; beyond its voxels it is unknown."""
    with context.session(read_only=True) as session:
        series, link = doses.dose_over(session, image)
    series = studies.with_volume(series)
    moved = link.transform.grid(Grid.from_json((series.volume or {})["grid"])).to_json() if link else None

    def read() -> tuple[FloatArray, Mask]:
        gy_kji, within_kji = doses.load_dose(series, link).on(grid)
        return gy_kji.astype(np.float64), within_kji

    digest = _digest(series.volume_sha256, (series.volume or {})["grid"], [moved, grid.to_json()])
    return _Image(digest, grid, read, {"dose_series_id": series.id})


def _digest(*content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

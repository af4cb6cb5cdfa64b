"""Learn where in an organ dose goes with the outcome: common space, map, and the map over every patient.

The engines are `models.organ_space` and `models.dose_maps`; what the map's folds have learnt lies in the
job's workspace, from which an attempt that was killed goes on on the same machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from backend.analyses.configs import DoseMapConfig
from backend.analyses.service.cropping import Chosen, organs
from backend.analyses.tables import Analysis
from backend.jobs import service as jobs
from backend.kit.errors import AppError
from models.devices import best_device
from models.dose_maps import MapConfig, Run, Study, analyse
from models.organ_space import CommonSpace, Organ, SpaceConfig, common_space
from models.organ_space.stored import to_bytes
from rt.cohort import CohortTable
from rt.errors import RtError
from workers.cpu.analyse import stored, versions
from workers.organs import map_row, organ_of, stored_volume
from workers.runtime import JobContext, job
from workers.steadily import steadily
from workers.studied import LeftOut, terms_of, unknown_values

LOADED, SPACED = 0.15, 0.45
"""Of the job's progress, when the organs are read, and when they have a common space."""
Volumes = dict[str, npt.NDArray[Any]]
PARTS = {"map_kji": "map", "selection_kji": "selection", "significant_kji": "significant",
         "weight_kji": "weight", "p_kji": "p"}  # fmt: skip
"""Arrays of the engine, and what they are called in the API."""


@job("dose-map", queue="gpu")
def dose_map(context: JobContext) -> dict[str, Any]:
    """The analysis with its template and maps, or a problem by name."""
    with context.session(read_only=True) as session:
        row = session.get_one(Analysis, context.parameters["analysis_id"])
    table = CohortTable.from_json(context.storage.get(row.table_sha256).decode())
    roles = {role: table.roles.count(role) for role in ("train", "test")}
    context.log("analysing", patients=len(table.patients), **roles)
    config = DoseMapConfig.model_validate(row.config)
    engine = MapConfig.from_json(config.map.model_dump())
    chosen, found, failed = _organs(context, row.project_id, config, table)
    heard = [LOADED]
    made = steadily(
        context,
        lambda: _made(_Asked(table, config, engine, context.workspace), found, heard),
        lambda: context.progress(heard[-1], "computing"),
    )
    space: CommonSpace = made["space"]
    result: dict[str, Any] = made["result"] | {"structures": list(config.structures), "space": space.told()}
    failed |= space.failed
    result["left_out"] = [{"patient": p, "slug": slug, "detail": said} for p, (slug, said) in failed.items()]
    files = stored(context, result)
    files["space"] = context.storage.put(to_bytes(space))
    files |= _maps(context, made, {name: (chosen[name], found[name]) for name in space.patients}, config)
    done_with = {"analysis_id": row.id}
    with context.finishing(done_with) as session:
        done = session.get_one(Analysis, row.id)
        done.files, done.versions = files, versions("torch")
        jobs.announce(session, "analysis", row.id, row.project_id)
    return done_with


def _organs(
    context: JobContext, project_id: str, config: DoseMapConfig, table: CohortTable
) -> tuple[dict[str, Chosen], dict[str, Organ], LeftOut]:
    """Contour and organ of each patient to learn from; and why some have none."""
    failed = unknown_values(table, config)
    learnt = [
        patient
        for patient, role in zip(table.patients, table.roles, strict=True)
        if role == "train" and patient not in failed
    ]
    with context.session(read_only=True) as session:
        choices = organs(session, project_id, config, learnt)
    chosen: dict[str, Chosen] = {}
    found: dict[str, Organ] = {}
    for number, patient in enumerate(learnt):
        context.check_cancelled()
        context.progress(LOADED * number / len(learnt), "case", n=number + 1, total=len(learnt))
        choice = choices[patient]
        if isinstance(choice, tuple):
            failed[patient] = choice
            continue
        try:
            found[patient], chosen[patient] = organ_of(context, choice), choice
        except (AppError, RtError) as problem:
            failed[patient] = (problem.slug, str(problem))
    return chosen, found, failed


@dataclass(frozen=True)
class _Asked:
    """What is to be learnt, and where what was learnt before lies."""

    table: CohortTable
    config: DoseMapConfig
    engine: MapConfig
    workspace: Path


def _made(asked: _Asked, found: dict[str, Organ], heard: list[float]) -> dict[str, Any]:
    """Space, result and arrays; what is heard is the job's progress."""
    settings = SpaceConfig(**asked.config.space.model_dump())
    space = common_space(found, settings, lambda share: heard.append(LOADED + (SPACED - LOADED) * share))
    terms = terms_of(asked.table, asked.config, space.patients)
    i, j, k = space.grid.spacing_ijk_mm
    organ = (space.doses_nkji, space.mask_kji, (k, j, i))
    study = Study(*organ, terms.outcome, terms.clinical, terms.names, space.patients)
    run = Run(
        asked.workspace / "dose-map-checkpoint",
        lambda told: heard.append(SPACED + (0.97 - SPACED) * told.fraction),
        device=best_device(),
    )
    result, arrays = analyse(study, asked.engine, run)
    return {"space": space, "result": result, "arrays": arrays}


def _maps(
    context: JobContext,
    made: dict[str, Any],
    patients: dict[str, tuple[Chosen, Organ]],
    config: DoseMapConfig,
) -> dict[str, Any]:
    """What the row names of the template, and of the map over each patient's image."""
    space: CommonSpace = made["space"]
    arrays: Volumes = made["arrays"]
    inside = arrays["map_kji"][space.mask_kji]
    limits = (min(0.0, float(inside.min())), max(0.0, float(inside.max())))
    maps = {}
    for name, (chosen, organ) in patients.items():
        context.check_cancelled()
        context.progress(0.97, "computing")
        volumes = {
            "map_kji": space.on_patient(arrays["map_kji"], name, organ.grid),
            "significant_kji": space.on_patient(arrays["significant_kji"], name, organ.grid) >= 0.5,
        }
        maps[name] = {"dose-map": map_row(context, chosen, organ.grid, volumes, limits)}
    parts = {told: stored_volume(context, arrays[name]) for name, told in PARTS.items() if name in arrays}
    parts["mask"] = stored_volume(context, space.mask_kji)
    parts["mean-dose"] = stored_volume(context, space.doses_nkji.mean(axis=0))
    template = {
        "grid": space.grid.to_json(),
        "unit": made["result"]["unit"],
        "range": list(limits),
        "mirrored_to": config.space.mirror_to,
        "parts": parts,
    }
    return {"template": template, "maps": maps}

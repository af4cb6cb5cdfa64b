"""HTTP of networks, datasets, runs, promotion and effort."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from backend.accounts.deps import ActorDep, AdministratorDep
from backend.config import get_settings
from backend.jobs.router import shown
from backend.jobs.schemas import JobOut
from backend.kit.db import session_scope
from backend.kit.pagination import DEFAULT_LIMIT, decode_cursor, encode_cursor
from backend.kit.sending import BINARY, sent
from backend.kit.storage import storage
from backend.kit.web import CursorParam, LimitParam, Page, PartDep, SessionDep, following, problems
from backend.studies.receiving import LimitedFile, check_declared_length, scratch_file, steadily
from backend.training import drift, exchange, networks, service
from backend.training.schemas import (
    DeploymentIn,
    DeploymentOut,
    DriftChart,
    EffortRow,
    NetworkExportIn,
    NetworkImportIn,
    NetworkLibraryIn,
    NetworkOut,
    NetworkVersionOut,
    PresegmentIn,
    RollbackIn,
    RunIn,
    RunOut,
    SnapshotCase,
    SnapshotIn,
    SnapshotOut,
    SplitCounts,
)
from backend.training.service import RunDetail
from backend.training.tables import Deployment, NetworkVersion, Snapshot

router = APIRouter(prefix="/api", tags=["training"])

ZIP_BODY = {"requestBody": {"required": True, "content": {"application/zip": BINARY}}}
EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/zip": BINARY, "application/octet-stream": BINARY},
        "description": "The file",
    },
}


@router.get("/networks")
def list_networks(
    session: SessionDep, actor: ActorDep, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None
) -> Page[NetworkOut]:
    """Networks that the caller may use, each with all of its versions, in the order of their names."""
    after = str(decode_cursor(cursor, (str,))[0]) if cursor else ""
    families: dict[str, list[NetworkVersion]] = {}
    for version in networks.visible_versions(session, actor):
        families.setdefault(version.name, []).append(version)
    names = sorted(name for name in families if name > after)[:limit]
    items = [
        NetworkOut(name=name, title=families[name][0].title, versions=[_version(v) for v in families[name]])
        for name in names
    ]
    return Page(items=items, next_cursor=encode_cursor(names[-1]) if len(names) == limit else None)


@router.post("/networks/imports", status_code=202, openapi_extra=ZIP_BODY, responses=problems(408, 413, 507))
async def import_network(
    wanted: Annotated[NetworkImportIn, Query()], request: Request, actor: AdministratorDep
) -> JobOut:
    """Take a MONAI bundle or an nnU-Net results folder in, as a zip; the job says which version it became."""
    limit = get_settings().upload_bytes
    check_declared_length(request.headers.get("content-length"), limit)
    with scratch_file() as path:
        with LimitedFile(path, limit) as file:
            async for chunk in steadily(request.stream()):
                file.write(chunk)

        def queued() -> JobOut:
            exchange.check_upload(path)
            sha256 = storage().put_file(path)
            with session_scope() as session:
                return shown(session, exchange.request_import(session, actor, sha256, wanted))[0]

        return await run_in_threadpool(queued)


@router.post("/networks/libraries", status_code=202)
def import_library(body: NetworkLibraryIn, session: SessionDep, actor: AdministratorDep) -> JobOut:
    """Make a version of a library that is installed where the workers run."""
    return shown(session, exchange.request_library(session, actor, body))[0]


@router.post("/network-versions/{version_id}/exports", status_code=202, responses=problems(404))
def export_network(
    version_id: str, body: NetworkExportIn, session: SessionDep, actor: AdministratorDep
) -> JobOut:
    """Write a version as a MONAI bundle or as ONNX; the job's file is at /network-exports/{job_id}/file."""
    return shown(session, exchange.request_export(session, actor, version_id, body))[0]


@router.get(
    "/network-exports/{job_id}/file",
    response_class=StreamingResponse,
    responses={**problems(404, 409), **EXPORTED},
)
def download_network(job_id: str, session: SessionDep, actor: AdministratorDep) -> StreamingResponse:
    """The file that an export job made."""
    return sent(exchange.exported_file(session, actor, job_id))


@router.post("/studies/{study_id}/presegment", status_code=202, responses=problems(409))
def presegment(study_id: str, body: PresegmentIn, session: SessionDep, actor: ActorDep) -> JobOut:
    """Draw the network's structures on a study."""
    return shown(session, service.request_presegmentation(session, actor, study_id, body))[0]


@router.get("/projects/{project_id}/snapshots")
def list_snapshots(project_id: str, session: SessionDep, actor: ActorDep, part: PartDep) -> Page[SnapshotOut]:
    """Frozen datasets, newest first."""
    rows = service.list_snapshots(session, actor, project_id, part)
    return Page(items=[_snapshot(row) for row in rows], next_cursor=following(part, rows))


@router.post("/projects/{project_id}/snapshots", status_code=201, responses=problems(409))
def freeze_snapshot(project_id: str, body: SnapshotIn, session: SessionDep, actor: ActorDep) -> SnapshotOut:
    """Freeze the approved revisions of structures that a network learns."""
    return _snapshot(service.freeze_snapshot(session, actor, project_id, body))


@router.get("/projects/{project_id}/snapshots/{snapshot_id}/cases", responses=problems(404))
def list_snapshot_cases(
    project_id: str, snapshot_id: str, session: SessionDep, actor: ActorDep
) -> Page[SnapshotCase]:
    """The patients of a frozen dataset with their split and structures, all of them: no page follows."""
    cases = service.snapshot_cases(session, actor, project_id, snapshot_id)
    return Page(items=cases, next_cursor=None)


@router.get("/projects/{project_id}/runs")
def list_runs(project_id: str, session: SessionDep, actor: ActorDep, part: PartDep) -> Page[RunOut]:
    """Trainings, newest first."""
    details = service.list_runs(session, actor, project_id, part)
    items = [_run(session, detail) for detail in details]
    return Page(items=items, next_cursor=following(part, [detail.run for detail in details]))


@router.post("/projects/{project_id}/runs", status_code=202, responses=problems(409))
def start_run(project_id: str, body: RunIn, session: SessionDep, actor: ActorDep) -> RunOut:
    """Train a new version."""
    run = service.start_run(session, actor, project_id, body)
    return _run(session, service.get_run(session, actor, run.id))


@router.get("/runs/{run_id}")
def get_run(run_id: str, session: SessionDep, actor: ActorDep) -> RunOut:
    """One training with its curves and evaluation."""
    return _run(session, service.get_run(session, actor, run_id))


@router.get("/projects/{project_id}/deployments")
def list_deployments(
    project_id: str, session: SessionDep, actor: ActorDep, part: PartDep
) -> Page[DeploymentOut]:
    """Promotions, newest first."""
    rows = networks.deployments(session, actor, project_id, part)
    items = [_deployment(row, version) for row, version in rows]
    return Page(items=items, next_cursor=following(part, [row for row, _ in rows]))


@router.post("/projects/{project_id}/deployments", status_code=201, responses=problems(409))
def promote(project_id: str, body: DeploymentIn, session: SessionDep, actor: ActorDep) -> DeploymentOut:
    """Use a version in the project."""
    row = networks.promote(session, actor, project_id, body.version_id, body.override_reason)
    return _deployment(row, networks.usable_version(session, project_id, row.version_id))


@router.post("/projects/{project_id}/deployments/rollback", status_code=201, responses=problems(409))
def rollback(project_id: str, body: RollbackIn, session: SessionDep, actor: ActorDep) -> DeploymentOut:
    """Go back to what was in use before."""
    row = networks.rollback(session, actor, project_id, body.network)
    return _deployment(row, networks.usable_version(session, project_id, row.version_id))


@router.get("/projects/{project_id}/effort")
def effort(
    project_id: str,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitParam = DEFAULT_LIMIT,
    cursor: CursorParam = None,
) -> Page[EffortRow]:
    """What corrections cost, per network version and structure."""
    after = decode_cursor(cursor, (str, str)) if cursor else ("", "")
    rows = sorted(service.effort(session, actor, project_id), key=_place)
    items = [row for row in rows if _place(row) > after][:limit]
    return Page(items=items, next_cursor=encode_cursor(*_place(items[-1])) if len(items) == limit else None)


@router.get("/projects/{project_id}/drift")
def list_drift(project_id: str, session: SessionDep, actor: ActorDep) -> Page[DriftChart]:
    """Control charts of what corrections cost, those with an alarm first, all of them: no page follows."""
    return Page(items=drift.charts(session, actor, project_id), next_cursor=None)


def _place(row: EffortRow) -> tuple[str, str]:
    return row.network_version, row.structure


def _version(row: NetworkVersion) -> NetworkVersionOut:
    names = ("id", "name", "version", "title", "structures", "metrics", "run_id", "created_at")
    shared = {name: getattr(row, name) for name in names}
    return NetworkVersionOut(
        **shared,
        origin=row.origin,  # type: ignore[arg-type]
        source=row.manifest.get("source") or None,
        modality="MR" if networks.modality_of(row) == "MR" else "CT",
        by_rule=networks.rules_of(row),
        card_markdown=row.card,
        sha256=row.weights_sha256,
    )


def _snapshot(row: Snapshot) -> SnapshotOut:
    counts = {split: sum(c["split"] == split for c in row.cases) for split in ("train", "validation", "test")}
    return SnapshotOut(
        id=row.id,
        name=row.name,
        hash=row.hash,
        cases=SplitCounts(**counts),
        structures=row.structures,
        created_at=row.created_at,
    )


def _run(session: Session, detail: RunDetail) -> RunOut:
    run = detail.run
    return RunOut(
        id=run.id,
        state=detail.job.state,
        job=shown(session, detail.job)[0],
        snapshot=_snapshot(detail.snapshot),
        base_version=_version(detail.base),
        version=_version(detail.version) if detail.version else None,
        config=run.config,
        curves=run.curves,
        evaluation=run.evaluation,
        created_at=run.created_at,
    )


def _deployment(row: Deployment, version: NetworkVersion) -> DeploymentOut:
    return DeploymentOut(
        network=row.network,
        version=_version(version),
        promoted_by=row.promoted_by,
        promoted_at=row.promoted_at,
        active=row.active,
    )

"""HTTP of networks, datasets, runs, promotion and effort."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
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
from backend.projects import service as projects
from backend.studies.receiving import LimitedFile, check_declared_length, scratch_file, steadily
from backend.training import comparisons, drift, exchange, networks, registry, service
from backend.training.registry import Known
from backend.training.schemas import (
    DeploymentIn,
    DeploymentOut,
    DifferenceOut,
    DriftChart,
    EffortRow,
    FiguresOut,
    MeanOut,
    NetworkExportIn,
    NetworkImportIn,
    NetworkLibraryIn,
    NetworkOut,
    NetworkVersionOut,
    PictureOut,
    PresegmentIn,
    Rank,
    RollbackIn,
    RunIn,
    RunOut,
    SignatureIn,
    SignatureOut,
    SnapshotCase,
    SnapshotIn,
    SnapshotOut,
    SplitCounts,
    VersionComparisonOut,
)
from backend.training.service import RunDetail
from backend.training.tables import (
    Deployment,
    NetworkPicture,
    NetworkVersion,
    Snapshot,
    VersionSignature,
)

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
    shown = [version for name in names for version in families[name]]
    about = registry.known(session, shown, projects.visible_project_ids(session, actor))
    items = [
        NetworkOut(
            name=name,
            title=families[name][0].title,
            versions=[_version(v, about[v.id]) for v in families[name]],
        )
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


@router.get(
    "/projects/{project_id}/network-versions/{version_id}/pictures/{rank}",
    responses=problems(404) | {200: {"content": {"image/png": {}}}},
    response_class=Response,
)
def get_version_picture(
    project_id: str, version_id: str, rank: Rank, session: SessionDep, actor: ActorDep
) -> Response:
    """The picture of a version's best, median or worst case, or of its example."""
    png = registry.picture(session, actor, project_id, version_id, rank)
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(png, media_type="image/png", headers=headers)


@router.post(
    "/projects/{project_id}/network-versions/{version_id}/signature",
    status_code=201,
    responses=problems(404, 409),
)
def sign_version(
    project_id: str, version_id: str, body: SignatureIn, session: SessionDep, actor: ActorDep
) -> NetworkVersionOut:
    """Sign a version off for the project: once, by who reviews and did not start its training."""
    registry.sign(session, actor, project_id, version_id, body.remark)
    return _versions(session, project_id, networks.usable_version(session, project_id, version_id))[0]


@router.get("/projects/{project_id}/network-versions/{version_id}/beside/{other_id}", responses=problems(404))
def compare_versions(
    project_id: str, version_id: str, other_id: str, session: SessionDep, actor: ActorDep
) -> VersionComparisonOut:
    """Two versions side by side: figures per structure, and what differs in their manifests."""
    pair, rows, differing = registry.compare(session, actor, project_id, version_id, other_id)
    shown = _versions(session, project_id, *pair)
    return VersionComparisonOut(
        base=shown[0],
        other=shown[1],
        figures=[
            FiguresOut(
                structure=row.structure,
                base=_mean(row.base),
                other=_mean(row.other),
                paired=_mean(row.paired),
            )
            for row in rows
        ],
        differences=[DifferenceOut(path=d.path, base=d.base, other=d.other) for d in differing],
    )


@router.post("/studies/{study_id}/presegment", status_code=202, responses=problems(409))
def presegment(study_id: str, body: PresegmentIn, session: SessionDep, actor: ActorDep) -> JobOut:
    """Draw the network's structures on a study."""
    return shown(session, service.request_presegmentation(session, actor, study_id, body))[0]


@router.get("/projects/{project_id}/snapshots")
def list_snapshots(project_id: str, session: SessionDep, actor: ActorDep, part: PartDep) -> Page[SnapshotOut]:
    """Frozen datasets, newest first."""
    rows = service.list_snapshots(session, actor, project_id, part)
    return Page(items=[shown_snapshot(row) for row in rows], next_cursor=following(part, rows))


@router.post("/projects/{project_id}/snapshots", status_code=201, responses=problems(409))
def freeze_snapshot(project_id: str, body: SnapshotIn, session: SessionDep, actor: ActorDep) -> SnapshotOut:
    """Freeze the approved revisions of structures that a network learns."""
    return shown_snapshot(service.freeze_snapshot(session, actor, project_id, body))


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


@router.post("/runs/{run_id}/comparison", status_code=202, responses=problems(404, 409))
def compare_with_in_use(run_id: str, session: SessionDep, actor: ActorDep) -> JobOut:
    """Measure the version in use now on the locked patients of a training, beside what came of it."""
    return shown(session, comparisons.request_comparison(session, actor, run_id))[0]


@router.get("/projects/{project_id}/deployments")
def list_deployments(
    project_id: str, session: SessionDep, actor: ActorDep, part: PartDep
) -> Page[DeploymentOut]:
    """Promotions, newest first."""
    rows = networks.deployments(session, actor, project_id, part)
    items = [_deployment(session, row, version) for row, version in rows]
    return Page(items=items, next_cursor=following(part, [row for row, _ in rows]))


@router.post("/projects/{project_id}/deployments", status_code=201, responses=problems(409))
def promote(project_id: str, body: DeploymentIn, session: SessionDep, actor: ActorDep) -> DeploymentOut:
    """Use a version in the project."""
    row = networks.promote(session, actor, project_id, body.version_id, body.override_reason)
    return _deployment(session, row, networks.usable_version(session, project_id, row.version_id))


@router.post("/projects/{project_id}/deployments/rollback", status_code=201, responses=problems(409))
def rollback(project_id: str, body: RollbackIn, session: SessionDep, actor: ActorDep) -> DeploymentOut:
    """Go back to what was in use before."""
    row = networks.rollback(session, actor, project_id, body.network)
    return _deployment(session, row, networks.usable_version(session, project_id, row.version_id))


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


def _versions(session: Session, project_id: str, *rows: NetworkVersion) -> list[NetworkVersionOut]:
    """With the signatures of one project."""
    about = registry.known(session, rows, [project_id])
    return [_version(row, about[row.id]) for row in rows]


def _version(row: NetworkVersion, about: Known) -> NetworkVersionOut:
    names = ("id", "name", "version", "title", "structures", "metrics", "manifest", "run_id", "created_at")
    shared = {name: getattr(row, name) for name in names}
    return NetworkVersionOut(
        **shared,
        origin=row.origin,  # type: ignore[arg-type]
        source=row.manifest.get("source") or None,
        modality="MR" if networks.modality_of(row) == "MR" else "CT",
        by_rule=networks.rules_of(row),
        card_markdown=row.card,
        sha256=row.weights_sha256,
        pictures=[_picture(one) for one in about.pictures],
        signatures=[_signature(one) for one in about.signatures],
    )


def _picture(row: NetworkPicture) -> PictureOut:
    return PictureOut.model_validate(
        {
            "rank": row.rank,
            "case": row.case_name,
            "dice": row.dice,
            "slice": row.slice_number,
            "study_id": row.study_id,
        }
    )


def _signature(row: VersionSignature) -> SignatureOut:
    return SignatureOut(**{name: getattr(row, name) for name in SignatureOut.model_fields})


def _mean(found: tuple[int, float, float, float] | None) -> MeanOut | None:
    if found is None:
        return None
    n, mean, low, high = found
    return MeanOut(n=n, mean=mean, ci_low=low, ci_high=high)


def shown_snapshot(row: Snapshot) -> SnapshotOut:
    """A frozen dataset as the API shows it."""
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
    base, *made = _versions(session, run.project_id, detail.base, *filter(None, [detail.version]))
    beside = comparisons.beside_in_use(session, run, detail.base.name)
    in_use = _versions(session, run.project_id, *filter(None, [beside.in_use]))
    return RunOut(
        id=run.id,
        state=detail.job.state,
        job=shown(session, detail.job)[0],
        snapshot=shown_snapshot(detail.snapshot),
        base_version=base,
        version=made[0] if made else None,
        config=run.config,
        curves=run.curves,
        evaluation=beside.standing.rows if run.evaluation is not None else None,
        in_use=in_use[0] if in_use else None,
        comparison=beside.standing.comparison if made else None,
        comparing=shown(session, beside.job)[0] if beside.job is not None else None,
        created_at=run.created_at,
    )


def _deployment(session: Session, row: Deployment, version: NetworkVersion) -> DeploymentOut:
    return DeploymentOut(
        network=row.network,
        version=_versions(session, row.project_id, version)[0],
        promoted_by=row.promoted_by,
        promoted_at=row.promoted_at,
        active=row.active,
    )

"""HTTP of comparisons."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from backend.accounts.deps import ActorDep
from backend.comparisons import service
from backend.comparisons.presets import presets
from backend.comparisons.schemas import ComparisonDetail, ComparisonIn, ComparisonOut, Preset
from backend.comparisons.service import ComparisonRows
from backend.jobs.router import shown
from backend.kit.web import Page, PartDep, SessionDep, following, problems
from backend.training.router import shown_snapshot

router = APIRouter(prefix="/api", tags=["training"])


@router.get("/comparison-presets")
def list_comparison_presets(actor: ActorDep) -> Page[Preset]:
    """Architectures that can be compared, all of them: no page follows."""
    return Page(items=list(presets().values()), next_cursor=None)


@router.get("/projects/{project_id}/comparisons")
def list_comparisons(
    project_id: str, session: SessionDep, actor: ActorDep, part: PartDep
) -> Page[ComparisonOut]:
    """Comparisons without their tables, newest first."""
    rows = service.recent(session, actor, project_id, part)
    items = [ComparisonOut(**_fields(session, one)) for one in rows]
    return Page(items=items, next_cursor=following(part, [one.comparison for one in rows]))


@router.post("/projects/{project_id}/comparisons", status_code=202, responses=problems(404, 409))
def start_comparison(
    project_id: str, body: ComparisonIn, session: SessionDep, actor: ActorDep
) -> ComparisonOut:
    """Train and measure presets side by side on a frozen dataset."""
    return ComparisonOut(**_fields(session, service.start(session, actor, project_id, body)))


@router.get("/projects/{project_id}/comparisons/{comparison_id}", responses=problems(404))
def get_comparison(
    project_id: str, comparison_id: str, session: SessionDep, actor: ActorDep
) -> ComparisonDetail:
    """One comparison with its table so far."""
    one = service.get(session, actor, project_id, comparison_id)
    return ComparisonDetail.model_validate({**_fields(session, one), "results": one.comparison.results})


def _fields(session: Session, one: ComparisonRows) -> dict[str, Any]:
    return {
        "id": one.comparison.id,
        "state": one.job.state,
        "job": shown(session, one.job)[0],
        "snapshot": shown_snapshot(one.snapshot),
        "config": one.comparison.config,
        "created_at": one.comparison.created_at,
    }

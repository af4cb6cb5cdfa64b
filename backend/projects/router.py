"""Projects, their members, wanted structures and rules."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, status

from backend.accounts.deps import ActorDep
from backend.accounts.schemas import UserOut
from backend.kit.pagination import DEFAULT_LIMIT, decode_cursor, encode_cursor
from backend.kit.web import CursorParam, LimitParam, Page, SessionDep, problems
from backend.projects import deidentification, service
from backend.projects.schemas import (
    Candidate,
    DeidentificationIn,
    DeidentificationOut,
    MemberIn,
    MemberList,
    MemberOut,
    ProjectIn,
    ProjectOut,
    ProjectPatch,
    Template,
)
from backend.projects.service import CandidateSearch, Permission
from backend.projects.tables import Project, Role

SearchParam = Annotated[
    str, Query(max_length=128, description="Parts of user name or display name, all to be found")
]

router = APIRouter(prefix="/api/projects", tags=["projects"])


def _shown(project: Project, role: str) -> ProjectOut:
    columns = ("id", "slug", "name", "is_default", "allow_nifti", "rules", "created_at")
    return ProjectOut.model_validate({"role": role} | {name: getattr(project, name) for name in columns})


@router.get("")
def list_projects(
    session: SessionDep, actor: ActorDep, limit: LimitParam = DEFAULT_LIMIT, cursor: CursorParam = None
) -> Page[ProjectOut]:
    """One's own projects."""
    after = str(decode_cursor(cursor, (str,))[0]) if cursor else None
    rows = service.projects_of(session, actor.user_id, after, limit)
    following = encode_cursor(rows[-1][0].id) if len(rows) == limit else None
    return Page(items=[_shown(project, role) for project, role in rows], next_cursor=following)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(409))
def create_project(body: ProjectIn, session: SessionDep, actor: ActorDep) -> ProjectOut:
    """Make a project (administrators of the installation)."""
    return _shown(service.create_project(session, actor, body), Role.ADMINISTRATOR)


@router.get("/{project_id}")
def get_project(project_id: str, session: SessionDep, actor: ActorDep) -> ProjectOut:
    """A project."""
    return _shown(*service.require_with_role(session, actor, project_id, Permission.READ))


@router.patch("/{project_id}")
def update_project(project_id: str, body: ProjectPatch, session: SessionDep, actor: ActorDep) -> ProjectOut:
    """Change a project's name or rules."""
    return _shown(service.update_project(session, actor, project_id, body), Role.ADMINISTRATOR)


@router.get("/{project_id}/members")
def list_members(project_id: str, session: SessionDep, actor: ActorDep) -> MemberList:
    """Members with their roles."""
    rows = service.list_members(session, actor, project_id)
    return MemberList(
        items=[
            MemberOut.model_validate({"user": UserOut.model_validate(user), "role": member.role})
            for member, user in rows
        ]
    )


@router.get("/{project_id}/candidates")
def list_candidates(
    project_id: str,
    session: SessionDep,
    actor: ActorDep,
    search: SearchParam = "",
    limit: LimitParam = DEFAULT_LIMIT,
    cursor: CursorParam = None,
) -> Page[Candidate]:
    """Active people who are not members yet, by user name, for who administers the project."""
    after = str(decode_cursor(cursor, (str,))[0]) if cursor else None
    rows = service.list_candidates(session, actor, project_id, CandidateSearch(search, after, limit))
    following = encode_cursor(rows[-1].username) if len(rows) == limit else None
    return Page(items=[Candidate.model_validate(row) for row in rows], next_cursor=following)


@router.put("/{project_id}/members/{user_id}", responses=problems(409))
def set_member(
    project_id: str, user_id: str, body: MemberIn, session: SessionDep, actor: ActorDep
) -> MemberOut:
    """Give a user a role."""
    member, user = service.set_member(session, actor, project_id, user_id, Role(body.role))
    return MemberOut.model_validate({"user": UserOut.model_validate(user), "role": member.role})


@router.delete(
    "/{project_id}/members/{user_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(409)
)
def remove_member(project_id: str, user_id: str, session: SessionDep, actor: ActorDep) -> None:
    """Take a member out."""
    service.remove_member(session, actor, project_id, user_id)


@router.get("/{project_id}/template")
def get_template(project_id: str, session: SessionDep, actor: ActorDep) -> Template:
    """The wanted structures."""
    project = service.require(session, actor, project_id, Permission.READ)
    return Template.model_validate({"structures": project.template})


@router.put("/{project_id}/template")
def set_template(project_id: str, body: Template, session: SessionDep, actor: ActorDep) -> Template:
    """Set the wanted structures."""
    return Template.model_validate(
        {"structures": service.set_template(session, actor, project_id, body).template}
    )


@router.get("/{project_id}/deidentification")
def get_deidentification(project_id: str, session: SessionDep, actor: ActorDep) -> DeidentificationOut:
    """Where and how the project de-identifies."""
    return deidentification.get_deidentification(session, actor, project_id)


@router.put("/{project_id}/deidentification")
def set_deidentification(
    project_id: str, body: DeidentificationIn, session: SessionDep, actor: ActorDep
) -> DeidentificationOut:
    """Set where and how the project de-identifies what comes or leaves from now on."""
    return deidentification.set_deidentification(session, actor, project_id, body)

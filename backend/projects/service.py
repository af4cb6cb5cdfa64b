"""The border of what people may see: other features ask `require` before they touch objects of a project.

A project that one is not a member of does not exist (404); a member whose role is too small is told so (403).
Administrators of the installation have no more rights inside a project than their role there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from backend.accounts.actor import Actor
from backend.accounts.errors import LastAdministrator
from backend.accounts.service import get_user, require_administrator
from backend.accounts.tables import User
from backend.audit.service import record
from backend.kit.errors import Forbidden, InvalidInput, NotFound
from backend.projects import repository
from backend.projects.defaults import RULES, TEMPLATE
from backend.projects.errors import ShortNameTaken
from backend.projects.schemas import ProjectIn, ProjectPatch, Template
from backend.projects.tables import Member, Project, Role


class Permission(StrEnum):
    """What an operation needs."""

    READ = "read"
    IMPORT = "import"
    ANNOTATE = "annotate"
    REVIEW = "review"
    EXPORT = "export"
    TRAIN = "train"
    ADMINISTER = "administer"


PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.CLINICIAN: frozenset(
        {Permission.READ, Permission.IMPORT, Permission.ANNOTATE, Permission.REVIEW, Permission.EXPORT}
    ),
    Role.REVIEWER: frozenset({Permission.READ, Permission.REVIEW}),
    Role.ANNOTATOR: frozenset({Permission.READ, Permission.IMPORT, Permission.ANNOTATE}),
    Role.READER: frozenset({Permission.READ}),
}
"""Role → what it may do."""


@dataclass(frozen=True)
class CandidateSearch:
    """A page of people who are not members yet."""

    words: str
    """Parts of user name or display name; all of them must be found."""
    after: str | None
    """User name that the page before ended with."""
    limit: int


def require(session: Session, actor: Actor, project_id: str, permission: Permission) -> Project:
    """The project, when the actor may do this in it."""
    return require_with_role(session, actor, project_id, permission)[0]


def require_with_role(
    session: Session, actor: Actor, project_id: str, permission: Permission
) -> tuple[Project, Role]:
    """The project and the actor's role in it.

    Raises
    ------
    NotFound
        When there is no such project or the actor is not a member.
    Forbidden
        When the role lacks the permission.
    """
    found = repository.with_role(session, project_id, actor.user_id)
    if found is None:
        raise NotFound("there is no such project")
    project, role = found[0], Role(found[1])
    if permission not in PERMISSIONS[role]:
        raise Forbidden(f"your role in this project is {role}; it may not {permission}")
    return project, role


def default_project(session: Session) -> Project:
    """The project that takes what names none; made when the installation has none yet."""
    project = repository.default(session)
    if project is None:
        project = Project(
            slug="default",
            name="Head and neck",
            is_default=True,
            rules=RULES,
            template=TEMPLATE,
        )
        repository.add(session, project)
        record(session, None, "projects.project.created", "project", project.id, project_id=project.id)
    return project


def named_project(session: Session, slug: str) -> Project:
    """A project by slug, for the command line."""
    project = repository.by_slug(session, slug)
    if project is None:
        raise NotFound("there is no such project")
    return project


def project_by_slug(session: Session, actor: Actor, slug: str, permission: Permission) -> Project:
    """A project by slug, when the actor may do this in it."""
    return require(session, actor, named_project(session, slug).id, permission)


def get_project(session: Session, project_id: str) -> Project:
    """A project, for work that nobody asks for by name (jobs, import rules)."""
    project = session.get(Project, project_id)
    if project is None:
        raise NotFound("there is no such project")
    return project


def visible_project_ids(session: Session, actor: Actor) -> list[str]:
    """Projects that the actor is a member of."""
    return [project.id for project, _ in repository.of_user(session, actor.user_id)]


def projects_of(
    session: Session, user_id: str, after: str | None = None, limit: int | None = None
) -> list[tuple[Project, str]]:
    """A user's projects with the role in each, oldest first."""
    return repository.of_user(session, user_id, after, limit)


def create_project(session: Session, actor: Actor, new: ProjectIn) -> Project:
    """A project with the standard template and rules; who makes it administers it."""
    require_administrator(actor)
    if repository.by_slug(session, new.slug) is not None:
        raise ShortNameTaken("this short name is taken", field="slug")
    project = Project(
        slug=new.slug,
        name=new.name,
        allow_nifti=new.allow_nifti,
        rules=RULES,
        template=TEMPLATE,
    )
    repository.add(session, project)
    repository.add(session, Member(project_id=project.id, user_id=actor.user_id, role=Role.ADMINISTRATOR))
    record(session, actor.user_id, "projects.project.created", "project", project.id, project_id=project.id)
    return project


def update_project(session: Session, actor: Actor, project_id: str, patch: ProjectPatch) -> Project:
    """Change a project's name or rules."""
    project = require(session, actor, project_id, Permission.ADMINISTER)
    if patch.name is not None:
        project.name = patch.name
    if patch.allow_nifti is not None:
        project.allow_nifti = patch.allow_nifti
    if patch.rules is not None:
        project.rules = [rule.model_dump() for rule in patch.rules]
    changes = {"fields": sorted(patch.model_fields_set)}
    record(
        session, actor.user_id, "projects.project.changed", "project", project.id,
        project_id=project.id, changes=changes,
    )  # fmt: skip
    return project


def set_template(session: Session, actor: Actor, project_id: str, template: Template) -> Project:
    """Set the wanted structures."""
    project = require(session, actor, project_id, Permission.ADMINISTER)
    names = [structure.name for structure in template.structures]
    if len({name.lower() for name in names}) != len(names):
        raise InvalidInput("two structures have the same name", field="structures")
    project.template = [structure.model_dump() for structure in template.structures]
    changes = {"structures": len(names)}
    record(
        session, actor.user_id, "projects.template.changed", "project", project.id,
        project_id=project.id, changes=changes,
    )  # fmt: skip
    return project


def list_members(session: Session, actor: Actor, project_id: str) -> Sequence[tuple[Member, User]]:
    """Members of a project."""
    require(session, actor, project_id, Permission.READ)
    return repository.members(session, project_id)


def list_candidates(
    session: Session, actor: Actor, project_id: str, wanted: CandidateSearch
) -> Sequence[User]:
    """People who may be made members, for who administers the project."""
    require(session, actor, project_id, Permission.ADMINISTER)
    return repository.candidates(session, project_id, wanted.words, wanted.after, wanted.limit)


def set_member(
    session: Session, actor: Actor, project_id: str, user_id: str, role: Role
) -> tuple[Member, User]:
    """Give a role; the last administrator keeps his."""
    require(session, actor, project_id, Permission.ADMINISTER)
    user = get_user(session, user_id)
    if role is not Role.ADMINISTRATOR:
        _keep_an_administrator(session, project_id, user_id)
    member = repository.member(session, project_id, user_id)
    if member is None:
        if not user.active:
            raise NotFound("there is no such user")
        member = Member(project_id=project_id, user_id=user_id, role=role)
        repository.add(session, member)
    member.role = role
    _record_member(session, actor.user_id, project_id, user_id, role)
    return member, user


def join_default_project(session: Session, user_id: str) -> None:
    """Make the first administrator an administrator of the default project."""
    project = default_project(session)
    if repository.member(session, project.id, user_id) is None:
        repository.add(session, Member(project_id=project.id, user_id=user_id, role=Role.ADMINISTRATOR))
        _record_member(session, None, project.id, user_id, Role.ADMINISTRATOR)


def remove_member(session: Session, actor: Actor, project_id: str, user_id: str) -> None:
    """Take a member out; the last administrator stays."""
    require(session, actor, project_id, Permission.ADMINISTER)
    member = repository.member(session, project_id, user_id)
    if member is None:
        raise NotFound("this user is not a member")
    _keep_an_administrator(session, project_id, user_id)
    repository.remove(session, member)
    _record_member(session, actor.user_id, project_id, user_id, None)


def _keep_an_administrator(session: Session, project_id: str, leaving: str) -> None:
    if [row.user_id for row in repository.administrators(session, project_id)] == [leaving]:
        raise LastAdministrator("at least one administrator must remain")


def _record_member(
    session: Session, by: str | None, project_id: str, user_id: str, role: Role | None
) -> None:
    action = "projects.member.removed" if role is None else "projects.member.set"
    record(session, by, action, "user", user_id, project_id=project_id, changes={"role": role})

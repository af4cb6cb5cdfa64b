"""Structure sets, revisions with If-Match, drafts, review and server geometry over HTTP."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response, status

from backend.accounts.deps import ActorDep
from backend.kit.errors import InvalidInput
from backend.kit.pagination import DEFAULT_LIMIT, decode_cursor, encode_cursor
from backend.kit.web import (
    CursorParam,
    IfMatch,
    IfNoneMatch,
    LimitParam,
    Page,
    SessionDep,
    etag,
    matches,
    problems,
    required_version,
)
from backend.labels.schemas import (
    NAME_LONGEST,
    AssessmentIn,
    DraftIn,
    DraftOut,
    NameOut,
    OperationIn,
    OperationOut,
    ReviewIn,
    ReviewOut,
    RevisionIn,
    RevisionOut,
    SetDraftOut,
    StructureIn,
    StructureOut,
    StructurePatch,
    StructureSetIn,
    StructureSetOut,
)
from backend.labels.service import describing, operations, review, saving, sets
from backend.labels.states import Act
from backend.projects.service import Permission

router = APIRouter(prefix="/api", tags=["labels"])

IdempotencyKeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$",
        description="The same key with the same body is the same save",
    ),
]  # fmt: skip
RevisionNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]
MASK_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}
"""A revision never changes."""
OCTETS = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
MASK_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": OCTETS, "description": "The mask's wire form"},
    304: {"description": "The browser has it"},
}


def base_of(if_match: str | None) -> int:
    """The revision number that a change is made from."""
    version = required_version(if_match)
    if not version.isascii() or not version.isdigit() or len(version) > 9:
        raise InvalidInput("If-Match is not the number of a revision", field="If-Match")
    return int(version)


@router.get("/names")
def map_name(
    text: Annotated[str, Query(min_length=1, max_length=NAME_LONGEST, description="As a clinic writes it")],
    actor: ActorDep,
) -> NameOut:
    """The TG-263 name that a free text in English, German or Japanese means, if that is certain."""
    return describing.describe_name(text)


@router.get("/structure-sets/{set_id}")
def get_structure_set(set_id: str, session: SessionDep, actor: ActorDep) -> StructureSetOut:
    """A structure set with its structures."""
    scope = sets.open_set(session, actor, set_id, Permission.READ)
    return describing.describe_set(session, scope.structure_set)


@router.post(
    "/studies/{study_id}/structure-sets",
    status_code=status.HTTP_201_CREATED,
    responses=problems(404, 409),
)
def create_structure_set(
    study_id: str, body: StructureSetIn, session: SessionDep, actor: ActorDep
) -> StructureSetOut:
    """An empty set on an image series, to draw in by hand."""
    made = sets.create_set(session, actor, study_id, body.series_id, body.label)
    return describing.describe_set(session, made)


@router.post(
    "/structure-sets/{set_id}/structures", status_code=status.HTTP_201_CREATED, responses=problems(404, 409)
)
def create_structure(set_id: str, body: StructureIn, session: SessionDep, actor: ActorDep) -> StructureOut:
    """A structure to draw; colour and kind come from the project's template when not given."""
    new = sets.NewStructure(body.name, body.colour, body.kind)
    made = sets.create_structure(session, actor, set_id, new)
    return describing.describe_structures(session, [made])[0]


@router.patch("/structures/{structure_id}", responses=problems(404, 409))
def change_structure(
    structure_id: str, body: StructurePatch, session: SessionDep, actor: ActorDep
) -> StructureOut:
    """Rename or recolour a structure."""
    changed = sets.change_structure(session, actor, structure_id, body.name, body.colour)
    session.flush()
    return describing.describe_structures(session, [changed])[0]


@router.delete(
    "/structures/{structure_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(404, 409)
)
def delete_structure(structure_id: str, session: SessionDep, actor: ActorDep) -> None:
    """Delete a structure that was never approved."""
    sets.delete_structure(session, actor, structure_id)


@router.get("/structures/{structure_id}/revisions", responses=problems(404))
def list_revisions(
    structure_id: str,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitParam = DEFAULT_LIMIT,
    cursor: CursorParam = None,
) -> Page[RevisionOut]:
    """A structure's history, newest first."""
    before = int(decode_cursor(cursor, (int,))[0]) if cursor else None
    rows = saving.list_revisions(session, actor, structure_id, before, limit)
    following = encode_cursor(rows[-1].number) if len(rows) == limit else None
    return Page(items=describing.describe_revisions(session, rows), next_cursor=following)


@router.get(
    "/structures/{structure_id}/revisions/{number}/mask",
    response_class=Response,
    responses={**problems(404), **MASK_RESPONSES},
)
def get_mask(
    structure_id: str,
    number: RevisionNumber,
    session: SessionDep,
    actor: ActorDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """The mask of a revision in wire form; it never changes, so browsers keep it."""
    revision = saving.readable_revision(session, actor, structure_id, number)
    headers = {**MASK_HEADERS, "ETag": etag(revision.sha256)}
    if matches(if_none_match, revision.sha256):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    content = saving.mask_bytes(revision)
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.post(
    "/structures/{structure_id}/revisions",
    status_code=status.HTTP_201_CREATED,
    responses=problems(404, 409, 412, 428, 507),
)
def save_revision(
    structure_id: str,
    body: RevisionIn,
    actor: ActorDep,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKeyHeader = None,
) -> RevisionOut:
    """Save a contour on the head named in If-Match; refused with 412 when somebody saved in between."""
    save = saving.Save(structure_id, base_of(if_match), body, idempotency_key)
    saved = saving.save_revision(actor, save)
    response.headers["ETag"] = etag(saved.number)
    return saved


@router.post(
    "/structures/{structure_id}/revisions/{number}/restore",
    status_code=status.HTTP_201_CREATED,
    responses=problems(404, 409, 412, 428),
)
def restore_revision(
    structure_id: str,
    number: RevisionNumber,
    actor: ActorDep,
    session: SessionDep,
    response: Response,
    if_match: IfMatch = None,
) -> RevisionOut:
    """An older contour as the newest revision; nothing is taken out of the history."""
    saved = saving.restore_revision(session, actor, structure_id, number, base_of(if_match))
    response.headers["ETag"] = etag(saved.number)
    return describing.describe_revisions(session, [saved])[0]


@router.get("/structures/{structure_id}/draft", responses=problems(404))
def get_draft(structure_id: str, session: SessionDep, actor: ActorDep) -> DraftOut:
    """One's own unsaved work; nobody else sees it."""
    return describing.describe_draft(*saving.get_draft(session, actor, structure_id))


@router.get("/structure-sets/{set_id}/drafts", responses=problems(404))
def list_drafts(set_id: str, session: SessionDep, actor: ActorDep) -> Page[SetDraftOut]:
    """All of one's own unsaved work on a set, in one answer."""
    rows = saving.list_drafts(session, actor, set_id)
    return Page(items=[describing.describe_set_draft(*row) for row in rows], next_cursor=None)


@router.put("/structures/{structure_id}/draft", responses=problems(404, 412))
def put_draft(structure_id: str, body: DraftIn, actor: ActorDep, if_match: IfMatch = None) -> DraftOut:
    """Keep unsaved work; what was begun from a newer revision is not overwritten.

    If-Match names the `version` of the draft that was last seen ("0": none): another window's stays.
    """
    seen = None if if_match is None else required_version(if_match)
    return describing.describe_draft(*saving.put_draft(actor, structure_id, body, seen))


@router.delete(
    "/structures/{structure_id}/draft", status_code=status.HTTP_204_NO_CONTENT, responses=problems(404)
)
def delete_draft(structure_id: str, session: SessionDep, actor: ActorDep) -> None:
    """Forget one's own unsaved work."""
    saving.delete_draft(session, actor, structure_id)


@router.put("/structures/{structure_id}/assessment", responses=problems(404, 409, 412))
def assess_structure(
    structure_id: str, body: AssessmentIn, session: SessionDep, actor: ActorDep, if_match: IfMatch = None
) -> StructureOut:
    """Accept or reject a network's contour; rejecting appends an empty revision."""
    base = None if if_match is None else base_of(if_match)
    assessed = review.assess(session, actor, structure_id, body.assessment, base)
    session.flush()
    return describing.describe_structures(session, [assessed])[0]


@router.post("/structure-sets/{set_id}/submit", responses=problems(404, 409, 412))
def submit_structures(set_id: str, body: ReviewIn, session: SessionDep, actor: ActorDep) -> StructureSetOut:
    """Ask for review of the structures named, or of all that are not submitted or approved."""
    return _reviewed(session, actor, set_id, Act.SUBMIT, body)


@router.post("/structure-sets/{set_id}/approve", responses=problems(404, 409, 412, 428))
def approve_structures(set_id: str, body: ReviewIn, session: SessionDep, actor: ActorDep) -> StructureSetOut:
    """Sign the structures named, or all submitted ones, at the revisions named; not one's own work."""
    return _reviewed(session, actor, set_id, Act.APPROVE, body)


@router.post("/structure-sets/{set_id}/return", responses=problems(404, 409, 412))
def return_structures(set_id: str, body: ReviewIn, session: SessionDep, actor: ActorDep) -> StructureSetOut:
    """Send the structures named, or all submitted ones, back with a comment."""
    return _reviewed(session, actor, set_id, Act.RETURN, body)


def _reviewed(session: SessionDep, actor: ActorDep, set_id: str, act: Act, body: ReviewIn) -> StructureSetOut:
    scope = review.review(session, actor, set_id, act, body)
    session.flush()
    return describing.describe_set(session, scope.structure_set)


@router.get("/structure-sets/{set_id}/reviews", responses=problems(404))
def list_reviews(
    set_id: str,
    session: SessionDep,
    actor: ActorDep,
    limit: LimitParam = DEFAULT_LIMIT,
    cursor: CursorParam = None,
) -> Page[ReviewOut]:
    """Every submission, approval and return of a set, newest first."""
    before = str(decode_cursor(cursor, (str,))[0]) if cursor else None
    items = describing.list_reviews(session, actor, set_id, before, limit)
    following = encode_cursor(items[-1].id) if len(items) == limit else None
    return Page(items=items, next_cursor=following)


@router.post("/structure-sets/{set_id}/operations", responses=problems(404))
def operate(set_id: str, body: OperationIn, actor: ActorDep) -> OperationOut:
    """Geometry on the mask sent along; nothing is saved."""
    changed = operations.operate(actor, set_id, body)
    return OperationOut(mask=base64.b64encode(changed).decode())

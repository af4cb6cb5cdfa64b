"""Who is asking, from the token in the address, and what is in the bodies that clients send."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from starlette.datastructures import UploadFile

from backend.accounts import service as accounts
from backend.kit.body import SMALL_BYTES
from backend.kit.errors import TooLarge
from backend.monailabel.service import Scope, Sent, check, json_object
from backend.projects.service import Permission

LABEL_BYTES = 160 * 2**20
"""Most bytes of a label map: 512³ voxels of a byte, and room for a header."""


def scope_of(request: Request, token: Annotated[str, Path(max_length=128)]) -> Scope:
    """Whose token it is, checked as a bearer token is, and the project that the address names."""
    return Scope(accounts.actor_of_token(token), request.path_params.get("slug"))


def slug_parameter(slug: Annotated[str, Path(max_length=64)]) -> str:
    """Documents the project in the address."""
    return slug


ScopeDep = Annotated[Scope, Depends(scope_of)]
ImageId = Annotated[str, Query(max_length=64, pattern=r"^[0-9.]+$", description="SeriesInstanceUID")]
Tag = Annotated[str, Query(max_length=64)]


class Allowed:
    """`Depends(Allowed(permission))`: refused before the body is read; no transaction stays open."""

    def __init__(self, permission: Permission) -> None:
        self._permission = permission

    def __call__(self, scope: ScopeDep) -> Scope:
        """The scope of who may do this."""
        check(scope, self._permission)
        return scope


AnnotatorDep = Annotated[Scope, Depends(Allowed(Permission.ANNOTATE))]
ReviewerDep = Annotated[Scope, Depends(Allowed(Permission.REVIEW))]
TrainerDep = Annotated[Scope, Depends(Allowed(Permission.TRAIN))]
ImporterDep = Annotated[Scope, Depends(Allowed(Permission.IMPORT))]


async def label_form(request: Request) -> tuple[str, Sent]:
    """`params`, and the file `label`; empty where they are missing."""
    async with request.form(max_files=2, max_fields=8) as form:
        params, label = form.get("params"), form.get("label")
        sent = await _read(label) if isinstance(label, UploadFile) else Sent("", b"")
    return params if isinstance(params, str) else "", sent


async def _read(file: UploadFile) -> Sent:
    if file.size is not None and file.size > LABEL_BYTES:
        raise TooLarge(f"more than {LABEL_BYTES} bytes", limit=LABEL_BYTES)
    return Sent(file.filename or "", await file.read())


async def params_form(request: Request) -> str:
    """`params` of a form, urlencoded or not."""
    async with request.form(max_files=0, max_fields=8) as form:
        params = form.get("params")
    return params if isinstance(params, str) else ""


async def json_body(request: Request) -> dict[str, Any]:
    """The JSON object of a body; none is an empty one."""
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > SMALL_BYTES:
            raise TooLarge(f"more than {SMALL_BYTES} bytes", limit=SMALL_BYTES)
    return json_object(data, None)

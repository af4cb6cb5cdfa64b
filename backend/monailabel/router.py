"""MONAI Label's REST API: `/monailabel/{token}` for the owner's default project, `/monailabel/{token}/{slug}`
for a project by name.  Both faces are made from one table of routes at the end.  Slashes are as clients send
them, because theirs follow no redirect; every file has its length, because theirs cannot read chunks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.datastructures import UploadFile

from backend.kit.errors import NotFound
from backend.kit.web import SessionDep, problems
from backend.monailabel import service
from backend.monailabel.deps import ScopeDep, slug_parameter
from backend.monailabel.errors import NoSessions
from backend.projects.service import Permission

router = APIRouter(tags=["monailabel"])

ImageId = Annotated[str, Query(max_length=64, pattern=r"^[0-9.]+$")]


def _sent(file: service.File) -> StreamingResponse:
    headers = {
        "Content-Length": str(file.size),
        "Content-Disposition": f'attachment; filename="{file.name}"',
    }
    return StreamingResponse(file.pieces, media_type="application/octet-stream", headers=headers)


def ml_root(session: SessionDep, scope: ScopeDep) -> Response:
    """Whether the server is there."""
    service.project_of(session, scope, Permission.READ)
    return JSONResponse({})


def ml_auth(session: SessionDep, scope: ScopeDep) -> Response:
    """No further login: the token stands in the address."""
    service.project_of(session, scope, Permission.READ)
    return JSONResponse({"enabled": False, "client_id": "", "realm": ""})


def ml_info(session: SessionDep, scope: ScopeDep) -> Response:
    """Networks, labels, strategies and counts."""
    return JSONResponse(service.info(session, scope))


def ml_next_sample(strategy: str, session: SessionDep, scope: ScopeDep) -> Response:
    """An image that nobody has corrected yet, or an empty object."""
    return JSONResponse(service.next_sample(session, scope, strategy))


def ml_datastore(
    session: SessionDep, scope: ScopeDep, output: Literal["all", "stats", "train"] = "stats"
) -> Response:
    """Images and the tags of their labels."""
    made: dict[str, Callable[..., Any]] = {
        "all": service.datastore, "stats": service.datastore_counts, "train": service.training_pairs,
    }  # fmt: skip
    return JSONResponse(made[output](session, scope))


def ml_image(session: SessionDep, scope: ScopeDep, image: ImageId) -> Response:
    """The voxels of an image as NIfTI."""
    return _sent(service.image_file(session, scope, image))


def ml_label(
    session: SessionDep, scope: ScopeDep, label: ImageId, tag: Annotated[str, Query(max_length=64)] = "final"
) -> Response:
    """What is drawn on an image as a NIfTI label map."""
    return _sent(service.label_file(session, scope, label, tag))


async def label_form(request: Request) -> tuple[str, bytes]:
    """`params` and the bytes of `label`; empty where they are missing."""
    async with request.form(max_files=1, max_fields=8) as form:
        params, label = form.get("params"), form.get("label")
        data = await label.read() if isinstance(label, UploadFile) else b""
    return params if isinstance(params, str) else "", data


def ml_save_label(
    session: SessionDep,
    scope: ScopeDep,
    form: Annotated[tuple[str, bytes], Depends(label_form)],
    image: ImageId,
) -> Response:
    """A NIfTI label map as revisions of the structures that `label_info` in `params` names."""
    return JSONResponse(service.save_label(session, scope, image, *form))


def ml_refuse_session(session: SessionDep, scope: ScopeDep) -> Response:
    """Sessions are refused: images come in by import."""
    service.project_of(session, scope, Permission.READ)
    raise NoSessions("import the image first; there are no sessions that forget it")


def ml_session(identifier: str, session: SessionDep, scope: ScopeDep) -> Response:
    """No session is known; Slicer takes an empty object for an expired one and goes on."""
    service.project_of(session, scope, Permission.READ)
    return JSONResponse({})


def ml_training(session: SessionDep, scope: ScopeDep, check_if_running: bool = False) -> Response:
    """The last training; 404 when there was none, or when it is asked for a running one and none runs."""
    task = service.newest_training(session, scope)
    if task is None or (check_if_running and task["status"] not in ("SUBMITTED", "RUNNING")):
        raise NotFound("no training runs" if check_if_running else "nothing was trained yet")
    return JSONResponse(task)


def _add(method: str, path: str, endpoint: Callable[..., Any], *, file: bool = False, **options: Any) -> None:
    """A route of both faces."""
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    content: dict[str, Any] = binary if file else {"application/json": {"schema": {}}}
    answer: dict[int | str, dict[str, Any]] = {200: {"description": "The answer", "content": content}}
    for prefix, lead in (("/monailabel/{token}", ""), ("/monailabel/{token}/{slug}", "project_")):
        router.add_api_route(
            prefix + path,
            endpoint,
            methods=[method, "HEAD"] if file else [method],
            name=f"{lead}{endpoint.__name__}",
            dependencies=[Depends(slug_parameter)] if lead else [],
            response_class=Response,
            response_model=None,
            responses={**answer, **problems(401, 403, 404, 406)},
            **options,
        )


_add("GET", "/auth/", ml_auth)
_add("GET", "/info/", ml_info)
_add("POST", "/activelearning/{strategy}", ml_next_sample)
_add("GET", "/datastore/", ml_datastore)
_add("GET", "/datastore/image", ml_image, file=True)
_add("GET", "/datastore/label", ml_label, file=True)
LABEL_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "params": {"type": "string"},
                        "label": {"type": "string", "format": "binary"},
                    },
                    "required": ["params", "label"],
                }
            }
        },
    }
}
_add("PUT", "/datastore/label", ml_save_label, openapi_extra=LABEL_BODY)
_add("PUT", "/session/", ml_refuse_session)
_add("GET", "/session/{identifier}", ml_session)
_add("GET", "/train/", ml_training)
_add("GET", "/", ml_root)

"""What clients of MONAI Label only look at: each function answers one path of the table in `router`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from backend.kit.errors import NotFound
from backend.kit.web import SessionDep
from backend.monailabel import service
from backend.monailabel.deps import ImageId, ScopeDep, Tag
from backend.monailabel.errors import NotOffered
from backend.projects.service import Permission

CheckSum = Annotated[str | None, Query(max_length=160, description="algorithm:hex, looked at by HEAD")]


def sent(file: service.File) -> StreamingResponse:
    """A file with its length, because clients cannot read chunks, and its name, which one of them needs."""
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


def ml_token_valid(session: SessionDep, scope: ScopeDep) -> Response:
    """Whether the token in the address is valid; what a header says is not looked at."""
    service.project_of(session, scope, Permission.READ)
    return JSONResponse({"username": scope.actor.username})


def ml_token(token: str, session: SessionDep, scope: ScopeDep) -> Response:
    """The token in the address, which the caller has already; no password is looked at."""
    service.project_of(session, scope, Permission.READ)
    return JSONResponse({"access_token": token, "token_type": "Bearer"})


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


def ml_image(
    request: Request, session: SessionDep, scope: ScopeDep, image: ImageId, check_sum: CheckSum = None
) -> Response:
    """The voxels of an image as NIfTI; HEAD is 404 where they have another checksum than `check_sum`."""
    expected = check_sum if request.method == "HEAD" else None
    return sent(service.image_file(session, scope, image, expected))


def ml_image_info(session: SessionDep, scope: ScopeDep, image: ImageId) -> Response:
    """What the datastore says about an image."""
    return JSONResponse(service.image_info(session, scope, image))


def ml_label(session: SessionDep, scope: ScopeDep, label: ImageId, tag: Tag = "final") -> Response:
    """What is drawn on an image as a NIfTI label map."""
    return sent(service.label_file(session, scope, label, tag))


def ml_label_info(session: SessionDep, scope: ScopeDep, label: ImageId, tag: Tag = "final") -> Response:
    """What the datastore says about a label map."""
    return JSONResponse(service.label_info(session, scope, label, tag))


def ml_session(identifier: str, session: SessionDep, scope: ScopeDep) -> Response:
    """No session is known; Slicer takes an empty object for an expired one and goes on."""
    service.project_of(session, scope, Permission.READ)
    return JSONResponse({})


def ml_forget_session(identifier: str, session: SessionDep, scope: ScopeDep) -> Response:
    """There is nothing to forget."""
    service.project_of(session, scope, Permission.READ)
    return JSONResponse({})


def ml_training(session: SessionDep, scope: ScopeDep, check_if_running: bool = False) -> Response:
    """The last training; 404 when there was none, or when it is asked for a running one and none runs."""
    task = service.newest_training(session, scope)
    if task is None or (check_if_running and task["status"] not in ("SUBMITTED", "RUNNING")):
        raise NotFound("no training runs" if check_if_running else "nothing was trained yet")
    return JSONResponse(task)


def ml_model_info(model: str, session: SessionDep, scope: ScopeDep) -> Response:
    """Which weights are in use."""
    return JSONResponse(service.model_info(session, scope, model))


def ml_model(model: str, session: SessionDep, scope: ScopeDep) -> Response:
    """The weights in use, as safetensors."""
    return sent(service.model_file(session, scope, model))


def ml_logs(
    session: SessionDep, scope: ScopeDep, lines: Annotated[int, Query(ge=1, le=1000)] = 300
) -> Response:
    """The last lines that workers wrote about the project's jobs, as plain text whatever is asked for."""
    return PlainTextResponse(service.log_lines(session, scope, lines))


def ml_not_offered(session: SessionDep, scope: ScopeDep) -> Response:
    """A part of MONAI Label's API without a counterpart."""
    service.project_of(session, scope, Permission.READ)
    raise NotOffered("Rinkaku has no counterpart of this; see docs/contracts.md for what it answers")


def ml_not_offered_of(name: str, session: SessionDep, scope: ScopeDep) -> Response:
    """A part of MONAI Label's API without a counterpart, of one object."""
    return ml_not_offered(session, scope)

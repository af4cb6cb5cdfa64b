"""What clients of MONAI Label do: draw, save, review, train, send images.

Bodies are read before a transaction begins and after it is known that who sends them may.
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from backend.kit.errors import InvalidInput
from backend.kit.web import SessionDep
from backend.monailabel import service
from backend.monailabel.deps import (
    AnnotatorDep,
    ImageId,
    ImporterDep,
    ReviewerDep,
    ScopeDep,
    Tag,
    TrainerDep,
    json_body,
    label_form,
    params_form,
)
from backend.monailabel.errors import NoSessions, StillDrawing
from backend.monailabel.service import Progress, Sent, Wanted
from backend.projects.service import Permission

WAIT_S = 540.0
"""How long a request waits for a network; the proxy in front gives up after ten minutes."""
POLL_S = 0.5

Output = Literal["all", "image", "json", "dicom_seg"]
LabelForm = Annotated[tuple[str, Sent], Depends(label_form)]
Config = Annotated[dict[str, Any], Depends(json_body)]
WishedId = Annotated[str | None, Query(max_length=64, description="becomes the name of a NIfTI file")]


async def ml_infer(
    model: str,
    scope: AnnotatorDep,
    form: LabelForm,
    image: ImageId,
    output: Output = "all",
    session_id: Annotated[str | None, Query(max_length=128)] = None,
) -> Response:
    """A network's contours on an image: those it drew already, or a job's that is waited for."""
    params = service.json_object(form[0])
    if session_id:
        raise NoSessions("name the image; there are no sessions")
    if form[1].data:
        raise InvalidInput("the networks here take no scribbles", field="label")
    wanted = Wanted(scope, model, image)
    await _drawn(wanted)
    return await run_in_threadpool(_answer, wanted, output, params)


async def _drawn(wanted: Wanted) -> None:
    """Wait until the network has drawn; nothing is held meanwhile."""
    deadline = time.monotonic() + WAIT_S
    job_id = await run_in_threadpool(service.begin_drawing, wanted)
    while job_id is not None:
        progress = await run_in_threadpool(service.drawing_progress, wanted, job_id)
        if progress is Progress.READY:
            return
        if time.monotonic() > deadline:
            raise StillDrawing("the network has not finished yet; ask again to go on waiting", job_id=job_id)
        await asyncio.sleep(POLL_S)
        if progress is Progress.AGAIN:
            job_id = await run_in_threadpool(service.begin_drawing, wanted)


def _answer(wanted: Wanted, output: Output, params: dict[str, Any]) -> Response:
    """Sent whole, never in chunks: clients do not undo those."""
    drawing = service.drawing(wanted)
    if output == "json":
        return JSONResponse(drawing.params)
    made = service.dicom_seg_of(drawing) if output == "dicom_seg" else service.label_map_of(drawing, params)
    if output == "all":
        boundary, body = service.multipart(drawing.params, *made)
        return Response(body, media_type=f"multipart/form-data; boundary={boundary}")
    headers = {"Content-Disposition": f'attachment; filename="{made[0]}"'}
    media_type = "application/dicom" if output == "dicom_seg" else "application/octet-stream"
    return Response(made[1], media_type=media_type, headers=headers)


def ml_save_label(scope: AnnotatorDep, form: LabelForm, image: ImageId, tag: Tag = "final") -> Response:
    """A label map as revisions of the structures that `label_info` names; the tag says nothing."""
    return JSONResponse(service.save_label(scope, image, *form))


def ml_delete_label(
    session: SessionDep, scope: AnnotatorDep, identifier: Annotated[str, Query(alias="id", max_length=64)],
    tag: Tag = "final",
) -> Response:  # fmt: skip
    """Delete what is drawn under a tag, unless it is signed."""
    service.delete_label(session, scope, identifier, tag)
    return JSONResponse({})


def ml_update_label(
    scope: ReviewerDep,
    params: Annotated[str, Depends(params_form)],
    session: SessionDep,
    label: ImageId,
    tag: Tag = "final",
) -> Response:
    """The Reviewer's `segmentationMeta` as an approval or a return."""
    return JSONResponse(service.update_label(session, scope, label, tag, params))


async def ml_upload(scope: ImporterDep, request: Request, image: WishedId = None) -> Response:
    """Import the image in `file`; the answer has the id that it got."""
    async with request.form(max_files=1, max_fields=8) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidInput("there is no file in the form", field="file")
        made = await run_in_threadpool(service.upload_image, scope, image, file.filename or "", file.file)
    return JSONResponse(made)


def ml_refuse_session(session: SessionDep, scope: ScopeDep) -> Response:
    """Sessions are refused: images come in by import."""
    service.project_of(session, scope, Permission.READ)
    raise NoSessions("import the image first; there are no sessions that forget it")


def ml_train(model: str, scope: TrainerDep, config: Config, session: SessionDep) -> Response:
    """Train the network on all that is approved; the task."""
    return JSONResponse(service.start_training(session, scope, model, config)[1])


def ml_train_any(scope: TrainerDep, config: Config, session: SessionDep) -> Response:
    """Train the one network that the body names, `{network: config}`, or the only one that there is.

    The answer has the task, and under the network's name what OHIF reads.
    """
    named = [key for key, value in config.items() if isinstance(value, dict)]
    if len(named) > 1:
        raise InvalidInput("one network is trained at a time", field="model")
    settings = config[named[0]] if named else config
    model, task = service.start_training(session, scope, named[0] if named else None, settings)
    return JSONResponse({**task, model: {"result": task["status"], "detail": task["details"][-1]}})


def ml_stop_training(scope: TrainerDep, session: SessionDep) -> Response:
    """Stop what trains; the task, null when nothing did."""
    return JSONResponse(service.stop_training(session, scope))

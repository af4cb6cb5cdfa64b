"""MONAI Label's REST API: `/monailabel/{token}` for the owner's default project, `/monailabel/{token}/{slug}`
for a project by name.  Both faces are made from one table of routes, the first one wholly before the second.
Slashes are as clients send them, because theirs follow no redirect; everything has its length, because theirs
cannot read chunks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from backend.kit.web import problems
from backend.monailabel import acting, reading
from backend.monailabel.deps import slug_parameter

router = APIRouter(tags=["monailabel"])

FACES = {"": "/monailabel/{token}", "project_": "/monailabel/{token}/{slug}"}
"""What the names of operations begin with → what their paths begin with."""
JSON, BINARY, FORM = "application/json", "application/octet-stream", "multipart/form-data"


@dataclass(frozen=True)
class Route:
    """A path of both faces."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    answers: tuple[str, ...] = (JSON,)
    """Media types."""
    refusals: tuple[int, ...] = ()
    """Statuses besides those that every route may answer."""
    name: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    """`openapi_extra`, where the body is read by hand."""


def _form(*, file: str | None = None, media_type: str = FORM, needed: tuple[str, ...] = ()) -> dict[str, Any]:
    properties: dict[str, Any] = {"params": {"type": "string", "description": "a JSON object"}}
    if file is not None:
        properties[file] = {"type": "string", "format": "binary"}
    schema = {"type": "object", "properties": properties, "required": list(needed)}
    return {"requestBody": {"required": bool(needed), "content": {media_type: {"schema": schema}}}}


CONFIG = {"requestBody": {"content": {JSON: {"schema": {"type": "object"}}}}}
LABEL = _form(file="label", needed=("params", "label"))
UPLOAD = _form(file="file", needed=("file",))
META = _form(media_type="application/x-www-form-urlencoded")
SENDS = (409, 413, 422)

ROUTES = [
    Route("GET", "/auth/", reading.ml_auth),
    Route("GET", "/auth/token/valid", reading.ml_token_valid),
    Route("POST", "/auth/token", reading.ml_token),
    Route("GET", "/info/", reading.ml_info),
    Route("POST", "/activelearning/{strategy}", reading.ml_next_sample),
    Route("GET", "/datastore/", reading.ml_datastore),
    Route("PUT", "/datastore/", acting.ml_upload, refusals=(*SENDS, 408, 507), body=UPLOAD),
    Route("GET", "/datastore/image", reading.ml_image, (BINARY,)),
    Route("HEAD", "/datastore/image", reading.ml_image, (BINARY,), name="ml_image_head"),
    Route(
        "PUT", "/datastore/image", acting.ml_upload, refusals=(*SENDS, 408, 507), body=UPLOAD,
        name="ml_upload_image",
    ),
    Route("GET", "/datastore/image/info", reading.ml_image_info),
    Route("GET", "/datastore/label", reading.ml_label, (BINARY,)),
    Route("PUT", "/datastore/label", acting.ml_save_label, refusals=(*SENDS, 412), body=LABEL),
    Route("DELETE", "/datastore/label", acting.ml_delete_label, refusals=(409,)),
    Route("GET", "/datastore/label/info", reading.ml_label_info),
    Route("PUT", "/datastore/updatelabelinfo", acting.ml_update_label, refusals=SENDS, body=META),
    Route("PUT", "/session/", acting.ml_refuse_session),
    Route("GET", "/session/{identifier}", reading.ml_session),
    Route("DELETE", "/session/{identifier}", reading.ml_forget_session),
    Route("GET", "/train/", reading.ml_training),
    Route("POST", "/train/", acting.ml_train_any, refusals=(*SENDS, 429), body=CONFIG),
    Route("POST", "/train/{model}", acting.ml_train, refusals=(*SENDS, 429), body=CONFIG),
    Route("DELETE", "/train/", acting.ml_stop_training, refusals=(409,)),
    Route("GET", "/model/info/{model}", reading.ml_model_info),
    Route("GET", "/model/{model}", reading.ml_model, (BINARY,)),
    Route("GET", "/logs/", reading.ml_logs, ("text/plain",)),
    Route(
        "POST", "/infer/{model}", acting.ml_infer, (JSON, BINARY, FORM, "application/dicom"),
        refusals=(*SENDS, 503), body=_form(file="label"),
    ),
    Route("GET", "/", reading.ml_root),
]  # fmt: skip
NOT_OFFERED = [
    ("GET", "/logs/gpu"), ("GET", "/datastore/dataset"), ("PUT", "/datastore/image/info"),
    ("PUT", "/datastore/label/info"), ("GET", "/scoring/"), ("POST", "/scoring/"), ("DELETE", "/scoring/"),
    ("POST", "/scoring/{name}"), ("GET", "/batch/infer"), ("POST", "/batch/infer"),
    ("DELETE", "/batch/infer"), ("POST", "/batch/infer/{name}"), ("PUT", "/model/{name}"),
    ("DELETE", "/model/{name}"), ("POST", "/infer/wsi/{name}"),
]  # fmt: skip
"""What is answered 404 `not-offered`."""


def not_offered(method: str, path: str) -> Route:
    """The route of an entry of `NOT_OFFERED`."""
    words = path.replace("{name}", "of").replace("/", " ").split()
    endpoint = reading.ml_not_offered_of if "{name}" in path else reading.ml_not_offered
    return Route(method, path, endpoint, name="_".join(("ml_no", method.lower(), *words)))


def _add(route: Route, lead: str) -> None:
    binary = {"schema": {"type": "string", "format": "binary"}}
    plain: dict[str, Any] = {JSON: {"schema": {}}, "text/plain": {"schema": {"type": "string"}}}
    content = {media_type: plain.get(media_type, binary) for media_type in route.answers}
    answer: dict[int | str, dict[str, Any]] = {200: {"description": "The answer", "content": content}}
    router.add_api_route(
        FACES[lead] + route.path,
        route.endpoint,
        methods=[route.method],
        include_in_schema=route.method != "HEAD",
        name=lead + (route.name or route.endpoint.__name__),
        dependencies=[Depends(slug_parameter)] if lead else [],
        response_class=Response,
        response_model=None,
        responses={**answer, **problems(400, 401, 403, 404, 406, *route.refusals)},
        openapi_extra=route.body or None,
    )


for _lead in FACES:
    for _route in (*[not_offered(*one) for one in NOT_OFFERED], *ROUTES):
        _add(_route, _lead)

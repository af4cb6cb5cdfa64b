"""DICOMweb over HTTP (PS3.18): `/dicomweb` over all projects of the caller, `/dicomweb/projects/{slug}` over
one of them.  Both faces are made from one table of routes at the end.  Answers stream; only STOW-RS is
`async`, for its body.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from backend.accounts.deps import ActorDep
from backend.dicomweb import metadata, pictures, pixels, service, store
from backend.dicomweb.errors import NotAcceptable
from backend.dicomweb.media import (
    DICOM_JSON,
    OCTETS,
    check_json,
    frame_syntax,
    frame_type,
    not_acceptable,
    parse_accept,
    picture_type,
    wants_single_part,
)
from backend.dicomweb.multipart import boundary_of, new_boundary, write_parts
from backend.dicomweb.query import Level, Named, parse_query
from backend.dicomweb.service import Scope, Stored
from backend.kit.web import problems
from backend.studies.receiving import steadily
from rt.dicom.kinds import EXPLICIT_LITTLE_ENDIAN

router = APIRouter(tags=["dicomweb"])

Uid = Annotated[str, Path(max_length=64, pattern=r"^[0-9.]+$")]
AcceptHeader = Annotated[str | None, Header(alias="Accept", include_in_schema=False)]
AcceptQuery = Annotated[str | None, Query(alias="accept", max_length=512)]
NumbersPath = Annotated[str, Path(max_length=4096, pattern=r"^[0-9]{1,9}(,[0-9]{1,9})*$")]
"""Frame numbers, from 1, separated by commas."""


def scope_of(actor: ActorDep, request: Request) -> Scope:
    """Whose eyes the request has, and the project that its address names."""
    return Scope(actor, request.path_params.get("slug"))


def named_of(request: Request) -> Named:
    """The UIDs in the address."""
    parameters = request.path_params
    return Named(parameters.get("study", ""), parameters.get("series"), parameters.get("instance"))


def slug_parameter(slug: Annotated[str, Path(max_length=64)]) -> str:
    """Documents the project in the address."""
    return slug


def study_parameter(study: Uid) -> str:
    """Checks and documents the study in the address."""
    return study


def series_parameter(series: Uid) -> str:
    """Checks and documents the series in the address."""
    return series


def instance_parameter(instance: Uid) -> str:
    """Checks and documents the instance in the address."""
    return instance


PARAMETERS = {
    "{slug}": slug_parameter,
    "{study}": study_parameter,
    "{series}": series_parameter,
    "{instance}": instance_parameter,
}
ScopeDep = Annotated[Scope, Depends(scope_of)]
NamedDep = Annotated[Named, Depends(named_of)]
PictureDep = Annotated[pictures.Picture, Depends(pictures.parse_picture)]


def _search(level: Level, scope: Scope, named: Named, request: Request) -> Response:
    check_json(request.headers.get("accept"), request.query_params.get("accept"))
    query = parse_query(level, request.query_params.multi_items(), named)
    found = service.search(scope, replace(query, limit=query.limit + 1))
    warnings = []
    if query.ignored:
        warnings.append(f"not searched by: {', '.join(query.ignored[:10])}")
    if query.not_returned:
        warnings.append(f"not returned: {', '.join(query.not_returned[:10])}")
    if len(found) > query.limit:
        found = found[: query.limit]
        warnings.append(f"there are more matches from offset {query.offset + len(found)}")
    headers = {"Warning": ", ".join(f'299 rinkaku "{text}"' for text in warnings)} if warnings else {}
    return Response(json.dumps(found, allow_nan=False), headers=headers, media_type=DICOM_JSON)


def _multipart(media_type: str, parts: Iterable[tuple[str, Iterable[bytes]]]) -> Response:
    """Parts as they come, each with its own Content-Type."""
    boundary = new_boundary()
    content_type = f'multipart/related; type="{media_type}"; boundary={boundary}'
    return StreamingResponse(write_parts(parts, boundary), media_type=content_type)


def search_studies(scope: ScopeDep, named: NamedDep, request: Request) -> Response:
    """QIDO-RS for studies."""
    return _search(Level.STUDY, scope, named, request)


def search_series(scope: ScopeDep, named: NamedDep, request: Request) -> Response:
    """QIDO-RS for series, of one study or of all."""
    return _search(Level.SERIES, scope, named, request)


def search_instances(scope: ScopeDep, named: NamedDep, request: Request) -> Response:
    """QIDO-RS for instances, of one series, of one study or of all."""
    return _search(Level.INSTANCE, scope, named, request)


def retrieve(
    scope: ScopeDep, named: NamedDep, header: AcceptHeader = None, accept: AcceptQuery = None
) -> Response:
    """WADO-RS: a study, a series or an instance as DICOM files, streamed one by one."""
    found = service.find(scope, named)
    accepted = parse_accept(header, accept)
    parts = service.dicom_parts(found, accepted)
    if len(found) == 1 and wants_single_part(accepted):
        content_type, pieces = next(parts)
        name = f"{found[0].instance.sop_instance_uid}.dcm"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(pieces, headers=headers, media_type=content_type)
    return _multipart("application/dicom", parts)


def retrieve_metadata(
    scope: ScopeDep, named: NamedDep, header: AcceptHeader = None, accept: AcceptQuery = None
) -> Response:
    """WADO-RS metadata: all attributes but pixel data and other large values."""
    check_json(header, accept)
    return StreamingResponse(metadata.metadata(service.find(scope, named), named), media_type=DICOM_JSON)


def retrieve_frames(
    scope: ScopeDep,
    named: NamedDep,
    frames: NumbersPath,
    header: AcceptHeader = None,
    accept: AcceptQuery = None,
) -> Response:
    """WADO-RS frames, counted from 1: as stored, in Explicit VR Little Endian, or compressed as asked for."""
    instance = service.find(scope, named)[0].instance
    indices = [pixels.check_frame(instance, int(number)) for number in frames.split(",")]
    accepted, stored = parse_accept(header, accept), pixels.frame_storage_syntax(instance)
    syntax = frame_syntax(accepted, stored, pixels.encodable(instance))
    if syntax is None:
        raise not_acceptable(OCTETS, [stored, EXPLICIT_LITTLE_ENDIAN, *pixels.encodable(instance)])
    parts = pixels.Frames(instance).parts(indices, syntax)
    if len(indices) == 1 and wants_single_part(accepted):
        content_type, data = next(parts)
        return Response(data, media_type=content_type)
    media_type = frame_type(syntax).partition(";")[0]
    return _multipart(media_type, ((content_type, (data,)) for content_type, data in parts))


def retrieve_bulk_data(
    scope: ScopeDep,
    named: NamedDep,
    path: Annotated[str, Path(max_length=512)],
    header: AcceptHeader = None,
    accept: AcceptQuery = None,
) -> Response:
    """WADO-RS bulk data: the value that a BulkDataURI of the metadata names."""
    stored = service.find(scope, named)[0]
    if path.upper() == "7FE00010":
        pixels.check_frame(stored.instance, 1)
        pieces = pixels.Frames(stored.instance).value()
    else:
        pieces = iter((service.bulk_data(stored, path),))
    if any(accepted.multipart for accepted in parse_accept(header, accept)):
        return _multipart(OCTETS, [(f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE_ENDIAN}", pieces)])
    return StreamingResponse(pieces, media_type=OCTETS)


def retrieve_rendered(
    scope: ScopeDep,
    named: NamedDep,
    picture: PictureDep,
    header: AcceptHeader = None,
    accept: AcceptQuery = None,
) -> Response:
    """WADO-RS rendered: JPEG or PNG of the middle image, with a window."""
    return _picture(scope, named, picture, picture_type(parse_accept(header, accept)))


def retrieve_thumbnail(
    scope: ScopeDep, named: NamedDep, header: AcceptHeader = None, accept: AcceptQuery = None
) -> Response:
    """WADO-RS thumbnail: a small JPEG or PNG of the middle image."""
    return _picture(scope, named, pictures.SMALL, picture_type(parse_accept(header, accept)))


def retrieve_rendered_frames(
    scope: ScopeDep,
    named: NamedDep,
    frames: NumbersPath,
    picture: PictureDep,
    request: Request,
) -> Response:
    """WADO-RS rendered: JPEG or PNG of a frame, counted from 1; of several frames as parts."""
    return _frame_pictures(scope, named, frames, picture, request)


def retrieve_frame_thumbnails(
    scope: ScopeDep, named: NamedDep, frames: NumbersPath, request: Request
) -> Response:
    """WADO-RS thumbnail: a small JPEG or PNG of a frame, counted from 1; of several frames as parts."""
    return _frame_pictures(scope, named, frames, pictures.SMALL, request)


def _frame_pictures(
    scope: Scope, named: Named, frames: str, picture: pictures.Picture, request: Request
) -> Response:
    instance = service.find(scope, named)[0].instance
    indices = [pixels.check_frame(instance, int(number)) for number in frames.split(",")]
    kind = picture_type(parse_accept(request.headers.get("accept"), request.query_params.get("accept")))
    stored = pixels.Frames(instance)
    made = (pictures.render(stored, index, picture, kind) for index in indices)
    if len(indices) == 1:
        return Response(next(made), media_type=kind)
    return _multipart(kind, ((kind, (data,)) for data in made))


def _picture(scope: Scope, named: Named, picture: pictures.Picture, kind: str) -> Response:
    stored = _middle_image(service.find(scope, named))
    index = (stored.instance.frames - 1) // 2
    return Response(pictures.render(pixels.Frames(stored.instance), index, picture, kind), media_type=kind)


def _middle_image(found: list[Stored]) -> Stored:
    """The middle instance with pixels of the first series that has any."""
    images = [s for s in found if s.instance.rows is not None]
    if not images:
        raise NotAcceptable("there are no pixels to show")
    first = [s for s in images if s.series.id == images[0].series.id]
    return first[len(first) // 2]


async def store_instances(scope: ScopeDep, named: NamedDep, request: Request) -> Response:
    """STOW-RS: 200 when all went in, 202 when some did, 409 when none did; the answer names each."""
    target = await run_in_threadpool(service.store_target, scope, named.study or None)
    boundary = boundary_of(request.headers.get("content-type"))
    received = await store.receive(target, boundary, steadily(request.stream()))
    content, status = json.dumps(store.answer(received.arrivals)), store.status_of(received.arrivals)
    afterwards = BackgroundTask(service.assemble, received.unassembled)
    return Response(content, status_code=status, media_type=DICOM_JSON, background=afterwards)


def _binary(*media_types: str) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": "The bytes", "content": dict.fromkeys(media_types, schema)}}


def _add(method: str, path: str, endpoint: Callable[..., Any], name: str, **options: Any) -> None:
    """A route of both faces."""
    for prefix, lead in (("/dicomweb", ""), ("/dicomweb/projects/{slug}", "project_")):
        parameters = [Depends(check) for word, check in PARAMETERS.items() if word in prefix + path]
        router.add_api_route(
            prefix + path,
            endpoint,
            methods=[method],
            name=f"{lead}{name}",
            dependencies=parameters,
            response_class=Response,
            response_model=None,
            **options,
        )


JSON_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "DICOM JSON model", "content": {DICOM_JSON: {"schema": {"type": "array"}}}}
}
STORE_BODY = {
    "requestBody": {
        "required": True,
        "content": {"multipart/related": {"schema": {"type": "string", "format": "binary"}}},
    }
}
STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
MULTIPART = _binary("multipart/related", "application/dicom", OCTETS, "image/jp2", "image/jls")
IMAGES, OCTET_ANSWER = _binary("image/jpeg", "image/png"), _binary(OCTETS, "multipart/related")
SEARCHES = (
    ("/studies", search_studies, "search_studies"),
    ("/series", search_series, "search_series"),
    ("/instances", search_instances, "search_instances"),
    (STUDY + "/series", search_series, "search_series_of_study"),
    (STUDY + "/instances", search_instances, "search_instances_of_study"),
    (SERIES + "/instances", search_instances, "search_instances_of_series"),
)

PICTURES_OR_NOT = {**IMAGES, **problems(400, 406)}
Reads = tuple[tuple[str, Callable[..., Response], dict[int | str, dict[str, Any]]], ...]
"""What follows an address, what answers, and how."""
AT_EACH_LEVEL: Reads = (
    ("", retrieve, {**MULTIPART, **problems(406)}),
    ("/metadata", retrieve_metadata, {**JSON_ANSWER, **problems(406)}),
    ("/rendered", retrieve_rendered, PICTURES_OR_NOT),
    ("/thumbnail", retrieve_thumbnail, PICTURES_OR_NOT),
)
OF_FRAMES: Reads = (
    ("", retrieve_frames, {**MULTIPART, **problems(406)}),
    ("/rendered", retrieve_rendered_frames, PICTURES_OR_NOT),
    ("/thumbnail", retrieve_frame_thumbnails, PICTURES_OR_NOT),
)
OF_BULK_DATA: Reads = (("", retrieve_bulk_data, {**OCTET_ANSWER, **problems(406)}),)

for _path, _search_endpoint, _name in SEARCHES:
    _add("GET", _path, _search_endpoint, _name, responses={**JSON_ANSWER, **problems(400, 406)})
for _path, _name, _reads in (
    (STUDY, "study", AT_EACH_LEVEL),
    (SERIES, "series", AT_EACH_LEVEL),
    (INSTANCE, "instance", AT_EACH_LEVEL),
    (INSTANCE + "/frames/{frames}", "frames", OF_FRAMES),
    (INSTANCE + "/bulkdata/{path:path}", "bulk_data", OF_BULK_DATA),
):
    for _below, _endpoint, _answers in _reads:
        _name_below = f"retrieve_{_name}{_below.replace('/', '_')}"
        _add("GET", _path + _below, _endpoint, _name_below, responses=_answers)
for _path, _name in (("/studies", "store_instances"), (STUDY, "store_instances_of_study")):
    _taken = dict.fromkeys((200, 202, 409), JSON_ANSWER[200])
    _add(
        "POST",
        _path,
        store_instances,
        _name,
        openapi_extra=STORE_BODY,
        responses={**_taken, **problems(400, 408, 507)},
    )

"""DICOMweb over HTTP (PS3.18): `/dicomweb` over all projects of the caller, `/dicomweb/projects/{slug}` over
one of them.  Both faces are made from one table of routes at the end.  Answers stream; only STOW-RS is
`async`, for its body.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from backend.accounts.deps import ActorDep
from backend.dicomweb import pixels, service, store
from backend.dicomweb.errors import NotAcceptable
from backend.dicomweb.media import (
    DICOM_JSON,
    EXPLICIT_LITTLE_ENDIAN,
    image_type,
    parse_accept,
    wants_as_stored,
    wants_single_part,
)
from backend.dicomweb.multipart import boundary_of, new_boundary, write_parts
from backend.dicomweb.query import Level, Named, parse_query
from backend.dicomweb.service import Scope, Stored
from backend.kit.web import problems
from backend.studies.receiving import steadily

router = APIRouter(tags=["dicomweb"])

Uid = Annotated[str, Path(max_length=64, pattern=r"^[0-9.]+$")]
AcceptHeader = Annotated[str | None, Header(alias="Accept", include_in_schema=False)]
AcceptQuery = Annotated[str | None, Query(alias="accept", max_length=512)]
OCTETS = "application/octet-stream"


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


def _search(level: Level, scope: Scope, named: Named, request: Request) -> Response:
    given = {"StudyInstanceUID": named.study, "SeriesInstanceUID": named.series}
    address = [(keyword, uid) for keyword, uid in given.items() if uid]
    query = parse_query(level, [*request.query_params.multi_items(), *address])
    found = service.search(scope, query)
    headers = {}
    if query.ignored:
        headers["Warning"] = f'299 rinkaku "not searched by: {", ".join(query.ignored[:10])}"'
    return Response(json.dumps(found, allow_nan=False), headers=headers, media_type=DICOM_JSON)


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
    """WADO-RS: a study, a series or an instance as DICOM files, streamed."""
    found = service.find(scope, named)
    parts = service.dicom_parts(found, parse_accept(header, accept))
    if len(found) == 1 and wants_single_part(accept or header, "application/dicom"):
        content_type, pieces = next(parts)
        name = f"{found[0].instance.sop_instance_uid}.dcm"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(pieces, headers=headers, media_type=content_type)
    boundary = new_boundary()
    content_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
    return StreamingResponse(write_parts(parts, boundary), media_type=content_type)


def retrieve_metadata(scope: ScopeDep, named: NamedDep) -> Response:
    """WADO-RS metadata: all attributes but pixel data and other large values."""
    return StreamingResponse(service.metadata(service.find(scope, named), named), media_type=DICOM_JSON)


def retrieve_frames(
    scope: ScopeDep,
    named: NamedDep,
    frames: Annotated[str, Path(max_length=4096, pattern=r"^[0-9]{1,9}(,[0-9]{1,9})*$")],
    header: AcceptHeader = None,
    accept: AcceptQuery = None,
) -> Response:
    """WADO-RS frames, counted from 1: Explicit VR Little Endian, or as stored where the client takes that."""
    instance = service.find(scope, named)[0].instance
    indices = [pixels.check_frame(instance, int(number)) for number in frames.split(",")]
    as_stored = wants_as_stored(parse_accept(header, accept), instance.transfer_syntax_uid)
    parts = (pixels.frame_part(instance, index, as_stored=as_stored) for index in indices)
    if len(indices) == 1 and wants_single_part(accept or header, OCTETS):
        content_type, data = next(parts)
        return Response(data, media_type=content_type)
    boundary = new_boundary()
    body = write_parts(((content_type, (data,)) for content_type, data in parts), boundary)
    return StreamingResponse(body, media_type=f'multipart/related; type="{OCTETS}"; boundary={boundary}')


def retrieve_bulk_data(
    scope: ScopeDep, named: NamedDep, path: Annotated[str, Path(max_length=512)], header: AcceptHeader = None
) -> Response:
    """WADO-RS bulk data: the value that a BulkDataURI of the metadata names."""
    stored = service.find(scope, named)[0]
    if path.upper() == "7FE00010":
        parts = [
            pixels.frame_part(stored.instance, n, as_stored=False) for n in range(stored.instance.frames)
        ]
        value = b"".join(data for _, data in parts)
    else:
        value = service.bulk_data(stored, path)
    if header is None or "multipart" not in header.lower():
        return Response(value, media_type=OCTETS)
    boundary = new_boundary()
    part = (f"{OCTETS}; transfer-syntax={EXPLICIT_LITTLE_ENDIAN}", (value,))
    content_type = f'multipart/related; type="{OCTETS}"; boundary={boundary}'
    return StreamingResponse(write_parts([part], boundary), media_type=content_type)


def retrieve_rendered(
    scope: ScopeDep,
    named: NamedDep,
    picture: Annotated[pixels.Picture, Depends(pixels.parse_picture)],
    header: AcceptHeader = None,
    accept: AcceptQuery = None,
) -> Response:
    """WADO-RS rendered: JPEG or PNG of the middle image, or of the frame named, with a window."""
    return _picture(scope, named, picture, image_type(parse_accept(header, accept)))


def retrieve_thumbnail(scope: ScopeDep, named: NamedDep) -> Response:
    """WADO-RS thumbnail: a small JPEG of the middle image."""
    small = pixels.Picture(viewport=(pixels.THUMBNAIL, pixels.THUMBNAIL), quality=80)
    return _picture(scope, named, small, "image/jpeg")


def retrieve_rendered_frame(
    scope: ScopeDep,
    named: NamedDep,
    frame: Annotated[int, Path(ge=1, le=2**31)],
    picture: Annotated[pixels.Picture, Depends(pixels.parse_picture)],
    header: AcceptHeader = None,
) -> Response:
    """WADO-RS rendered: JPEG or PNG of one frame, counted from 1."""
    instance = service.find(scope, named)[0].instance
    index = pixels.check_frame(instance, frame)
    kind = image_type(parse_accept(header))
    return Response(pixels.render(instance, index, picture, kind), media_type=kind)


def _picture(scope: Scope, named: Named, picture: pixels.Picture, kind: str) -> Response:
    stored = _middle_image(service.find(scope, named))
    index = (stored.instance.frames - 1) // 2
    return Response(pixels.render(stored.instance, index, picture, kind), media_type=kind)


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
    arrivals = await store.receive(target, boundary, steadily(request.stream()))
    content = json.dumps(store.answer(arrivals))
    return Response(content, status_code=store.status_of(arrivals), media_type=DICOM_JSON)


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
MULTIPART, IMAGES = _binary("multipart/related"), _binary("image/jpeg", "image/png")
SEARCHES = (
    ("/studies", search_studies, "search_studies"),
    ("/series", search_series, "search_series"),
    ("/instances", search_instances, "search_instances"),
    (STUDY + "/series", search_series, "search_series_of_study"),
    (STUDY + "/instances", search_instances, "search_instances_of_study"),
    (SERIES + "/instances", search_instances, "search_instances_of_series"),
)

for _path, _endpoint, _name in SEARCHES:
    _add("GET", _path, _endpoint, _name, responses={**JSON_ANSWER, **problems(400)})
for _path, _level in ((STUDY, "study"), (SERIES, "series"), (INSTANCE, "instance")):
    _add("GET", _path, retrieve, f"retrieve_{_level}", responses=MULTIPART)
    _add("GET", _path + "/metadata", retrieve_metadata, f"retrieve_{_level}_metadata", responses=JSON_ANSWER)
    _pictures = {**IMAGES, **problems(400, 406)}
    _add("GET", _path + "/rendered", retrieve_rendered, f"retrieve_{_level}_rendered", responses=_pictures)
    _add("GET", _path + "/thumbnail", retrieve_thumbnail, f"retrieve_{_level}_thumbnail", responses=_pictures)
_add(
    "GET",
    INSTANCE + "/frames/{frames}",
    retrieve_frames,
    "retrieve_frames",
    responses={**MULTIPART, **problems(406)},
)
_add(
    "GET",
    INSTANCE + "/frames/{frame}/rendered",
    retrieve_rendered_frame,
    "retrieve_frame_rendered",
    responses={**IMAGES, **problems(400, 406)},
)
_add(
    "GET",
    INSTANCE + "/bulkdata/{path:path}",
    retrieve_bulk_data,
    "retrieve_bulk_data",
    responses=_binary(OCTETS),
)
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

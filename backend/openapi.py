"""The OpenAPI document, made complete: every operation names its problems and who may call it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from backend.kit.problems import PROBLEM_TYPE
from backend.kit.web import Problem

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head"})
DESCRIPTION = """AI-assisted contouring in radiation oncology.

Log in with `POST /api/session` (cookie; unsafe requests need `X-Requested-With: rinkaku`) or send
`Authorization: Bearer rnk_…`.  Errors are RFC 9457 problems.  What is not yours does not exist (404).
"""


def install(app: FastAPI) -> None:
    """Let the app describe itself with this document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in document["paths"].items():
        for method in METHODS & operations.keys():
            _complete(operations[method], has_object="{" in path)
    return document


def _complete(operation: dict[str, Any], *, has_object: bool) -> None:
    secured = bool(operation.get("security"))
    usual = {"422": "Not acceptable", "4XX": "A refusal", "5XX": "A failure of the server"}
    if secured:
        usual |= {"401": "Not logged in", "403": "Not allowed"}
    if has_object:
        usual["404"] = "No such thing, or not yours"
    if "requestBody" in operation:
        usual |= {"400": "A body that cannot be read", "413": "More bytes than the limit"}
    declared = operation["responses"]
    for status in [status for status in declared if status[0] in "45"]:
        usual.setdefault(status, declared[status].get("description", "A refusal"))
    for status, description in usual.items():
        declared[status] = {
            "description": description,
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }

"""The API keeps the word of its OpenAPI document, whatever is sent: generated requests, good and bad.

Every operation is called as an administrator on objects that exist, and on any ids; the checks are
Schemathesis's.  The catch-all 4XX of the document is taken out first, so that an answer counts only when its
status is named.  `EXCLUDED` says what is not called, and why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.app import create_app
from tests.security.test_authorisation import BODIES, PARAMETERS

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip
EXCLUDED = {
    "stream_events": "never ends; tests/backend/jobs/test_events.py",
    "import_network": "application/zip; tests/workers/test_exchange.py",
    "store_instances": "multipart/related; tests/backend/dicomweb",
}
FACES = {"/dicomweb": "/dicomweb/projects/{slug}", "/monailabel": "/monailabel/{token}/{slug}"}
"""Both faces of these are made from one table of routes, so the wider one stands for both."""
EXAMPLES = 4
LAST = ("delete", "remove", "log_out", "revoke", "cancel")
"""Names that begin so take away what others need."""


def operations(schema: Any) -> list[Any]:
    """What is called, in the order of calling."""
    found = [result.ok() for result in schema.get_all_operations()]
    wanted = [
        one for one in found
        if all(one.path.startswith(wide) or not one.path.startswith(face) for face, wide in FACES.items())
        if not any(name in name_of(one) for name in EXCLUDED)
    ]  # fmt: skip
    return sorted(wanted, key=lambda one: name_of(one).startswith(LAST))


def name_of(operation: Any) -> str:
    """The operationId."""
    return str(operation.definition.raw["operationId"])


@pytest.fixture
def contract(database: str) -> Any:
    """The document of the app on this test's database."""
    app = create_app()
    document = app.openapi()
    for path in document["paths"].values():
        for operation in path.values():
            del operation["responses"]["4XX"]
    return schemathesis.openapi.from_asgi("/api/openapi.json", app)


@pytest.fixture
def broken(contract: Any, login: Callable[..., dict[str, str]]) -> Callable[[Any], str | None]:
    """Calls a case as an administrator; gives what is wrong with the answer."""
    headers = login("administrator")

    def call(case: Any) -> str | None:
        answer = case.call(headers=headers)
        try:
            case.validate_response(answer, checks=CHECKS, headers=headers)
        except FailureGroup as group:
            return "\n".join(f"{case.method} {case.formatted_path} {one}" for one in group.exceptions)
        return None

    return call


@pytest.fixture
def present(ids: dict[str, str], login: Callable[..., dict[str, str]]) -> dict[str, str]:
    """The path parameters that lead to objects which exist, a token in the address too."""
    return PARAMETERS | ids | {"token": login("administrator")["Authorization"].removeprefix("Bearer ")}


def parameters_of(operation: Any, ids: dict[str, str]) -> dict[str, str]:
    """The path parameters of an operation, of objects that exist."""
    return {one.name: ids[one.name] for one in operation.path_parameters}


def generated(strategy: Any, broken: Callable[[Any], str | None]) -> str | None:
    """What is wrong with the answers to a few generated cases."""
    found: list[str] = []

    @settings(
        max_examples=EXAMPLES, database=None, deadline=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=strategy)
    def calls(case: Any) -> None:
        if wrong := broken(case):
            found.append(wrong)

    calls()
    return found[0] if found else None


def test_valid_bodies_on_objects_that_exist(contract, present, broken):
    wrong = {}
    for operation in operations(contract):
        given = BODIES.get(name_of(operation))
        if given is not None:
            body = {
                key: value.format(**present) if isinstance(value, str) else value
                for key, value in given.items()
            }
            case = operation.Case(
                path_parameters=parameters_of(operation, present), body=body, media_type="application/json",
                headers={"If-Match": '"1"'},
            )  # fmt: skip
            wrong[name_of(operation)] = broken(case)
    assert not any(wrong.values()), "\n".join(what for what in wrong.values() if what)


def test_good_requests_on_any_ids_are_answered_as_documented(contract, broken):
    wrong = {}
    for operation in operations(contract):
        if list(operation.path_parameters):
            wrong[name_of(operation)] = generated(operation.as_strategy(), broken)
    assert not any(wrong.values()), "\n".join(what for what in wrong.values() if what)


@pytest.mark.parametrize("mode", GenerationMode)
def test_requests_on_objects_that_exist_are_answered_as_documented(contract, present, broken, mode):
    wrong = {}
    for operation in operations(contract):
        if mode is GenerationMode.NEGATIVE and not can_be_wrong(operation):
            continue
        path = parameters_of(operation, present)
        strategy = operation.as_strategy(generation_mode=mode, path_parameters=path)
        wrong[name_of(operation)] = generated(strategy, broken)
    assert not any(wrong.values()), "\n".join(what for what in wrong.values() if what)


def can_be_wrong(operation: Any) -> bool:
    """Whether something besides the address can have a wrong form."""
    return bool(list(operation.body) or list(operation.query))

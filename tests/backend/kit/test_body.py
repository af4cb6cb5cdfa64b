"""Bodies that are read whole have a limit, said or not; those that stream are not touched."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel

from backend.app import BODY_LIMITS, create_app
from backend.kit import problems
from backend.kit.body import SMALL_BYTES, BodyLimit
from backend.labels.schemas import MASK_BYTES


class Words(BaseModel):
    text: str


@pytest.fixture
def small():
    """An app whose JSON bodies may have 100 bytes below /masks, any number below /stream."""
    app = FastAPI()
    problems.install(app)
    app.add_middleware(BodyLimit, limits={"/stream": None, "/masks": 100})

    @app.post("/masks")
    def masks(body: Words) -> int:
        return len(body.text)

    @app.post("/stream")
    async def stream(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    with TestClient(app) as client:
        yield client


def words(size: int) -> bytes:
    return b'{"text":"' + b"x" * (size - 11) + b'"}'


def in_pieces(data: bytes):
    """Sent in chunks, so without a Content-Length."""
    for start in range(0, len(data), 10):
        yield data[start : start + 10]


@pytest.mark.parametrize("form", [bytes, in_pieces])
def test_one_byte_too_many_is_413(small, form):
    headers = {"Content-Type": "application/json"}
    assert small.post("/masks", content=form(words(100)), headers=headers).status_code == 200
    refused = small.post("/masks", content=form(words(101)), headers=headers)
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "/problems/too-large"


def test_streams_are_not_limited_here(small):
    assert small.post("/stream", content=in_pieces(bytes(1000))).json() == 1000


def test_a_stranger_cannot_make_the_server_read_a_large_body(database):
    with TestClient(create_app()) as client:
        answer = client.post("/api/session", content=words(SMALL_BYTES + 1))
    assert answer.status_code == 413
    assert "x-request-id" in answer.headers


def test_masks_of_the_largest_allowed_size_fit():
    assert BODY_LIMITS["/api/structures/"] > MASK_BYTES
    assert BODY_LIMITS["/api/structure-sets/"] > MASK_BYTES

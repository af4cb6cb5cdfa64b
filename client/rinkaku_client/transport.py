"""HTTP: requests that are repeated when that is safe, pages, uploads and downloads that stream.

Repeated are requests that change nothing twice (GET, PUT, DELETE, and a POST of which its caller says so)
when the server or the line is away for a moment, and any request that reached nobody
or was told when to come back.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, TypeVar

import httpx

from rinkaku_client.problems import BadAnswer, Problem, Unreachable, problem_of

PIECE_BYTES = 1 << 20
AS_IT_IS = {"Accept-Encoding": "identity"}
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
PASSING = frozenset({502, 503, 504})
"""Statuses of a server, or a proxy before it, that is away for a moment."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0

Result = TypeVar("Result")
Query = Mapping[str, Any]


@dataclass(frozen=True)
class Progress:
    """How far an upload or a download is."""

    name: str
    """The file that is on its way."""
    done: int
    """Bytes."""
    total: int | None
    """Bytes; None where the server has not said."""


OnProgress = Callable[[Progress], None]


class Transport:
    """One person's connection to the API."""

    def __init__(self, url: str, token: str, timeout_s: float, retries: int) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=f"{url.rstrip('/')}/api", headers=headers, timeout=timeout_s)
        self._retries = retries

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of an answer; Problem when the API refuses, BadAnswer when it is not JSON."""
        answer = self.send(method, path, **options)
        try:
            return answer.json()
        except ValueError as error:
            raise BadAnswer(f"{path}: the answer is not JSON; is this a Rinkaku server?") from error

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Callable[[], Iterator[bytes]] | None = None,
        repeatable: bool = False,
        **options: Any,
    ) -> httpx.Response:
        """A successful answer; `body` is begun anew with each attempt, `repeatable` is a POST that can be."""

        def act() -> httpx.Response:
            answer = self._http.request(method, path, content=body() if body else None, **options)
            if not answer.is_success:
                raise problem_of(answer)
            return answer

        return self._repeated(act, repeatable or method in REPEATABLE)

    def pages(self, path: str, query: Query | None = None) -> Iterator[Any]:
        """Items of all pages of a list, each page asked for when its first item is."""
        cursor: str | None = None
        while True:
            page = self.json("GET", path, params={**(query or {}), **({"cursor": cursor} if cursor else {})})
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def read(self, path: str, query: Query, progress: OnProgress | None) -> bytearray:
        """All bytes of an answer."""

        def act() -> bytearray:
            held = bytearray()
            with self._http.stream("GET", path, params=query, headers=AS_IT_IS) as answer:
                for piece in _pieces(answer, path, progress):
                    held += piece
            return held

        return self._repeated(act, True)

    def download(self, path: str, query: Query, target: Path, progress: OnProgress | None) -> Path:
        """The file that the answer was written to; in a folder it has the server's name.

        What is there under that name is replaced when all has come, and is left alone otherwise.
        """

        def act() -> Path:
            with self._http.stream("GET", path, params=query, headers=AS_IT_IS) as answer:
                final = target / _file_name(answer) if target.is_dir() else target
                partial = final.with_name(f"{final.name}.part")
                try:
                    with partial.open("wb") as file:
                        for piece in _pieces(answer, final.name, progress):
                            file.write(piece)
                    os.replace(partial, final)
                finally:
                    partial.unlink(missing_ok=True)
            return final

        return self._repeated(act, True)

    def _repeated(self, act: Callable[[], Result], repeatable: bool) -> Result:
        attempt = 0
        while True:
            try:
                return act()
            except (httpx.TransportError, Problem) as error:
                wait_s = _wait_s(error, attempt, repeatable)
                if attempt < self._retries and wait_s is not None:
                    time.sleep(wait_s)
                    attempt += 1
                elif isinstance(error, Problem):
                    raise
                else:
                    raise Unreachable(f"{type(error).__name__}: {error}") from error


def _wait_s(error: httpx.TransportError | Problem, attempt: int, repeatable: bool) -> float | None:
    """Seconds until the same request may be sent again; None when it may not."""
    doubled = min(FIRST_WAIT_S * 2**attempt, LONGEST_WAIT_S)
    if isinstance(error, Problem):
        if error.status == 429 and error.retry_after_s is not None:
            return error.retry_after_s if error.retry_after_s <= LONGEST_WAIT_S else None
        if error.status in PASSING and repeatable:
            return min(error.retry_after_s or doubled, LONGEST_WAIT_S)
        return None
    if isinstance(error, httpx.UnsupportedProtocol):
        return None
    return doubled if repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else None


def _pieces(answer: httpx.Response, name: str, progress: OnProgress | None) -> Iterator[bytes]:
    """The body as it comes; Problem when it is a refusal."""
    if not answer.is_success:
        answer.read()
        raise problem_of(answer)
    declared = answer.headers.get("content-length", "")
    total, done = int(declared) if declared.isdecimal() else None, 0
    for piece in answer.iter_raw(PIECE_BYTES):
        done += len(piece)
        yield piece
        if progress is not None:
            progress(Progress(name, done, total))


def _file_name(answer: httpx.Response) -> str:
    """The server's name for a file (RFC 6266), as a name in this folder and nowhere else."""
    header = Message()
    header["Content-Disposition"] = answer.headers.get("content-disposition", "attachment")
    name = re.sub(r"[\\/\x00-\x1f:]", "_", header.get_filename() or "").lstrip(".")
    return name or "download"

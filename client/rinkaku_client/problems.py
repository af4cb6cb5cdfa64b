"""What can go wrong between a script and the server.

RinkakuError
├── Problem                    a refusal of the API (RFC 9457)
│   ├── NotAuthenticated (401)
│   ├── Forbidden (403)
│   │   └── OwnWork            nobody approves what he drew, accepted or submitted
│   ├── NotFound (404)         also for what is not yours
│   ├── Conflict (409)         the present state does not allow it
│   ├── Stale (412)            changed by someone else in the meantime
│   │   └── StaleRevision      a newer revision was saved; `head` is its number
│   ├── TooLarge (413)
│   ├── InvalidInput (422)
│   ├── TooManyRequests (429)
│   └── ServerProblem (5xx)
│       ├── Unavailable (503)
│       └── StorageFull (507)
├── Unreachable                no answer, after all repetitions
├── BadAnswer                  an answer that is not the API's, or is not whole
├── BadMask                    bytes that are not a mask, a mask that is not on the grid
├── BadGeometry                a grid that cannot be
└── NoVolume                   the series is not one grid, or not yet
"""

from __future__ import annotations

from typing import Any

import httpx

PROBLEM_TYPE = "application/problem+json"


class RinkakuError(Exception):
    """Whatever this package raises for what came from outside."""


class Unreachable(RinkakuError):
    """The server did not answer, however often it was asked."""


class BadAnswer(RinkakuError):
    """The answer is not what the API says, or it ended too early."""


class BadMask(RinkakuError):
    """Not a mask in wire form, or a mask of another grid."""


class BadGeometry(RinkakuError):
    """A grid whose numbers make no sense."""


class NoVolume(RinkakuError):
    """The series has no volume: its images are not one grid, or it is still arriving."""


class Problem(RinkakuError):
    """A refusal of the API: HTTP status, stable slug, sentence, and further members of the document."""

    def __init__(self, status: int, members: dict[str, Any], retry_after_s: float | None = None) -> None:
        self.status = status
        self.slug = str(members.get("type", "")).rpartition("/")[2] or "http-error"
        self.title = str(members.get("title", ""))
        self.detail = str(members.get("detail", ""))
        self.members = members
        self.retry_after_s = retry_after_s
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        """What is shown of it; errors of form say where they are."""
        where = [
            f"{'.'.join(one.get('where', []))}: {one.get('message', '')}"
            for one in self.members.get("errors", [])
        ]
        return f"{self.status} {self.slug}: {'; '.join([self.detail, *where])}"


class NotAuthenticated(Problem):
    """No valid token."""


class Forbidden(Problem):
    """Known, but not allowed to do this."""


class OwnWork(Forbidden):
    """What one drew, accepted or submitted needs another person's approval."""


class NotFound(Problem):
    """There is no such thing, or it is not yours."""


class Conflict(Problem):
    """The present state does not allow it."""


class Stale(Problem):
    """Changed by someone else in the meantime."""


class StaleRevision(Stale):
    """Somebody saved in between: nothing was overwritten, and nothing of this save was kept."""

    @property
    def head(self) -> int:
        """The newest revision's number; 0 when there is none."""
        return int(self.members.get("head") or 0)

    @property
    def author(self) -> str | None:
        """Who saved it; None for software."""
        author: str | None = self.members.get("author")
        return author

    @property
    def time(self) -> str | None:
        """When, in ISO 8601 UTC."""
        time: str | None = self.members.get("time")
        return time

    def _sentence(self) -> str:
        said = super()._sentence()
        return f"{said} Look at revision {self.head}, then save again with base={self.head}."


class TooLarge(Problem):
    """More bytes than the server takes."""


class InvalidInput(Problem):
    """Well-formed, but not acceptable."""


class TooManyRequests(Problem):
    """Slow down."""


class ServerProblem(Problem):
    """The server could not."""


class Unavailable(ServerProblem):
    """A part that is needed does not answer."""


class StorageFull(ServerProblem):
    """No room left."""


OF_SLUG: dict[str, type[Problem]] = {"stale-revision": StaleRevision, "own-work": OwnWork}
OF_STATUS: dict[int, type[Problem]] = {
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Stale,
    413: TooLarge,
    422: InvalidInput,
    429: TooManyRequests,
    503: Unavailable,
    507: StorageFull,
}


def problem_of(answer: httpx.Response) -> Problem:
    """The typed problem of an answer whose body has been read, also where a proxy wrote that body."""
    members = _members(answer)
    slug = str(members.get("type", "")).rpartition("/")[2]
    fallback = ServerProblem if answer.status_code >= 500 else Problem
    kind = OF_SLUG.get(slug) or OF_STATUS.get(answer.status_code, fallback)
    seconds = answer.headers.get("retry-after", "")
    return kind(answer.status_code, members, float(seconds) if seconds.isdecimal() else None)


def _members(answer: httpx.Response) -> dict[str, Any]:
    """The document; empty where there is none."""
    if PROBLEM_TYPE not in answer.headers.get("content-type", ""):
        return {"detail": f"the server answered {answer.status_code} {answer.reason_phrase}".strip()}
    try:
        members = answer.json()
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}

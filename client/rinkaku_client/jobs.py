"""Work that the server does later, and waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Unpack

from rinkaku_client.shapes import Job, JobFilters, LogLine
from rinkaku_client.transport import Transport

POLL_S = 1.0
"""Seconds between two looks at a job."""
ENDED = frozenset({"succeeded", "failed", "cancelled"})


class Jobs:
    """Jobs of the caller's projects."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **filters: Unpack[JobFilters]) -> Iterator[Job]:
        """Jobs, newest first."""
        return self._transport.pages("/jobs", filters)

    def get(self, job_id: str) -> Job:
        """A job."""
        found: Job = self._transport.json("GET", f"/jobs/{job_id}")
        return found

    def log(self, job_id: str) -> Sequence[LogLine]:
        """What the workers wrote about it, oldest line first."""
        return [*self._transport.json("GET", f"/jobs/{job_id}/log")["items"]]

    def cancel(self, job_id: str) -> Job:
        """Stop a job; a running one ends within seconds."""
        done: Job = self._transport.json("POST", f"/jobs/{job_id}/cancel")
        return done

    def retry(self, job_id: str) -> Job:
        """Queue a failed or cancelled job again."""
        done: Job = self._transport.json("POST", f"/jobs/{job_id}/retry")
        return done

    def wait(
        self, job_id: str, timeout_s: float = 3600.0, progress: Callable[[Job], None] | None = None
    ) -> Job:
        """The job once it has ended, however it ended (`state`, `error`); TimeoutError after too long.

        `progress` is told of the job whenever it has moved.
        """
        deadline = time.monotonic() + timeout_s
        told: tuple[str, float, str] | None = None
        while True:
            job = self.get(job_id)
            now = (job["state"], job["progress"], job["message"])
            if progress is not None and now != told:
                progress(job)
            told = now
            if job["state"] in ENDED:
                return job
            if time.monotonic() >= deadline:
                raise TimeoutError(f"job {job_id} ({job['kind']}) is still {job['state']}")
            time.sleep(POLL_S)

    def wait_for_all(self, job_ids: Sequence[str], timeout_s: float = 3600.0) -> Sequence[Job]:
        """The jobs once all have ended."""
        deadline = time.monotonic() + timeout_s
        return [self.wait(job_id, max(0.0, deadline - time.monotonic())) for job_id in job_ids]

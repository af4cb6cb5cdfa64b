"""Long computations that say little themselves, in a job whose worker wants to hear that it lives."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any

from workers.runtime import JobContext

ALIVE_S = 5.0
"""Between two words of a computation."""


def steadily(
    context: JobContext, compute: Callable[[], dict[str, Any]], say: Callable[[], None]
) -> dict[str, Any]:
    """What `compute` gives; meanwhile `say` tells how far it is, and a cancelled job is not waited for.

    `compute` runs in a thread and must not speak to the worker: one thread alone does.
    """
    future: Future[dict[str, Any]] = Future()

    def run() -> None:
        try:
            future.set_result(compute())
        except BaseException as error:  # it is raised again where it is waited for
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    while True:
        context.check_cancelled()
        say()
        try:
            return future.result(timeout=ALIVE_S)
        except TimeoutError:
            if future.done():
                raise

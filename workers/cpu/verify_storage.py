"""Once a day: read again what people drew and a share of the images, and say what is not as it was stored."""

from __future__ import annotations

from typing import Any

from backend import upkeep
from backend.kit.clock import now
from backend.kit.errors import IntegrityFailure
from workers.runtime import JobContext, job


@job("verify-storage", queue="cpu")
def verify_storage(context: JobContext) -> dict[str, Any]:
    """Nothing when all is well; the job fails, and its log names the rows, when a blob is damaged."""

    def told(n: int, total: int) -> None:
        context.check_cancelled()
        context.progress(n / total, "verifying", n=n, total=total)

    found = upkeep.verify(now().toordinal(), told)
    for damage in found:
        context.log(damage.problem, sha256=damage.sha256, rows=", ".join(damage.named_by))
    if found:
        raise IntegrityFailure(f"{len(found)} stored blobs are missing or altered; the log names them")
    return {"damaged": 0}

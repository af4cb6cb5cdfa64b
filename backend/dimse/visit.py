"""One association with a peer, from its request to its end, and what it leaves in our store.

Objects are stored one by one, each whole or not at all, and answered for at once; when the association ends,
however it ends, what came is settled as after STOW-RS.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

import structlog
from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from sqlalchemy.exc import OperationalError

from backend.dimse.service import Admission
from backend.kit.errors import AppError, StorageFull, Unavailable
from backend.studies.imports import finish, take_file
from backend.studies.intake import Arrival
from backend.studies.schemas import Outcome

SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
NOT_AUTHORISED = 0x0124
OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000
REFUSALS = {
    "conflicting-instance": DOES_NOT_MATCH,
    "wrong-reference": DOES_NOT_MATCH,
    "wrong-patient": DOES_NOT_MATCH,
    "dicom-too-large": OUT_OF_RESOURCES,
    "dicom-unsupported": 0x0122,
}
"""Status of a refused object by slug (PS3.4 table B.2-1, PS3.7 9.1.1.1.9); `CANNOT_UNDERSTAND` for others."""
log = structlog.get_logger()


def status(code: int, comment: str = "") -> Dataset:
    """The status of an answer, with its reason as Error Comment: ASCII, at most 64 characters."""
    answer = Dataset()
    answer.Status = code
    if comment:
        plain = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in comment)
        answer.ErrorComment = plain[:64]
    return answer


@dataclass
class Visit:
    """An association, as far as it was let in."""

    admission: Admission | None = None
    arrivals: list[Arrival] = field(default_factory=list)
    files: list[IO[bytes]] = field(default_factory=list)
    """Of data sets, whole or not; pynetdicom leaves them behind when it is interrupted."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def store(self, event: Event) -> Dataset:
        """The answer to a C-STORE; whatever happens here, the peer is told and nothing is half stored."""
        if self.admission is None:
            return status(NOT_AUTHORISED, "not admitted")
        try:
            arrival = self._take(self.admission, event)
        except (StorageFull, Unavailable, OperationalError) as error:
            return status(OUT_OF_RESOURCES, error.detail if isinstance(error, AppError) else "try again")
        except Exception as error:  # the edge of the process
            log.exception("dimse.store.failed", exc_info=error)
            return status(PROCESSING_FAILURE, "unforeseen error")
        if arrival.outcome is Outcome.REFUSED:
            log.info("dimse.store.refused", slug=arrival.slug)
            return status(REFUSALS.get(arrival.slug or "", CANNOT_UNDERSTAND), arrival.detail or "")
        return status(SUCCESS)

    def _take(self, admission: Admission, event: Event) -> Arrival:
        request = cast(C_STORE, event.request)
        announced = (str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID))
        path = event.dataset_path
        if path is None:
            return Arrival("C-STORE", Outcome.REFUSED, "not-dicom", "there is no data set")
        target = replace(admission.target, announced=announced)
        arrival = take_file(target, f"C-STORE {request.MessageID}", path)[0]
        with self._lock:
            self.arrivals.append(arrival)
        return arrival

    def end(self) -> None:
        """Remove what was left half read, and settle what came whole."""
        for file in self.files:
            with suppress(OSError):
                file.close()
            Path(file.name).unlink(missing_ok=True)
        if self.admission is None or not self.arrivals:
            return
        try:
            summary, settled = finish(self.admission.target, self.arrivals, more_may_come=True)
        except Exception as error:  # the edge of the process; `settle_forgotten` asks again for what is left
            log.exception("dimse.settle.failed", exc_info=error)
            return
        withdrawn = sum(after is not before for before, after in zip(self.arrivals, settled, strict=True))
        log.info(
            "dimse.store.ended", stored=summary.stored, duplicate=summary.duplicate,
            refused=summary.refused, withdrawn=withdrawn,
        )  # fmt: skip

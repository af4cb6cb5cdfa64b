"""Sending files, folders and zips."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rinkaku_client.problems import InvalidInput, TooLarge
from rinkaku_client.shapes import FileOutcome, Imported
from rinkaku_client.transport import PIECE_BYTES, OnProgress, Progress, Transport

OCTETS = "application/octet-stream"


class Imports:
    """The way in."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(
        self, project_id: str, paths: Iterable[Path | str], progress: OnProgress | None = None
    ) -> Imported:
        """Send DICOM (where the project allows it, NIfTI) files, zips of them, and folders with all below.

        What the server does not take is told in `refusals`, with slug and sentence; nothing is raised for it.
        A file whose sending was interrupted is sent again; FileNotFoundError before anything is sent.
        """
        files = [one for path in paths for one in _files(Path(path))]
        total = sum(path.stat().st_size for _, path in files)
        batch = self._transport.json("POST", f"/projects/{project_id}/imports")["id"]
        outcomes: list[FileOutcome] = []
        refusals: list[FileOutcome] = []
        sent = 0
        for name, path in files:
            size = path.stat().st_size
            body = _Upload(name, path, sent, total, progress)
            try:
                outcomes += self._put(batch, name, size, body)
            except (TooLarge, InvalidInput) as problem:
                refusals.append(_refused(name, problem))
            sent += size
        done: Imported = self._transport.json("POST", f"/imports/{batch}/complete", repeatable=True)
        done["files"] = outcomes + refusals
        done["refusals"] = done["refusals"] + refusals
        done["refused"] += len(refusals)
        return done

    def _put(self, batch: str, name: str, size: int, body: _Upload) -> list[FileOutcome]:
        options: dict[str, Any] = {
            "params": {"name": name},
            "headers": {"Content-Type": OCTETS, "Content-Length": str(size)},
        }
        answer = self._transport.json("PUT", f"/imports/{batch}/files", body=body, **options)
        return [*answer["files"]]


class _Upload:
    """The bytes of one file, from the beginning each time they are asked for."""

    def __init__(self, name: str, path: Path, before: int, total: int, progress: OnProgress | None) -> None:
        self._name, self._path, self._before, self._total = name, path, before, total
        self._progress = progress

    def __call__(self) -> Iterator[bytes]:
        done = self._before
        with self._path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
                done += len(piece)
                if self._progress is not None:
                    self._progress(Progress(self._name, done, self._total))


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """Files to send with the names to send them under: below a folder, from the folder's name on."""
    if path.is_dir():
        for file in sorted(one for one in path.rglob("*") if one.is_file()):
            yield file.relative_to(path.parent).as_posix(), file
    elif path.is_file():
        yield path.name, path
    else:
        raise FileNotFoundError(f"{path} is neither a file nor a folder")


def _refused(name: str, problem: TooLarge | InvalidInput) -> FileOutcome:
    """The outcome of a file that was turned away as a whole."""
    return {
        "name": name,
        "outcome": "refused",
        "slug": problem.slug,
        "detail": problem.detail,
        "sop_instance_uid": None,
        "findings": [],
    }

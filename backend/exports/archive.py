"""A zip whose bytes follow from what is put into it: no moment, no user, no order of a folder."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from rt.geometry import Grid
from rt.resample import write_nifti

MOMENT = (1980, 1, 1, 0, 0, 0)
"""The first that a zip can say; every member has it."""
RIGHTS = 0o644
UNIX = 3


class Archive:
    """A zip being written, with a folder for files on their way into it."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w")
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def data(self, name: str, data: bytes, *, packed: bool = False) -> None:
        """A member with these bytes, deflated where that makes it smaller."""
        self._zip.writestr(_member(name, packed), data)

    def file(self, name: str, path: Path) -> None:
        """A file that is packed already; it is gone afterwards."""
        member = _member(name, packed=False)
        member.file_size = path.stat().st_size
        with path.open("rb") as source, self._zip.open(member, "w") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        path.unlink()

    def json(self, name: str, body: Any) -> None:
        """A member in JSON."""
        self.data(name, json.dumps(body, indent=1).encode())

    def nifti(self, name: str, array_kji: npt.NDArray[Any], grid: Grid) -> None:
        """An array on its grid as `.nii.gz`."""
        path = self._folder / "next.nii.gz"
        write_nifti(path, array_kji, grid)
        self.file(name, path)


def _member(name: str, packed: bool) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, MOMENT)
    member.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    member.create_system = UNIX
    member.external_attr = RIGHTS << 16
    return member


def safe_name(name: str) -> str:
    """A name as part of a file's: letters, digits, `_`, `-`, `+` and `.` stay."""
    kept = "".join(c if c.isalnum() or c in "_-+." else "_" for c in name)
    return kept.lstrip(".") or "structure"


def distinct_names(
    names: Sequence[str], cleaned: Callable[[str], str] = safe_name, mark: str = "_"
) -> dict[str, str]:
    """A clean name for each, of which no two are one, whatever a file system thinks of capitals."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in names:
        stem, number = cleaned(name), 1
        while (tried := stem if number == 1 else f"{stem}{mark}{number}").casefold() in taken:
            number += 1
        taken.add(tried.casefold())
        found[name] = tried
    return found

"""The files of a network from elsewhere: a folder that a person names, or a zip that came from anywhere.

No name becomes a path and nothing is written.  What is not read by an importer is hashed and let go, so that
the SHA-256 names the whole, code included; it is the same for a folder and for the zip of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from models.foreign.errors import ForeignUnreadable
from rt.dicom.archive import iter_members
from rt.dicom.limits import DEFAULT_ARCHIVE_LIMITS, GIB
from rt.errors import ArchiveError

READ = (".json", ".yaml", ".yml", ".pt", ".pth", ".ts", ".safetensors")
CHECKPOINTS = (".pt", ".pth", ".ts")
"""Files that are zips themselves; `models.foreign.weights` looks into them."""
LIMITS = replace(
    DEFAULT_ARCHIVE_LIMITS, members=2000, member_bytes=2 * GIB, total_bytes=6 * GIB, nested=CHECKPOINTS
)


@dataclass(frozen=True)
class ForeignFiles:
    """Contents by name, below the folder that holds them all."""

    name: str
    """Of the folder or zip, for showing."""
    contents: dict[str, bytes]
    sha256: str
    """Of all names and contents, those not kept here too."""

    def get(self, name: str) -> bytes:
        """One file; ForeignUnreadable when it is not there."""
        if name not in self.contents:
            raise ForeignUnreadable("the file is missing", where=name)
        return self.contents[name]

    def below(self, folder: str) -> list[str]:
        """Names of the files directly in a folder."""
        return sorted(name for name in self.contents if str(PurePosixPath(name).parent) == folder)


def read_files(path: Path, file_name: str = "") -> ForeignFiles:
    """The files of a folder or a zip; ForeignUnreadable when it is neither, or hostile.

    `file_name` is what an uploaded zip was called.
    """
    if not path.exists():
        raise ForeignUnreadable("there is no such file or folder", where=path.name)
    members = _of_folder(path) if path.is_dir() else _of_zip(path)
    contents: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    for name, data in members:
        digests[name] = hashlib.sha256(data).hexdigest()
        if name.lower().endswith(READ):
            contents[name] = data
    if not digests:
        raise ForeignUnreadable("there is no file in it", where=path.name)
    root = _root(list(digests))
    inner = {name[len(root) :]: digest for name, digest in digests.items()}
    listing = "".join(f"{name}\0{digest}\n" for name, digest in sorted(inner.items()))
    kept = {name[len(root) :]: data for name, data in contents.items()}
    name = root.rstrip("/").rsplit("/", 1)[-1] or PurePosixPath(file_name or path.name).stem
    return ForeignFiles(name, kept, hashlib.sha256(listing.encode()).hexdigest())


def _of_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.rglob("*")):
        if file.is_symlink():
            raise ForeignUnreadable("a link, not a file", where=file.name)
        if file.is_file():
            if file.stat().st_size > LIMITS.member_bytes:
                raise ForeignUnreadable(f"larger than {LIMITS.member_bytes} bytes", where=file.name)
            yield f"{path.name}/{file.relative_to(path).as_posix()}", file.read_bytes()


def _of_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        for member in iter_members(path, LIMITS):
            if member.refusal is not None:
                raise ForeignUnreadable(member.refusal, where=member.name)
            yield member.name, member.data
    except ArchiveError as refused:
        raise ForeignUnreadable(refused.detail, where=path.name) from refused


def _root(names: list[str]) -> str:
    """The folders that all files are in, with a slash behind."""
    parts = [name.split("/")[:-1] for name in names]
    shared: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    # a bundle of which only one folder has files is not that folder
    while shared and (shared[-1] in ("configs", "models") or shared[-1].startswith("fold_")):
        shared.pop()
    return "".join(f"{one}/" for one in shared)

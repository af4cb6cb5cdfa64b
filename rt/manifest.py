"""DatasetManifest: which images and labels a training run may see, and in which role.

The only contract between the backend, which freezes approved revisions into files, and `models/`,
which learns from them.  Labels are one NIfTI bit field per case: bit n of a voxel is set where the
structure that `bits` maps to n is.  A structure absent from a case's `bits` is unknown there, not absent.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Self, get_args

from rt.errors import RtError

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Case:
    """One image with what is known of its structures."""

    id: str
    patient: str
    split: Split
    image: str
    """Path of the image (NIfTI, HU or intensity), relative to the manifest's folder, or absolute."""
    labels: str
    """Path of the label bit field (NIfTI, unsigned integers) on the image's grid."""
    bits: dict[str, int]
    """Structure name (TG-263) to bit."""


@dataclass(frozen=True)
class DatasetManifest:
    """A frozen, patient-wise split set of cases."""

    structures: tuple[str, ...]
    cases: tuple[Case, ...]
    root: Path

    def __post_init__(self) -> None:
        roles: dict[str, str] = {}
        for case in self.cases:
            if case.split not in get_args(Split):
                raise RtError(f"unknown split {case.split!r}", where=case.id)
            if roles.setdefault(case.patient, case.split) != case.split:
                raise RtError("patient stands in two splits", where=case.patient)

    def split(self, split: Split) -> tuple[Case, ...]:
        """The cases of one role."""
        return tuple(case for case in self.cases if case.split == split)

    def path(self, relative: str) -> Path:
        """Where a case's file lies."""
        return self.root / relative

    def digest(self) -> str:
        """SHA-256 of what `write` writes: structures, cases and their split, not the voxels."""
        return hashlib.sha256(self._text().encode()).hexdigest()

    def write(self, path: Path) -> None:
        """Write as JSON beside the files it names."""
        path.write_text(self._text())

    def _text(self) -> str:
        body = {
            "schema": 1,
            "structures": list(self.structures),
            "cases": [asdict(case) for case in self.cases],
        }
        return json.dumps(body, indent=1) + "\n"

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote; RtError says what is wrong with anything else."""
        try:
            body = json.loads(path.read_text())
            if body["schema"] != 1:
                raise RtError(f"manifest schema {body['schema']} is not known", where=path.name)
            cases = tuple(Case(**case) for case in body["cases"])
            return cls(tuple(body["structures"]), cases, path.parent)
        except (KeyError, TypeError, ValueError) as error:
            raise RtError("not a dataset manifest", where=path.name) from error

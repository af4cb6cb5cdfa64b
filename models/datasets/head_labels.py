"""Whole-head label maps (SynthSeg training maps, Billot et al. 2023) as tissues and structures.

A map says which tissue each voxel of 1 mm holds: what a picture is drawn from.  From the tissues follow the
structures that a network learns; several structures share a voxel (Intracranial and Brainstem).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from rt.errors import RtError
from rt.geometry import Grid
from rt.resample import lps_grid, read_nifti, resample

TISSUE_LABELS: dict[str, tuple[int, ...]] = {
    "air": (0,),
    "white-matter": (2, 41),
    "cortex": (3, 42),
    "deep-grey": (10, 11, 17, 18, 26, 49, 50, 53, 54, 58),
    "putamen-pallidum": (12, 13, 51, 52),
    "ventral-diencephalon": (28, 60),
    "ventricle": (4, 5, 14, 15, 43, 44, 72),
    "csf": (24,),
    "cerebellar-white-matter": (7, 46),
    "cerebellar-cortex": (8, 47),
    "brainstem": (16,),
    "chiasm": (85,),
    "lesion": (25, 57),
    "vessel": (30, 62, 502),
    "choroid-plexus": (136, 137, 163, 164),
    "venous-sinus": (514,),
    "eye": (506,),
    "eye-muscle": (508,),
    "optic-nerve": (530,),
    "cord": (512,),
    "mucosa": (509,),
    "skin": (511,),
    "muscle-and-fat": (507,),
    "compact-bone": (515,),
    "marrow": (516,),
    "inner-air": (),
}
"""The maps' labels of each tissue, right and left together; inner air is air within the head's outline."""
TISSUES = tuple(TISSUE_LABELS)
STRUCTURES = (
    "External",
    "Intracranial",
    "WhiteMatter",
    "GreyMatter",
    "CSF",
    "Cerebellum",
    "Brainstem",
    "Eyes",
    "OpticNrvs",
    "OpticChiasm",
)
"""What a network is asked for; sides are found afterwards by the mid-plane."""
FIRST_VALIDATION = 14
"""Maps 1 to 13 train, 14 to 16 validate."""
_OF_STRUCTURE: dict[str, tuple[str, ...]] = {
    "WhiteMatter": ("white-matter", "lesion"),
    "GreyMatter": ("cortex", "deep-grey", "putamen-pallidum", "ventral-diencephalon"),
    "CSF": ("csf", "ventricle"),
    "Cerebellum": ("cerebellar-white-matter", "cerebellar-cortex"),
    "Brainstem": ("brainstem",),
    "Eyes": ("eye",),
    "OpticNrvs": ("optic-nerve",),
    "OpticChiasm": ("chiasm",),
}
_BRAIN = (
    *{tissue for parts in _OF_STRUCTURE.values() for tissue in parts} - {"eye", "optic-nerve"},
    "choroid-plexus",
)
_CLOSING = 3
"""Voxels by which the brain is closed: what lies between its folds is within the skull."""
_VERSION = "1"


@dataclass(frozen=True)
class HeadMap:
    """One head on LPS cubes of 1 mm, cropped to its outline."""

    id: str
    tissues: npt.NDArray[np.uint8]
    """(k, j, i), an index into TISSUES."""
    structures: npt.NDArray[np.uint16]
    """(k, j, i), bit n for structure n of STRUCTURES."""

    def mask(self, structure: str) -> npt.NDArray[np.bool_]:
        """(k, j, i) of one structure."""
        return (self.structures >> STRUCTURES.index(structure) & 1).astype(bool)


def load_head_maps(root: Path, cache: Path) -> tuple[list[HeadMap], list[HeadMap]]:
    """The maps that train and those that validate, prepared once; RtError when there are none."""
    paths = sorted(root.glob("head_*.nii.gz"))
    if not paths:
        raise RtError("no label maps head_NN.nii.gz", where=str(root))
    cache.mkdir(parents=True, exist_ok=True)
    maps = [_load(path, cache) for path in paths]
    split = [int(head.id.removeprefix("head_")) >= FIRST_VALIDATION for head in maps]
    return (
        [head for head, validates in zip(maps, split, strict=True) if not validates],
        [head for head, validates in zip(maps, split, strict=True) if validates],
    )


def _load(path: Path, cache: Path) -> HeadMap:
    name = path.name.removesuffix(".nii.gz")
    stamp = hashlib.sha256(f"{path.resolve()}|{path.stat().st_size}|{_VERSION}".encode()).hexdigest()[:24]
    stored = cache / f"{stamp}.npz"
    if not stored.exists():
        labels, grid = read_nifti(path)
        head = head_from_labels(name, labels, grid)
        np.savez_compressed(stored, tissues=head.tissues, structures=head.structures)
    with np.load(stored) as arrays:
        return HeadMap(name, arrays["tissues"], arrays["structures"])


def head_from_labels(name: str, labels_kji: npt.NDArray[np.generic], grid: Grid) -> HeadMap:
    """Tissues and structures of a label map; RtError names labels that it should not hold."""
    labels = np.rint(_on_lps_cubes(labels_kji, grid)).astype(np.int64)
    known = {label for parts in TISSUE_LABELS.values() for label in parts}
    strange = sorted(set(np.unique(labels).tolist()) - known)
    if strange:
        raise RtError(f"labels {strange} are not a head map's", where=name)
    outline = _filled(_largest(labels > 0))
    table = np.zeros(max(known) + 1, dtype=np.uint8)
    for index, parts in enumerate(TISSUE_LABELS.values()):
        table[list(parts)] = index
    tissues = np.where(outline, table[labels], np.uint8(0))
    tissues[outline & (tissues == 0)] = TISSUES.index("inner-air")
    box = ndimage.find_objects(outline.view(np.uint8))[0]
    tissues = np.ascontiguousarray(tissues[box])
    return HeadMap(name, tissues, _structures(tissues))


def _on_lps_cubes(labels_kji: npt.NDArray[np.generic], grid: Grid) -> npt.NDArray[np.float32]:
    """Nearest voxel on LPS cubes of 1 mm.  Maps of that grid are only turned, which loses nothing."""
    target = lps_grid(grid, 1.0)
    return resample(labels_kji, grid, target, outside=0.0, nearest=True)


def _structures(tissues: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    found = {"External": tissues > 0}
    skull = _intracranial(tissues)
    found["Intracranial"] = skull
    for name, parts in _OF_STRUCTURE.items():
        found[name] = _any_of(tissues, parts)
    found["CSF"] &= skull
    packed = np.zeros(tissues.shape, dtype=np.uint16)
    for bit, name in enumerate(STRUCTURES):
        packed |= found[name].astype(np.uint16) << np.uint16(bit)
    return packed


def _intracranial(tissues: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Brain and CSF down to the brainstem's lowest slice (about the foramen magnum), closed and filled."""
    brain = _any_of(tissues, _BRAIN)
    lowest = int(np.flatnonzero(_any_of(tissues, ("brainstem",)).any(axis=(1, 2)))[0])
    brain[:lowest] = False
    padded = np.pad(brain, _CLOSING)
    steps = np.abs(np.mgrid[-_CLOSING : _CLOSING + 1, -_CLOSING : _CLOSING + 1, -_CLOSING : _CLOSING + 1])
    ball = (steps**2).sum(axis=0) <= _CLOSING**2
    closed = ndimage.binary_closing(padded, ball)[_CLOSING:-_CLOSING, _CLOSING:-_CLOSING, _CLOSING:-_CLOSING]
    closed[:lowest] = False
    return _filled(_largest(closed))


def _any_of(tissues: npt.NDArray[np.uint8], names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    return np.isin(tissues, [TISSUES.index(name) for name in names])


def _largest(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    part: npt.NDArray[np.bool_] = labels == sizes.argmax()
    return part


def _filled(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    filled: npt.NDArray[np.bool_] = ndimage.binary_fill_holes(mask)
    return np.stack([ndimage.binary_fill_holes(plane) for plane in filled])

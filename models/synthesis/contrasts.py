"""How bright each tissue is in a picture nobody has taken: random contrasts of a head (domain randomisation).

Half of the pictures look like T1-weighted MRI, most of those after contrast medium; some like T2-weighted or
FLAIR; the rest have any contrast at all, so that the network learns shapes instead of brightness (SynthSeg,
Billot et al., Medical Image Analysis 2023).  Brightness is relative to white matter in T1, CSF in T2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.datasets.head_labels import TISSUES

Range = tuple[float, float]

_T1: dict[str, Range] = {
    "air": (0.0, 0.04),
    "white-matter": (0.95, 1.05),
    "cortex": (0.62, 0.82),
    "deep-grey": (0.68, 0.88),
    "putamen-pallidum": (0.75, 0.95),
    "ventral-diencephalon": (0.82, 0.98),
    "ventricle": (0.12, 0.32),
    "csf": (0.12, 0.38),
    "cerebellar-white-matter": (0.9, 1.05),
    "cerebellar-cortex": (0.6, 0.82),
    "brainstem": (0.8, 0.98),
    "chiasm": (0.75, 1.0),
    "lesion": (0.4, 0.9),
    "vessel": (0.1, 1.5),
    "choroid-plexus": (0.35, 0.8),
    "venous-sinus": (0.15, 0.8),
    "eye": (0.12, 0.35),
    "eye-muscle": (0.5, 0.8),
    "optic-nerve": (0.6, 0.95),
    "cord": (0.75, 1.0),
    "mucosa": (0.4, 0.8),
    "skin": (0.5, 2.4),
    "muscle-and-fat": (0.45, 0.75),
    "compact-bone": (0.03, 0.25),
    "marrow": (0.4, 1.8),
    "inner-air": (0.0, 0.08),
}
_ENHANCED: dict[str, Range] = {
    "vessel": (1.2, 2.2),
    "choroid-plexus": (1.1, 1.8),
    "venous-sinus": (1.1, 2.0),
    "eye-muscle": (0.8, 1.3),
    "mucosa": (1.0, 1.8),
    "csf": (0.15, 0.45),
}
"""What contrast medium brightens; the rest as in T1."""
_T2: dict[str, Range] = {
    "air": (0.0, 0.04),
    "white-matter": (0.35, 0.5),
    "cortex": (0.5, 0.7),
    "deep-grey": (0.42, 0.6),
    "putamen-pallidum": (0.3, 0.5),
    "ventral-diencephalon": (0.38, 0.52),
    "ventricle": (0.9, 1.1),
    "csf": (0.75, 1.1),
    "cerebellar-white-matter": (0.35, 0.52),
    "cerebellar-cortex": (0.5, 0.7),
    "brainstem": (0.38, 0.55),
    "chiasm": (0.35, 0.55),
    "lesion": (0.6, 1.0),
    "vessel": (0.0, 0.3),
    "choroid-plexus": (0.6, 1.0),
    "venous-sinus": (0.05, 0.6),
    "eye": (0.85, 1.2),
    "eye-muscle": (0.2, 0.4),
    "optic-nerve": (0.35, 0.6),
    "cord": (0.38, 0.55),
    "mucosa": (0.6, 1.1),
    "skin": (0.2, 1.0),
    "muscle-and-fat": (0.15, 0.35),
    "compact-bone": (0.0, 0.12),
    "marrow": (0.2, 0.8),
    "inner-air": (0.0, 0.06),
}
_FLAIR = {"ventricle": (0.03, 0.2), "csf": (0.05, 0.3), "eye": (0.05, 0.3), "lesion": (0.6, 1.2)}
"""What FLAIR darkens; the rest as in T2."""
KINDS = ("t1", "t1-enhanced", "t2", "flair", "any")
_ODDS = (0.2, 0.3, 0.1, 0.1, 0.3)


@dataclass(frozen=True)
class Contrast:
    """Brightness of each of TISSUES, and how much voxels of one tissue differ."""

    kind: str
    mean: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]
    fat: float
    """Brightness of the fat between the muscles."""
    fat_share: float


def draw_contrast(rng: np.random.Generator, kind: str | None = None) -> Contrast:
    """A random contrast of the given kind, of any kind if none is given."""
    kind = kind or str(rng.choice(KINDS, p=_ODDS))
    if kind == "any":
        mean = rng.uniform(0.05, 1.0, len(TISSUES))
        mean[[TISSUES.index("air"), TISSUES.index("inner-air")]] = rng.uniform(0, 0.1, 2)
        fat = rng.uniform(0.05, 1.0)
    else:
        ranges = {"t1": _T1, "t1-enhanced": _T1 | _ENHANCED, "t2": _T2, "flair": _T2 | _FLAIR}[kind]
        mean = np.array([rng.uniform(*ranges[tissue]) for tissue in TISSUES])
        fat = rng.uniform(*((1.1, 2.4) if kind.startswith("t1") else (0.2, 1.1)))
    spread = rng.uniform(0.01, 0.1, len(TISSUES)) * np.maximum(mean, 0.1)
    return Contrast(
        kind, mean.astype(np.float32), spread.astype(np.float32), float(fat), float(rng.uniform(0.2, 0.8))
    )

"""How good a prediction is, beside what a person drew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def hard_dice(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    """Dice similarity of two masks; 1 if both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 1.0 if total == 0 else 2 * int((a & b).sum()) / total

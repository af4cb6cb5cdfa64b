"""How a network from elsewhere is asked, as its makers did it: windows, mirroring, what its outputs mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Practice:
    """All of inference that is not the network and not the picture; axes are those of the prepared array."""

    patch_kji: Triple
    """Voxels of a window along each axis."""
    channels: tuple[int, ...]
    """Output channel of each structure, in the order of the manifest's structures."""
    outputs: int
    """Channels that the network gives."""
    activation: Literal["sigmoid", "softmax"]
    """Softmax: classes exclude each other, and the most probable one wins a voxel."""
    overlap: float = 0.5
    blend: Literal["gaussian", "nnunet", "constant"] = "gaussian"
    """Weights of a window: MONAI's Gaussian, nnU-Net's (half a voxel off, no floor), or all alike."""
    spread: Literal["even", "clamped"] = "even"
    """Windows evenly apart (nnU-Net), or at steps with only the last one moved inwards (MONAI)."""
    mirror_axes: tuple[int, ...] = ()
    """The mean over all mirrored views along these axes; structures keep their sides."""
    pad_value: float = 0.0
    """Around a picture smaller than a window."""

    def describe(self) -> str:
        """For the card."""
        size = " × ".join(str(n) for n in self.patch_kji)
        mirrored = f", mean over {2 ** len(self.mirror_axes)} mirrored views" if self.mirror_axes else ""
        return f"windows of {size} voxels, overlap {self.overlap:g}, {self.blend} weights{mirrored}"

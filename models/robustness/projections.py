"""Parallel-beam projections of a slice, and filtered back-projection (Kak and Slaney 1988, chapter 3)."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from rt.geometry import FloatArray

ANGLES = 240
"""Over half a turn."""


def projected(planes: FloatArray, pixel_mm: float) -> FloatArray:
    """Line integrals (planes, angles, detector) in units times mm, of planes (planes, rows, columns).

    The detector has pixels of the slice's size, its middle before the slice's middle.
    """
    rows, columns = planes.shape[1:]
    size = _detector(rows, columns)
    values = torch.from_numpy(planes)[None]
    along = (torch.arange(size, dtype=torch.float64) - (size - 1) / 2)[:, None]
    across = along.T
    lines = []
    for angle in _angles():
        x = across * angle.cos() - along * angle.sin()
        y = across * angle.sin() + along * angle.cos()
        at = torch.stack([2 * x / columns, 2 * y / rows], dim=-1)[None]
        lines.append(functional.grid_sample(values, at, align_corners=False)[0].sum(dim=1))
    found: FloatArray = (torch.stack(lines, dim=1) * pixel_mm).numpy()
    return found


def back_projected(lines: FloatArray, pixel_mm: float, shape: tuple[int, ...]) -> FloatArray:
    """The plane (rows, columns) whose line integrals are `lines` (angles, detector), by the ramp filter."""
    size = lines.shape[1]
    offsets = np.arange(-size + 1, size)
    ramp = np.zeros(len(offsets))
    odd = offsets % 2 == 1
    ramp[odd] = -1.0 / (np.pi * offsets[odd] * pixel_mm) ** 2
    ramp[size - 1] = 1.0 / (2.0 * pixel_mm) ** 2
    length = 1 << int(np.ceil(np.log2(3 * size)))
    spectrum = np.fft.rfft(ramp, length)
    filtered = np.fft.irfft(np.fft.rfft(lines, length, axis=1) * spectrum, length, axis=1)
    filtered = filtered[:, size - 1 : 2 * size - 1] * pixel_mm
    y, x = (np.arange(n) - (n - 1) / 2 for n in shape)
    detector = np.arange(size) - (size - 1) / 2
    plane = np.zeros(shape)
    for angle, line in zip(_angles().numpy(), filtered, strict=True):
        at = x[None, :] * np.cos(angle) + y[:, None] * np.sin(angle)
        plane += np.interp(at.ravel(), detector, line).reshape(shape)
    return plane * np.pi / len(filtered)


def _angles() -> torch.Tensor:
    return torch.arange(ANGLES, dtype=torch.float64) * torch.pi / ANGLES


def _detector(rows: int, columns: int) -> int:
    return int(np.ceil(np.hypot(rows, columns))) + 2

"""Registration of surfaces beside pycpd, in an environment of its own: time, and what distance is left.

A lobed organ of 25 mL is warped by a known deformation and sampled anew.  pycpd begins with the result of our
affine part, has the kernel of ours and its own limit of 100 iterations.  Processor time of all cores is told.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.organ_space.config import RegistrationConfig
from models.organ_space.drift import register
from models.organ_space.known import judged, known_warp, lobed_points
from models.organ_space.registration import Registration, surface_distance
from rt.geometry import FloatArray
from scripts.bench_figures import Figure
from scripts.peer_environment import last_line, peer_python

INSTALLS = (("numpy<2.5", "scipy", "pycpd==2.0.0"),)
COUNTS = (2000, 5000)
LIMIT_S = 5.0
"""For 5,000 × 5,000 points on two cores."""
SAME = 1.02
"""Times their distance that is called the same."""
TIMES = 20
AMPLITUDE_MM = 3.0
PEER_S = 1800


@dataclass(frozen=True)
class Peer:
    """What pycpd gave."""

    seconds: float
    distance_mm: float
    iterations: int


def beside_pycpd(folder: Path, cache: Path) -> Iterator[Figure]:
    """Of 2,000 and 5,000 points on either surface."""
    for count in COUNTS:
        moving = lobed_points(count, 1)
        known = known_warp(moving, 3, AMPLITUDE_MM)
        fixed = known.warp(lobed_points(count, 2))
        began = time.process_time()
        found = register(moving, fixed)
        seconds = time.process_time() - began
        peer = _theirs(folder, cache, (moving, fixed), found)
        if count == max(COUNTS):
            yield Figure(f"{count} x {count} points", seconds, "s", LIMIT_S)
        theirs = peer.seconds if peer else None
        yield Figure(f"{count} x {count} points, beside", seconds, "s", theirs, "pycpd", most=1 / TIMES)
        label = "    surface distance"
        distance = peer.distance_mm if peer else None
        yield Figure(label, found.surface_distance_mm, "mm", distance, "pycpd", most=SAME)
        left = judged(found, known, moving, lobed_points(2000, 4, inside=True), lobed_points(60_000, 5))
        yield Figure("    of that across the true surface", left.across_mm, "mm")
        note = f"{left.before_mm:.2f} mm before"
        yield replace(Figure("    target registration error, surface", left.tre_surface_mm, "mm"), note=note)
        yield Figure("    target registration error, inside", left.tre_inside_mm, "mm")


def _theirs(
    folder: Path, cache: Path, points: tuple[FloatArray, FloatArray], found: Registration
) -> Peer | None:
    """What pycpd makes of the same points after our affine part; None, with the reason, without it."""
    moving, fixed = points
    config = RegistrationConfig()
    base = moving @ found.matrix.T + found.shift
    path = folder / "points.npz"
    np.savez(path, moving=base, fixed=fixed)
    asked = {"alpha": config.stiffness, "beta": found.width_mm, "w": config.outliers, "max_iterations": 100}
    script = Path(__file__).with_name("pycpd_registration.py")
    try:
        command = [str(peer_python(cache, *INSTALLS)), str(script), str(path), json.dumps(asked)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PEER_S)
    except (subprocess.SubprocessError, OSError) as error:
        sys.stdout.write(f"  pycpd cannot be had, no peer: {last_line(error)}\n")
        return None
    told = json.loads(ran.stdout)
    moved = np.load(str(path) + ".moved.npy")
    return Peer(told["cpu"], surface_distance(moved, fixed), told["iterations"])

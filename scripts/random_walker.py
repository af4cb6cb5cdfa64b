"""Runs in scikit-image's own environment: answers clicks by its random walker, for scripts/clicks.py.

Lines of JSON as frontend/dev/answer-clicks.mjs describes them.  It works on the cube of 95 mm around the
first click (or on the box); the clicks, with their neighbours, are its seeds, and the faces are background.
"""

import json
import sys
import time

import numpy as np
from skimage.segmentation import random_walker

REACH_MM, BETA = 47.5, 130


def main():
    for line in sys.stdin:
        ask = json.loads(line)
        volume = np.fromfile(ask["volume"], "<i2").reshape(ask["shape"])
        began = time.perf_counter()
        mask = answer(volume, ask)
        ms = 1000 * (time.perf_counter() - began)
        mask.astype(np.uint8).tofile(ask["mask"])
        sys.stdout.write(json.dumps({"ms": ms}) + "\n")
        sys.stdout.flush()


def answer(volume, ask):
    spacing, box = np.array(ask["spacing"]), ask["box"]
    reach = np.round(REACH_MM / spacing).astype(int)
    first = np.array(ask["clicks"][0][:3])
    low = np.maximum(0, first - reach) if box is None else np.array(box["low"])
    high = np.minimum(volume.shape, first + reach + 1) if box is None else np.array(box["high"])
    region = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    seeds = np.full(high - low, 2, np.uint8)
    seeds[1:-1, 1:-1, 1:-1] = 0
    for *place, add in ask["clicks"]:
        at = np.array(place) - low
        if (at < 0).any() or (at >= high - low).any():
            continue
        near = tuple(slice(max(0, a - 1), a + 2) for a in at)
        seeds[near] = 1 if add else 2
    values = np.clip(volume[region], -200, 300) / 500.0
    mask = np.zeros(volume.shape, bool)
    mask[region] = random_walker(values, seeds, beta=BETA, mode="cg_j", tol=1e-2, spacing=spacing) == 1
    return mask


main()

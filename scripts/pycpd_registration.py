"""Runs in pycpd's own environment: its deformable registration of two point sets.

    python pycpd_registration.py POINTS.npz SETTINGS

POINTS has moving (m, 3) and fixed (n, 3); SETTINGS is JSON: alpha, beta, w, max_iterations.  Answers with
JSON: seconds of the processor (cpu) and of the clock, and iterations; the moved points go beside POINTS as
.moved.npy.  Nothing of Rinkaku is imported.
"""

import json
import sys
import time

import numpy as np
from pycpd import DeformableRegistration


def main(path, settings):
    points = np.load(path)
    began, clock = time.process_time(), time.perf_counter()
    drift = DeformableRegistration(X=points["fixed"], Y=points["moving"], **json.loads(settings))
    moved, _ = drift.register()
    seconds = {"cpu": time.process_time() - began, "clock": time.perf_counter() - clock}
    np.save(path + ".moved.npy", moved)
    json.dump(seconds | {"iterations": drift.iteration}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

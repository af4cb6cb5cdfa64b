"""Runs in dicompyler-core's own environment: its DVH of every ROI of an RTSTRUCT in an RTDOSE, as JSON.

    python dicompyler_dvh.py RTSTRUCT RTDOSE REPEATS

For each ROI by name: seconds (of each repeat), volume_cc, mean_gy, d95_gy, d2_gy.  It works within the
structure's extents, which is quicker and changes no figure.  Nothing of Rinkaku is imported.
"""

import json
import sys
import time

from dicompylercore import dicomparser, dvhcalc


def main(rtstruct, rtdose, repeats):
    structures, dose = (dicomparser.DicomParser(path).ds for path in (rtstruct, rtdose))
    results = {}
    for number, roi in dicomparser.DicomParser(structures).GetStructures().items():
        seconds = []
        for _ in range(int(repeats)):
            began = time.perf_counter()
            dvh = dvhcalc.get_dvh(structures, dose, number, use_structure_extents=True)
            d95, d2 = dvh.D95.value, dvh.D2.value
            seconds.append(time.perf_counter() - began)
        results[roi["name"]] = {
            "seconds": seconds,
            "volume_cc": float(dvh.volume),
            "mean_gy": float(dvh.mean),
            "d95_gy": float(d95),
            "d2_gy": float(d2),
        }
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

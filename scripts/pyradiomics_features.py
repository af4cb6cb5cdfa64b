"""Runs in pyradiomics' own environment: its features of one region, as JSON.

    python pyradiomics_features.py SETTINGS

SETTINGS is a JSON file: image, mask (NIfTI), settings (of its extractor), images (image types with their
settings), repeats.  Answers {"seconds": of each repeat, "values": {name: number}}.  Nothing of Rinkaku is
imported.
"""

import json
import logging
import sys
import time

from radiomics import featureextractor


def main(path):
    logging.getLogger("radiomics").setLevel(logging.ERROR)
    with open(path) as file:
        wanted = json.load(file)
    extractor = featureextractor.RadiomicsFeatureExtractor(**wanted["settings"])
    extractor.disableAllImageTypes()
    for name, options in wanted["images"].items():
        extractor.enableImageTypeByName(name, customArgs=options)
    seconds = []
    for _ in range(wanted["repeats"]):
        began = time.process_time()
        found = extractor.execute(wanted["image"], wanted["mask"])
        seconds.append(time.process_time() - began)
    values = {name: float(value) for name, value in found.items() if not name.startswith("diagnostics")}
    json.dump({"seconds": seconds, "values": values}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

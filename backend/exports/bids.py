"""A project's cases in folders as BIDS has them: images by subject and session, contours as a derivative.

BIDS (1.10.0) has no CT, so the folder and the suffix of images are our own word for the modality; labels and
masks are named as for any image (Imaging derivatives, "Segmentations").  Subjects, sessions: pseudonyms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from backend.exports.archive import Archive, distinct_names
from backend.exports.training_set import (
    Case,
    TrainingSet,
    case_masks,
    description,
    intensities,
    label_map,
    labels_of,
    provenance,
)
from backend.jobs.stages import Report
from backend.version import VERSION

BIDS = "1.10.0"
DERIVATIVE = "derivatives/rinkaku"
README = """Images and contours from Rinkaku, in folders as BIDS has them.

sub-: pseudonym of a patient; ses-: of a study; run-: an image series of the study.
derivatives/rinkaku/dseg.tsv: numbers in the label maps (*_dseg.nii.gz); {overlap}.
*_label-*_mask.nii.gz: each structure whole; `label` is the structure's in dseg.tsv.
*_dseg.json: what is unknown in an image, and which revisions the contours are.
"""


def write_bids(chosen: TrainingSet, folder: Path, progress: Report) -> Path:
    """A zip with the raw data set and `derivatives/rinkaku`; what a case lacks is unknown in it."""
    target = folder / "training-set.zip"
    words, stems = distinct_names(chosen.structures, _word, "x"), _stems(chosen.cases)
    with Archive(target, folder) as archive:
        for number, case in enumerate(chosen.cases):
            progress(number / len(chosen.cases), "case", n=number + 1, total=len(chosen.cases))
            masks, grid = case_masks(case, chosen.structures)
            stem, suffix = stems[case.name], _suffix(case)
            archive.nifti(f"{stem}_{suffix}.nii.gz", intensities(case), grid)
            archive.json(f"{stem}_{suffix}.json", {"Units": (case.series.volume or {})["unit"]})
            stem = f"{DERIVATIVE}/{stem}"
            archive.nifti(f"{stem}_dseg.nii.gz", label_map(masks, chosen.structures, grid), grid)
            unknown = [name for name in chosen.structures if name not in masks]
            archive.json(
                f"{stem}_dseg.json",
                {"case": case.name, "unknown": unknown, "revisions": provenance(case, masks)},
            )
            for name, mask in masks.items():
                archive.nifti(f"{stem}_label-{words[name]}_mask.nii.gz", mask, grid)
        _describe(archive, chosen, words)
    return target


def _describe(archive: Archive, chosen: TrainingSet, words: Mapping[str, str]) -> None:
    """The files at the top of both data sets."""
    said = description(chosen)
    general = {"Name": said["name"], "BIDSVersion": BIDS}
    made = {"GeneratedBy": [{"Name": "Rinkaku", "Version": VERSION}]}
    archive.json("dataset_description.json", general | {"DatasetType": "raw"} | made)
    archive.json(
        f"{DERIVATIVE}/dataset_description.json",
        general | {"DatasetType": "derivative"} | made | {"Rinkaku": said},
    )
    subjects = sorted({case.patient_code for case in chosen.cases})
    archive.data("participants.tsv", _tsv(("participant_id",), [(f"sub-{code}",) for code in subjects]))
    numbers = labels_of(chosen)
    rows = [(numbers[name], name, words[name]) for name in chosen.structures]
    archive.data(f"{DERIVATIVE}/dseg.tsv", _tsv(("index", "name", "label"), rows))
    archive.data("README", README.format(overlap=said["overlap"]).encode())


def _tsv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    lines = ["\t".join(" ".join(str(one).split()) for one in row) for row in (heads, *rows)]
    return ("\n".join(lines) + "\n").encode()


def _suffix(case: Case) -> str:
    return "".join(c for c in case.series.modality.lower() if c.isascii() and c.isalnum()) or "image"


def _stems(cases: Sequence[Case]) -> dict[str, str]:
    """Path of each case's files without their suffix."""
    runs: Counter[str] = Counter()
    found = {}
    for case in cases:
        subject, session = f"sub-{case.patient_code}", f"ses-{case.study_code}"
        runs[session] += 1
        stem = f"{subject}_{session}_run-{runs[session]}"
        found[case.name] = f"{subject}/{session}/{_suffix(case)}/{stem}"
    return found


def _word(name: str) -> str:
    """The ASCII letters and digits of a name."""
    return "".join(c for c in name if c.isascii() and c.isalnum()) or "x"

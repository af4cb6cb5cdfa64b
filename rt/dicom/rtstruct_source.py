"""What of the RTSTRUCT that a set came in as goes out with it again: private elements, observations.

Only what is written anew stays behind: contours, volumes, names, colours, and an approval, which was given to
another instance.  That one is named as predecessor (PS3.3 C.8.8.5).
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Iterable

import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from rt.dicom.parse import PARSER_FAILURES
from rt.dicom.rtstruct_writer import SourceItems

WRITTEN_ANEW = ("ContourSequence", "ROIDisplayColor", "ROIVolume")
"""Of the items of a structure."""


def source_items(source: Dataset) -> SourceItems | None:
    """The elements to keep of an RTSTRUCT just read, which loses its contours; None where one is broken."""
    try:
        for item in _items(source, "ROIContourSequence"):
            _drop(item, WRITTEN_ANEW)
        for item in _items(source, "StructureSetROISequence"):
            _drop(item, WRITTEN_ANEW)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source.decode()
        private = Dataset()
        for element in source:
            if element.tag.is_private:
                private.add(copy.deepcopy(element))
        kept = SourceItems(
            sop_instance_uid=str(source.SOPInstanceUID),
            private=private,
            structures=_by_number(source, "StructureSetROISequence", "ROINumber"),
            contours=_by_number(source, "ROIContourSequence", "ReferencedROINumber"),
            observations=_by_number(source, "RTROIObservationsSequence", "ReferencedROINumber"),
        )
        _write(kept)
        return kept
    except PARSER_FAILURES:
        return None


def _write(kept: SourceItems) -> None:
    """Write what is kept to nowhere: a value that cannot be written is found here and spoils no export."""
    probe = copy.deepcopy(kept.private)
    probe.SpecificCharacterSet = "ISO_IR 192"
    every = (kept.structures, kept.contours, kept.observations)
    probe.RTROIObservationsSequence = [item for items in every for same in items.values() for item in same]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydicom.dcmwrite(io.BytesIO(), probe, implicit_vr=False, little_endian=True)


def _by_number(source: Dataset, sequence: str, keyword: str) -> dict[int, list[Dataset]]:
    found: dict[int, list[Dataset]] = {}
    for item in _items(source, sequence):
        if item.get(keyword) is not None:
            found.setdefault(int(item[keyword].value), []).append(item)
    return found


def _drop(item: Dataset, keywords: Iterable[str]) -> None:
    for keyword in keywords:
        if keyword in item:
            del item[keyword]


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    value = dataset.get(keyword)
    return list(value) if isinstance(value, DicomSequence) else []

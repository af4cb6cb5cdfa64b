"""The errors of the field: bad data is an RtError, a bug is anything else.

RtError
├── GeometryError        a volume or contour whose geometry cannot be trusted
├── MaskError            bytes that are not a mask of this grid
├── ConsensusError       readings that give no consensus
├── EmptyImage           an image of one value
├── VoxelsNotNumbers     an image with voxels that are no numbers
├── DicomError           bytes that are not the DICOM they claim to be
│   ├── DicomTruncated   shorter than it declares
│   ├── DicomTooLarge    larger, or inflating larger, than the limits
│   ├── DicomTooDeep     sequences nested beyond the limit
│   ├── EmptyFile        no byte at all
│   ├── StructureSetError  an RTSTRUCT that cannot be read as a whole
│   └── DicomUnsupported valid, but not of a kind that is taken in
├── DicomReferenceError  refers to another patient, series or frame of reference
├── RegistrationError    a registration that does not move a patient rigidly
├── DoseError            a dose, or a question about one, that has no answer
│   └── DoseMetricError  text that asks nothing of a DVH
├── RadiomicsError       a region whose features cannot be computed
│   ├── RegionEmpty          no voxel is left
│   ├── RegionTooSmall       fewer voxels than the settings ask for
│   ├── RegionTooLarge       more than fits the memory
│   ├── TooManyGreyLevels    bins too narrow for these intensities
│   ├── RadiomicsSettingsError  settings that contradict themselves
│   └── IccUndefined         readings without an intraclass correlation
├── DeidentificationError
│   ├── IdentifierSurvived   something that names the patient is still there after de-identification
│   └── PixelsMayIdentify    an image that may show text, so that a person has to look at it
├── ArchiveError         a zip with a hostile or broken member
├── MatlabError          something that a MAT-file cannot hold
└── StructureNameError   a structure name that cannot be used
"""

from __future__ import annotations


class RtError(Exception):
    """Bad data, said in words a clinician's physicist understands."""

    slug = "bad-data"
    instance: tuple[str, str] | None = None
    """SOP Class and SOP Instance UID of the instance that is refused, once they are known."""

    def __init__(self, detail: str, *, where: str | None = None) -> None:
        super().__init__(detail if where is None else f"{where}: {detail}")
        self.detail = detail
        self.where = where


class GeometryError(RtError):
    """A volume or contour whose geometry cannot be trusted."""

    slug = "bad-geometry"


class MaskError(RtError):
    """Bytes that are not a mask of this grid."""

    slug = "bad-mask"


class ConsensusError(RtError):
    """Readings that give no consensus: too few, or nothing drawn."""

    slug = "no-consensus"


class EmptyImage(RtError):
    """An image whose voxels all have one value."""

    slug = "empty-image"


class VoxelsNotNumbers(RtError):
    """An image with voxels that are infinite or no numbers."""

    slug = "voxels-not-numbers"


class DicomError(RtError):
    """Bytes that are not the DICOM they claim to be."""

    slug = "not-dicom"


class DicomTruncated(DicomError):
    """A file shorter than it declares."""

    slug = "dicom-truncated"


class DicomTooLarge(DicomError):
    """A file that is, or would inflate to be, larger than the limits."""

    slug = "dicom-too-large"


class DicomTooDeep(DicomError):
    """Sequences nested beyond the limit."""

    slug = "dicom-too-deep"


class EmptyFile(DicomError):
    """A file without a byte."""

    slug = "empty-file"


class StructureSetError(DicomError):
    """An RTSTRUCT that cannot be read as a whole."""

    slug = "bad-structure-set"


class DicomUnsupported(DicomError):
    """Valid DICOM of a kind that is not taken in."""

    slug = "dicom-unsupported"


class DicomReferenceError(RtError):
    """An object that refers to another patient, series or frame of reference."""

    slug = "wrong-reference"


class RegistrationError(RtError):
    """A registration that does not move a patient rigidly."""

    slug = "registration-not-rigid"


class DoseError(RtError):
    """A dose, or a question about one, that has no answer."""

    slug = "bad-dose"


class DoseMetricError(DoseError):
    """Text that asks nothing of a DVH."""

    slug = "bad-dose-metric"


class RadiomicsError(RtError):
    """A region whose features cannot be computed."""

    slug = "radiomics-refused"


class RegionEmpty(RadiomicsError):
    """A region without a voxel, or none after resampling or re-segmentation."""

    slug = "region-empty"


class RegionTooSmall(RadiomicsError):
    """A region of fewer voxels than the settings ask for."""

    slug = "region-too-small"


class RegionTooLarge(RadiomicsError):
    """A region whose box has more voxels than is computed."""

    slug = "region-too-large"


class TooManyGreyLevels(RadiomicsError):
    """Intensities that would need more bins than is computed."""

    slug = "too-many-grey-levels"


class RadiomicsSettingsError(RadiomicsError):
    """Settings of features that are unknown or contradict themselves."""

    slug = "bad-radiomics-settings"


class IccUndefined(RadiomicsError):
    """Readings that have no intraclass correlation."""

    slug = "icc-undefined"


class DeidentificationError(RtError):
    """An object that must not go on as de-identified; words and tags only, never a value of it."""

    slug = "not-deidentified"


class IdentifierSurvived(DeidentificationError):
    """Something that names the patient is still there after de-identification."""

    slug = "identifier-survived"


class PixelsMayIdentify(DeidentificationError):
    """An image that may show text, so that a person has to look at it."""

    slug = "pixels-may-identify"


class ArchiveError(RtError):
    """An archive with a hostile or broken member."""

    slug = "bad-archive"


class MatlabError(RtError):
    """Something that a MAT-file cannot hold."""

    slug = "not-for-matlab"


class StructureNameError(RtError):
    """A structure name that cannot be used."""

    slug = "bad-structure-name"

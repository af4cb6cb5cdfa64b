"""What stays of attributes that Table E.1-1 does not list: numbers, and of the rest only what is named here.

The table lists what is known to identify; anything else that can hold text could.  So an attribute that is
neither in the table nor here is taken out, whatever its value (allow-list, not deny-list).
"""

from __future__ import annotations

import re
from functools import lru_cache

from pydicom.datadict import tag_for_keyword

_CODES = """
SpecificCharacterSet ImageType FrameType Modality PatientPosition PhotometricInterpretation
PresentationLUTShape VOILUTFunction LossyImageCompression LossyImageCompressionMethod BurnedInAnnotation
RecognizableVisualFeatures BodyPartExamined Laterality ImageLaterality FrameLaterality PixelPresentation
VolumetricProperties VolumeBasedCalculationTechnique ContentQualification PatientOrientation
AnatomicalOrientationType ScanOptions RotationDirection ExposureModulationType AcquisitionType
ReconstructionAlgorithm FilterMaterial ScanningSequence SequenceVariant MRAcquisitionType AngioFlag
InPlanePhaseEncodingDirection PartialFourier VariableFlipAngleFlag EchoPulseSequence AcquisitionContrast
ComplexImageComponent ResonantNucleus KSpaceFiltering FlowCompensation SpectrallySelectedSuppression
ParallelAcquisition GeometryOfKSpaceTraversal DiffusionDirectionality CardiacSynchronizationTechnique
RespiratoryMotionCompensationTechnique Units CountsSource SeriesType ReprojectionMethod CorrectedImage
DecayCorrection CollimatorType DecayCorrected AttenuationCorrected ScatterCorrected RandomsCorrected
ROIGenerationAlgorithm ContourGeometricType RTROIInterpretedType ROIPhysicalProperty RTROIRelationship
ApprovalStatus DoseUnits DoseType DoseSummationType TissueHeterogeneityCorrection SpatialTransformOfDose
DVHType DVHVolumeUnits DVHROIContributionType RTPlanGeometry PlanIntent RTPlanRelationship
DoseReferenceStructureType DoseReferenceType BeamType RadiationType TreatmentDeliveryType
PrimaryDosimeterUnit RTBeamLimitingDeviceType WedgeType BlockType BlockDivergence BlockMountingPosition
CompensatorType CompensatorDivergence ApplicatorType GantryRotationDirection
BeamLimitingDeviceRotationDirection PatientSupportRotationDirection TableTopEccentricRotationDirection
GantryPitchRotationDirection TableTopPitchRotationDirection TableTopRollRotationDirection SetupTechnique
FixationDeviceType ShieldingDeviceType HighDoseTechniqueType RTImagePlane PatientSupportType FluenceMode
BrachyTreatmentTechnique BrachyTreatmentType SourceType SourceMovementType ApplicationSetupType BeamDoseType
SegmentationType SegmentAlgorithmType SegmentationFractionalType DimensionOrganizationType SegmentsOverlap
FrameOfReferenceTransformationMatrixType
"""
_TEXTS = {
    "Manufacturer": re.compile(
        r"(ge( medical systems| healthcare)?|siemens( healthineers| healthcare)?|toshiba(_mec)?|canon(_mec)?"
        r"|philips( medical systems| healthcare)?|(canon|varian|hitachi) medical (systems|corporation)|varian"
        r"|elekta|accuray|tomotherapy( incorporated)?|brainlab|raysearch( laboratories)?|hitachi|fujifilm"
        r"|shimadzu|united imaging( healthcare)?|uih|neusoft|samsung|viewray|adac|picker|marconi|rinkaku)?\Z",
        re.IGNORECASE | re.ASCII,
    ),
    "SourceIsotopeName": re.compile(r"([A-Z][a-z]?-?[0-9]{1,3}m?|[A-Z][a-z]{2,9}-[0-9]{1,3})?\Z", re.ASCII),
    "RescaleType": re.compile(r"(HU|HU_MOD|US|OD|Z_EFF|PCT|GML|BQML|mGyl?)?\Z"),
    "ConvolutionKernel": re.compile(
        r"([A-Za-z]{1,3}[0-9]{1,3}[a-z]{0,2}|[0-9A-F]|STANDARD|SOFT|BONE|BONEPLUS|LUNG|DETAIL|EDGE|CHST|BRAIN)?\Z",
        re.ASCII,
    ),
}
"""Texts about equipment and methods that stay where their values have this form."""
_EQUIPMENT = "ManufacturerModelName SoftwareVersions SequenceName PulseSequenceName FilterType"
"""Texts that stay under the Retain Device Identity Option only: they have no form of their own.  Elsewhere a
dummy stands for them, since segmentations require some."""
_DUMMIES = "SegmentAlgorithmName ContentLabel ApplicatorID"
"""Texts and codes that an IOD requires with a value."""
_BULK = """
PixelData FloatPixelData DoubleFloatPixelData LUTData VectorGridData
"""
_EMPTIED = """
PositionReferenceIndicator BlockName ToleranceTableLabel ContentDescription FixationDeviceLabel
ShieldingDeviceLabel MaterialID
"""
"""Text that an IOD requires at least as an empty attribute."""

_TERMS = """
ct mr pt rtstruct rtdose rtplan seg reg original primary derived secondary axial localizer resampled volume
none head neck headneck chest abdomen pelvis brain breast lung liver prostate spine wholebody extremity hand
foot knee hip shoulder skull ax sag cor organ external avoidance control support gtv ctv ptv marker manual
automatic semiautomatic approved unapproved rejected binary fractional monochrome rigid affine physical plan
beam relative patient static dynamic photon electron proton treatment curative yes no left right
"""

CODED_ITEM = frozenset({0x00080100, 0x00080119})
"""Code Value and Long Code Value: an item with one of them is a code."""
STANDARD_SCHEMES = frozenset(
    {"DCM", "SCT", "SRT", "SNM3", "99SDM", "UCUM", "FMA", "RADLEX", "LN", "NCIt", "UMLS", "MDC", "IBSI"}
)
"""Coding schemes that are published; codes of others are a clinic's own words."""
CODE_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9./*^{}\[\]%-]{0,31}\Z", re.ASCII)
CODE_STRING = re.compile(r"[A-Z0-9 _]{0,16}\Z", re.ASCII)
"""CS, PS3.5 table 6.2-1."""
CHARACTER_SET = re.compile(r"(ISO[ _](IR|2022 IR) [0-9]{1,3}|GB18030|GBK)?\Z", re.ASCII)
EQUIPMENT_TEXT = re.compile(r"[A-Za-z0-9 ._/+*()-]{0,64}\Z", re.ASCII)
DECIMALS = re.compile(rb"[0-9eE+\-. \\\0]*\Z")
"""DS and IS, any number of them."""

_BODY_PARTS = """
ABDOMEN ABDOMENPELVIS ADRENAL ANKLE AORTA ARM AXILLA BACK BLADDER BRAIN BREAST BRONCHUS BUTTOCK CALCANEUS CALF
CAROTID CEREBELLUM CERVIX CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS CIRCLEOFWILLIS CLAVICLE COCCYX COLON CORNEA
CORONARYARTERY CSPINE CTSPINE DUODENUM EAR ELBOW ESOPHAGUS EXTREMITY EYE EYELID FACE FEMUR FINGER FOOT FOREARM
GALLBLADDER GLUTEUS GROIN HAND HEAD HEADNECK HEART HIP HUMERUS IAC ILEUM ILIUM JAW JEJUNUM KIDNEY KNEE LARYNX
LEG LIVER LSPINE LSSPINE LUNG MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE
ORBIT OVARY PANCREAS PARATHYROID PAROTID PATELLA PELVIS PENIS PHARYNX PITUITARY PROSTATE RECTUM RIB SCALP
SCAPULA SCLERA SCROTUM SELLA SHOULDER SIJOINT SKULL SPINE SPLEEN SSPINE STERNUM STOMACH TESTIS THIGH THORAX
THUMB THYMUS THYROID TLSPINE TMJ TOE TONGUE TRACHEA TSPINE TSSPINE URETER URETHRA UTERUS VAGINA VULVA
WHOLEBODY WRIST ZYGOMA
"""
"""Body Part Examined: defined terms (PS3.16 Annex L), the earlier ones among them."""
TERMS = {
    tag: frozenset(terms.split())
    for keyword, terms in (("BodyPartExamined", _BODY_PARTS),)
    if (tag := tag_for_keyword(keyword)) is not None
}
"""For a code string that people type into: all that it may be; anything else is emptied."""


@lru_cache
def kept_codes() -> frozenset[int]:
    """CS attributes that stay when their value is a code string."""
    return _tags(_CODES)


@lru_cache
def text_forms() -> dict[int, re.Pattern[str]]:
    """Texts that stay, with the form that their values must have."""
    return {tag: form for keyword, form in _TEXTS.items() for tag in _tags(keyword)}


@lru_cache
def equipment() -> frozenset[int]:
    """Texts that stay where the device's identity does."""
    return _tags(_EQUIPMENT)


@lru_cache
def dummies() -> frozenset[int]:
    """Texts in whose place a dummy stands."""
    return _tags(_DUMMIES)


@lru_cache
def kept_bulk() -> frozenset[int]:
    """Pixels, lookup tables and deformation grids."""
    return _tags(_BULK)


@lru_cache
def emptied() -> frozenset[int]:
    """Texts that stay as empty attributes."""
    return _tags(_EMPTIED)


@lru_cache
def defined_terms() -> frozenset[str]:
    """Values of code strings that the standard defines, so that they are nobody's name; in lower case."""
    return frozenset(_TERMS.split()) | frozenset(term.lower() for terms in TERMS.values() for term in terms)


def _tags(keywords: str) -> frozenset[int]:
    return frozenset(tag for tag in map(tag_for_keyword, keywords.split()) if tag is not None)

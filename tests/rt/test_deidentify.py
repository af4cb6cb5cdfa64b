"""De-identification: nothing that names the patient stays, and what belongs together still does."""

from __future__ import annotations

import io
import subprocess
import sys
from collections import Counter
from datetime import date

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from rt.dicom.deidentify import Option, Profile, Pseudonyms, deidentify, structure_name
from rt.dicom.deidentify.table import IOD_TYPES, resolved, row_of, rows
from rt.dicom.deidentify.words import clean_text
from rt.dicom.parse import parse_instance
from rt.dicom.references import read_references
from rt.errors import DeidentificationError, DicomUnsupported, IdentifierSurvived
from rt.nomenclature import tg263_name
from tests.factories.dicom import encode, make_ct_series
from tests.factories.markers import MARKER, ROOT, file_of, found_in, planted_ct, planted_objects

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
LETTERS = st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="\\^=")
CLEANED = frozenset(
    {
        Option.MODIFIED_DATES, Option.DESCRIPTORS, Option.STRUCTURED_CONTENT, Option.GRAPHICS,
        Option.SAFE_PRIVATE,
    }
)  # fmt: skip
"""Every option that retains no text as it is."""


def out(data: bytes, profile: Profile | None = None, key: bytes = KEY) -> bytes:
    return deidentify(parse_instance(data).data, profile or Profile(), Pseudonyms(key)).data


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def test_the_table_has_the_rows_and_actions_of_its_edition():
    table = rows()
    assert len(table) == 656
    assert Counter(row.basic for row in table.values()) == {
        "X": 416, "D": 93, "U": 55, "Z": 42, "X/D": 23, "X/Z": 11, "X/Z/D": 8, "Z/D": 6, "X/Z/U*": 2,
    }  # fmt: skip
    assert Counter(option for row in table.values() for option in row.options) == {
        Option.SAFE_PRIVATE: 1, Option.UIDS: 60, Option.DEVICE: 57, Option.INSTITUTION: 10,
        Option.PATIENT: 14,
        Option.FULL_DATES: 165, Option.MODIFIED_DATES: 165, Option.DESCRIPTORS: 125,
        Option.STRUCTURED_CONTENT: 3, Option.GRAPHICS: 4,
    }  # fmt: skip
    known = {tag: row for tag, row in table.items() if tag.isalnum() and "x" not in tag and tag != "private"}
    assert {row.keyword for tag, row in known.items()} >= {"PatientName", "ROIName", "RTPlanLabel"}
    assert all(keyword_for_tag(int(tag, 16)) in (row.keyword, "") for tag, row in known.items())


def test_rows_are_those_of_another_publication_of_the_table():
    """A sample of innolitics/dicom-standard at 0d01bf1, made from the standard's own pages."""
    dates = {Option.FULL_DATES: "K", Option.MODIFIED_DATES: "C"}
    sample: dict[str, tuple[str, dict[Option, str]]] = {
        "00080050": ("Z", {}),
        "00184000": ("X", {Option.DESCRIPTORS: "C"}),
        "00400555": ("X/Z", {Option.STRUCTURED_CONTENT: "C"}),
        "00080022": ("X/Z", dates),
        "0008002A": ("X/Z/D", dates),
        "00102110": ("X", {Option.PATIENT: "C", Option.DESCRIPTORS: "C"}),
        "00181002": ("U", {Option.UIDS: "K", Option.DEVICE: "K"}),
        "00181000": ("X/Z/D", {Option.DEVICE: "K"}),
        "00120060": ("Z", {Option.INSTITUTION: "K"}),
        "00080023": ("Z/D", dates),
        "0040A730": ("D", {Option.STRUCTURED_CONTENT: "C"}),
        "50xxxxxx": ("X", {Option.GRAPHICS: "C"}),
        "300A0016": ("X", {Option.DESCRIPTORS: "C"}),
    }
    assert {tag: (rows()[tag].basic, rows()[tag].options) for tag in sample} == sample


def test_compound_actions_follow_the_type_of_the_attribute():
    assert resolved("X/Z/D", {"SEG": 1}, "SEG") == "D"
    assert resolved("X/Z/D", {"SEG": 2}, "SEG") == "Z"
    assert resolved("X/Z/D", {"SEG": 1}, "CT") == "X"
    assert resolved("X/D", {"PT": 2}, "PT") == "D"
    assert resolved("X/Z/U*", {}, "CT") == "U"
    named = {row.keyword for row in rows().values() if "/" in row.basic}
    assert set(IOD_TYPES) <= named


def test_rows_are_found_for_groups_that_repeat_and_for_private_ones():
    assert row_of(0x50103000).keyword == "CurveData"
    assert row_of(0x60024000).keyword == "OverlayComments"
    assert row_of(0x00291001).keyword == "PrivateAttributes"
    assert row_of(0x00280010) is None


def test_options_that_contradict_each_other_are_refused():
    with pytest.raises(DeidentificationError):
        Profile(frozenset({Option.FULL_DATES, Option.MODIFIED_DATES}))
    with pytest.raises(DeidentificationError):
        Pseudonyms(b"short")


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])
def test_case_12_no_marker_is_left_in_any_byte(syntax):
    ct = planted_ct()
    files = [file_of(dataset, syntax) for dataset in (ct[0], *planted_objects(ct))]
    for options in (
        frozenset(),
        Profile().options,
        CLEANED,
    ):
        written = [out(data, Profile(options)) for data in files]
        assert [found_in(data) for data in files if not found_in(data)] == []
        assert [found_in(data) for data in written] == [[]] * 4
        assert [found_in(read(data).to_json().encode()) for data in written] == [[]] * 4


def test_case_12_a_marker_in_compressed_pixels_is_caught_by_the_search():
    ct = make_ct_series((1, 16, 16))[0]
    ct.PatientName = f"{MARKER}^A"
    ct.PixelData = ct.PixelData[:100] + MARKER.encode() + ct.PixelData[100 + len(MARKER) :]
    with pytest.raises(IdentifierSurvived) as caught:
        out(encode(ct))
    assert caught.value.where == "(7FE0,0010)"
    assert MARKER.lower() not in str(caught.value).lower()


def test_case_13_references_resolve_whatever_the_order_and_process():
    ct = planted_ct()
    files = [file_of(dataset) for dataset in (*ct, *planted_objects(ct))]
    once, again = [out(data) for data in files], [out(data) for data in reversed(files)][::-1]
    assert once == again
    *images, rtstruct, rtplan, dose = (read(data) for data in once)
    frame = rtstruct.ReferencedFrameOfReferenceSequence[0]
    study = frame.RTReferencedStudySequence[0]
    named = study.RTReferencedSeriesSequence[0]
    assert frame.FrameOfReferenceUID == images[0].FrameOfReferenceUID
    assert study.ReferencedSOPInstanceUID == images[0].StudyInstanceUID
    assert named.SeriesInstanceUID == images[0].SeriesInstanceUID
    assert [i.ReferencedSOPInstanceUID for i in named.ContourImageSequence] == [
        i.SOPInstanceUID for i in images
    ]
    contour = rtstruct.ROIContourSequence[0].ContourSequence[0]
    assert contour.ContourImageSequence[0].ReferencedSOPInstanceUID == images[1].SOPInstanceUID
    assert rtplan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == rtstruct.SOPInstanceUID
    assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == rtplan.SOPInstanceUID
    assert read_references(rtstruct).series_instance_uids == {images[0].SeriesInstanceUID}
    assert all(
        d.file_meta.MediaStorageSOPInstanceUID == d.SOPInstanceUID for d in (*images, rtstruct, rtplan, dose)
    )
    assert len({(d.PatientID, str(d.PatientName)) for d in (*images, rtstruct, rtplan, dose)}) == 1


def test_case_13_another_process_gives_the_same_and_another_project_other_uids(tmp_path):
    ct = planted_ct(slices=1)[0]
    (tmp_path / "in.dcm").write_bytes(parse_instance(file_of(ct)).data)
    code = (
        "import sys; from rt.dicom.deidentify import *; data = open(sys.argv[1], 'rb').read();"
        "sys.stdout.buffer.write(deidentify(data, Profile(), Pseudonyms(bytes(range(32)))).data)"
    )
    run = subprocess.run([sys.executable, "-c", code, tmp_path / "in.dcm"], capture_output=True, check=True)
    here, other = read(out(file_of(ct))), read(out(file_of(ct), key=OTHER_KEY))
    assert run.stdout == out(file_of(ct))
    for keyword in (
        "SOPInstanceUID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "FrameOfReferenceUID",
        "PatientID",
    ):
        assert here[keyword].value != other[keyword].value
        assert here[keyword].value.startswith(("2.25.", "RK"))


def test_case_13_intervals_and_weekdays_stay():
    first, second = make_ct_series((1, 8, 8), seed="a")[0], make_ct_series((1, 8, 8), seed="b")[0]
    second.StudyDate, second.AcquisitionDateTime = "20260313", "20260313101112.5+0900"
    moved = [read(out(encode(dataset))) for dataset in (first, second)]
    days = [date.fromisoformat(dataset.StudyDate) for dataset in moved]
    assert days[1] - days[0] == date(2026, 3, 13) - date(2026, 1, 2)
    assert days[0].weekday() == date(2026, 1, 2).weekday()
    assert days[0] < date(2026, 1, 2)
    assert moved[1].AcquisitionDateTime == moved[1].StudyDate + "101112.5+0900"
    assert moved[0].StudyTime == "101112"
    assert moved[0].LongitudinalTemporalInformationModified == "MODIFIED"
    assert moved[0].PatientBirthDate == ""


@pytest.mark.parametrize(
    ("marks", "burned_in", "doubted"),
    [
        (["DERIVED", "PRIMARY", "AXIAL"], None, True),
        (["DERIVED", "SECONDARY", "AXIAL"], None, True),
        (["ORIGINAL", "SECONDARY", "AXIAL"], None, True),
        (["DERIVED", "SECONDARY", "AXIAL"], "NO", False),
        (["ORIGINAL", "PRIMARY", "AXIAL"], None, False),
    ],
)
def test_case_14_pixels_that_may_show_text_wait_for_a_person(marks, burned_in, doubted):
    ct = make_ct_series((1, 8, 8))[0]
    ct.ImageType = marks
    if burned_in:
        ct.BurnedInAnnotation = burned_in
    done = deidentify(parse_instance(encode(ct)).data, Profile(), Pseudonyms(KEY))
    assert (done.pixels_to_see is not None) is doubted


@pytest.mark.parametrize("sop_class", ["1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.6.1", "1.2.3.4"])
def test_case_14_pictures_of_screens_ultrasound_and_unknown_kinds_never_come_so_far(sop_class):
    ct = make_ct_series((1, 8, 8))[0]
    ct.SOPClassUID = ct.file_meta.MediaStorageSOPClassUID = sop_class
    with pytest.raises(DicomUnsupported):
        out(encode(ct))


def test_case_14_text_that_is_said_to_be_burned_in_is_refused():
    ct = make_ct_series((1, 8, 8))[0]
    ct.BurnedInAnnotation = "YES"
    with pytest.raises(DicomUnsupported):
        out(encode(ct))


def test_case_15_structures_leave_with_names_of_tg_263_or_numbers():
    names = {"GTV Smith": "Structure_1", "parotis li": "Parotid_L", "z1": "Structure_4"}
    for number, (name, expected) in zip((1, 2, 4), names.items(), strict=True):
        assert structure_name(name, number) == expected
    ct = planted_ct()
    rtstruct = read(out(file_of(planted_objects(ct)[0])))
    left = [roi.ROIName for roi in rtstruct.StructureSetROISequence]
    assert left == ["Structure_1", "Parotid_L", tg263_name("PTV_70Gy").name]
    assert not any("ROIDescription" in roi for roi in rtstruct.StructureSetROISequence)
    assert rtstruct.StructureSetLabel == "Removed"
    assert [o.ROIInterpreter for o in rtstruct.RTROIObservationsSequence] == [""] * 3


def test_two_structures_of_one_meaning_keep_apart():
    ct = planted_ct()
    rtstruct = planted_objects(ct)[0]
    rtstruct.StructureSetROISequence[0].ROIName = "Parotid_L"
    left = [roi.ROIName for roi in read(out(file_of(rtstruct))).StructureSetROISequence]
    assert left[:2] == ["Parotid_L", "Parotid_L_2"]


def test_geometry_dose_contours_and_pixels_are_what_they_were():
    ct = planted_ct()
    rtstruct, rtplan, dose = planted_objects(ct)
    image, structures, planned, dosed = (read(out(file_of(d))) for d in (ct[1], rtstruct, rtplan, dose))
    for keyword in (
        "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "Rows",
        "PixelData", "WindowCenter", "ImageType", "PatientPosition", "RescaleType",
    ):  # fmt: skip
        assert image[keyword].value == ct[1][keyword].value
    for keyword in (
        "DoseGridScaling",
        "GridFrameOffsetVector",
        "DoseUnits",
        "PixelData",
        "FrameIncrementPointer",
    ):
        assert dosed[keyword].value == dose[keyword].value
    before, after = rtstruct.ROIContourSequence[0], structures.ROIContourSequence[0]
    assert after.ContourSequence[0].ContourData == before.ContourSequence[0].ContourData
    assert after.ROIDisplayColor == before.ROIDisplayColor
    assert structures.RTROIObservationsSequence[0].RTROIInterpretedType == "ORGAN"
    assert planned.BeamSequence[0].BeamName == "Beam_1"
    assert planned.BeamSequence[0].SourceAxisDistance == 1000
    assert planned.RTPlanLabel == "Removed"
    assert parse_instance(out(file_of(ct[1]))).notes == ()


def test_the_object_says_what_was_done_to_it():
    done = read(out(encode(make_ct_series((1, 8, 8))[0])))
    assert done.PatientIdentityRemoved == "YES"
    assert "2026c" in done.DeidentificationMethod
    codes = [
        (code.CodeValue, code.CodingSchemeDesignator) for code in done.DeidentificationMethodCodeSequence
    ]
    assert codes == [(value, "DCM") for value in ("113100", "113108", "113107", "113105")]
    assert done.PatientID == str(done.PatientName) == "RK" + done.PatientID[2:]


def test_retain_options_keep_what_they_name_and_nothing_else():
    ct = make_ct_series((1, 8, 8))[0]
    ct.InstitutionName, ct.StationName, ct.PatientAge, ct.PatientWeight = "Clinic", "CT1", "093Y", "70"
    ct.SeriesDescription = "CT Hals 3 mm Huber 12345678"
    plain = read(out(encode(ct), Profile(frozenset())))
    assert [k for k in ("InstitutionName", "StationName", "PatientAge", "PatientWeight") if k in plain] == []
    assert (plain.PatientSex, plain.StudyDate, "SeriesDescription" in plain) == ("", "", False)
    assert plain.LongitudinalTemporalInformationModified == "REMOVED"
    kept = read(out(encode(ct), Profile(frozenset(Option) - {Option.MODIFIED_DATES})))
    assert (kept.InstitutionName, kept.StationName, kept.PatientAge) == ("Clinic", "CT1", "090Y")
    assert (kept.PatientWeight, kept.PatientSex, kept.StudyDate) == (70, "O", "20260102")
    assert kept.SOPInstanceUID == ct.SOPInstanceUID
    assert kept.SeriesDescription == "CT Hals 3 mm"


def test_codes_of_the_standard_stay_with_the_dictionarys_meaning_and_a_clinics_own_go():
    ct = make_ct_series((1, 8, 8))[0]
    good, bad = Dataset(), Dataset()
    good.CodeValue, good.CodingSchemeDesignator, good.CodeMeaning = "T-D1100", "SRT", f"Head of {MARKER}"
    bad.CodeValue, bad.CodingSchemeDesignator, bad.CodeMeaning = "X1", "99CLINIC", "ward 3"
    ct.AnatomicRegionSequence = [good, bad]
    ct.PurposeOfReferenceCodeSequence = [bad]
    done = read(out(encode(ct)))
    assert [(c.CodeValue, MARKER in c.CodeMeaning) for c in done.AnatomicRegionSequence] == [
        ("T-D1100", False)
    ]
    assert "PurposeOfReferenceCodeSequence" not in done


@given(st.text(max_size=80))
def test_cleaned_text_holds_only_words_of_the_list_and_short_numbers(text):
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert not any(len(part) > 3 for part in "".join(c if c.isdigit() else " " for c in cleaned).split())


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="\\^="),
        min_size=2,
        max_size=20,
    ),
    st.integers(0, 10**8),
)
def test_no_name_or_number_survives_whatever_it_is(name, number):
    ct = make_ct_series((1, 8, 8))[0]
    ct.PatientName, ct.PatientID = f"{name}^{name}", f"{name[:20]}{number:09d}"
    ct.PatientComments = ct.SeriesDescription = ct.ImageComments = f"{name} {number:09d}"
    try:
        done = read(out(encode(ct)))
    except IdentifierSurvived:
        return
    assert f"{number:09d}" not in done.PatientID + done.get("SeriesDescription", "")
    assert done.PatientID.startswith("RK")
    assert "PatientComments" not in done or done.PatientComments != ct.PatientComments


@given(st.text(min_size=1, max_size=64))
def test_pseudonyms_are_the_same_for_one_key_and_others_for_another(identity):
    one, same, other = Pseudonyms(KEY), Pseudonyms(KEY), Pseudonyms(OTHER_KEY)
    assert one.patient(identity) == same.patient(identity) != other.patient(identity)
    assert one.uid(identity) == same.uid(identity) != other.uid(identity)
    assert one.uid(identity).startswith("2.25.") and len(one.uid(identity)) <= 64
    assert 1 <= one.weeks(identity) <= 520
    assert ROOT not in one.uid(ROOT) and KEY.hex() not in repr(one)


@pytest.mark.parametrize(
    "name", ["Ge^Se Jin^^Mr", "Max^Kopf", "Head^Axial", "Li^Ct", "\u674e^\u6643", "Brown^Tissue"]
)
def test_people_who_are_called_like_words_of_dicom_are_not_refused(name):
    ct = make_ct_series((1, 8, 8))[0]
    ct.PatientName, ct.Manufacturer, ct.BodyPartExamined = name, "GE MEDICAL SYSTEMS", "HEAD"
    ct.ScanningSequence, ct.SeriesDescription = "SE", "CT Kopf axial Max 3 mm"
    tissue = Dataset()
    tissue.CodeValue, tissue.CodingSchemeDesignator, tissue.CodeMeaning = "85756007", "SCT", "Tissue"
    ct.AnatomicRegionSequence = [tissue]
    done = read(out(encode(ct)))
    assert done.BodyPartExamined == "HEAD" and done.Manufacturer == "GE MEDICAL SYSTEMS"
    words = {word.lower() for part in name.split("^") for word in part.split()}
    assert not words & {word.lower() for word in done.SeriesDescription.split()}


def test_what_an_object_must_have_stays_with_a_dummy():
    ct = make_ct_series((1, 8, 8))[0]
    ct.Manufacturer, ct.ManufacturerModelName, ct.PositionReferenceIndicator = "Dr. Own Scanner", "M1", "XY"
    done = read(out(encode(ct)))
    assert (done.Manufacturer, done.ManufacturerModelName, done.PositionReferenceIndicator) == (
        "",
        "Removed",
        "",
    )

"""What OHIF, Slicer's DICOMweb browser and the two client libraries call: one test for each call.

The calls are those of the table in the guide (DICOM_CASES, "DICOMweb: what the viewers need").
"""

from __future__ import annotations

import io
from itertools import product
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image
from pydicom import Dataset, dcmread

from tests.backend.dicomweb.conftest import Sent, Stow, address, parts_of
from tests.factories.dicom import encode, make_ct_series

CLIENTS_QUERIES = [
    ({"PatientName": "*pat*"}, 1),
    ({"PatientName": "*nobody*"}, 0),
    ({"00100020": "*TEST*"}, 1),
    ({"00100020": "*REST*"}, 0),
    ({"AccessionNumber": "A*"}, 1),
    ({"StudyDescription": "*lann*"}, 1),
    ({"ModalitiesInStudy": "RTSTRUCT"}, 1),
    ({"00080061": "MR"}, 0),
    ({"StudyDate": "20260101-20260103"}, 1),
    ({"StudyDate": "20260103-20260104"}, 0),
    ({"PatientName": "pati te", "fuzzymatching": "true"}, 1),
    ({"PatientName": "pati xe", "fuzzymatching": "true"}, 0),
    ({"PatientName": "pati", "fuzzymatching": "false"}, 0),
    ({"limit": "101", "offset": "0", "fuzzymatching": "false"}, 1),
    ({"limit": "101", "offset": "1"}, 0),
    ({"includefield": "00081030,00080060", "limit": "101"}, 1),
    ({"includefield": "StudyDescription"}, 1),
]


def test_call_search_studies(client: TestClient, sent: Sent) -> None:
    wrong = {}
    for query, count in CLIENTS_QUERIES:
        answer = client.get("/dicomweb/studies", params=query, headers=sent.headers)
        if (answer.status_code, len(answer.json()), answer.headers.get("warning")) != (200, count, None):
            wrong[str(query)] = answer.text
    assert wrong == {}


def test_call_search_studies_by_a_list_with_backslashes(client: TestClient, sent: Sent) -> None:
    uid = sent.ct[0].StudyInstanceUID
    for text, count in ((f"1.2\\{uid}", 1), (f"{uid},1.2", 1), ("1.2\\1.3", 0)):
        found = client.get("/dicomweb/studies", params={"StudyInstanceUID": text}, headers=sent.headers)
        assert len(found.json()) == count


def test_call_search_studies_answers_hold_what_ohif_reads(client: TestClient, sent: Sent) -> None:
    (study,) = client.get("/dicomweb/studies", headers=sent.headers).json()
    values = {tag: study[tag].get("Value") for tag in study}
    assert values["0020000D"] == [sent.ct[0].StudyInstanceUID]
    assert (values["00080020"], values["00080030"]) == (["20260102"], ["101112"])
    assert (values["00080050"], values["00100020"]) == (["A1"], ["TEST-1"])
    assert values["00100010"] == [{"Alphabetic": "Test^Patient"}]
    assert (values["00201208"], values["00201206"]) == ([6], [3])
    assert values["00081030"] == ["Planning"]
    assert values["00080061"] == ["CT", "RTDOSE", "RTSTRUCT"]
    assert study["00080090"] == {"vr": "PN"}


def test_call_search_series_lists_contours_and_dose_too(client: TestClient, sent: Sent) -> None:
    where = address(sent.ct[0], "study") + "/series"
    params = {"includefield": "0008103E,00080021,SeriesNumber"}
    answer = client.get(where, params=params, headers=sent.headers)
    assert "warning" not in answer.headers
    assert sorted(s["00080060"]["Value"][0] for s in answer.json()) == ["CT", "RTDOSE", "RTSTRUCT"]
    (ct,) = client.get(where, params={"Modality": "CT"}, headers=sent.headers).json()
    values = {tag: ct[tag].get("Value") for tag in ct}
    assert (values["0020000E"], values["00200011"]) == ([sent.ct[0].SeriesInstanceUID], [1])
    assert (values["00201209"], values["0008103E"]) == ([4], ["Synthetic"])
    assert "00080021" in ct


def test_call_search_instances_as_the_thumbnail_fallback_of_ohif(client: TestClient, sent: Sent) -> None:
    where = address(sent.ct[0], "series") + "/instances"
    params = {"limit": "1", "includefield": "00080018"}
    (found,) = client.get(where, params=params, headers=sent.headers).json()
    assert found["00080018"]["Value"] == [sent.ct[0].SOPInstanceUID]


def test_call_what_is_asked_for_in_vain_is_said(client: TestClient, sent: Sent) -> None:
    params = {"includefield": "Manufacturer,00080018,99999999", "Rows": "5"}
    warning = client.get("/dicomweb/studies", params=params, headers=sent.headers).headers["warning"]
    assert warning == (
        '299 rinkaku "not searched by: Rows", 299 rinkaku "not returned: Manufacturer, unknown attribute"'
    )


def test_call_metadata_has_all_attributes(client: TestClient, sent: Sent) -> None:
    for level, dataset in product(("study", "series", "instance"), (sent.ct[0], sent.contours)):
        found = client.get(address(dataset, level) + "/metadata", headers=sent.headers).json()
        (own,) = [one for one in found if one["00080018"]["Value"] == [dataset.SOPInstanceUID]]
        expected = {f"{element.tag:08X}" for element in dataset}
        assert own.keys() == expected
    item = own["30060039"]["Value"][0]["30060040"]["Value"][0]
    assert item["30060016"]["Value"][0]["00081155"]["Value"] == [sent.ct[1].SOPInstanceUID]


def test_call_metadata_has_what_ohif_requires(client: TestClient, sent: Sent) -> None:
    (found,) = client.get(address(sent.ct[1]) + "/metadata", headers=sent.headers).json()
    required = (
        "StudyInstanceUID SeriesInstanceUID SOPInstanceUID SOPClassUID Modality Rows Columns PixelSpacing "
        "BitsAllocated PixelRepresentation PhotometricInterpretation RescaleSlope RescaleIntercept "
        "WindowCenter WindowWidth InstanceNumber ImagePositionPatient ImageOrientationPatient"
    )
    back = Dataset.from_json(found, bulk_data_uri_handler=lambda *_: b"")
    for keyword in required.split():
        assert back[keyword].value == sent.ct[1][keyword].value, keyword
    (rt,) = client.get(address(sent.contours) + "/metadata", headers=sent.headers).json()
    assert {"30060039", "30060020", "30060010"} <= rt.keys()


def test_call_frames_count_from_one_in_parts(client: TestClient, sent: Sent) -> None:
    headers = sent.headers | {"Accept": "multipart/related; type=application/octet-stream"}
    answer = client.get(address(sent.dose) + "/frames/3,1", headers=headers)
    size = len(sent.dose.PixelData) // 3
    wanted = [sent.dose.PixelData[2 * size :], sent.dose.PixelData[:size]]
    assert [data for _, data in parts_of(answer.content)] == wanted
    assert client.get(address(sent.dose) + "/frames/4", headers=headers).status_code == 404


def test_call_frames_as_a_single_part(client: TestClient, sent: Sent) -> None:
    headers = sent.headers | {"Accept": "application/octet-stream"}
    answer = client.get(address(sent.ct[2]) + "/frames/1", headers=headers)
    assert (answer.status_code, answer.content) == (200, sent.ct[2].PixelData)


def test_call_retrieve_at_every_level(client: TestClient, sent: Sent) -> None:
    everything = [*sent.ct, sent.contours, sent.dose]
    for level, expected in (("study", everything), ("series", sent.ct), ("instance", sent.ct[:1])):
        answer = client.get(address(sent.ct[0], level), headers=sent.headers)
        assert answer.headers["content-type"].startswith('multipart/related; type="application/dicom"; bound')
        back = [dcmread(io.BytesIO(data)) for _, data in parts_of(answer.content)]
        assert {d.SOPInstanceUID for d in back} == {d.SOPInstanceUID for d in expected}
        assert all(d in expected for d in back)


def test_call_retrieve_in_a_syntax_that_only_images_can_have(client: TestClient, sent: Sent) -> None:
    jpeg_ls, explicit = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.1"
    headers = sent.headers | {
        "Accept": f'multipart/related; type="application/dicom"; transfer-syntax={jpeg_ls}'
    }
    parts = parts_of(client.get(address(sent.ct[0], "study"), headers=headers).content)
    back = [(kind, dcmread(io.BytesIO(data))) for kind, data in parts]
    assert len(back) == 6
    for kind, dataset in back:
        syntax = jpeg_ls if dataset.Modality == "CT" else explicit
        assert (kind, dataset.file_meta.TransferSyntaxUID) == (
            f"application/dicom; transfer-syntax={syntax}",
            syntax,
        )
    refused = client.get(address(sent.contours), headers=headers)
    assert (refused.status_code, refused.json()["transfer_syntaxes"]) == (406, [explicit])
    refused = client.get(
        address(sent.ct[0]), headers=sent.headers | {"Accept": "application/dicom; transfer-syntax=1.2"}
    )
    assert refused.json()["transfer_syntaxes"] == [explicit, jpeg_ls, "1.2.840.10008.1.2.5"]


def test_call_bulk_data_as_ohif_asks_for_contours(client: TestClient, sent: Sent) -> None:
    where = address(sent.contours, "series")
    (found,) = client.get(where + "/metadata", headers=sent.headers).json()
    rings = [roi["30060040"]["Value"][0] for roi in found["30060039"]["Value"]]
    assert len(rings[0]["30060050"]["Value"]) == 12
    element = sent.contours.ROIContourSequence[1].ContourSequence[0].ContourData
    for accept in ("*/*", "application/octet-stream"):
        uri = f"{where}/{rings[1]['30060050']['BulkDataURI']}"
        bulk = client.get(uri, headers=sent.headers | {"Accept": accept})
        assert (bulk.status_code, bulk.headers["content-type"]) == (200, "application/octet-stream")
        assert bulk.text == "\\".join(str(value) for value in element)
    parts = client.get(
        uri, headers=sent.headers | {"Accept": "multipart/related; type=application/octet-stream"}
    )
    assert [data for _, data in parts_of(parts.content)] == [bulk.content]
    short = address(sent.contours) + "/bulkdata/30060039.0.30060040.0.30060050"
    assert client.get(short, headers=sent.headers).text.count("\\") == 11


def test_call_bulk_data_of_pixels(client: TestClient, sent: Sent) -> None:
    for dataset in (sent.ct[0], sent.dose):
        where = address(dataset) + "/bulkdata/7FE00010"
        assert client.get(where, headers=sent.headers).content == dataset.PixelData
    assert client.get(address(sent.contours) + "/bulkdata/7FE00010", headers=sent.headers).status_code == 406


def opened(answer: Any) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def test_call_rendered_and_thumbnail(client: TestClient, sent: Sent) -> None:
    levels = [*(address(sent.ct[0], one) for one in ("study", "series", "instance"))]
    for where, below in product([*levels, levels[-1] + "/frames/1"], ("/rendered", "/thumbnail")):
        picture = opened(client.get(where + below, headers=sent.headers))
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "L", (12, 16))
        png = client.get(where + below, params={"accept": "image/png"}, headers=sent.headers)
        assert (png.headers["content-type"], opened(png).format) == ("image/png", "PNG")
        refused = client.get(where + below, headers=sent.headers | {"Accept": "image/gif"})
        assert refused.status_code == 406
        assert refused.json()["media_types"] == ["image/jpeg", "image/png"]


def test_call_rendered_of_several_frames(client: TestClient, sent: Sent) -> None:
    headers = sent.headers | {"Accept": "image/png"}
    where = address(sent.dose) + "/frames/"
    for below in ("/rendered", "/thumbnail"):
        both = parts_of(client.get(f"{where}1,3{below}", headers=headers).content)
        assert [kind for kind, _ in both] == ["image/png", "image/png"]
        one = client.get(f"{where}3{below}", headers=headers)
        assert one.content == both[1][1]
        grey = np.asarray(Image.open(io.BytesIO(one.content)))
        assert (grey.shape, grey.min(), grey.max()) == ((5, 4), 0, 255)


def test_call_rendered_with_a_window_a_size_and_a_part(client: TestClient, sent: Sent) -> None:
    headers = sent.headers | {"Accept": "image/png"}
    hu = sent.ct[2].pixel_array.astype(float) - 1024

    def shown(**params: str) -> Any:
        return np.asarray(
            opened(client.get(address(sent.ct[2]) + "/rendered", params=params, headers=headers))
        )

    linear = np.clip((hu + 0.5) / 1999 + 0.5, 0, 1) * 255
    assert np.abs(shown(window="0,2000,linear") - linear).max() <= 0.51
    assert np.abs(shown(window="0,2000,linear-exact") - np.clip(hu / 2000 + 0.5, 0, 1) * 255).max() <= 0.51
    assert np.abs(shown(window="0,500,sigmoid") - 255 / (1 + np.exp(-4 * hu / 500))).max() <= 0.51
    assert shown(viewport="24,32").shape == (32, 24)
    assert np.array_equal(shown(viewport="4,4,2,3,4,4"), shown()[3:7, 2:6])
    for wrong in (
        {"viewport": "4,4,90,0,4,4"},
        {"viewport": "0,1"},
        {"window": "0,1,cubic"},
        {"quality": "0"},
    ):
        refused = client.get(address(sent.ct[2]) + "/rendered", params=wrong, headers=headers)
        assert (refused.status_code, refused.json()["field"]) == (400, next(iter(wrong)))


def test_call_store_answers_with_references(client: TestClient, stow: Stow) -> None:
    (slice_,) = make_ct_series((1, 8, 8))
    answer = stow(encode(slice_), to=address(slice_, "study"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+json")
    (reference,) = answer.json()["00081199"]["Value"]
    assert reference["00081155"]["Value"] == [slice_.SOPInstanceUID]
    assert reference["00081190"]["Value"] == [address(slice_)]
    assert "00081198" not in answer.json()

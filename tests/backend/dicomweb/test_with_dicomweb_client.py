"""The public dicomweb-client against a running server: store, search, retrieve."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import requests
from dicomweb_client import DICOMwebClient
from dicomweb_client.session_utils import create_session
from pydicom import Dataset

from tests.factories.dicom import Ids, make_ct_series, make_rtstruct

Login = Callable[..., dict[str, str]]
JPEG_LS = "1.2.840.10008.1.2.4.80"
SQUARE = [(4.0, 4.0), (9.0, 4.0), (9.0, 9.0), (4.0, 9.0)]


@pytest.fixture
def web(live_server: str, login: Login) -> Iterator[DICOMwebClient]:
    """A client with a clinician's token."""
    session = create_session()
    yield DICOMwebClient(f"{live_server}/dicomweb", session=session, headers=login("clinician"))
    session.close()


def by_number(datasets: list[Dataset]) -> list[Dataset]:
    return sorted(datasets, key=lambda d: int(d.InstanceNumber))


def test_a_stored_series_is_found_at_every_level(web: DICOMwebClient) -> None:
    series = make_ct_series((6, 16, 16))
    answer = web.store_instances(series)
    assert len(answer.ReferencedSOPSequence) == 6
    assert "FailedSOPSequence" not in answer

    (study,) = web.search_for_studies(
        search_filters={"PatientName": "*test*", "StudyDate": "20260101-20260201"}
    )
    assert study["0020000D"]["Value"] == [series[0].StudyInstanceUID]
    assert study["00080061"]["Value"] == ["CT"]
    assert study["00201208"]["Value"] == [6]
    (found,) = web.search_for_series(series[0].StudyInstanceUID)
    assert found["0020000E"]["Value"] == [series[0].SeriesInstanceUID]
    assert found["00201209"]["Value"] == [6]
    instances = web.search_for_instances(series[0].StudyInstanceUID, series[0].SeriesInstanceUID)
    assert [i["00080018"]["Value"][0] for i in instances] == [s.SOPInstanceUID for s in series]


def test_a_series_comes_back_as_it_was_sent(web: DICOMwebClient) -> None:
    series = make_ct_series((5, 16, 16))
    web.store_instances(series)
    back = by_number(web.retrieve_series(series[0].StudyInstanceUID, series[0].SeriesInstanceUID))
    assert [d.SOPInstanceUID for d in back] == [s.SOPInstanceUID for s in series]
    for sent, received in zip(series, back, strict=True):
        assert received == sent
        assert np.array_equal(received.pixel_array, sent.pixel_array)


def test_one_instance_its_frame_and_its_metadata_agree(web: DICOMwebClient) -> None:
    series = make_ct_series((3, 16, 16))
    web.store_instances(series)
    uids = (series[1].StudyInstanceUID, series[1].SeriesInstanceUID, series[1].SOPInstanceUID)
    assert web.retrieve_instance(*uids) == series[1]
    (frame,) = web.retrieve_instance_frames(*uids, frame_numbers=[1])
    assert frame == series[1].PixelData
    metadata = Dataset.from_json(web.retrieve_instance_metadata(*uids), bulk_data_uri_handler=lambda *_: b"")
    assert metadata.ImagePositionPatient == series[1].ImagePositionPatient
    assert metadata.PatientName == series[1].PatientName
    assert "NumberOfFrames" not in metadata


def test_the_second_time_is_the_same_instance(web: DICOMwebClient) -> None:
    series = make_ct_series((3, 16, 16))
    web.store_instances(series)
    assert len(web.store_instances(series).ReferencedSOPSequence) == 3
    assert len(web.search_for_instances()) == 3


def test_part_of_a_batch_is_refused_by_name_and_the_rest_goes_in(web: DICOMwebClient) -> None:
    series = make_ct_series((3, 16, 16))
    ids = Ids(series[0].StudyInstanceUID, "1.2.3", "1.2.4", patient="OTHER")
    foreign = make_ct_series((1, 16, 16), ids=ids)
    answer = web.store_instances([*series, *foreign])
    (failed,) = answer.FailedSOPSequence
    assert failed.ReferencedSOPInstanceUID == foreign[0].SOPInstanceUID
    assert failed.FailureReason == 0xA900
    assert "Patient ID" in failed.ErrorComment
    assert len(web.search_for_instances()) == 3


def test_nothing_stored_is_a_conflict(live_server: str, login: Login) -> None:
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\ngarbage\r\n--b--\r\n"
    headers = {
        **login("clinician"),
        "Content-Type": 'multipart/related; type="application/dicom"; boundary="b"',
    }
    answer = requests.post(f"{live_server}/dicomweb/studies", data=body, headers=headers, timeout=30)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/dicom+json"
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xC000]


def test_paging_ends(web: DICOMwebClient) -> None:
    series = make_ct_series((7, 16, 16))
    web.store_instances(series)
    found = web.search_for_instances(series[0].StudyInstanceUID, limit=3, get_remaining=True)
    assert len(found) == 7


def test_structure_sets_are_listed_with_their_study(web: DICOMwebClient) -> None:
    series = make_ct_series((4, 16, 16))
    web.store_instances([*series, make_rtstruct(series, {"PTV": {0: SQUARE}})])
    modalities = [s["00080060"]["Value"][0] for s in web.search_for_series(series[0].StudyInstanceUID)]
    assert sorted(modalities) == ["CT", "RTSTRUCT"]


def test_other_projects_do_not_exist(web: DICOMwebClient, live_server: str, login: Login) -> None:
    series = make_ct_series((2, 16, 16))
    web.store_instances(series)
    headers = login(None)
    assert requests.get(f"{live_server}/dicomweb/studies", headers=headers, timeout=30).json() == []
    where = f"{live_server}/dicomweb/studies/{series[0].StudyInstanceUID}"
    for path in ("", "/metadata", "/rendered", "/thumbnail"):
        assert requests.get(where + path, headers=headers, timeout=30).status_code == 404
    assert requests.get(where, timeout=30).status_code == 401


def test_a_series_streams_and_its_frames_come_as_they_are_asked_for(web: DICOMwebClient) -> None:
    series = make_ct_series((3, 40, 32))
    web.store_instances(series)
    uids = (series[1].StudyInstanceUID, series[1].SeriesInstanceUID, series[1].SOPInstanceUID)
    streamed = by_number(list(web.iter_series(*uids[:2])))
    assert [d.SOPInstanceUID for d in streamed] == [s.SOPInstanceUID for s in series]
    for media_type, syntax in (("image/jp2", "1.2.840.10008.1.2.4.90"), ("image/jls", JPEG_LS)):
        (frame,) = web.retrieve_instance_frames(*uids, [1], media_types=((media_type, syntax),))
        assert 0 < len(frame) < len(series[1].PixelData)
    (whole,) = [
        d for d in web.retrieve_series(*uids[:2], media_types=(("application/dicom", JPEG_LS),))
        if d.SOPInstanceUID == uids[2]
    ]  # fmt: skip
    assert whole.file_meta.TransferSyntaxUID == JPEG_LS
    assert np.array_equal(whole.pixel_array, series[1].pixel_array)
    with pytest.raises(requests.HTTPError, match="406"):
        web.retrieve_instance(*uids, media_types=(("application/dicom", "1.2.840.10008.1.2.4.50"),))


def test_pictures_and_bulk_data_come_too(web: DICOMwebClient) -> None:
    series = make_ct_series((3, 40, 32))
    web.store_instances(series)
    uids = (series[1].StudyInstanceUID, series[1].SeriesInstanceUID, series[1].SOPInstanceUID)
    for picture in (
        web.retrieve_instance_rendered(*uids, media_types=("image/png",)),
        web.retrieve_series_rendered(*uids[:2], media_types=("image/png",)),
        web.retrieve_instance_frames_rendered(*uids, [1], media_types=("image/png",)),
    ):
        assert picture.startswith(b"\x89PNG")
    metadata = web.retrieve_series_metadata(*uids[:2])[1]
    where = f"{web.base_url}/studies/{uids[0]}/series/{uids[1]}/{metadata['7FE00010']['BulkDataURI']}"
    assert web.retrieve_bulkdata(where) == [series[1].PixelData]


def test_a_name_is_found_by_the_beginnings_of_its_words(web: DICOMwebClient) -> None:
    web.store_instances(make_ct_series((1, 8, 8)))
    for name, count in (("pat te", 1), ("est", 0)):
        assert len(web.search_for_studies(fuzzymatching=True, search_filters={"PatientName": name})) == count

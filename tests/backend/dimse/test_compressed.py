"""Compressed objects leave as they are stored where the receiver takes that, else they are decoded."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pynetdicom import AE, build_context, build_role, evt

from rt.dicom.kinds import CT
from tests.backend.dimse.conftest import CALLER, TITLE, Ours, dcmtk
from tests.factories.dicom import encode, make_ct_series, make_rtstruct, set_pixels
from tests.factories.lossless_jpeg import compress_lossless
from tests.factories.patients import send

GET_STUDY = "1.2.840.10008.5.1.4.1.2.2.3"
EXPLICIT, IMPLICIT, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.5"
JPEG_BASELINE, JPEG_LOSSLESS = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70"
JPEG_LS, JPEG_2000 = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"


def stored(ours: Ours, folder: Path, syntax: str = EXPLICIT) -> list[Dataset]:
    """A CT of three slices with contours in the default project, its images so; as it was made."""
    images = make_ct_series((3, 40, 40))
    contours = make_rtstruct(images, {"Larynx": {1: [(2.0, 2.0), (8.0, 2.0), (8.0, 8.0)]}})
    folder.mkdir()
    sent = [pydicom.dcmread(io.BytesIO(encode(image))) for image in images]
    for image in sent if syntax == JPEG_LOSSLESS else []:
        compress_lossless(image)
    send(ours.project, folder, [*sent, contours], syntax=syntax)
    return images


def got(ours: Ours, study: str, contexts: Sequence[tuple[str, list[str]]]) -> tuple[int, dict[str, Dataset]]:
    """The last status of a C-GET whose caller proposes these contexts, and what it was sent."""
    arrived: dict[str, Dataset] = {}

    def keep(event: evt.Event) -> int:
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        arrived[str(dataset.SOPInstanceUID)] = dataset
        return 0

    proposed = [build_context(GET_STUDY), *(build_context(one, syntaxes) for one, syntaxes in contexts)]
    roles = [build_role(one, scp_role=True) for one in sorted({one for one, _ in contexts})]
    association = AE(ae_title=CALLER).associate(
        "127.0.0.1", ours.port, contexts=proposed, ae_title=TITLE, ext_neg=list(roles),
        evt_handlers=[(evt.EVT_C_STORE, keep)],
    )  # fmt: skip
    wanted = Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", study
    answers = [status.Status for status, _ in association.send_c_get(wanted, GET_STUDY)]
    association.release()
    return answers[-1], arrived


def syntaxes(datasets: dict[str, Dataset]) -> list[str]:
    """Transfer syntaxes of images, each once."""
    return sorted({str(one.file_meta.TransferSyntaxUID) for one in datasets.values()})


def check_pixels(images: Sequence[Dataset], datasets: dict[str, Dataset]) -> None:
    """By number: pydicom gives an image that it compresses a new UID."""
    arrived = {one.InstanceNumber: one for one in datasets.values()}
    assert len(arrived) == len(datasets) == len(images)
    for image in images:
        assert np.array_equal(arrived[image.InstanceNumber].pixel_array, image.pixel_array)


@pytest.mark.parametrize("stored_as", [RLE, JPEG_LOSSLESS])
@pytest.mark.parametrize(
    ("proposed", "expected"),
    [
        ([[RLE], [JPEG_LOSSLESS], [EXPLICIT]], None),
        ([[EXPLICIT]], EXPLICIT),
        ([[IMPLICIT]], IMPLICIT),
        ([[JPEG_LS], [IMPLICIT]], IMPLICIT),
        ([[JPEG_LS]], JPEG_LS),
        ([[JPEG_2000, EXPLICIT]], JPEG_2000),
        ([[EXPLICIT, JPEG_2000]], EXPLICIT),
        ([["1.2.840.10008.1.2.4.57", EXPLICIT]], EXPLICIT),
    ],
)
def test_c_get_sends_what_the_caller_takes(
    ours: Ours, tmp_path: Path, stored_as: str, proposed: list[list[str]], expected: str | None
) -> None:
    images = stored(ours, tmp_path / "images", stored_as)
    status, arrived = got(ours, images[0].StudyInstanceUID, [(CT, one) for one in proposed])
    assert syntaxes(arrived) == [expected or stored_as]
    check_pixels(images, arrived)
    assert status == 0xB000  # the contours were not asked for


def test_what_nobody_can_write_for_the_caller_is_said_to_have_failed(ours: Ours, tmp_path: Path) -> None:
    images = stored(ours, tmp_path / "images")
    status, arrived = got(ours, images[0].StudyInstanceUID, [(CT, ["1.2.840.10008.1.2.4.57"])])
    assert (status, arrived) == (0xA702, {})


@pytest.mark.parametrize(("option", "syntax"), [("+xr", RLE), ("+xv", JPEG_2000), ("+xs", EXPLICIT)])
def test_getscu_prefers_and_contours_come_too(ours: Ours, tmp_path: Path, option: str, syntax: str) -> None:
    images = stored(ours, tmp_path / "images", RLE)
    folder = tmp_path / "got"
    folder.mkdir()
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={images[0].StudyInstanceUID}"]
    run = dcmtk("getscu", "-S", option, "+B", "-od", folder, *ours.address(), *keys)
    assert run.returncode == 0, run.stderr
    check_arrived(images, folder, syntax)


@pytest.mark.parametrize(("options", "syntax"), [(["+xr"], RLE), ([], EXPLICIT), (["+xi"], IMPLICIT)])
def test_c_move_sends_what_the_destination_takes(
    ours: Ours, tmp_path: Path, storescp: Callable[..., Path], options: list[str], syntax: str
) -> None:
    images = stored(ours, tmp_path / "images", RLE)
    folder = storescp(*options)
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={images[0].StudyInstanceUID}"]
    run = dcmtk("movescu", "-S", "-aem", "STORAGE", *ours.address(), *keys)
    assert run.returncode == 0, run.stderr
    check_arrived(images, folder, syntax)


def check_arrived(images: list[Dataset], folder: Path, syntax: str) -> None:
    """The images in this syntax with the same pixels, and one RTSTRUCT beside them."""
    arrived = {str(one.SOPInstanceUID): one for one in map(pydicom.dcmread, folder.iterdir())}
    contours = [uid for uid, one in arrived.items() if one.Modality == "RTSTRUCT"]
    assert len(contours) == 1
    del arrived[contours[0]]
    assert syntaxes(arrived) == [syntax]
    check_pixels(images, arrived)


def lossy(image: Dataset) -> Dataset:
    """An image of eight bits, as lossy JPEG that does not say so."""
    values = (np.indices((40, 40)).sum(axis=0) * 3).astype(np.uint8)
    set_pixels(image, values)
    image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "JPEG", quality=60)
    image.PixelData = encapsulate([stream.getvalue()])
    image["PixelData"].VR = "OB"
    image["PixelData"].is_undefined_length = True
    return image


def test_what_was_lossy_leaves_as_it_is_or_decoded_and_marked(ours: Ours, tmp_path: Path) -> None:
    images = [lossy(image) for image in make_ct_series((2, 40, 40))]
    (tmp_path / "images").mkdir()
    send(ours.project, tmp_path / "images", images, syntax=JPEG_BASELINE)
    study = images[0].StudyInstanceUID
    as_stored = got(ours, study, [(CT, [JPEG_BASELINE]), (CT, [EXPLICIT])])[1]
    assert syntaxes(as_stored) == [JPEG_BASELINE]
    assert all(
        one.PixelData == image.PixelData for one, image in zip(as_stored.values(), images, strict=True)
    )
    for wanted in (EXPLICIT, JPEG_LS):
        status, decoded = got(ours, study, [(CT, [wanted])])
        assert (status, syntaxes(decoded)) == (0x0000, [wanted])
        for one in decoded.values():
            assert (one.LossyImageCompression, one.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
            assert float(one.LossyImageCompressionRatio) > 1

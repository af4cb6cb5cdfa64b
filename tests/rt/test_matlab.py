"""MAT-files: SciPy and HDF5 read back what was written, and the bytes follow from the contents."""

from __future__ import annotations

import io
import time

import h5py
import numpy as np
import pytest
from scipy.io import loadmat
from scipy.io.matlab import matfile_version

from rt import matlab
from rt.errors import MatlabError
from rt.matlab import field_names, mat5_bytes, mat73_bytes

IMAGE = np.arange(2 * 30 * 20, dtype=np.int16).reshape(2, 30, 20)
MASK = IMAGE % 3 == 0
VARIABLES = {
    "image": IMAGE,
    "dose": np.linspace(0, 70, 6, dtype=np.float32).reshape(1, 2, 3),
    "none": np.zeros((0, 0), dtype=np.float32),
    "masks": {"Lung_L": MASK, "x5": ~MASK},
    "nothing": {},
    "names": ["Lung_L", "肺"],
    "no_names": [],
    "unit": "HU",
    "empty_text": "",
    "position": np.array([[1.5], [2.5]]),
}


def test_level_5_is_read_by_scipy() -> None:
    read = loadmat(io.BytesIO(mat5_bytes(VARIABLES)))
    assert np.array_equal(read["image"], IMAGE) and read["image"].dtype == np.int16
    assert np.array_equal(read["dose"], VARIABLES["dose"]) and read["dose"].dtype == np.float32
    assert np.array_equal(read["masks"]["Lung_L"][0, 0], MASK)
    assert np.array_equal(read["masks"]["x5"][0, 0], ~MASK)
    assert [str(one[0]) for one in read["names"][0]] == ["Lung_L", "肺"]
    assert (read["unit"].tolist(), read["no_names"].size, read["none"].size) == (["HU"], 0, 0)
    assert read["position"].tolist() == [[1.5], [2.5]]


def test_version_73_is_hdf5_as_matlab_writes_it() -> None:
    data = mat73_bytes(VARIABLES)
    assert data.startswith(b"MATLAB 7.3 MAT-file")
    assert data[116:128] == bytes(8) + b"\x00\x02IM"
    assert data[512:520] == b"\x89HDF\r\n\x1a\n"
    assert matfile_version(io.BytesIO(data))[0] == 2
    with h5py.File(io.BytesIO(data)) as file:
        classes = {name: one.attrs["MATLAB_class"].decode() for name, one in file.items() if name[0] != "#"}
        assert classes == {
            "image": "int16", "dose": "single", "none": "single", "masks": "struct", "nothing": "struct",
            "names": "cell", "no_names": "cell", "unit": "char", "empty_text": "char", "position": "double",
        }  # fmt: skip
        assert np.array_equal(file["image"][()].T, IMAGE), "MATLAB's axes are HDF5's reversed"
        mask = file["masks/Lung_L"]
        assert (mask.attrs["MATLAB_class"], mask.attrs["MATLAB_int_decode"]) == (b"logical", 1)
        assert np.array_equal(mask[()].T.astype(bool), MASK)
        assert (file["none"].attrs["MATLAB_empty"], file["none"][()].tolist()) == (1, [0, 0])
        assert (file["unit"].shape, bytes(file["unit"][()].astype(np.uint8))) == ((2, 1), b"HU")
        texts = [file[ref][()].astype("<u2").tobytes().decode("utf-16-le") for ref in file["names"][:, 0]]
        assert texts == ["Lung_L", "肺"]
        assert file["image"].compression == "gzip"


@pytest.mark.parametrize("write", [mat5_bytes, mat73_bytes])
def test_the_same_contents_give_the_same_bytes_on_another_day(write, monkeypatch) -> None:
    first = write(VARIABLES)
    monkeypatch.setattr(time, "asctime", lambda: "another day")
    assert write(VARIABLES) == first


def test_no_moment_is_kept_in_hdf5() -> None:
    with h5py.File(io.BytesIO(mat73_bytes(VARIABLES))) as file:
        kept: list[int] = []
        file.visititems(lambda _, one: kept.append(h5py.h5o.get_info(one.id).mtime))
    assert kept and set(kept) == {0}


def test_names_are_what_matlab_takes_and_differ() -> None:
    assert field_names(["Lung_L", "PTV+5", "PTV 5", "5mm", "肺", "a" * 70]) == {
        "Lung_L": "Lung_L", "PTV+5": "PTV_5", "PTV 5": "PTV_5_2", "5mm": "x5mm", "肺": "x_",
        "a" * 70: "a" * 63,
    }  # fmt: skip


def test_what_a_file_cannot_hold_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(matlab, "MOST_BYTES_5", MASK.nbytes)
    with pytest.raises(MatlabError, match=r"masks: more than 2 GiB"):
        mat5_bytes({"masks": {"a": MASK, "b": MASK}})
    with pytest.raises(MatlabError, match="complex128"):
        mat73_bytes({"image": IMAGE.astype(complex)})

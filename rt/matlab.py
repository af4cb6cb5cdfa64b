"""MAT-files for MATLAB: level 5 (SciPy) and 7.3 (HDF5), whose bytes follow from their contents alone.

A value is an array of two or more axes in MATLAB's order (bool, whole numbers, float32 or float64), a text, a
list of texts (a cell row) or a dict of values (a struct).  Level 5 holds at most 2 GiB a variable.  What
MATLAB asks of HDF5: a user block with its header, axes reversed, and for every object its class as an
attribute, as in the files that it writes itself (MathWorks, "MAT-File Versions").
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, cast

import h5py
import numpy as np
import numpy.typing as npt
from scipy.io import savemat

from rt.errors import MatlabError

Value = npt.NDArray[Any] | str | Sequence[str] | Mapping[str, "Value"]

MOST_BYTES_5 = (1 << 31) - 1
"""Of one variable in a file of level 5."""
LONGEST_NAME = 63
"""Characters of a variable's or field's name."""
_TEXT_BYTES, _USER_BLOCK = 116, 512
_PACKED_FROM = 1024
"""Bytes from which an array is compressed."""
_CLASSES = {"f4": "single", "f8": "double", "b1": "logical"} | {
    f"{kind}{size}": f"{word}{8 * size}"
    for kind, word in (("i", "int"), ("u", "uint"))
    for size in (1, 2, 4, 8)
}


def field_names(names: Sequence[str]) -> dict[str, str]:
    """A name that MATLAB takes for each: ASCII letters, digits and `_`, a letter first, no two alike."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in names:
        stem = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
        stem = stem if stem[:1].isalpha() else f"x{stem}"
        tried, number = stem[:LONGEST_NAME], 1
        while tried in taken:
            number += 1
            tail = f"_{number}"
            tried = stem[: LONGEST_NAME - len(tail)] + tail
        taken.add(tried)
        found[name] = tried
    return found


def mat5_bytes(variables: Mapping[str, Value]) -> bytes:
    """The variables as a MAT-file of level 5, compressed; MatlabError for one of more than 2 GiB."""
    for name, value in variables.items():
        if _size(value) > MOST_BYTES_5:
            raise MatlabError("more than 2 GiB: version 7.3 holds it", where=name)
    stream = io.BytesIO()
    contents = {name: _for_scipy(value) for name, value in variables.items()}
    savemat(cast(Any, stream), contents, do_compression=True, long_field_names=True)
    stream.seek(0)
    stream.write(_text("MATLAB 5.0 MAT-file, written by Rinkaku"))
    return stream.getvalue()


def mat73_bytes(variables: Mapping[str, Value]) -> bytes:
    """The variables as a MAT-file of version 7.3; MatlabError for a type that MATLAB lacks."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=_USER_BLOCK) as file:
        for name, value in variables.items():
            _store(file, file, name, value)
    stream.seek(0)
    stream.write(_text("MATLAB 7.3 MAT-file, written by Rinkaku HDF5 schema 1.00 ."))
    stream.write(bytes(8) + b"\x00\x02IM")
    return stream.getvalue()


def _text(text: str) -> bytes:
    """The header's text: no date, no computer."""
    return text.encode().ljust(_TEXT_BYTES)


def _size(value: Value) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    return sum(_size(one) for one in value.values()) if isinstance(value, Mapping) else 0


def _for_scipy(value: Value) -> Any:
    if isinstance(value, Mapping):
        return {name: _for_scipy(one) for name, one in value.items()}
    if isinstance(value, np.ndarray | str):
        return value
    cells = np.empty((1 if value else 0, len(value)), dtype=object)
    cells[...] = [list(value)] if value else []
    return cells


def _store(file: Any, parent: Any, name: str, value: Value) -> Any:
    """Put a value under a name; gives the HDF5 object."""
    if isinstance(value, Mapping):
        return _store_struct(file, parent, name, value)
    if isinstance(value, np.ndarray):
        return _store_array(parent, name, value)
    if isinstance(value, str):
        units = np.frombuffer(value.encode("utf-16-le"), dtype="<u2")
        stored = _store_array(parent, name, units[np.newaxis, :] if units.size else np.zeros((0, 0), "<u2"))
        return _marked(stored, "char", decoded=2)
    return _store_cells(file, parent, name, value)


def _store_struct(file: Any, parent: Any, name: str, value: Mapping[str, Value]) -> Any:
    if not value:
        stored = parent.create_dataset(name, data=np.array([1, 1], dtype="<u8"))
        stored.attrs["MATLAB_empty"] = np.uint8(1)
    else:
        stored = parent.create_group(name)
        for field, one in value.items():
            _store(file, stored, field, one)
    return _marked(stored, "struct")


def _store_array(parent: Any, name: str, array: npt.NDArray[Any]) -> Any:
    kind = _CLASSES.get(array.dtype.str[1:])
    if kind is None or array.ndim < 2:
        raise MatlabError(f"{array.ndim} axes of {array.dtype} are nothing of MATLAB's", where=name)
    if array.size == 0:
        stored = parent.create_dataset(name, data=np.array(array.shape, dtype="<u8"))
        stored.attrs["MATLAB_empty"] = np.uint8(1)
        return _marked(stored, kind)
    held = array.view(np.uint8) if kind == "logical" else array
    packing = {"compression": "gzip", "chunks": True} if array.nbytes >= _PACKED_FROM else {}
    stored = parent.create_dataset(name, data=np.ascontiguousarray(held.T), track_times=False, **packing)
    return _marked(stored, kind, decoded=1 if kind == "logical" else None)


def _store_cells(file: Any, parent: Any, name: str, texts: Sequence[str]) -> Any:
    if not texts:
        stored = parent.create_dataset(name, data=np.array([0, 0], dtype="<u8"))
        stored.attrs["MATLAB_empty"] = np.uint8(1)
        return _marked(stored, "cell")
    held = file.require_group("#refs#")
    cells = [_store(file, held, f"t{len(held) + 1}", text).ref for text in texts]
    stored = parent.create_dataset(name, (len(cells), 1), dtype=h5py.ref_dtype)
    for row, cell in enumerate(cells):
        stored[row, 0] = cell
    return _marked(stored, "cell")


def _marked(stored: Any, kind: str, decoded: int | None = None) -> Any:
    """Say which class of MATLAB's it is, and of what an integer stands for."""
    stored.attrs["MATLAB_class"] = np.bytes_(kind)
    if decoded is not None:
        stored.attrs["MATLAB_int_decode"] = np.int32(decoded)
    return stored

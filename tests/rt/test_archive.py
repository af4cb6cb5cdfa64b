"""Members of an untrusted zip: RELIABILITY cases 7 and 8."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from rt.dicom.archive import Member, is_zip, iter_members
from rt.dicom.limits import ArchiveLimits
from rt.errors import ArchiveError, RtError


def _zip(fill: Callable[[zipfile.ZipFile], None], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        fill(archive)
    out.seek(0)
    return out


def _members(files: dict[str, bytes], limits: ArchiveLimits | None = None) -> dict[str, Member]:
    source = _zip(lambda archive: [archive.writestr(name, data) for name, data in files.items()] and None)
    return {m.name: m for m in iter_members(source, limits or ArchiveLimits())}


def test_nested_folders_come_out_with_their_bytes() -> None:
    found = _members({"a.dcm": b"one", "folder/": b"", "folder/deep/b.dcm": b"two"})
    assert {name: m.data for name, m in found.items()} == {"a.dcm": b"one", "folder/deep/b.dcm": b"two"}
    assert all(m.refusal is None for m in found.values())


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/etc/passwd", "C:\\x", "c:x", "..\\x", "a\\..\\..\\x", "new\nline", "x" * 2000],
)
def test_a_hostile_name_is_refused_and_the_rest_goes_in(name: str) -> None:
    found = list(
        iter_members(_zip(lambda a: (a.writestr(zipfile.ZipInfo(name), b"x"), a.writestr("ok", b"y"))[1]))
    )
    assert [m.refusal is None for m in found] == [False, True]
    assert found[0].data == b""
    assert found[1].data == b"y"


def test_a_name_with_nul_is_refused() -> None:
    raw = _zip(lambda a: a.writestr("a_b.dcm", b"x")).getvalue().replace(b"a_b.dcm", b"a\0b.dcm")
    assert "control" in str(next(iter(iter_members(io.BytesIO(raw)))).refusal)


def test_a_symbolic_link_is_refused() -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    found = list(iter_members(_zip(lambda a: a.writestr(link, "/etc/passwd"))))
    assert found[0].refusal == "a link or device, not a file"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_second_of_two_equal_names_is_refused() -> None:
    found = list(iter_members(_zip(lambda a: (a.writestr("x", b"1"), a.writestr("X", b"2"))[0])))
    assert [m.refusal is None for m in found] == [True, False]


def test_an_archive_within_the_archive_is_refused() -> None:
    inner = _zip(lambda a: a.writestr("x", b"1")).getvalue()
    assert _members({"inner.dcm": inner})["inner.dcm"].refusal == "an archive within the archive"


def test_an_encrypted_member_is_refused() -> None:
    raw = bytearray(_zip(lambda a: a.writestr("x", b"1")).getvalue())
    central = raw.index(b"PK\x01\x02")
    struct.pack_into("<H", raw, 6, 1)
    struct.pack_into("<H", raw, central + 8, 1)
    assert next(iter(iter_members(io.BytesIO(raw)))).refusal == "encrypted"


def test_a_bomb_is_stopped_while_it_streams() -> None:
    limits = ArchiveLimits(ratio=100, ratio_from_bytes=2**20)
    found = _members({"bomb": bytes(50 * 2**20), "ok": b"fine"}, limits)
    assert "inflates" in str(found["bomb"].refusal)
    assert found["ok"].data == b"fine"


def test_a_member_beyond_its_limit_is_refused() -> None:
    found = _members(
        {"big": np.random.default_rng(1).bytes(3000), "ok": b"y"}, ArchiveLimits(member_bytes=2000)
    )
    assert "larger" in str(found["big"].refusal)


def test_a_header_that_understates_the_size_does_not_help() -> None:
    raw = bytearray(_zip(lambda a: a.writestr("x", bytes(10_000))).getvalue())
    central = raw.index(b"PK\x01\x02")
    struct.pack_into("<I", raw, 22, 5)
    struct.pack_into("<I", raw, central + 24, 5)
    assert next(iter(iter_members(io.BytesIO(raw)))).refusal == "damaged"


def test_the_whole_archive_has_a_limit() -> None:
    random = np.random.default_rng(1)
    with pytest.raises(ArchiveError, match="more than"):
        _members({str(n): random.bytes(1000) for n in range(10)}, ArchiveLimits(total_bytes=5000))


def test_too_many_members_are_refused() -> None:
    with pytest.raises(ArchiveError, match="members"):
        _members({str(n): b"" for n in range(30)}, ArchiveLimits(members=20))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no", b"ustar" * 100])
def test_what_is_no_zip_is_a_typed_error(data: bytes) -> None:
    with pytest.raises(ArchiveError):
        list(iter_members(io.BytesIO(data)))


def test_a_zip_is_known_by_its_first_bytes() -> None:
    assert is_zip(_zip(lambda a: a.writestr("x", b"1")).getvalue()[:8])
    assert not is_zip(b"\x1f\x8b\x08")


def test_mutated_archives_give_only_typed_errors() -> None:
    whole = _zip(lambda a: (a.writestr("a/b.dcm", bytes(2000)), a.writestr("c", b"hello"))[0]).getvalue()
    for seed in range(300):
        rng = np.random.default_rng(seed)
        broken = bytearray(whole)
        for at in rng.integers(0, len(whole), 4):
            broken[at] = int(rng.integers(256))
        try:
            members = list(
                iter_members(io.BytesIO(bytes(broken[: int(rng.integers(len(whole) // 2, len(whole) + 1))])))
            )
        except RtError:
            continue
        assert all(m.data == b"" for m in members if m.refusal)

"""Associations by TLS, in both directions, as DCMTK's programs speak it."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest
from pydantic import ValidationError
from pydicom import Dataset
from pynetdicom import AE, evt
from sqlalchemy import func, select

from backend.config import Settings, get_settings
from backend.dimse.errors import PeerUnreachable, TlsUnusable
from backend.dimse.schemas import Caller
from backend.dimse.sending import Line, report
from backend.dimse.server import DicomServer, servers
from backend.dimse.tls import calling_context, listening_context
from backend.kit import db
from backend.projects.tables import Project
from backend.studies.tables import Instance
from tests.backend.dimse.conftest import CALLER, TITLE, Ours, dcmtk, free_port, give_title, name_peer
from tests.factories.certificates import Authority, Identity
from tests.factories.dicom import make_ct_series
from tests.factories.patients import send


@dataclass(frozen=True)
class Secured:
    """A server of ours that is called by TLS, and who may call it."""

    port: int
    project: Project
    authority: Authority
    caller: Identity

    def words(self, *options: str | Path) -> list[str | Path]:
        """The arguments with which DCMTK's programs call it."""
        shown = ["+tls", self.caller.key, self.caller.certificate, "+cf", self.authority.certificate]
        return [*shown, *options, "-aet", CALLER, "-aec", TITLE, "127.0.0.1", str(self.port)]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """That of the installation's certificate, which this fixture sets, and of all whom it trusts."""
    made = Authority(tmp_path / "certificates")
    ours = made.identity("rinkaku", "127.0.0.1", "localhost")
    monkeypatch.setenv("RINKAKU_DICOM_TLS_CERTIFICATE", str(ours.certificate))
    monkeypatch.setenv("RINKAKU_DICOM_TLS_KEY", str(ours.key))
    monkeypatch.setenv("RINKAKU_DICOM_TLS_CA", str(made.certificate))
    get_settings.cache_clear()
    yield made
    get_settings.cache_clear()


@pytest.fixture
def secured(authority: Authority, project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secured]:
    scratch = get_settings().data / "scratch"
    scratch.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    give_title(project, callers=[Caller(title=CALLER)], allow_query=True)
    server = DicomServer("127.0.0.1", 0, listening_context(get_settings()))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield Secured(int(server.server_address[1]), project, authority, authority.identity("caller"))
    server.stop()
    server.close()
    thread.join()


@pytest.mark.parametrize("profile", ["+py", "+px", "+pz"])
def test_dcmtk_verifies_itself_by_each_of_its_bcp_195_profiles(secured: Secured, profile: str) -> None:
    run = dcmtk("echoscu", *secured.words(profile))
    assert run.returncode == 0, run.stderr


def test_images_are_stored_and_found_by_tls(
    secured: Secured, files: Callable[..., list[Path]], tmp_path: Path
) -> None:
    images = make_ct_series((4, 64, 64))
    run = dcmtk("storescu", *secured.words(), *files(images))
    assert run.returncode == 0, run.stderr
    with db.session_scope(read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(Instance)) == 4
    folder = tmp_path / "answers"
    folder.mkdir()
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID"]
    run = dcmtk("findscu", "-S", "-X", "-od", folder, *keys, *secured.words())
    assert run.returncode == 0, run.stderr
    (found,) = [pydicom.dcmread(path, force=True) for path in folder.iterdir()]
    assert found.StudyInstanceUID == images[0].StudyInstanceUID


def test_who_shows_no_certificate_is_not_heard(secured: Secured) -> None:
    anonymous = ["+tla", "-ic", "-aet", CALLER, "-aec", TITLE, "127.0.0.1", str(secured.port)]
    assert dcmtk("echoscu", *anonymous).returncode != 0
    assert dcmtk("echoscu", "-aet", CALLER, "-aec", TITLE, "127.0.0.1", str(secured.port)).returncode != 0
    assert dcmtk("echoscu", *secured.words()).returncode == 0


def test_a_certificate_of_another_authority_is_not_heard(secured: Secured, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "strangers", "strangers").identity("caller")
    shown = ["+tls", stranger.key, stranger.certificate, "+cf", secured.authority.certificate]
    assert dcmtk("echoscu", *shown, *secured.words()[5:]).returncode != 0


def test_callers_need_no_certificate_where_none_is_asked_for(
    authority: Authority, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINKAKU_DICOM_TLS_CLIENTS", "false")
    get_settings.cache_clear()
    context = listening_context(get_settings())
    assert context.verify_mode == ssl.CERT_NONE


def test_nothing_older_than_tls_1_2_and_no_old_cipher_is_spoken(secured: Secured) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(secured.authority.certificate)
    context.load_cert_chain(secured.caller.certificate, secured.caller.key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AES:!AESGCM")
    with socket.create_connection(("127.0.0.1", secured.port)) as wire, pytest.raises(ssl.SSLError):
        context.wrap_socket(wire, server_hostname="127.0.0.1")
    assert listening_context(get_settings()).minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_silent_connection_keeps_nobody_waiting(secured: Secured) -> None:
    """The handshake of one connection is not in the way of another."""
    with socket.create_connection(("127.0.0.1", secured.port)):
        assert dcmtk("echoscu", *secured.words()).returncode == 0


@pytest.fixture
def tps(ours: Ours, authority: Authority) -> Iterator[list[Dataset]]:
    """What the peer TPS, which takes TLS only and asks for our certificate, was sent."""
    theirs, got, port = authority.identity("tps", "127.0.0.1"), list[Dataset](), free_port()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(theirs.certificate, theirs.key)
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    entity = AE(ae_title="TPS")
    for one in make_ct_series((1, 8, 8)):
        entity.add_supported_context(one.SOPClassUID)

    def keep(event: evt.Event) -> int:
        got.append(event.dataset)
        return 0

    server = entity.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)], ssl_context=context
    )
    name_peer(ours.project, "TPS", port, tls=True)
    yield got
    server.shutdown()


def test_objects_are_moved_to_a_peer_by_tls(ours: Ours, tmp_path: Path, tps: list[Dataset]) -> None:
    images = make_ct_series((3, 32, 32))
    send(ours.project, tmp_path / "images", images)
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={images[0].StudyInstanceUID}"]
    run = dcmtk("movescu", "-S", "-aem", "TPS", *ours.address(), *keys)
    assert run.returncode == 0, run.stderr
    assert {one.SOPInstanceUID for one in tps} == {one.SOPInstanceUID for one in images}


def test_storescp_of_dcmtk_is_sent_to_by_tls(
    ours: Ours, authority: Authority, tmp_path: Path, storescp: Callable[..., Path]
) -> None:
    theirs = authority.identity("storage", "127.0.0.1")
    images = make_ct_series((3, 32, 32))
    send(ours.project, tmp_path / "images", images)
    folder = storescp("+tls", theirs.key, theirs.certificate, "+cf", authority.certificate)
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={images[0].StudyInstanceUID}"]
    run = dcmtk("movescu", "-S", "-aem", "STORAGE", *ours.address(), *keys)
    assert run.returncode == 0, run.stderr
    moved = {pydicom.dcmread(path).SOPInstanceUID for path in folder.iterdir()}
    assert moved == {one.SOPInstanceUID for one in images}


def _refused(port: int, host: str) -> str:
    with pytest.raises(PeerUnreachable) as refused:
        report(Line("US", "TPS", host, port, tls=True), 1, Dataset())
    return refused.value.detail


def test_a_peer_that_is_not_who_it_should_be_is_told_nothing(secured: Secured, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "strangers", "strangers")
    wrong = [
        stranger.identity("trusted by nobody", "127.0.0.1"),
        secured.authority.identity("named otherwise", "x.example"),
    ]
    expected = ["unable to get local issuer certificate", "not valid for '127.0.0.1'"]
    for identity, why in zip(wrong, expected, strict=True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.certificate, identity.key)
        entity = AE(ae_title="TPS")
        entity.add_supported_context("1.2.840.10008.1.20.1")
        port = free_port()
        server = entity.start_server(("127.0.0.1", port), block=False, ssl_context=context)
        assert why in _refused(port, "127.0.0.1")
        server.shutdown()


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_peer_that_does_not_trust_us_is_said_to(
    ours: Ours, authority: Authority, tmp_path: Path, newest: ssl.TLSVersion
) -> None:
    """By TLS 1.3 it says so only after the handshake."""
    theirs = authority.identity("tps", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    context.load_cert_chain(theirs.certificate, theirs.key)
    context.load_verify_locations(Authority(tmp_path / "strangers", "strangers").certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            wire, _ = listening.accept()
            with wire, pytest.raises(ssl.SSLError):
                context.wrap_socket(wire, server_side=True)

        thread = threading.Thread(target=answer)
        thread.start()
        assert "cannot be called by TLS" in _refused(listening.getsockname()[1], "127.0.0.1")
        thread.join()


def test_a_peer_that_speaks_no_tls_is_said_to(ours: Ours, authority: Authority) -> None:
    assert "cannot be called by TLS" in _refused(ours.port, "127.0.0.1")


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"dicom_tls_certificate": "c"}, "go together"),
        ({"dicom_plain": False}, "no other port"),
        ({"dicom_tls_certificate": "c", "dicom_tls_key": "k"}, "RINKAKU_DICOM_TLS_CA"),
    ],
)
def test_settings_that_let_nobody_in_or_everybody_are_refused(variables: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings(**variables)


def test_files_that_are_no_certificates_are_named_at_the_start(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for variable in ("CERTIFICATE", "KEY", "CA"):
        with monkeypatch.context() as changed:
            changed.setenv(f"RINKAKU_DICOM_TLS_{variable}", str(empty))
            with pytest.raises(TlsUnusable, match=f"RINKAKU_DICOM_TLS_{variable}"):
                listening_context(Settings())
            with pytest.raises(TlsUnusable, match=f"RINKAKU_DICOM_TLS_{variable}"):
                calling_context(Settings())


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINKAKU_DICOM_TLS_CERTIFICATE", "")
    monkeypatch.setenv("RINKAKU_DICOM_TLS_KEY", "")
    assert Settings().dicom_tls_certificate is None


def test_it_listens_with_and_without_tls_as_it_is_told(
    authority: Authority, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, secure = free_port(), free_port()
    for both in (True, False):
        told = Settings(dicom_port=plain, dicom_tls_port=secure, dicom_plain=both)
        made = servers(told)
        assert [one.tls is not None for one in made] == ([False, True] if both else [True])
        for one in made:
            one.server_close()

"""TLS of DICOM associations, after BCP 195 (RFC 8996 and 9325) as PS3.15 B.12 asks: TLS 1.2 at least.

The certificate of the installation is shown to who calls and to who is called.  Certificates of others are
trusted where an authority of `RINKAKU_DICOM_TLS_CA` signed them, for calls to peers without it one of the
system's.  A peer's certificate must also name the host that it is called by.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from backend.config import Settings
from backend.dimse.errors import TlsUnusable

CIPHERS = "ECDHE+AESGCM"
"""Of TLS 1.2: forward secrecy and authenticated encryption, RFC 9325 4.2; those of TLS 1.3 are fixed."""


REFUSED_AFTERWARDS = "it ended the connection, and may not accept our certificate"


class _NotedSocket(ssl.SSLSocket):
    """Tells its context what a handshake failed on; pynetdicom says only that there is no connection."""

    def do_handshake(self, block: bool = False) -> None:
        problem = REFUSED_AFTERWARDS  # of TLS 1.3: a peer looks at our certificate when we are through
        try:
            super().do_handshake(block)
        except OSError as error:
            problem = _reason(error)
            raise
        finally:
            if isinstance(self.context, CallingContext):
                self.context.problem = problem


class CallingContext(ssl.SSLContext):
    """The context of one call."""

    sslsocket_class = _NotedSocket
    problem: str = ""
    """Why there is no connection by TLS, if there is none; empty before the handshake."""


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return str(error.reason or "it does not speak TLS").replace("_", " ").lower()
    return "it broke off the TLS handshake"


def calling_context(settings: Settings) -> CallingContext:
    """For one call to a peer; TlsUnusable where the installation's own files are not what they should be."""
    context = CallingContext(ssl.PROTOCOL_TLS_CLIENT)
    _restrict(context)
    if settings.dicom_tls_ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _trust(context, settings.dicom_tls_ca)
    if settings.dicom_tls_certificate is not None:
        _identify(context, settings)
    return context


def listening_context(settings: Settings) -> ssl.SSLContext:
    """For who calls; TlsUnusable where the files are not what they should be."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _restrict(context)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 0  # nobody comes back to an association
    _identify(context, settings)
    if settings.dicom_tls_clients and settings.dicom_tls_ca is not None:
        _trust(context, settings.dicom_tls_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _restrict(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(CIPHERS)


def _trust(context: ssl.SSLContext, authorities: Path) -> None:
    try:
        context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError) as error:
        raise TlsUnusable("RINKAKU_DICOM_TLS_CA names no readable certificates (PEM)") from error


def _identify(context: ssl.SSLContext, settings: Settings) -> None:
    certificate, key = settings.dicom_tls_certificate, settings.dicom_tls_key
    if certificate is None or key is None:
        raise TlsUnusable("RINKAKU_DICOM_TLS_CERTIFICATE and RINKAKU_DICOM_TLS_KEY are not set")
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ssl.SSLError) as error:
        raise TlsUnusable(
            "RINKAKU_DICOM_TLS_CERTIFICATE and RINKAKU_DICOM_TLS_KEY name no certificate (PEM) with its key"
        ) from error


def _no_password() -> str:
    """OpenSSL would ask at the terminal."""
    raise TlsUnusable("RINKAKU_DICOM_TLS_KEY is encrypted: store it without a password, readable to us only")

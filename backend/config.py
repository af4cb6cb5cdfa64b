"""Settings, read from RINKAKU_* variables and checked at start.

With nothing set it runs on SQLite, local files and the filesystem broker of Celery below `data`; with
`RINKAKU_DATABASE_URL`, `RINKAKU_BROKER_URL` and `RINKAKU_S3_URL` the same code runs on Postgres, Redis, S3.
Authentication cannot be switched off: there is no such setting.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).parents[1]
"""Folder of the checkout."""
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
"""Hosts that are reached without a network."""


class Settings(BaseSettings):
    """One installation."""

    model_config = SettingsConfigDict(env_prefix="RINKAKU_", extra="ignore")

    data: Path = ROOT / "data"
    """Folder of the database, blobs and broker of the laptop form."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000
    dicom_host: str = "127.0.0.1"
    dicom_port: Annotated[int, Field(ge=1, le=65_535)] = 11112
    """Where `rinkaku dicom` listens for associations."""
    dicom_plain: bool = True
    """Whether it listens there, without TLS."""
    dicom_tls_port: Annotated[int, Field(ge=1, le=65_535)] = 2762
    """Where it listens by TLS once there is a certificate."""
    dicom_tls_certificate: Path | None = None
    """Our certificate, with those between it and its authority: PEM."""
    dicom_tls_key: Path | None = None
    """Its private key, without a password: PEM."""
    dicom_tls_ca: Path | None = None
    """Authorities that certificates of callers and peers come from: PEM."""
    dicom_tls_clients: bool = True
    """Whether callers have to show a certificate."""
    public_url: str | None = None
    """Address that users type; https here makes the session cookie Secure."""
    origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins, separated by commas, of other sites' pages that may call DICOMweb with a token."""
    database_url: SecretStr | None = None
    broker_url: SecretStr | None = None
    s3_url: str | None = None
    """Endpoint of an S3 API; blobs are in the local folder without it."""
    s3_bucket: str = "rinkaku"
    s3_region: str = "us-east-1"
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    admin_password: SecretStr | None = None
    weights: Path = ROOT / "models" / "weights"
    frontend: Path = ROOT / "frontend" / "dist"
    """The built front end."""
    monailabel_origins: Annotated[tuple[str, ...], NoDecode] = ("*",)
    """Origins, separated by commas, of pages (OHIF) that may use MONAI Label's API; `*` is any.
    Cookies count for nothing there: only who knows the token in the address gets an answer."""
    session_idle_minutes: Annotated[int, Field(ge=5)] = 30
    session_hours: Annotated[int, Field(ge=1)] = 12
    lease_s: Annotated[int, Field(ge=2)] = 60
    """How long a worker may be silent before its job is given to another."""
    upload_bytes: int = 2 * 1024**3
    """Largest single file."""
    webhook_loopback: bool = False
    """Whether webhooks may call programs on this machine itself."""

    @field_validator("data", "weights", "frontend")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.resolve()

    @field_validator("dicom_tls_certificate", "dicom_tls_key", "dicom_tls_ca", mode="before")
    @classmethod
    def _named(cls, path: str | Path | None) -> str | Path | None:
        """An empty variable says nothing: compose files cannot leave one out."""
        return path or None

    @field_validator("origins", "monailabel_origins", mode="before")
    @classmethod
    def _listed(cls, origins: str | tuple[str, ...], field: ValidationInfo) -> tuple[str, ...]:
        """Exact origins only: no path, http only on this machine, and `*` only where no cookie is read."""
        if field.field_name == "monailabel_origins" and origins in ("*", ("*",)):
            return ("*",)
        listed = origins.split(",") if isinstance(origins, str) else origins
        named = tuple(origin.strip() for origin in listed if origin.strip())
        for origin in named:
            if not _is_origin(origin):
                raise ValueError("each must be like https://viewer.example (http:// only for localhost)")
        return named

    @field_validator("public_url")
    @classmethod
    def _safe_address(cls, url: str | None) -> str | None:
        """Outside this machine only https: cookies and patients would be readable on the way."""
        if url is None or urlsplit(url).scheme == "https":
            return url
        if urlsplit(url).scheme == "http" and urlsplit(url).hostname in THIS_MACHINE:
            return url
        raise ValueError("must begin with https:// (http:// only for localhost)")

    @model_validator(mode="after")
    def _complete_tls(self) -> Self:
        """A key with each certificate, authorities where certificates are asked for, and one way in."""
        if (self.dicom_tls_certificate is None) != (self.dicom_tls_key is None):
            raise ValueError("RINKAKU_DICOM_TLS_CERTIFICATE and RINKAKU_DICOM_TLS_KEY go together")
        if self.dicom_tls_certificate is None and not self.dicom_plain:
            raise ValueError(
                "without RINKAKU_DICOM_TLS_CERTIFICATE there is no other port than the plain one"
            )
        if self.dicom_tls_certificate and self.dicom_tls_clients and self.dicom_tls_ca is None:
            raise ValueError(
                "name the authorities of callers with RINKAKU_DICOM_TLS_CA, or ask for no certificate with"
                " RINKAKU_DICOM_TLS_CLIENTS=false"
            )
        return self

    @property
    def sql_url(self) -> str:
        """SQLAlchemy URL of the database."""
        if self.database_url is None:
            return f"sqlite:///{self.data / 'rinkaku.sqlite3'}"
        url = self.database_url.get_secret_value()
        return url.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def secure_cookies(self) -> bool:
        """True where users come by https."""
        return self.public_url is not None and self.public_url.startswith("https://")


def _is_origin(text: str) -> bool:
    """Whether browsers send such an Origin, from a place that is safe from listeners."""
    parts = urlsplit(text)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in THIS_MACHINE)
    return (
        safe
        and bool(parts.hostname)
        and "*" not in text
        and text == f"{parts.scheme}://{parts.netloc}".lower()
    )


@lru_cache
def get_settings() -> Settings:
    """The settings of this process."""
    return Settings()

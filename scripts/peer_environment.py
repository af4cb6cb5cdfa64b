"""Python environments of the peers that cannot live in ours."""

from __future__ import annotations

import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

INSTALL_S = 300


def peer_python(cache: Path, *installs: Sequence[str]) -> Path:
    """The Python of an environment, made when it is not there yet; each install is pip's arguments.

    Raises CalledProcessError or TimeoutExpired where pip cannot get or build something.
    """
    python, installed = cache / "bin" / "python", cache / "installed"
    wanted = "\n".join(" ".join(arguments) for arguments in installs)
    if not installed.exists() or installed.read_text() != wanted:
        venv.create(cache, clear=True, with_pip=True)
        for arguments in installs:
            command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run(
                [*command, *arguments], check=True, capture_output=True, text=True, timeout=INSTALL_S
            )
        installed.write_text(wanted)
    return python


def last_line(error: Exception) -> str:
    """What a command that failed said last."""
    said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
    return said[-1] if said else str(error)

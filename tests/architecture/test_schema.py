"""The pages' types are those of the server's OpenAPI."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parents[2] / "frontend"
COMMITTED = FRONTEND / "src" / "api" / "schema.d.ts"
GENERATOR = FRONTEND / "node_modules" / ".bin" / "openapi-typescript"


def test_the_generated_types_are_up_to_date(tmp_path: Path) -> None:
    """Reads nothing from the network; `npm run generate` in frontend/ renews the file."""
    if not GENERATOR.exists() or shutil.which("node") is None:
        pytest.skip("needs frontend/node_modules: make check-frontend")
    fresh = tmp_path / "schema.d.ts"
    environment = os.environ | {"PYTHON": sys.executable, "RINKAKU_DATA": str(tmp_path)}
    generate = ["sh", str(FRONTEND / "dev" / "generate-types.sh"), str(fresh)]
    run = subprocess.run(generate, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    before, after = COMMITTED.read_text().splitlines(), fresh.read_text().splitlines()
    assert list(difflib.unified_diff(before, after, "committed", "server", lineterm="", n=1)) == []

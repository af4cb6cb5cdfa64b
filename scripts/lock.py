"""Write requirements.lock and requirements-test.lock: exact versions of what pyproject.toml asks for.

They are the versions installed in the environment that runs this:
    .venv/bin/python scripts/lock.py

torch is left out, because its wheel differs between machines with and without a GPU: `make run` installs the
version that pyproject.toml names before everything else.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import distribution, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Write both files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = closure(project["dependencies"])
    tests = closure(project["optional-dependencies"]["test"]) - needed
    write(ROOT / "requirements.lock", needed)
    write(ROOT / "requirements-test.lock", tests)


def closure(wanted: list[str]) -> set[str]:
    """Canonical names of all that these requirements pull in."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in wanted]
    while waiting:
        requirement, asked_by = waiting.pop()
        name = canonicalize_name(requirement.name)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": asked_by})
        if name == "torch" or not applies:
            continue
        found.add(name)
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += [(Requirement(text), extra) for text in distribution(name).requires or []]
    return found


def write(path: Path, names: set[str]) -> None:
    """One exact version a line."""
    path.write_text("".join(f"{name}=={version(name)}\n" for name in sorted(names)))
    sys.stdout.write(f"{path.name}: {len(names)} packages\n")


if __name__ == "__main__":
    main()

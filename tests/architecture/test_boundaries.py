"""What import-linter cannot say, and import-linter itself."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from backend.accounts.deps import current_actor
from backend.app import create_app
from backend.monailabel.deps import scope_of

ROOT = Path(__file__).parents[2]
PACKAGES = ("rt", "backend", "workers", "models", "client")
TESTED_TOO = (*PACKAGES, "alembic", "tests")
PUBLIC = {
    ("GET", "/health"): "says only whether the API and its database answer",
    ("POST", "/api/session"): "logging in",
    ("GET", "/api/session/status"): "says to a browser whether somebody is logged in there, and who",
    ("GET", "/{path:path}"): "the browser's files, which hold no data",
}
"""Every route that asks for no login, and why."""
MAX_LINES, MAX_FUNCTION_LINES, MAX_PARAMETERS = 400, 40, 5
GENERATED = {"alembic/versions/0001_initial.py", "rt/nomenclature_table.py"}
NUMBER_OF_PARAMETERS_GIVEN = {"backend/audit/service.py:record"}
"""Functions whose signature other parts rely on."""


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def routes(app) -> list[RouteContext]:
    return [one for one in iter_route_contexts(app.routes) if isinstance(one.original_route, APIRoute)]


def asks_who(dependant: Dependant) -> bool:
    return dependant.call in (current_actor, scope_of) or any(asks_who(one) for one in dependant.dependencies)


def test_imports_keep_the_contracts():
    lint = "from importlinter.cli import lint_imports_command as main; main()"
    run = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": "client"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_route_decides_who_may_call_it(database):
    open_routes = {
        (method, route.path)
        for route in routes(create_app())
        for method in route.methods - {"HEAD"}
        if not asks_who(route.dependant)
    }
    assert open_routes == PUBLIC.keys()


def test_operation_ids_are_unique(database):
    names = [route.unique_id for route in routes(create_app())]
    assert sorted(names) == sorted(set(names))


def test_the_api_process_never_loads_torch():
    check = (
        "import sys, backend.app; backend.app.create_app; "
        "sys.exit(','.join({'torch', 'monai', 'models', 'workers'} & sys.modules.keys()) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_alembic_folder_does_not_hide_the_library():
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_services_open_only_their_own_repository():
    for path in sources("backend"):
        feature = path.relative_to(ROOT).parts[1]
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("backend."):
                names = {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
                foreign = [n for n in names if n.endswith(".repository") and n.split(".")[1] != feature]
                assert not foreign, f"{path}:{node.lineno} imports {foreign}"


@pytest.mark.parametrize("folder", TESTED_TOO)
def test_files_are_short(folder):
    long = {
        str(path.relative_to(ROOT))
        for path in sources(folder)
        if len(path.read_text().splitlines()) > MAX_LINES
    }
    assert long <= GENERATED


@pytest.mark.parametrize("folder", PACKAGES)
def test_functions_are_short_and_take_few_parameters(folder):
    bad = []
    for path in sources(folder):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{path.relative_to(ROOT)}:{node.name}"
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    bad.append(f"{name} has {lines} lines")
                if _parameters(node) > MAX_PARAMETERS and not _is_endpoint(path) | _is_given(name):
                    bad.append(f"{name} has {_parameters(node)} parameters")
    assert not bad, "\n".join(bad)


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    names = [argument.arg for argument in node.args.posonlyargs + node.args.args + node.args.kwonlyargs]
    return len([name for name in names if name not in ("self", "cls")])


def _is_endpoint(path: Path) -> bool:
    """Parameters of an endpoint are the parameters of its URL."""
    return path.name in ("router.py", "stow.py", "wado.py", "qido.py", "acting.py", "reading.py")


def _is_given(name: str) -> bool:
    return name in NUMBER_OF_PARAMETERS_GIVEN

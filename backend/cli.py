"""The command `rinkaku`.  Imports are inside the commands, so that each starts with no more than it needs."""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from backend.dimse.commands import add_commands
from backend.exports.commands import add_arguments as add_export_arguments
from backend.kit.errors import AppError
from backend.training.commands import add_network_commands, hand_over


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.command(chosen))
    except ValidationError as invalid:
        for error in invalid.errors():
            name = "_".join(str(part) for part in error["loc"])
            _complain(f"{'RINKAKU_' + name.upper() if invalid.title == 'Settings' else name}: {error['msg']}")
        return 2
    except AppError as refused:
        _complain(refused.detail)
        return 1
    except OSError as failed:
        if failed.filename is None:
            raise
        _complain(f"{failed.filename}: {failed.strerror}")
        return 1


def _parser() -> argparse.ArgumentParser:
    from backend.jobs.service import QUEUES

    parser = argparse.ArgumentParser(prog="rinkaku", description="AI-assisted contouring.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: object, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(command=command)
        return made

    add("run", run, "Prepare everything and run the API and the workers until Ctrl-C.")
    add("serve", serve, "Run the API only.")
    add("migrate", migrate, "Bring the database to the tables of this version.")
    worker = add("worker", worker_part, "Run a worker.")
    worker.add_argument("--queue", action="append", choices=QUEUES, required=True)
    add("relay", relay_part, "Run the relay between database and broker.")
    add_commands(add("dicom", None, "Listen for DICOM associations, or manage AE titles and peers."))
    _add_training(commands.add_parser("train", help="Networks, without a server."))
    token = commands.add_parser("token", help="API tokens.").add_subparsers(required=True, metavar="ACTION")
    create = token.add_parser("create", help="Print a new token and nothing else.")
    create.add_argument("--user", help="whose; the first administrator's by default")
    create.add_argument("--name", default="command line")
    create.add_argument("--days", type=int, help="days until it expires; never by default")
    create.set_defaults(command=create_token)
    user = commands.add_parser("user", help="People.").add_subparsers(required=True, metavar="ACTION")
    added = user.add_parser("create", help="Add a person; asks for the password, or draws one with --draw.")
    added.add_argument("username")
    added.add_argument("--display-name")
    added.add_argument("--administrator", action="store_true", help="of the installation")
    added.add_argument("--draw", action="store_true", help="draw a password and print it")
    added.set_defaults(command=create_user)
    importing = add("import", import_files, "Import a file, a zip or a folder.")
    importing.add_argument("path", type=Path)
    importing.add_argument("--project", help="short name; the default project without it")
    add_export_arguments(add("export", export_project, "Write a project as a training set, one zip."))
    network = add("network", hand_over, "Networks from elsewhere, and ours for other software.")
    add_network_commands(network)
    _add_storage(commands.add_parser("storage", help="Blobs."))
    return parser


def _add_training(training: argparse.ArgumentParser) -> None:
    compared = training.add_subparsers(required=True, metavar="ACTION").add_parser(
        "compare", help="Train and measure several architectures side by side; a second call goes on."
    )
    compared.add_argument("config", type=Path, help="TOML or JSON: data, structures, entries")
    compared.add_argument("--out", type=Path, required=True, help="folder for the results")
    compared.set_defaults(command=compare_architectures)


def _add_storage(storage: argparse.ArgumentParser) -> None:
    stored = storage.add_subparsers(required=True, metavar="ACTION")
    swept = stored.add_parser("sweep", help="Remove what nothing names any more; done daily by itself.")
    swept.set_defaults(command=sweep_storage)
    verified = stored.add_parser("verify", help="Read everything again; status 1 when something is damaged.")
    verified.set_defaults(command=verify_storage)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _complain(line: str) -> None:
    sys.stderr.write(f"rinkaku: {line}\n")


def run(_: argparse.Namespace) -> int:
    """`rinkaku run`."""
    from backend.launch import run as launch

    return launch(_say)


def serve(_: argparse.Namespace) -> int:
    """`rinkaku serve`: refuses a database that is not of this version."""
    import uvicorn

    from backend.bootstrap import refuse_unprepared
    from backend.config import get_settings
    from backend.kit import logging

    settings = get_settings()
    refuse_unprepared()
    logging.configure()
    uvicorn.run(
        "backend.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    return 0


def migrate(_: argparse.Namespace) -> int:
    """`rinkaku migrate`, with what else a server needs before it starts."""
    from backend.bootstrap import prepare

    prepare(_say)
    return 0


def worker_part(chosen: argparse.Namespace) -> int:
    """`rinkaku worker`: becomes the workers' process, which alone may load torch."""
    queues = [argument for queue in chosen.queue for argument in ("--queue", queue)]
    os.execv(sys.executable, [sys.executable, "-m", "workers", "worker", *queues])


def relay_part(_: argparse.Namespace) -> int:
    """`rinkaku relay`."""
    os.execv(sys.executable, [sys.executable, "-m", "workers", "relay"])


def compare_architectures(chosen: argparse.Namespace) -> int:
    """`rinkaku train compare`: becomes a process that may load torch."""
    asked = [str(chosen.config), "--out", str(chosen.out)]
    os.execv(sys.executable, [sys.executable, "-m", "models.cli", "compare", *asked])


def create_token(chosen: argparse.Namespace) -> int:
    """`rinkaku token create`."""
    from backend.accounts import service
    from backend.accounts.schemas import TokenIn
    from backend.bootstrap import refuse_unprepared
    from backend.kit.db import session_scope
    from backend.kit.errors import NotFound

    refuse_unprepared()
    new = TokenIn(name=chosen.name, expires_in_days=chosen.days)
    with session_scope() as session:
        owner = (
            service.user_named(session, chosen.user) if chosen.user else service.first_administrator(session)
        )
        if owner is None:
            raise NotFound("there is no administrator yet: run `rinkaku migrate` first")
        _, secret = service.create_token(session, owner.id, new)
    _say(secret)
    return 0


def create_user(chosen: argparse.Namespace) -> int:
    """`rinkaku user create`."""
    from backend.accounts import service
    from backend.accounts.schemas import UserIn
    from backend.bootstrap import refuse_unprepared
    from backend.kit.db import session_scope

    refuse_unprepared()
    password = secrets.token_urlsafe(12) if chosen.draw else getpass.getpass("Password: ")
    new = UserIn(
        username=chosen.username,
        display_name=chosen.display_name or chosen.username,
        password=password,
        is_administrator=chosen.administrator,
    )
    with session_scope() as session:
        service.create_user(session, None, new)
    _say(f"Password (shown only now): {password}" if chosen.draw else f"Added {new.username}.")
    return 0


def import_files(chosen: argparse.Namespace) -> int:
    """`rinkaku import`: names every refused file, with status 1, and what of the others cannot be used."""
    from backend.bootstrap import refuse_unprepared
    from backend.kit.db import session_scope
    from backend.kit.errors import NotFound
    from backend.projects.service import default_project, named_project
    from backend.studies.imports import import_path
    from backend.studies.intake import Arrival

    if not chosen.path.exists():
        raise NotFound(f"there is no {chosen.path}")
    refuse_unprepared()

    def progress(done: int, total: int, last: Arrival) -> None:
        if sys.stderr.isatty() or done == total:
            sys.stderr.write(f"\r{done} of {total} files" + ("\n" if done == total else ""))

    with session_scope() as session:
        project = named_project(session, chosen.project) if chosen.project else default_project(session)
    summary, arrivals = import_path(project.id, None, chosen.path, progress)
    for arrival in arrivals:
        if arrival.slug is not None:
            _complain(f"{arrival.name}: {arrival.detail} ({arrival.slug})")
        for finding in arrival.findings:
            _complain(f"{arrival.name}: {finding['detail']} ({finding['slug']})")
    _say(f"{summary.stored} stored, {summary.duplicate} known already, {summary.refused} refused")
    return 1 if summary.refused else 0


def export_project(chosen: argparse.Namespace) -> int:
    """`rinkaku export`."""
    from backend.bootstrap import refuse_unprepared
    from backend.exports.commands import write_training_set

    refuse_unprepared()
    return write_training_set(chosen)


def sweep_storage(_: argparse.Namespace) -> int:
    """`rinkaku storage sweep`."""
    from backend.bootstrap import refuse_unprepared
    from backend.upkeep import sweep

    refuse_unprepared()
    swept = sweep()
    _say(
        f"{swept.discarded} blobs put into the bin, {swept.restored} taken out, {swept.purged} removed, "
        f"{swept.leftovers} leftovers of uploads and jobs removed"
    )
    return 0


def verify_storage(_: argparse.Namespace) -> int:
    """`rinkaku storage verify`: names every damaged blob and what names it; status 1 when there is one."""
    from backend.bootstrap import refuse_unprepared
    from backend.upkeep import verify

    refuse_unprepared()
    checked = 0

    def told(number: int, total: int) -> None:
        nonlocal checked
        checked = number
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number} of {total} blobs" + ("\n" if number == total else ""))

    found = verify(told=told)
    for damage in found:
        _complain(f"{damage.problem}: {damage.sha256}, named by {', '.join(damage.named_by)}")
    _say(f"{checked} blobs read, {len(found)} damaged")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""`rinkaku dicom`: the listening process, and the titles and peers of projects from the command line."""

from __future__ import annotations

import argparse
import sys
from typing import Any

ANY = "anybody"


def add_commands(dicom: argparse.ArgumentParser) -> None:
    """Give `rinkaku dicom` its actions; without one it listens."""
    dicom.set_defaults(command=listen)
    actions = dicom.add_subparsers(metavar="ACTION")
    titles = actions.add_parser("title", help="Give a project an AE title that it answers to.")
    titles.add_argument("title")
    titles.add_argument("--project", help="short name; the default project without it")
    titles.add_argument(
        "--caller", action="append", default=[], metavar="TITLE@ADDRESS",
        help="who may call: a title, @address (or network), or both; may be repeated; anybody without it",
    )  # fmt: skip
    titles.add_argument(
        "--query", action="store_true", help="answer C-FIND, C-GET and C-MOVE of these callers"
    )
    titles.set_defaults(command=set_title)
    peers = actions.add_parser("peer", help="Name a PACS or TPS that a project may send to.")
    for name in ("title", "host"):
        peers.add_argument(name)
    peers.add_argument("port", type=int)
    peers.add_argument(
        "--commitment", action="store_true", help="ask it to commit itself to what it was sent"
    )
    peers.add_argument("--tls", action="store_true", help="call it by TLS")
    peers.add_argument("--project", help="short name; the default project without it")
    peers.set_defaults(command=set_peer)
    removed = actions.add_parser("remove", help="Take an AE title, or with --peer a peer, away.")
    removed.add_argument("title")
    removed.add_argument("--peer", action="store_true")
    removed.add_argument("--project", help="short name; the default project without it")
    removed.set_defaults(command=remove)
    actions.add_parser("list", help="All titles and peers.").set_defaults(command=show)


def listen(_: argparse.Namespace) -> int:
    """`rinkaku dicom`."""
    from backend.bootstrap import refuse_unprepared
    from backend.config import get_settings
    from backend.dimse.server import run
    from backend.kit import logging

    refuse_unprepared()
    logging.configure()
    return run(get_settings())


def _project_id(session: Any, slug: str | None) -> str:
    from backend.projects.service import default_project, named_project

    return named_project(session, slug).id if slug else default_project(session).id


def set_title(chosen: argparse.Namespace) -> int:
    """`rinkaku dicom title`."""
    from pydantic import TypeAdapter

    from backend.bootstrap import refuse_unprepared
    from backend.dimse.schemas import AeTitle, Caller, TitleIn
    from backend.dimse.service import put_title
    from backend.kit.db import session_scope

    refuse_unprepared()
    title = TypeAdapter(AeTitle).validate_python(chosen.title)
    split = [one.rpartition("@") if "@" in one else (one, "", "") for one in chosen.caller]
    callers = [Caller(title=name or None, address=address or None) for name, _, address in split]
    with session_scope() as session:
        body = TitleIn(callers=callers, allow_query=chosen.query)
        put_title(session, None, _project_id(session, chosen.project), title, body)
    if not callers:
        sys.stderr.write(f"Anybody who reaches the port may send to {title}: name who may with --caller.\n")
    return 0


def set_peer(chosen: argparse.Namespace) -> int:
    """`rinkaku dicom peer`."""
    from pydantic import TypeAdapter

    from backend.bootstrap import refuse_unprepared
    from backend.dimse.schemas import AeTitle, PeerIn
    from backend.dimse.service import put_peer
    from backend.kit.db import session_scope

    refuse_unprepared()
    title, body = (
        TypeAdapter(AeTitle).validate_python(chosen.title),
        PeerIn(host=chosen.host, port=chosen.port, commitment=chosen.commitment, tls=chosen.tls),
    )
    with session_scope() as session:
        put_peer(session, None, _project_id(session, chosen.project), title, body)
    return 0


def remove(chosen: argparse.Namespace) -> int:
    """`rinkaku dicom remove`."""
    from backend.bootstrap import refuse_unprepared
    from backend.dimse.service import drop_peer, drop_title
    from backend.kit.db import session_scope

    refuse_unprepared()
    with session_scope() as session:
        drop = drop_peer if chosen.peer else drop_title
        drop(session, None, _project_id(session, chosen.project), chosen.title)
    return 0


def show(_: argparse.Namespace) -> int:
    """`rinkaku dicom list`: a line each, in columns that programs can split."""
    from backend.bootstrap import refuse_unprepared
    from backend.dimse.service import all_peers, all_titles
    from backend.kit.db import session_scope
    from backend.projects.service import get_project

    refuse_unprepared()
    with session_scope(read_only=True) as session:
        for title in all_titles(session):
            callers = ",".join(f"{c['title'] or ''}@{c['address'] or ''}".rstrip("@") for c in title.callers)
            may = "store+query" if title.allow_query else "store"
            line = ("title", title.title, get_project(session, title.project_id).slug, may, callers or ANY)
            sys.stdout.write("\t".join(line) + "\n")
        for peer in all_peers(session):
            slug = get_project(session, peer.project_id).slug
            where = ("peer", peer.title, slug, f"{peer.host}:{peer.port}", *(["tls"] if peer.tls else []))
            sys.stdout.write("\t".join(where) + "\n")
    return 0

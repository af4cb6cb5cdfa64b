"""Many people and one structure: nothing is lost and nothing forks (RELIABILITY §11, cases 25 and 26)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from backend.audit.service import verify_chain
from backend.audit.tables import AuditEntry
from backend.kit import db
from backend.labels.tables import Revision, Structure
from tests.backend.labels.conftest import Drawn, packed

Login = Callable[..., dict[str, str]]


def _save_until_kept(client: TestClient, drawn: Drawn, headers: dict[str, str], number: int) -> Counter[int]:
    """Save one contour on whatever the head is, as often as it takes; counts the answers."""
    url = f"/api/structures/{drawn.structure_id}/revisions"
    mask = np.zeros_like(drawn.mask)
    mask.ravel()[number] = True
    body = {"mask": packed(mask), "reason": f"save {number}"}
    key = {"Idempotency-Key": f"key-{number}"}
    statuses: Counter[int] = Counter()
    head = 1
    if number % 2:
        statuses[client.post(url, json=body, headers=headers).status_code] += 1
    while True:
        answer = client.post(url, json=body, headers=headers | key | {"If-Match": f'"{head}"'})
        statuses[answer.status_code] += 1
        if answer.status_code == 201:
            if number % 3 == 0:
                again = client.post(url, json=body, headers=headers | key | {"If-Match": f'"{head}"'})
                assert again.json() == answer.json()
            return statuses
        assert answer.status_code == 412, answer.text
        head = answer.json()["head"]


def test_no_save_is_lost_and_the_parents_are_one_chain(
    drawn: Drawn, client: TestClient, login: Login, database: str
) -> None:
    clients, saves = (12, 12) if database == "postgres" else (12, 4)
    people = [login("annotator") for _ in range(clients)]

    def work(person: int) -> Counter[int]:
        numbers = range(person * saves, (person + 1) * saves)
        return sum((_save_until_kept(client, drawn, people[person], n) for n in numbers), Counter())

    with ThreadPoolExecutor(clients) as pool:
        statuses = sum(pool.map(work, range(clients)), Counter())
    total = clients * saves
    assert statuses[201] == total
    assert statuses[428] == total // 2
    assert set(statuses) == {201, 412, 428}
    with db.session_scope(read_only=True) as session:
        rows = session.scalars(select(Revision).order_by(Revision.number)).all()
        assert [row.number for row in rows] == list(range(1, total + 2))
        assert [row.parent for row in rows] == list(range(total + 1))
        assert {row.reason for row in rows[1:]} == {f"save {n}" for n in range(total)}
        assert session.get_one(Structure, drawn.structure_id).head == total + 1
        saved = select(func.count()).where(AuditEntry.action == "labels.revision.saved")
        assert session.scalars(saved).one() == total + 1
        assert verify_chain(session) is None


def test_one_save_sent_at_once_many_times_is_one_revision(
    drawn: Drawn, client: TestClient, login: Login
) -> None:
    headers = login("annotator") | {"Idempotency-Key": "once", "If-Match": '"1"'}
    body = {"mask": packed(~drawn.mask)}
    url = f"/api/structures/{drawn.structure_id}/revisions"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(url, json=body, headers=headers), range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.text for answer in answers}) == 1
    with db.session_scope(read_only=True) as session:
        assert session.get_one(Structure, drawn.structure_id).head == 2

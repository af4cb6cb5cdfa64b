"""The job `derive` as a worker does it."""

from __future__ import annotations

import pytest

from backend.derivations import service as derivations
from backend.derivations.schemas import DerivedStructureIn
from backend.jobs import leases
from backend.jobs.service import KINDS
from backend.jobs.tables import Job
from backend.kit.db import session_scope
from backend.labels import service as labels
from backend.labels.tables import Structure
from tests.backend.labels.conftest import draw
from tests.factories.jobs import Line, run_job
from tests.factories.scenes import block, make_scene
from workers.runtime import JobCancelled, JobContext, handler_module, handler_of


class Cancelling(Line):
    """The line of a worker that was told to stop the job."""

    def poll(self) -> bool:
        return True

    def recv_bytes(self) -> bytes:
        return b'{"cancel": true}'


@pytest.fixture
def waiting(project, actor) -> str:
    """Id of the job that waits because the source of a derived structure was drawn again."""
    with session_scope() as session:
        scene = make_scene(session, project)
    columns = [block(scene.grid, slice(2, 6), slice(6, 16), slice(4, last)) for last in (9, 12)]
    drawn = draw(scene, "Parotid_L", columns[0])
    first = {"kind": "structure", "structure_id": drawn.structure_id}
    body = DerivedStructureIn.model_validate({"name": "Copy", "expression": {"first": first}})
    derivations.create(actor("clinician"), drawn.set_id, body)
    draw(scene, "Parotid_L", columns[1])
    with session_scope(read_only=True) as session:
        return session.query(Job).filter_by(kind="derive", state="queued").one().id


def head_of_copy() -> int:
    with session_scope(read_only=True) as session:
        return session.query(Structure).filter_by(name="Copy").one().head


def test_it_is_done_by_the_workers_without_a_graphics_card():
    assert (KINDS["derive"], handler_module("derive")) == ("cpu", "workers.cpu.derive")


def test_it_computes_what_changed_and_says_how_far_it_is(waiting):
    names = []
    with session_scope(read_only=True) as session:
        job = session.get_one(Job, waiting)
        assert (job.queue, job.coalesce_key) == ("cpu", f"derive:{job.study_id}")
    assert run_job(waiting, then=lambda: names.append(head_of_copy())) == {"drawn": ["Copy"], "stale": []}
    assert (names, head_of_copy()) == ([1], 2)


def test_a_cancelled_job_leaves_everything_as_it_was(waiting, tmp_path):
    with session_scope() as session:
        session.get_one(Job, waiting).available_at = session.get_one(Job, waiting).created_at
    with session_scope() as session:
        claim = leases.claim(session, waiting, "test", 60)
    assert claim is not None
    with pytest.raises(JobCancelled):
        handler_of("derive")(JobContext(claim, Cancelling(), tmp_path))
    assert head_of_copy() == 1


def test_an_attempt_that_was_replaced_writes_nothing(waiting):
    """Another worker took the job while this one computed: its contour is dropped."""

    def replace() -> None:
        with session_scope() as session:
            session.get_one(Job, waiting).attempt += 1

    with pytest.raises(leases.Superseded):
        run_job(waiting, then=replace)
    assert head_of_copy() == 1
    with session_scope(read_only=True) as session:
        copy = session.query(Structure).filter_by(name="Copy").one()
        assert labels.describe_structures(session, [copy])[0].derivation.status == "stale"

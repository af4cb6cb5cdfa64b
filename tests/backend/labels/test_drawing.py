"""What software drew is stored before the transaction that offers it and compared with the head there is."""

from __future__ import annotations

import numpy as np

from backend.kit.db import session_scope
from backend.kit.storage import storage
from backend.labels import service as labels
from backend.labels.tables import Revision
from rt.masks import decode_mask
from tests.factories.scenes import make_scene


def box(scene, columns: int) -> np.ndarray:
    mask = np.zeros(scene.grid.shape_kji, dtype=np.bool_)
    mask[2, 5, :columns] = True
    return mask


def a_scene(project):
    with session_scope() as session:
        return make_scene(session, project)


def offer(series, drawn: labels.Drawn) -> Revision:
    with session_scope() as session:
        owner = labels.working_set(session, series)
        structure = labels.ensure_structure(session, owner, labels.NewStructure("Heart"))
        new = labels.NewRevision(drawn.on(structure.head), structure.head, tool="rule")
        return labels.append_revision(session, structure, new)


def test_mask_is_stored_before_there_is_a_set(project):
    scene = a_scene(project)
    drawn = labels.store_drawn(scene.series, {"Heart": box(scene, 4)})["Heart"]
    kept = decode_mask(storage().get(drawn.stored.sha256), scene.grid.shape_kji)
    assert (drawn.base, kept.sum()) == (0, 4)
    assert drawn.on(0) is drawn.stored
    revision = offer(scene.series, drawn)
    assert (revision.number, revision.sha256, revision.changed_voxels) == (1, drawn.stored.sha256, 4)


def test_mask_is_compared_with_the_head(project):
    scene = a_scene(project)
    offer(scene.series, labels.store_drawn(scene.series, {"Heart": box(scene, 4)})["Heart"])
    drawn = labels.store_drawn(scene.series, {"Heart": box(scene, 9)})["Heart"]
    assert (drawn.base, drawn.stored.changed_voxels) == (1, 5)
    assert offer(scene.series, drawn).changed_voxels == 5


def test_head_that_moved_meanwhile_is_compared_anew(project):
    scene = a_scene(project)
    late = labels.store_drawn(scene.series, {"Heart": box(scene, 9)})["Heart"]
    offer(scene.series, labels.store_drawn(scene.series, {"Heart": box(scene, 7)})["Heart"])
    revision = offer(scene.series, late)
    assert (revision.number, revision.changed_voxels) == (2, 2)

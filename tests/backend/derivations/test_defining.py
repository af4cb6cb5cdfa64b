"""What a person does with derivations, and what is refused."""

from __future__ import annotations

import pytest

from backend.kit import db
from backend.labels import service as labels
from backend.labels.tables import Structure
from backend.projects.tables import Project
from rt.dicom.uids import new_uid
from tests.backend.derivations.conftest import Deriving, combined, even, same, sides, structure
from tests.backend.labels.conftest import draw
from tests.factories.scenes import block, make_scene


@pytest.fixture
def parotid(deriving: Deriving) -> str:
    return deriving.draw("Parotid_L", block(deriving.scene.grid, slice(2, 6), slice(6, 16), slice(4, 10)))


def problem(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].split("/")[-1]


def test_a_derived_structure_says_what_it_was_computed_from(deriving, parotid):
    deriving.derive("Parotid_PRV", structure(parotid, even("grow", 3)))
    shown = deriving.shown("Parotid_PRV")
    head = shown["head"]
    assert (head["number"], head["tool"], head["reason"]) == (1, "derive", "Parotid_L grown by 3 mm")
    assert head["author"]["display_name"].startswith("clinician")
    source = {"id": parotid, "name": "Parotid_L", "number": 1}
    assert head["derived_from"]["structures"] == [source]
    assert head["derived_from"]["doses"] == []
    assert head["derived_from"]["expression"] == shown["derivation"]["expression"]
    derivation = shown["derivation"]
    assert (derivation["status"], derivation["problem"], derivation["computed"]) == ("current", None, 1)
    assert derivation["sources"] == [{"structure_id": parotid, "name": "Parotid_L", "used": 1, "head": 1}]
    assert derivation["defined_by"] == head["author"]
    assert deriving.shown("Parotid_L")["derivation"] is None


def test_who_defined_it_cannot_approve_it(deriving, parotid, login):
    deriving.derive("PRV", structure(parotid, even("grow", 3)))
    assert list(deriving.shown("PRV")["involved"].values()) == ["drew"]


def test_another_projects_structure_does_not_exist(deriving, parotid):
    with db.session_scope() as session:
        other = Project(name="Other", slug="other", rules=[], template=[])
        session.add(other)
        session.flush()
        elsewhere = make_scene(session, other, patient_id="P2")
    hidden = draw(elsewhere, "Heart", block(elsewhere.grid, slice(1, 3), slice(6, 9), slice(6, 9)))
    for operand in (structure(hidden.structure_id), structure("no-such-id")):
        assert problem(deriving.ask("X", operand)) == (404, "not-found")
        assert problem(deriving.ask("X", structure(parotid), combined("union", operand)))[0] == 404
    deriving.derive("PRV", structure(parotid))
    assert problem(deriving.change(deriving.ids["PRV"], 1, structure(hidden.structure_id)))[0] == 404
    dose = {"kind": "isodose", "dose_series_id": elsewhere.series.id, "level": {"unit": "Gy", "value": 1}}
    assert problem(deriving.ask("X", dose)) == (404, "not-found")


def test_a_structure_without_a_contour_is_no_source(deriving, parotid, client):
    path = f"/api/structure-sets/{deriving.set_id}/structures"
    made = client.post(path, json={"name": "Larynx"}, headers=deriving.headers).json()
    answer = deriving.ask("X", structure(parotid), combined("subtract", structure(made["id"])))
    assert problem(answer) == (409, "source-unknown")
    assert answer.json()["name"] == "Larynx"


def test_a_structure_on_another_image_is_no_source(deriving, parotid, project):
    with db.session_scope() as session:
        other = make_scene(session, project, patient_id="P3")
        elsewhere = draw_in(session, other)
    answer = deriving.ask("X", structure(parotid), combined("union", structure(elsewhere)))
    assert problem(answer) == (409, "source-on-other-grid")


def test_a_set_of_another_series_is_a_source_where_grid_and_frame_are_the_same(deriving, parotid, scene):
    for frame, status in ((scene.series.frame_of_reference_uid, 201), (new_uid(), 409)):
        with db.session_scope() as session:
            series = type(scene.series)(
                study_row_id=scene.study.id, series_instance_uid=new_uid(), modality="MR",
                frame_of_reference_uid=frame, volume=scene.series.volume,
                volume_sha256=scene.series.volume_sha256,
            )  # fmt: skip
            session.add(series)
            session.flush()
            owner = labels.add_set(session, series, "MR", "manual")
            found = labels.add_structure(session, owner, labels.NewStructure("GTV"))
            mask = block(scene.grid, slice(2, 4), slice(6, 9), slice(12, 15))
            labels.append_revision(session, found, labels.NewRevision(mask, 0))
            gtv = found.id
        answer = deriving.ask(f"Both {status}", structure(parotid), combined("union", structure(gtv)))
        assert answer.status_code == status


def draw_in(session, scene) -> str:
    owner = labels.working_set(session, scene.series)
    found = labels.add_structure(session, owner, labels.NewStructure("GTV"))
    mask = block(scene.grid, slice(2, 4), slice(6, 9), slice(12, 15))
    labels.append_revision(session, found, labels.NewRevision(mask, 0))
    return str(found.id)


def test_a_circle_is_refused_by_the_names_in_it(deriving, parotid):
    ring = deriving.derive("Ring", structure(parotid, even("grow", 3)))
    deriving.derive("Eval", structure(ring), combined("subtract", structure(parotid)))
    answer = deriving.change(ring, 1, structure(deriving.ids["Eval"]))
    assert problem(answer) == (409, "derivation-cycle")
    assert answer.json()["name"] == "Ring → Eval → Ring"
    assert answer.json()["detail"] == "it would be derived from itself: Ring → Eval → Ring"
    assert problem(deriving.change(ring, 1, structure(ring))) == (409, "derivation-cycle")
    assert deriving.head("Ring") == 1


def test_a_changed_derivation_is_computed_at_once_on_the_head_that_was_seen(deriving, parotid):
    ring = deriving.derive("Ring", structure(parotid, sides("grow", left=3)))
    assert problem(deriving.change(ring, 0, structure(parotid))) == (412, "stale-revision")
    answer = deriving.change(ring, 1, structure(parotid, sides("grow", left=1)))
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    wanted = block(deriving.scene.grid, slice(2, 6), slice(6, 16), slice(4, 11))
    assert same(deriving.mask("Ring"), wanted)
    assert answer.json()["derivation"]["expression"]["first"]["margin"]["left"] == 1
    without = deriving.client.put(
        f"/api/structures/{ring}/derivation",
        json={"expression": {"first": structure(parotid)}},
        headers=deriving.headers,
    )
    assert problem(without) == (428, "precondition-required")


def test_what_is_drawn_has_no_derivation_to_change(deriving, parotid):
    assert problem(deriving.change(parotid, 1, structure(parotid))) == (404, "not-derived")
    assert problem(deriving.recompute(parotid, 1)) == (404, "not-derived")


def test_without_its_derivation_a_structure_stays_and_follows_nothing(deriving, parotid, client):
    ring = deriving.derive("Ring", structure(parotid, sides("grow", left=3)))
    assert client.delete(f"/api/structures/{ring}/derivation", headers=deriving.headers).status_code == 204
    assert deriving.shown("Ring")["derivation"] is None
    grown = block(deriving.scene.grid, slice(2, 6), slice(6, 18), slice(4, 10))
    assert deriving.save(parotid, grown, 1).status_code == 201
    assert deriving.follow() == []
    assert deriving.head("Ring") == 1


def test_a_margin_that_is_a_slip_of_the_hand_is_refused(deriving, parotid):
    for mm in (-1, 201, 1e9):
        assert deriving.ask("X", structure(parotid, even("grow", mm))).status_code == 422
    assert deriving.ask("X", {"kind": "sphere", "structure_id": parotid}).status_code == 422
    names = [one.name for one in rows()]
    assert "X" not in names


def rows() -> list[Structure]:
    with db.session_scope(read_only=True) as session:
        return session.query(Structure).all()


def test_a_name_that_is_taken_is_refused(deriving, parotid):
    assert problem(deriving.ask("parotid_l", structure(parotid))) == (409, "name-taken")


def test_software_does_not_draw_over_a_derived_structure(deriving, parotid):
    deriving.derive("Ring", structure(parotid))
    with db.session_scope(read_only=True) as session:
        ring = session.get_one(Structure, deriving.ids["Ring"])
        assert labels.is_touched(session, ring)
        assert not labels.is_touched(session, session.get_one(Structure, parotid))


def test_derived_structures_and_those_without_a_listed_name_are_told_apart_by_colour(deriving):
    parotid = deriving.draw("Parotid_L", block(deriving.scene.grid, slice(2, 6), slice(6, 16), slice(4, 10)))
    for mm in (1, 2, 3):
        deriving.derive(f"Ring {mm}", structure(parotid, even("grow", mm)))
    path = f"/api/structure-sets/{deriving.set_id}/structures"
    assert deriving.client.post(path, json={"name": "flap"}, headers=deriving.headers).status_code == 201
    colours = [deriving.shown(name)["colour"] for name in ("Parotid_L", "Ring 1", "Ring 2", "Ring 3", "flap")]
    assert len(set(colours)) == 5

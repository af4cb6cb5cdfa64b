"""Who may call what: every operation of the API × nobody, a stranger, each role, generated from the routes.

`NEEDS` is the written decision for each operation; one without it fails the test.  Calls go to objects that
exist, so that a missing check would show, and refusals come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from backend.accounts.actor import Actor
from backend.app import create_app
from backend.kit import db
from backend.monailabel.router import NOT_OFFERED, not_offered
from backend.projects.service import PERMISSIONS, Permission
from backend.projects.tables import Role
from backend.studies.tables import ImportBatch
from tests.architecture.test_boundaries import PUBLIC

OPEN_TO_ALL_PEOPLE = frozenset(
    {
        "get_me", "log_out", "change_password", "list_tokens", "create_token", "revoke_token",
        "list_projects", "list_jobs", "stream_events", "list_networks", "map_name", "list_protocols",
        "list_export_profiles", "list_comparison_presets", "list_radiomics_presets",
        "search_studies", "search_series", "search_instances",
        "search_series_of_study", "search_instances_of_study", "search_instances_of_series",
    }
)  # fmt: skip
"""Answers only about the caller, about what the caller may see, or about nothing that is kept."""
INSTALLATION = frozenset(
    {
        "list_users", "create_user", "update_user", "create_project", "list_audit",
        "import_network", "import_library", "export_network", "download_network",
    }
)  # fmt: skip
"""Only administrators of the installation (the audit of a project: also its own)."""


def both_faces(*names: str) -> tuple[str, ...]:
    """Operations of MONAI Label's API, which have a second address with the project's name."""
    return *names, *(f"project_{name}" for name in names)


NEEDS = {
    Permission.READ: {
        "get_project", "list_members", "get_template", "list_studies", "get_study", "get_volume", "get_job",
        "get_job_log", "get_structure_set", "list_revisions", "get_mask", "list_reviews", "list_snapshots",
        "list_snapshot_cases", "list_runs", "get_run", "list_deployments", "effort", "list_drift",
        "get_version_picture", "compare_versions", "get_deidentification",
        "list_comparisons", "get_comparison", "list_cohorts", "get_cohort", "list_cohort_patients",
        "get_cohort_table",
        "list_analyses", "get_analysis", "get_figure", "get_table", "list_predictions",
        "list_maps", "get_map", "list_study_maps", "list_detections",
        "get_map_template", "get_map_template_part", "get_map_file",
        "list_consensus", "get_consensus", "get_reading", "get_consensus_results", "get_consensus_map",
        "preview_consensus", "get_region_mask",
        "list_reader_studies", "get_reader_study", "get_my_readings", "get_case_reading",
        "open_case_reading", "save_case_reading", "pause_case_reading", "finish_case_reading",
        "get_case_candidates",
        "list_feature_sets", "get_feature_set", "list_features", "list_feature_patients",
        "get_feature_values",
        "list_doses", "list_plans", "get_dvh", "get_objectives",
        *both_faces("ml_root", "ml_auth", "ml_info", "ml_next_sample", "ml_datastore"),
        *both_faces("ml_refuse_session", "ml_session", "ml_training", "ml_image", "ml_label"),
        *both_faces("ml_token", "ml_token_valid", "ml_image_info", "ml_label_info", "ml_forget_session"),
        *both_faces("ml_model_info", "ml_logs", *(not_offered(*one).name for one in NOT_OFFERED)),
    },
    Permission.IMPORT: {
        "begin_import", "put_file", "complete_import", "create_cohort", "update_cohort",
        "preview_cohort_table", "put_cohort_table", "set_cohort_filter", "fix_cohort_split",
        "start_analysis", "rerun_analysis", "delete_analysis", "start_prediction",
        "start_feature_set", "recompute_feature_set", "delete_feature_set",
        *both_faces("ml_upload", "ml_upload_image"),
    },
    Permission.ANNOTATE: {
        "create_structure_set", "create_structure", "change_structure", "delete_structure", "save_revision",
        "restore_revision", "get_draft", "list_drafts", "put_draft", "delete_draft", "assess_structure",
        "create_derived_structure", "change_derivation", "recompute_derivation", "remove_derivation",
        "preview_derived_structure",
        "finish_reading",
        "submit_structures", "operate", "presegment", "patch_study", "cancel_job", "retry_job",
        "start_detection", "judge_candidate",
        *both_faces("ml_infer", "ml_save_label", "ml_delete_label"),
    },
    Permission.REVIEW: {
        "start_consensus", "cancel_consensus", "close_consensus", "decide_region", "adopt_consensus",
        "approve_structures", "return_structures", "sign_version", *both_faces("ml_update_label"),
    },
    Permission.EXPORT: {
        "export_structure_set", "report_structure_set", "request_training_set", "download_training_set",
        "list_dicom_peers", "send_structure_set", "list_dicom_deliveries", "get_dicom_delivery",
        *both_faces("ml_model"),
    },
    Permission.TRAIN: {
        "freeze_snapshot", "start_run", "start_comparison", "compare_with_in_use", "promote", "rollback",
        *both_faces("ml_train", "ml_train_any", "ml_stop_training"),
    },
    Permission.ADMINISTER: {
        "list_candidates", "update_project", "set_template", "set_member", "remove_member", "delete_study",
        "delete_cohort",
        "create_reader_study", "update_reader_study", "delete_reader_study", "get_reader_design",
        "set_reader_cases", "set_reader_candidates", "open_reader_study", "close_reader_study",
        "list_reader_analyses", "start_reader_analysis", "get_reader_analysis", "get_reader_figure",
        "get_reader_table",
        "list_webhooks", "create_webhook", "update_webhook", "delete_webhook", "renew_webhook_secret",
        "ping_webhook", "list_webhook_deliveries", "redeliver_webhook",
        "set_deidentification", "list_quarantine", "get_quarantined_file", "release_quarantined",
        "discard_quarantined",
        "list_dicom_titles", "set_dicom_title", "remove_dicom_title", "set_dicom_peer", "remove_dicom_peer",
    },
}  # fmt: skip
"""The decision for every other operation; DICOMweb reads with READ and stores with IMPORT.  A job that trains
is cancelled and tried again with TRAIN."""
SOURCE = {"kind": "structure", "structure_id": "{structure_id}"}
TABLE = {"file_name": "t.csv", "csv": "SUQsYWdlClAxLDUwClAyLDYwCg=="}
BODIES = {
    "create_reader_study": {"name": "x"},
    "update_reader_study": {"name": "x"},
    "set_reader_cases": {"cases": []},
    "set_reader_candidates": {"csv": "x"},
    "finish_case_reading": {"confidence": 5},
    "create_cohort": {"name": "Another"},
    "preview_cohort_table": TABLE,
    "put_cohort_table": TABLE,
    "set_cohort_filter": {"conditions": []},
    "start_analysis": {"name": "x", "kind": "subtypes"},
    "start_consensus": {"series_id": "{series_id}", "structure": "GTV", "readers": ["a", "b"]},
    "decide_region": {"take": True},
    "adopt_consensus": {"method": "staple"},
    "start_prediction": {"patient_id": "P1", "values": {}},
    "start_feature_set": {"name": "x", "structure": "GTV", "modality": "CT", "preset": "ct"},
    "create_derived_structure": {"name": "PRV", "expression": {"first": SOURCE}},
    "change_derivation": {"expression": {"first": SOURCE}},
    "preview_derived_structure": {"expression": {"first": SOURCE}},
    "create_structure_set": {"series_id": "{series_id}", "label": "x"},
    "create_structure": {"name": "Larynx"},
    "change_structure": {"colour": "#ffffff"},
    "save_revision": {"mask": "", "reason": "", "tool": "brush", "seconds": 1},
    "restore_revision": {"base": 1},
    "put_draft": {"base": 1, "mask": "", "seconds": 1},
    "assess_structure": {"assessment": "accepted"},
    "operate": {"operation": "fill-holes", "structure_id": "{structure_id}", "mask": ""},
    "request_training_set": {"format": "monai", "only_approved": True},
    "freeze_snapshot": {"name": "x", "test_fraction": 0.2, "validation_fraction": 0.2},
    "start_run": {
        "snapshot_id": "{snapshot_id}", "base_version_id": "{version_id}",
        "iterations": 10, "learning_rate": 0.001,
    },
    "start_comparison": {
        "snapshot_id": "{snapshot_id}", "entries": ["atlas"], "structures": ["Parotid_L"],
    },
    "promote": {"version_id": "{version_id}"},
    "rollback": {"network": "head-neck-oar"},
    "set_template": {"structures": []},
    "create_webhook": {"url": "https://example.org/", "events": ["study.arrived"]},
    "set_deidentification": {"mode": "none", "options": []},
    "set_member": {"role": "reader"},
    "send_structure_set": {"peer": "CONTOURS"},
    "set_dicom_peer": {"host": "127.0.0.1", "port": 11112},
    "patch_study": {"assignee_id": None},
    "judge_candidate": {"state": "dismissed"},
}  # fmt: skip
"""A valid body where an empty one is not, so that the decision is reached."""


QUERIES = {
    "export_structure_set": "?format=rtstruct",
    "report_structure_set": "?format=rtstruct",
    "put_file": "?name=x",
    "map_name": "?text=x",
    "get_dvh": "?dose_series_id={dose_series_id}",
    "get_objectives": "?protocol=head-and-neck&dose_series_id={dose_series_id}",
}
QUERIES |= dict.fromkeys(both_faces("ml_image", "ml_image_info", "ml_save_label", "ml_infer"), "?image=1.2.3")
QUERIES |= dict.fromkeys(both_faces("ml_label", "ml_label_info", "ml_update_label"), "?label=1.2.3")
QUERIES |= dict.fromkeys(both_faces("ml_delete_label"), "?id=1.2.3")
PARAMETERS = {
    "token": "wrong", "strategy": "first", "identifier": "x", "model": "head-neck-oar", "name": "x",
    "rank": "best", "other_id": "x", "patient_id": "P1", "part": "map",
}  # fmt: skip
"""Of MONAI Label's addresses; the token is the caller's where he has one."""
OF_DERIVED = ("change_derivation", "recompute_derivation", "remove_derivation")
OTHER_IDS = {"download_training_set": {"job_id": "export_job_id"}}
OTHER_IDS |= {name: {"structure_id": "derived_id"} for name in OF_DERIVED}
"""Where the object of a path parameter has to be of another kind."""
NOT_DICOM = b"--x\r\nContent-Type: application/dicom\r\n\r\nnot dicom\r\n--x--\r\n"


def operations() -> Iterator[tuple[str, str, str]]:
    for context in iter_route_contexts(create_app().routes):
        if isinstance(context.original_route, APIRoute):
            for method in sorted(context.methods - {"HEAD"}):
                if (method, context.path) not in PUBLIC:
                    yield method, context.path, context.name


def permission_of(method: str, pattern: str, name: str) -> Permission:
    if pattern.startswith("/dicomweb"):
        return Permission.READ if method == "GET" else Permission.IMPORT
    return next(permission for permission, names in NEEDS.items() if name in names)


def in_projects() -> list[tuple[str, str, str]]:
    elsewhere = OPEN_TO_ALL_PEOPLE | INSTALLATION
    return [one for one in operations() if one[2] not in elsewhere]


def path_of(pattern: str, ids: dict[str, str]) -> str:
    for part in [part[1:].split("}")[0] for part in pattern.split("/") if part.startswith("{")]:
        pattern = pattern.replace("{" + part + "}", (PARAMETERS | ids)[part.split(":")[0]])
    return pattern


def filled(value: Any, ids: dict[str, str]) -> Any:
    """A body with the ids in place of their names."""
    match value:
        case str():
            return value.format(**ids)
        case dict():
            return {key: filled(one, ids) for key, one in value.items()}
    return value


def call(
    client: TestClient, operation: tuple[str, str, str], ids: dict[str, str], headers: dict[str, str]
) -> int:
    method, pattern, name = operation
    ids = ids | {"token": headers["Authorization"].removeprefix("Bearer ")}
    ids = ids | {parameter: ids[other] for parameter, other in OTHER_IDS.get(name, {}).items()}
    path = path_of(pattern, ids) + QUERIES.get(name, "").format(**ids)
    if "store_instances" in name:
        sent = headers | {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
        return client.post(path, content=NOT_DICOM, headers=sent).status_code
    body = None
    if method in ("POST", "PUT", "PATCH"):
        body = filled(BODIES.get(name, {}), ids)
    return client.request(method, path, json=body, headers=headers | {"If-Match": '"1"'}).status_code


def test_every_operation_has_a_written_decision(database):
    written = OPEN_TO_ALL_PEOPLE | INSTALLATION | frozenset().union(*NEEDS.values())
    undecided = {name for _, pattern, name in operations() if not pattern.startswith("/dicomweb")} - written
    assert undecided == set()
    assert written - {name for _, _, name in operations()} == set()


def test_without_login_every_operation_is_401(client, ids):
    seen = {one: client.request(one[0], path_of(one[1], ids)).status_code for one in operations()}
    assert {operation: status for operation, status in seen.items() if status != 401} == {}


def test_for_a_stranger_nothing_of_the_project_exists(client, ids, login):
    stranger = login(None)
    seen = {one: call(client, one, ids, stranger) for one in operations() if one[2] not in OPEN_TO_ALL_PEOPLE}
    expected = {one: 403 if one[2] in INSTALLATION else 404 for one in seen}
    shape_only = {one for one in seen if seen[one] == 422 and one[2] in INSTALLATION}
    wrong = {one: seen[one] for one in seen if seen[one] != expected[one] and one not in shape_only}
    assert wrong == {}


@pytest.mark.parametrize("role", list(Role))
def test_role_is_refused_what_it_lacks_and_nothing_else(client, ids, actor, login, role):
    person = actor(role, installation=False)
    headers, ids = login(person), ids | {"import_id": begun_import(ids["project_id"], person)}
    lacking = [one for one in in_projects() if permission_of(*one) not in PERMISSIONS[role]]
    allowed = [one for one in in_projects() if one not in lacking]
    refused = {one: call(client, one, ids, headers) for one in lacking}
    assert {one: status for one, status in refused.items() if status != 403} == {}
    # deletions last; who submits cannot approve, so that comes late too
    allowed.sort(key=lambda one: (one[0] == "DELETE", one[2] == "submit_structures"))
    taken = {one: call(client, one, ids, headers) for one in allowed}
    assert {one: status for one, status in taken.items() if status in (401, 403)} == {}


def begun_import(project_id: str, person: Actor) -> str:
    """An upload of this person's, who may have had another role when it was begun."""
    with db.session_scope() as session:
        batch = ImportBatch(project_id=project_id, user_id=person.user_id)
        session.add(batch)
        session.flush()
        return batch.id


def test_another_members_import_does_not_exist(client, ids, login):
    headers, path = login("administrator"), f"/api/imports/{ids['import_id']}"
    assert client.put(f"{path}/files?name=x", content=b"x", headers=headers).status_code == 404
    assert client.post(f"{path}/complete", headers=headers).status_code == 404


@pytest.mark.parametrize("kind", ["train", "compare"])
def test_training_is_cancelled_and_tried_again_by_who_may_train(client, ids, login, kind):
    path = f"/api/jobs/{ids[f'{kind}_job_id']}"
    for role, expected in (("clinician", 403), ("administrator", 200)):
        headers = login(role, installation=False)
        assert client.post(f"{path}/cancel", headers=headers).status_code == expected
        assert client.post(f"{path}/retry", headers=headers).status_code == expected


def test_stranger_finds_nothing_within_anothers_study(client, ids, login):
    stranger, member = login(None), login("reader")
    study = f"/studies/{ids['study']}"
    for below in ("/series", "/instances", f"/series/{ids['series']}/instances"):
        assert client.get(f"/dicomweb{study}{below}", headers=member).json() != []
        found = client.get(f"/dicomweb{study}{below}", headers=stranger)
        assert (found.status_code, found.json()) == (200, [])
        inside = client.get(f"/dicomweb/projects/{ids['slug']}{study}{below}", headers=stranger)
        assert inside.status_code == 404


def test_who_may_not_store_learns_nothing_from_the_form_of_the_body(client, ids, login):
    for path, role, expected in (
        ("/dicomweb/studies", "reader", 403),
        (f"/dicomweb/projects/{ids['slug']}/studies", None, 404),
        ("/dicomweb/studies", "annotator", 400),
    ):
        answer = client.post(path, content=b"no form at all", headers=login(role, installation=False))
        assert answer.status_code == expected


def test_others_project_answers_like_one_that_never_was(client, ids, login):
    stranger = login(None)
    for method, pattern, _ in operations():
        if method != "GET" or "{project_id}" not in pattern:
            continue
        theirs = client.get(path_of(pattern, ids), headers=stranger)
        never = client.get(path_of(pattern, ids | {"project_id": "0" * 8}), headers=stranger)
        assert theirs.status_code == never.status_code == 404, pattern
        assert {**theirs.json(), "instance": ""} == {**never.json(), "instance": ""}, pattern


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_administrators_administer(client, ids, login, role):
    headers = login(role, installation=False)
    project = f"/api/projects/{ids['project_id']}"
    for method, path, body in (
        ("PATCH", project, {"name": "x"}),
        ("PUT", f"{project}/template", {"structures": []}),
        ("PUT", f"{project}/members/{ids['project_id']}", {"role": "reader"}),
        ("DELETE", f"{project}/members/{ids['project_id']}", None),
        ("GET", f"/api/audit?project_id={ids['project_id']}", None),
        ("POST", "/api/users", {"username": "x", "display_name": "x", "password": "12345678"}),
        ("POST", "/api/projects", {"name": "x", "slug": "x"}),
    ):
        assert client.request(method, path, json=body, headers=headers).status_code == 403, (method, path)


def test_last_administrator_of_a_project_stays(client, project, login, actor):
    last = actor("administrator")
    headers, path = login(last), f"/api/projects/{project.id}/members/{last.user_id}"
    assert client.put(path, json={"role": "reader"}, headers=headers).status_code == 409
    assert client.delete(path, headers=headers).status_code == 409
    assert client.get(f"/api/projects/{project.id}", headers=headers).json()["role"] == "administrator"

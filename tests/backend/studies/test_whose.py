"""Whose instances they are: nobody's images enter another person's study."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from backend.projects.tables import Project
from tests.backend.studies.sending import begin, put
from tests.backend.studies.test_import import counts
from tests.factories.dicom import Ids, encode, make_ct_series

Login = Callable[..., dict[str, str]]


def test_another_patients_instance_is_refused(client: TestClient, login: Login, project: Project) -> None:
    series, headers = make_ct_series((2, 16, 16)), login("clinician")
    ids = Ids(series[0].StudyInstanceUID, "1.2.3", "1.2.4", patient="OTHER")
    batch = begin(client, headers, project)
    put(client, headers, batch, "1", encode(series[0]))
    (outcome,) = put(client, headers, batch, "2", encode(make_ct_series((1, 16, 16), ids=ids)[0]))
    assert (outcome["outcome"], outcome["slug"]) == ("refused", "wrong-patient")
    assert counts() == (1, 1, 1, 1)


def test_another_person_under_the_same_id_is_refused_in_a_known_study(
    client: TestClient, login: Login, project: Project
) -> None:
    series, headers = make_ct_series((2, 16, 16)), login("clinician")
    first, second = series
    for slice_, name, born in ((first, "Test^Patient", "19600102"), (second, "Other^Person", "19991231")):
        slice_.PatientName, slice_.PatientBirthDate = name, born
    batch = begin(client, headers, project)
    put(client, headers, batch, "1", encode(first))
    (outcome,) = put(client, headers, batch, "2", encode(second))
    assert (outcome["outcome"], outcome["slug"]) == ("refused", "wrong-patient")
    assert counts() == (1, 1, 1, 1)
    second.PatientBirthDate = "19600102"
    (outcome,) = put(client, headers, batch, "3", encode(second))
    assert outcome["outcome"] == "stored", "a new name alone is married, mended or mistyped"

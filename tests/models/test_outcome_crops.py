"""Crops of a region: on the lattice of the prepared image, outside blanked, bad regions and doses named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.outcome.config import CropConfig
from models.outcome.crops import Patient, make_crop, on_image, read_crop, write_crop
from models.outcome.variables import learn_encoding
from models.preprocessing import CtWindow
from rt.cohort import Column
from rt.cropping import Region
from rt.dose import Dose
from rt.errors import DoseError, MaskError, RtError, VoxelsNotNumbers
from rt.geometry import Grid
from tests.models.synthetic import toy_case, toy_grid

BALL = Region(("Ball_R",))
CONFIG = CropConfig(BALL, spacing_mm=3.0, size=16, window=CtWindow(-400, 600))


@pytest.fixture(scope="module")
def patient() -> Patient:
    image, masks = toy_case(1)
    grid = toy_grid()
    rising = np.linspace(0, 70, grid.shape_kji[0], dtype=np.float32)[:, None, None]
    return Patient(image, grid, masks, Dose(rising + np.zeros(grid.shape_kji, np.float32), grid))


def test_the_region_lies_in_the_middle_of_the_cube_and_the_image_on_it(patient: Patient) -> None:
    crop = make_crop(patient, CONFIG)
    assert crop.values.shape == (2, 16, 16, 16)
    inside = crop.region_kji
    assert np.abs(np.argwhere(inside).mean(0) - 7.5).max() < 1
    assert crop.values[0][inside].mean() == pytest.approx(CtWindow(-400, 600)(np.float32([250]))[0], abs=0.05)
    assert inside.sum() == pytest.approx(patient.masks_kji["Ball_R"].sum(), rel=0.1)
    assert crop.cut_off < 0.1


def test_what_lies_outside_the_region_is_blanked_where_asked(patient: Patient) -> None:
    crop = make_crop(patient, replace(CONFIG, outside="blank", dose=True))
    assert (crop.values[:2, ~crop.region_kji] == -1).all()
    assert crop.values[1][crop.region_kji].std() > 0.01


def test_organ_and_isodose_are_cut_by_the_dose(patient: Patient) -> None:
    region = replace(BALL, isodose_gy=35)
    hot = make_crop(patient, replace(CONFIG, region=region, dose=True))
    assert 0 < hot.region_kji.sum() < make_crop(patient, CONFIG).region_kji.sum()
    assert hot.values[1][hot.region_kji].min() > -0.1


def test_a_region_beyond_the_cube_is_told(patient: Patient) -> None:
    assert make_crop(patient, replace(CONFIG, region=Region(), size=8)).cut_off > 0.5


def test_a_map_comes_back_to_where_it_was(patient: Patient) -> None:
    crop = make_crop(patient, CONFIG)
    back = on_image(crop.values[1], crop.grid, patient.grid)
    assert back.shape == patient.grid.shape_kji
    overlap = (back > 0.5) & patient.masks_kji["Ball_R"]
    assert overlap.sum() > 0.9 * patient.masks_kji["Ball_R"].sum()


def test_a_crop_is_kept_as_it_was(patient: Patient, tmp_path: Path) -> None:
    crop = make_crop(patient, CONFIG, {"series": "1.2.3"})
    write_crop(tmp_path / "p.npz", crop)
    back = read_crop(tmp_path / "p.npz")
    assert np.array_equal(back.values, crop.values)
    assert (back.grid, back.cut_off, back.source) == (crop.grid, crop.cut_off, crop.source)


def test_bad_regions_doses_and_voxels_are_named(patient: Patient) -> None:
    nowhere = np.zeros(patient.grid.shape_kji, dtype=bool)
    speck = nowhere.copy()
    speck[20, 24, 28] = True
    small = {"Ball_R": nowhere[1:]}
    holes = patient.image_kji.astype(np.float32)
    holes[3, 4, 5] = np.nan
    far = Grid.of(patient.grid.shape_kji, [3.0] * 3, [900, 900, 900], np.eye(3))
    beside = Dose(np.ones(far.shape_kji, np.float32), far)
    with_dose = replace(CONFIG, dose=True)
    for wrong, config, error, said in (
        (patient, replace(CONFIG, region=Region(("Liver",))), MaskError, "Liver is unknown"),
        (replace(patient, masks_kji={"Ball_R": nowhere}), CONFIG, MaskError, "the region is empty"),
        (
            replace(patient, masks_kji={"Ball_R": speck}),
            replace(CONFIG, spacing_mm=12.0),
            MaskError,
            "smaller",
        ),
        (replace(patient, masks_kji=small), CONFIG, MaskError, "Ball_R: .* outside the image"),
        (replace(patient, dose=None), with_dose, DoseError, "there is no dose"),
        (replace(patient, dose=beside), with_dose, DoseError, "does not reach"),
        (
            replace(patient, dose=None),
            replace(CONFIG, region=replace(BALL, isodose_gy=20)),
            DoseError,
            "no dose",
        ),
        (replace(patient, image_kji=holes), CONFIG, VoxelsNotNumbers, r"\(3, 4, 5\)"),
        (replace(patient, image_kji=holes[1:]), CONFIG, RtError, "not on a grid"),
    ):
        with pytest.raises(error, match=said):
            make_crop(wrong, config)


def test_variables_are_read_by_what_training_patients_show() -> None:
    columns = (
        Column("age", "number", (40.0, 60.0, None, 500.0)), Column("site", "category", ("A", "B", None, "C")),
        Column("same", "number", (1, 1, 1, 1)),
    )  # fmt: skip
    encoding = learn_encoding(columns, np.array([0, 1, 2]))
    read = encoding.read({one.name: one.values for one in columns}, 4)
    assert read.tolist() == [[-1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0], [45, 0, 0, 0]]
    assert encoding.width == 4

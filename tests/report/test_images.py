"""The tables of images: what was asked beside what was measured, and no row where nothing was."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from inversion.records import Draws
from inversion.report.formats import MISSING
from inversion.report.images import IMAGE_TABLES, images_table, images_targets
from inversion.tables.images import (
    CALLS,
    COLUMNS,
    DRAW,
    KEPT_SCORES,
    TRAIN,
    image_scores,
    image_shape,
    pictures,
    with_kept,
)

SCORES = pd.DataFrame(
    [
        ("digits_denoise", "flow", 10, 0, "restoration", "all", "psnr_mean", 20.0),
        ("digits_denoise", "flow", 10, 0, "restoration_seen", "all", "psnr_mean", 20.5),
        ("digits_denoise", "flow", 10, 0, "calibration", "all", "coverage_90", 0.1),
    ],
    columns=[*COLUMNS[:5], "observation", *COLUMNS[5:]],
)
COSTS = pd.DataFrame(
    [("digits_denoise", "flow", 10, 0, "sample", "restoration", 360, 128, 46.08, 92160),
     ("digits_denoise", "flow", 10, 0, "sample", "comparison", 3, 10, 9.0, 9),
     ("digits_denoise", "prior", 10, 0, "train", "", 0, 0, 7.0, 0)],
    columns=["task", "method", "budget", "seed", "verb", "panel", "observations", "draws", "cpu_s", "network_calls"],
)  # fmt: skip


def rows(*given: tuple) -> SimpleNamespace:
    """Of the denoised digits, by method, panel, score and value."""
    table = [("digits_denoise", method, 10, 0, *rest) for method, *rest in given]
    return SimpleNamespace(
        images=pd.DataFrame(table, columns=COLUMNS),
        benchmark=pd.DataFrame(columns=["task", "method", "score", "observation", "budget"]),
        observations_of=lambda task: ["0"],
        writers=pd.DataFrame(),
    )


def test_scores_stand_beside_what_a_draw_and_the_training_cost() -> None:
    found = image_scores(SCORES, COSTS, {"flow": ("prior",)})
    value = found[found["panel"] == "restoration"].set_index("score")["value"]
    assert value.to_dict() == pytest.approx({"psnr_mean": 20.0, DRAW: 1e-3, CALLS: 2, TRAIN: 7})
    assert "coverage_90" not in set(found["score"])


def test_own_rows_stand_before_those_that_git_keeps(tmp_path) -> None:
    own = image_scores(SCORES, COSTS, {})
    assert len(with_kept(own, tmp_path)) == len(own)
    (tmp_path / "tables").mkdir()
    kept = own.assign(value=9.0).replace({"task": {"digits_denoise": "digits_denoise"}})
    pd.concat([kept, kept.assign(method="old")]).to_csv(tmp_path / KEPT_SCORES, index=False)
    found = with_kept(own, tmp_path).set_index(["method", "panel", "score"])["value"]
    assert found["flow", "restoration", "psnr_mean"] == 20
    assert found["old", "restoration", "psnr_mean"] == 9


def test_what_was_not_measured_has_no_row_and_breaks_nothing() -> None:
    nothing = rows()
    for table in IMAGE_TABLES.values():
        assert "not made by this grid" in table(nothing)
    told = images_targets(rows(("flow", "restoration", "coverage_90", 0.88)))
    assert len(told.splitlines()) == 3
    assert "88.0 %" in told


def test_the_targets_by_hand() -> None:
    told = images_targets(rows(
        ("aps_image", "restoration", DRAW, 1e-5), ("aps_image", "restoration", "psnr_mean_shared", 20.4),
        ("aps_image", "restoration_seen", "psnr_mean", 20.5), ("aps_image", "restoration", TRAIN, 500.0),
        ("aps_image", "restoration", "psnr_gain_se", 0.08),
        ("dps_image", "restoration", DRAW, 2e-2), ("dps_image", "restoration", "psnr_mean_shared", 20.5),
        ("dps_image", "restoration", TRAIN, 240.0),
        ("diffpir_image", "restoration", DRAW, 3e-4), ("diffpir_image", "restoration", "psnr_mean_shared", 20.6),
        ("pigdm_image", "restoration", DRAW, 1e-4), ("pigdm_image", "restoration", "psnr_mean_shared", 19.0),
    ))  # fmt: skip
    for text in ("2,000 times", "30 times", "\N{MINUS SIGN}0.10 ± 0.08 dB", "240 s", "260 s"):
        assert text in told
    assert "pigdm" not in told


def test_one_draw_and_the_mean_stand_apart() -> None:
    table = images_table(
        rows(
            ("flow", "restoration", "psnr_1", 17.0),
            ("flow", "restoration", "psnr_mean", 20.0),
            ("flow", "restoration", "coverage_90", 0.897),
            ("flow", "restoration_seen", "psnr_1", 99.0),
        ),
        "digits_denoise",
    )
    header, _, row = table.splitlines()
    assert "PSNR, dB, 1 | PSNR, dB, mean" in header
    assert "17.00 | 20.00 | 89.7 %" in row


def test_images_that_all_restore_stand_first_where_some_restore_more() -> None:
    few = [
        ("dps", "restoration", "psnr_mean", 20.1),
        ("dps", "restoration", "psnr_mean_shared", 20.1),
    ]
    many = [
        ("flow", "restoration", "psnr_mean", 20.0),
        ("flow", "restoration", "psnr_mean_shared", 20.2),
    ]
    header, _, *found = images_table(rows(*few, *many), "digits_denoise").splitlines()
    assert header.startswith("| Method | PSNR, dB, mean, images of all |")
    assert sorted(row.split("|")[2].strip() for row in found) == ["20.10", "20.20"]
    assert "images of all" not in images_table(rows(*few), "digits_denoise")


@pytest.mark.parametrize(
    ("dim", "y", "shape"),
    [(64, (8, 8, 1), (8, 8, 1)), (64, (8, 8, 2), (8, 8, 1)), (64, (4, 4, 1), (8, 8, 1)),
     (288, (12, 24, 2), (12, 24, 1)), (192, (8, 8, 4), (8, 8, 3)), (192, (4, 4, 3), (8, 8, 3))],
)  # fmt: skip
def test_the_image_s_shape_is_told_by_its_measurement(dim, y, shape) -> None:
    assert image_shape(dim, y) == shape


def test_pictures_of_few_pixels_are_as_large_as_the_truth() -> None:
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(1, 5, 64))
    shown = pictures(Draws(theta[:, 0], rng.normal(size=(1, 4, 4, 1)), theta))
    assert shown.shape == (7, 8, 8, 1)
    assert shown[1, 0, 0] == shown[1, 1, 1]
    with pytest.raises(ValueError, match="Expected an image of 65 numbers"):
        image_shape(65, (8, 8, 1))


def test_hands_and_memory_stand_apart() -> None:
    columns = [
        "task",
        "prior",
        "warp",
        "steps",
        "seen",
        "same_hands",
        "validation",
        "test",
        "date",
        "machine",
    ]
    scores = 21.0, 20.25, 20.125, 20.0, "2026-01-01", "a processor"
    rows = [
        ("digits_denoise", "gaussian", 0.0, 0, *scores),
        ("digits_inpaint", "image_prior_mlp", 1.5, 44000, *scores),
    ]
    table = pd.DataFrame(rows, columns=columns)
    told = IMAGE_TABLES["images_writers"](SimpleNamespace(writers=table)).splitlines()[-2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in told]
    same = ["21.00", "20.25", "20.12", "20.00", "2026-01-01", "a processor"]
    assert cells[0] == ["digits, noisy", "A Gaussian", MISSING, MISSING, *same]
    assert cells[1] == ["digits, half their pixels", "Perceptron", "1.5", "44,000", *same]

"""Each figure draws what the grid made, the same bytes every time, and shows what it says."""

import hashlib
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from inversion import grid
from inversion.figures import FIGURES, bands, cost, headline, style
from inversion.figures import study as files
from inversion.figures.study import Study
from inversion.grid import expand
from inversion.names import FAULTS, METHODS, PRIORS, TESTS, in_order, method_name
from inversion.records import Draws

IN_A_PROCESS = """
import hashlib, json, sys
from pathlib import Path
from inversion.cli.main import main
from inversion.figures import FIGURES
cell, results, report, out = sys.argv[1:]
given = ["--cell", cell, "--results", results, "--report", report]
for name in FIGURES:
    assert main(["figure", name, *given, "--out", f"{out}/{name}.svg"]) == 0
assert not {"jax", "equinox", "numpyro"} & set(sys.modules), "a figure imports JAX"
"""


def drawn(name: str, study: Study) -> Figure:
    module, function = FIGURES[name].split(":")
    with rc_context(style.SETTINGS):
        return getattr(importlib.import_module(module), function)(study)


def written(name: str, study: Study, path: Path) -> bytes:
    style.draw_to(path, lambda: drawn(name, study))
    return path.read_bytes()


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


def panel_named(figure: Figure, method: str):
    """The first axes whose left title or row label is a method's name."""
    found = [axes for axes in figure.findobj() if getattr(axes, "get_title", None)]
    named = method_name(method)
    return next(axes for axes in found if named in (axes.get_title(loc="left"), axes.get_ylabel()))


@pytest.mark.parametrize("grid_name", ["made", "smoke"])
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws(name, grid_name, request, tmp_path) -> None:
    picture = written(name, request.getfixturevalue(grid_name), tmp_path / "a.svg")
    assert picture.startswith(b"<?xml")
    assert len(picture) < 500_000
    assert b"dc:date" not in picture


def test_the_same_bytes_in_another_process_and_no_jax(made, tmp_path) -> None:
    cell = json.dumps({"params": made.params})
    command = [
        sys.executable,
        "-c",
        IN_A_PROCESS,
        cell,
        str(made.results),
        str(made.report),
        str(tmp_path),
    ]
    subprocess.run(command, check=True)
    for name in FIGURES:
        there = hashlib.blake2b((tmp_path / f"{name}.svg").read_bytes()).hexdigest()
        here = hashlib.blake2b(written(name, made, tmp_path / "here.svg")).hexdigest()
        assert there == here, name


def test_methods_have_the_report_s_names_and_colours_of_their_own() -> None:
    assert list(style.COLOURS) == list(METHODS)
    assert len(set(style.COLOURS.values())) == len(METHODS)


def test_learned_priors_have_colours_of_their_own() -> None:
    shown = list(style.PRIOR_COLOURS)
    assert shown == [name for name in PRIORS if name in shown]
    assert len(set(style.PRIOR_COLOURS.values())) == len(shown)
    assert style.colour_of("vae") == style.PRIOR_COLOURS["vae"]


def test_a_method_that_no_table_knows_is_drawn_under_its_own_name() -> None:
    assert in_order({"zeta", "nuts", "flow", "alpha"}) == ["flow", "nuts", "alpha", "zeta"]
    assert method_name("zeta") == "zeta"


def test_the_budget_shown_is_the_one_of_most_methods(made, smoke) -> None:
    assert (made.budget, smoke.budget) == (6000, 1000)
    assert Study(made.results, made.params | {"grid": "benchmark"}).budget == 6000


def test_headline_shows_the_middle_observation_and_its_accuracy(made) -> None:
    figure = drawn("headline", made)
    names = [axes.get_title(loc="left") for axes in figure.axes]
    assert names == [method_name(method) for method in headline.SHOWN]
    assert {axes.get_title(loc="right") for axes in figure.axes} == {"C2ST 0.70"}
    line = figure.axes[0].lines[0].get_xydata()
    np.testing.assert_allclose(line.sum(axis=1), 0)


def test_headline_reads_no_ledger(fresh, tmp_path) -> None:
    for name in ("costs.csv", "breakeven.csv"):
        (fresh.results / name).unlink()
    for name in (name for name in FIGURES if not name.startswith("cost")):
        assert written(name, fresh, tmp_path / "a.svg")


def test_prior_is_crossed_by_the_observations_lines(made) -> None:
    axes = drawn("prior", made).axes[0]
    sums = [line.get_xydata().sum(axis=1) for line in axes.lines]
    np.testing.assert_allclose(sums, [[-1, -1], [0, 0], [1, 1]])


def test_posteriors_are_the_draws_of_each_method_and_observation(made) -> None:
    figure = drawn("posteriors", made)
    shown = figure.axes[3].collections[0].get_offsets()
    np.testing.assert_array_equal(shown, made.draws("two_moons_line", "flow").theta[0])


def test_shown_draws_come_from_all_chains(fresh) -> None:
    cell = next(c for c in fresh.cells.draws if (c.method, c.panel) == ("flow", "comparison"))
    chains = np.repeat(np.arange(20.0), 500)[None, :, None] * np.ones((1, 1, 2))
    record = Draws(np.full((1, 2), np.nan), np.zeros((1, 1)), chains)
    record.save(fresh.results / grid.address(files.DRAWS, cell))
    axes = panel_named(drawn("headline", fresh), "flow")
    shown, counts = np.unique(axes.collections[0].get_offsets()[:, 0], return_counts=True)
    assert len(shown) == 20
    assert counts.min() >= 99


def test_consistency_writes_the_standard_deviation_of_the_draws(made) -> None:
    figure = drawn("consistency", made)
    box = made.draws("two_moons_line", "rejection_box").theta.astype(float).sum(-1).std(axis=-1)
    exact = made.draws("two_moons_line", "exact").theta.astype(float).sum(-1).std(axis=-1)
    assert [f"std {value:.3f}" for value in box] == [
        axes.texts[0].get_text() for axes in figure.axes[-3:]
    ]
    assert [f"exact {value:.3f}" for value in exact] == [
        axes.texts[1].get_text() for axes in figure.axes[-3:]
    ]


def test_draws_that_are_not_finite_leave_an_empty_panel(fresh) -> None:
    cell = next(c for c in fresh.cells.draws if (c.method, c.panel) == ("flow", "comparison"))
    record = Draws(
        np.full((3, 2), np.nan), np.array([[-1.0], [0], [1]]), np.full((3, 9, 2), np.nan)
    )
    record.save(fresh.results / grid.address(files.DRAWS, cell))
    for name in ("headline", "posteriors", "consistency"):
        figure = drawn(name, fresh)
    assert "no draws" in texts(figure)


def test_restorations_show_truth_measurement_draws_mean_and_spread(restored) -> None:
    figure = drawn("restorations", restored)
    assert len(figure.axes) == 2
    row = np.asarray(figure.axes[0].images[0].get_array())
    assert row.shape == (4, 7 * 4 + 6, 4)
    shown = [row[:, start : start + 4] for start in range(0, 7 * 5, 5)]
    assert not row[:, 4::5].any()
    cell = restored.cells.restorations[0]
    record = Draws.load(restored.results / grid.address(files.DRAWS, cell))
    truth, draws = record.theta_true[0].reshape(4, 4), record.theta[0].reshape(-1, 4, 4)
    hidden = (shown[1] == [*to_rgb(style.FAINT), 1]).all(axis=-1)
    assert hidden.sum() == 8
    records = [
        Draws.load(restored.results / grid.address(files.DRAWS, c))
        for c in restored.cells.restorations
    ]
    widest = max(other.theta[0].std(0).max() for other in records)
    for picture, (values, low, high) in {
        0: (truth, truth.min(), truth.max()),
        2: (draws[0], truth.min(), truth.max()),
        5: (draws.mean(0), truth.min(), truth.max()),
        6: (draws.std(0), 0.0, widest),
    }.items():
        grey = np.clip((values - low) / (high - low), 0, 1)
        np.testing.assert_allclose(shown[picture][..., 0], grey, atol=1e-6)
        np.testing.assert_allclose(shown[picture][..., 1], grey, atol=1e-6)
    assert [text.get_text() for text in figure.axes[0].texts][:7] == [
        "truth", "measured", "draw", "draw", "draw", "mean", "sd"
    ]  # fmt: skip
    assert {"flow matching", "Gaussian head"} <= set(texts(figure))


def test_training_marks_the_best_epoch_and_the_floor(made) -> None:
    figure = drawn("training", made)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "flow, original",
        "flow",
        "flow, fresh noise",
    ]
    for axes in figure.axes:
        marked = next(line for line in axes.lines if line.get_marker() == "o")
        np.testing.assert_allclose(marked.get_xydata(), [[12, -0.9]])
        assert any(set(line.get_ydata()) == {-1.0} for line in axes.lines)
        assert len(axes.lines) == 3 * 2 + 2  # two curves a seed


def test_a_training_that_diverged_has_no_best_epoch(fresh) -> None:
    fit = next(fit for fit in fresh.cells.fits if fit.method == "flow")
    path = fresh.results / grid.address(files.HISTORY, fit)
    pd.read_csv(path).assign(train=np.nan, validation=np.nan).to_csv(path, index=False)
    assert not [line for line in drawn("training", fresh).axes[0].lines if line.get_marker() == "o"]


@pytest.mark.parametrize(("width", "outside"), [(1.0, False), (1.8, True), (0.5, True)])
def test_draws_too_wide_or_too_narrow_tint_the_panel(fresh, width, outside) -> None:
    cell = next(cell for cell in fresh.cells.calibrations if cell.method == "flow")
    rng, path = np.random.default_rng(3), fresh.results / grid.address(files.CURVES, cell)
    truth, draws = rng.normal(size=(500, 1, 2)), width * rng.normal(size=(500, 50, 2))
    ranks = (draws < truth).sum(axis=1)
    np.savez(
        path, num_draws=np.asarray(50), ranks=ranks, tarp=ranks[:, 0] / 50, tarp_y=ranks[:, 1] / 50
    )
    for name in ("sbc", "tarp"):
        axes = panel_named(drawn(name, fresh), "flow")
        tinted = to_hex(axes.get_facecolor()) == style.ALARM
        assert tinted == outside, name


def test_a_method_without_finite_ranks_is_left_out(fresh) -> None:
    cell = next(cell for cell in fresh.cells.calibrations if cell.method == "flow")
    np.savez(fresh.results / grid.address(files.CURVES, cell), num_draws=np.asarray(50))
    for name in ("sbc", "tarp"):
        assert "flow" not in texts(drawn(name, fresh))


def test_calibration_panels_carry_p_and_tasks(made) -> None:
    panels = {(cell.task, cell.method) for cell in expand(made.params).calibrations}
    assert len(panels) >= 10
    for name, tests in (("sbc", 1), ("tarp", 2)):
        found = texts(drawn(name, made))
        assert sum(len(re.findall("p = 0.25", text)) for text in found) == tests * len(panels)
        assert {"Two moons, line", "Linear Gaussian"} <= set(found)


def test_power_has_a_cell_for_every_fault_and_test(made) -> None:
    figure = drawn("power", made)
    blocks = [axes for axes in figure.axes if axes.get_yticklabels()]
    assert len(blocks) == len(made.cells.powers) == 2
    for axes, cell in zip(blocks, made.cells.powers, strict=True):
        faults = made.params["power"]["tasks"][cell.task]["faults"]
        shown = [text.get_text() for text in axes.texts]
        assert shown == ["5", "0", *["100", "0"] * (len(faults) - 1)]
        assert [label.get_text() for label in axes.get_yticklabels()] == [FAULTS[f] for f in faults]
    labels = [label.get_text() for label in blocks[0].get_xticklabels()]
    assert labels == [TESTS["sbc"], TESTS["tarp"]]


def test_ecdf_counts_the_ranks_below() -> None:
    np.testing.assert_allclose(bands.ecdf(np.array([0, 1, 1, 3]), 3), [0.25, 0.75, 0.75])


def test_cost_lines_and_crossings(made) -> None:
    axes = drawn("cost", made).axes[0]
    totals = {
        to_hex(line.get_color()): line.get_ydata()
        for line in axes.lines
        if line.get_marker() == "None"
    }
    np.testing.assert_allclose(totals[style.colour_of("flow")], 100 + 0.1 * cost.OBSERVATIONS)
    np.testing.assert_allclose(totals[style.colour_of("nuts")], 2.1 * cost.OBSERVATIONS)
    crossing = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_allclose(crossing.get_xydata(), [[50, 105]])
    found = [text.get_text() for text in axes.texts]
    assert "50" in found
    assert "flow  0.70" in found


def ours_in(name: str, study: Study, task: str) -> np.ndarray:
    """The points of our flow in a task's panel, as drawn."""
    axes = next(axes for axes in drawn(name, study).axes if axes.get_title(loc="left") == task)
    colour = style.colour_of("flow")
    lines = [line for line in axes.lines if to_hex(line.get_color()) == colour]
    return lines[0].get_xydata()


def test_benchmark_shows_ours_before_what_was_published(made) -> None:
    np.testing.assert_allclose(ours_in("benchmark", made, "SLCP"), [[1000, 0.9], [10_000, 0.8]])
    seconds = 90 + 10 + 0.1  # training, compiling, one observation
    expected = [[seconds, 0.9], [seconds, 0.8]]
    np.testing.assert_allclose(ours_in("cost_benchmark", made, "SLCP"), expected)
    found = drawn("benchmark", made).axes
    assert len(found) == 10
    assert all(len(axes.lines) > 8 for axes in found)
    assert found[0].get_xlim()[0] > 500  # a thousand is the least budget


def test_benchmark_without_published_tables_shows_ours_alone(made) -> None:
    alone = Study(made.results, made.params)
    assert len(ours_in("benchmark", alone, "SLCP")) == 2
    assert texts(drawn("benchmark", alone)).count("C2ST") == 5


def test_labels_move_apart_in_order() -> None:
    heights = np.array([0.99, 0.5, 0.98, 0.1, 0.97])
    moved = cost.apart(heights, 0.07)
    assert (np.argsort(moved) == np.argsort(heights)).all()
    assert np.diff(np.sort(moved)).min() > 0.069
    assert moved.max() <= 1


def test_paths_are_shown_for_each_way_of_splitting(made) -> None:
    figure = drawn("iteration", made)
    shown = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert shown[:2] == [method_name("hqs"), method_name("admm")]
    path = figure.axes[0].lines[1].get_xydata()
    np.testing.assert_allclose(path[[0, -1]], [[-2, -2], [2, 2]])


def test_a_dot_moves_along_each_path_in_the_picture_s_own_units(made, tmp_path) -> None:
    moving = drawn("iteration_moving", made)
    text = written("iteration_moving", made, tmp_path / "a.svg").decode()
    assert text.count("<circle") == 2
    assert text.count("<animate ") == 4
    assert text.rstrip().endswith("</svg>")
    high = float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', text).group(1))
    first = re.search(r'attributeName="cy"[^>]*values="([\d.]+);', text).group(1)
    bottom = moving.axes.transData.transform([-2.0, -2.0])[1] * 72 / moving.figure.dpi
    assert float(first) == pytest.approx(high - bottom, abs=0.06)


def test_a_moving_picture_is_still_where_nothing_can_move(made, tmp_path) -> None:
    style.draw_to(tmp_path / "a.png", lambda: drawn("iteration_moving", made), "png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_accuracy_against_seconds_has_a_dot_for_each_method_that_was_scored(made) -> None:
    axes = drawn("cost_refine", made).axes[0]
    names = {text.get_text() for text in axes.texts}
    assert {method_name(name) for name in ("flow", "admm", "latent_smc", "nuts")} <= names

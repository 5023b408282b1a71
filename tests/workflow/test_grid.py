"""Which cells a grid has, and that reading it costs no import of JAX."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.persistence.file import FilePersistence

from inversion import grid
from inversion.cli.phases import _record

PARAMS = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())


def cells(**block) -> grid.Cells:
    return grid.expand(
        {**PARAMS, "grid": "one", "grids": {"one": [{"tasks": ["two_moons_line"], **block}]}}
    )


def test_an_estimator_is_drawn_for_every_panel_by_one_job() -> None:
    found = cells(estimators=["flow"], budgets=[10, 20], seeds=[0])
    assert [draw.panel for draw in found.draws[:3]] == list(grid.PANELS)
    assert len(found.fits) == len(found.sampled) == len(found.simulations) == 2


def test_a_refinement_trains_its_prior_and_does_not_sample_it() -> None:
    found = cells(refinements=["hqs", "latent_nuts"], budgets=[10], seeds=[0])
    assert [fit.method for fit in found.fits] == ["flow_prior"]
    assert found.sampled == ()
    assert [(draw.method, draw.panel) for draw in found.draws] == [
        ("hqs", "comparison"), ("latent_nuts", "calibration"), ("latent_nuts", "comparison"),
    ]  # fmt: skip


def test_a_variant_of_the_draws_shares_a_training() -> None:
    found = cells(estimators=["consistency", "consistency_multistep"], budgets=[10], seeds=[0])
    assert [fit.method for fit in found.fits] == ["consistency"]
    assert [fit.method for fit in found.sampled] == ["consistency", "consistency_multistep"]


def test_a_variant_differs_in_the_settings_that_it_names() -> None:
    entries = {
        "slow": {"kind": "diffusion", "network": {"steps": 9, "width": 5}, "fit": {"epochs": 1}},
        "fast": {"of": "slow", "network": {"steps": 2}},
    }
    found = grid.resolved({"estimators": entries})["estimators"]
    assert found["slow"] == entries["slow"]
    assert found["fast"] == {**entries["slow"], "of": "slow", "network": {"steps": 2, "width": 5}}


def test_what_is_distilled_trains_its_prior_as_well() -> None:
    found = cells(estimators=["aps", "aps_known"], budgets=[10], seeds=[0])
    assert [fit.method for fit in found.fits] == ["aps", "diffusion_prior", "aps_known"]
    assert [fit.method for fit in found.sampled] == ["aps", "aps_known"]
    trainings = grid.trainings_of(PARAMS)
    assert trainings["aps"] == ("aps", "diffusion_prior")
    assert "aps_known" not in trainings


def test_a_refinement_of_the_known_prior_trains_nothing() -> None:
    known = {**PARAMS["refinements"], "pigdm_known": {"kind": "pigdm", "prior": grid.KNOWN}}
    block = {
        "tasks": ["two_moons_line"],
        "refinements": ["pigdm_known"],
        "budgets": [10],
        "seeds": [0],
    }
    params = {**PARAMS, "refinements": known, "grid": "one", "grids": {"one": [block]}}
    found = grid.expand(params)
    assert {draw.budget for draw in found.draws} == {0}
    assert found.fits == found.simulations == ()
    assert grid.trainings_of(params)["pigdm_known"] == ()


def test_a_correction_starts_from_the_estimator_that_it_names() -> None:
    found = cells(estimators=["flow"], refinements=["flow+is"], budgets=[10], seeds=[0])
    assert [fit.method for fit in found.fits] == ["flow"]
    assert [draw.panel for draw in found.draws if draw.method == "flow+is"] == [
        "calibration",
        "comparison",
    ]
    (draw, *_) = (draw for draw in found.draws if draw.method == "flow+is")
    assert grid.address("{family}/{method}", draw) == "refined/flow+is"


def test_certificates_are_made_where_a_grid_names_the_held_out_pairs() -> None:
    assert cells(estimators=["flow"], budgets=[10], seeds=[0]).certified == ()
    found = cells(estimators=["flow"], panels=["held_out"], budgets=[10], seeds=[0])
    assert found.certified == found.fits == (grid.Fit("two_moons_line", "flow", 10, 0),)
    assert found.panels == (grid.Panel("two_moons_line", "held_out"),)
    assert found.draws == ()


def test_measured_images_are_restored_where_a_grid_names_them_alone() -> None:
    methods = {"references": ["exact"], "estimators": ["flow"], "refinements": ["hqs"]}
    found = cells(
        tasks=["gaussian_image"], **methods, panels=["restoration"], budgets=[9], seeds=[0]
    )
    assert found.panels == (grid.Panel("gaussian_image", "restoration"),)
    assert [draw.method for draw in found.restorations] == ["exact", "flow", "hqs"]
    assert [draw.method for draw in found.restored] == ["flow"]
    assert found.calibrations == found.comparisons == found.sampled == ()
    assert not cells(**methods, budgets=[9], seeds=[0]).restorations


def test_a_setting_by_panel_is_that_of_the_comparison_for_measured_images() -> None:
    entry = {
        "steps": {"calibration": 2, "comparison": 5},
        "runs": {"comparison": 1, "restoration": 3},
    }
    assert grid.entry_of(entry, "any", "restoration") == {"steps": 5, "runs": 3}
    assert grid.entry_of(entry, "any", "restoration_seen") == {"steps": 5, "runs": 1}


def test_only_what_has_an_exact_reference_is_compared() -> None:
    assert cells(references=["nuts"]).comparisons == ()
    assert {draw.method for draw in cells(references=["nuts", "exact"]).comparisons} == {
        "nuts",
        "exact",
    }


def test_power_is_studied_where_a_grid_names_it_alone() -> None:
    found = cells(tasks=["two_moons", "gaussian_linear_5"], panels=["power"], references=["exact"])
    assert found.powers == (grid.Power("two_moons"), grid.Power("gaussian_linear_5"))
    assert found.panels == found.draws == ()
    assert cells(references=["exact"]).powers == ()


def test_published_panels_are_made_where_a_grid_names_them_alone() -> None:
    asked = {"tasks": ["two_moons"], "panels": ["sbibm"], "references": ["exact", "nuts"]}
    found = cells(**asked, estimators=["flow"], budgets=[10], seeds=[0])
    assert found.published == (grid.Panel("two_moons", "sbibm"),)
    assert found.panels == found.calibrations == found.comparisons == found.sampled == ()
    assert found.checked == found.fits
    assert {draw.method for draw in found.checks} == {"exact", "nuts", "flow"}
    assert not cells(references=["exact"]).published


@pytest.mark.parametrize(
    ("method", "panel", "used"),
    [("flow", "calibration", 1000), ("exact", "calibration", 1000), ("nuts", "calibration", 200),
     ("latent_nuts", "calibration", 200), ("hqs", "comparison", 3), ("exact", "density", 100000),
     ("flow", "density", 100000), ("diffusion", "density", 10000), ("diffusion_sde", "density", 10000),
     ("nuts", "sbibm", 10)],
)  # fmt: skip
def test_observations_used(method, panel, used) -> None:
    assert grid.observations_used(PARAMS, "two_moons_line", method, panel) == used


def test_a_larger_grid_holds_the_cells_of_the_study_under_the_same_address() -> None:
    study, benchmark = (grid.expand({**PARAMS, "grid": name}) for name in ("study", "benchmark"))
    assert set(study.panels) <= set(benchmark.panels)
    assert set(study.drawn("reference")) <= set(benchmark.drawn("reference"))


def test_nothing_here_imports_jax() -> None:
    code = "import inversion.grid, inversion.settings, inversion.cli.phases, sys; print('jax' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
        == "False\n"
    )


@pytest.mark.parametrize("path", ["results/scores.csv", "results/" + "long/" * 60 + "0.npz"])
def test_the_name_of_a_record_is_snakemakes(path, tmp_path) -> None:
    theirs = FilePersistence._record_path(
        SimpleNamespace(_fetch_max_len=lambda subject: 255), ".snakemake/metadata", path
    )
    assert str(_record(path, "metadata")) == theirs


def test_a_setting_of_the_fit_may_be_given_by_task() -> None:
    entry = {"kind": "flow", "fit": {"epochs": 5, "whiten": {"default": True, "moons": False}}}
    params = {"estimators": {"flow": entry}, "summaries": {"moons": {"kind": "deep_sets"}}}
    assert grid.fit_entry(params, "moons", "flow") == {
        "kind": "flow", "fit": {"epochs": 5, "whiten": False}, "summary": {"kind": "deep_sets"},
    }  # fmt: skip
    assert grid.fit_entry(params, "other", "flow") == {
        "kind": "flow", "fit": {"epochs": 5, "whiten": True}, "summary": None,
    }  # fmt: skip


def test_a_setting_of_a_reference_may_be_given_by_panel_or_by_task() -> None:
    entry = {"steps": {"calibration": 2, "sbibm": 9}, "moves": {"default": 5, "sir": 1}, "runs": 4}
    expected = {"steps": 9, "moves": 1, "runs": 4}
    assert grid.entry_of(entry, "sir", "sbibm") == expected
    assert grid.entry_of(entry, "slcp", "calibration") == {"steps": 2, "moves": 5, "runs": 4}


def test_a_summary_of_an_estimators_own_may_be_given_by_task() -> None:
    summary = {"default": None, "slcp": {"kind": "point_moments", "points": 4}}
    params = {
        "estimators": {"flow": {"kind": "flow", "summary": summary, "fit": {}}},
        "summaries": {"moons": {"kind": "deep_sets"}},
    }
    assert grid.fit_entry(params, "slcp", "flow")["summary"] == summary["slcp"]
    assert grid.fit_entry(params, "moons", "flow")["summary"] is None


def test_a_warm_start_trains_the_prior_and_the_posterior() -> None:
    found = cells(refinements=["flow+admm", "admm"], references=["exact"], budgets=[10], seeds=[0])
    assert [fit.method for fit in found.fits] == ["flow_prior", "flow"]
    assert found.sampled == ()
    assert grid.trainings_of(PARAMS)["flow+admm"] == ("flow_prior", "flow")
    assert grid.trainings_of(PARAMS)["admm"] == ("flow_prior",)
    assert [draw.method for draw in found.landings] == ["flow+admm", "admm"]

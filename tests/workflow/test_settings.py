"""A mistake in params.yaml is one line that names it, before the first job, and nothing is written."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from inversion.grid import PANELS, observations_of, observations_used
from inversion.settings import check_settings

ROOT = Path(__file__).parents[2]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/params.schema.yaml").read_text())


def with_box(params: dict) -> dict:
    """With a task whose pairs come from outside, as it should be."""
    prior = [{"name": "a", "kind": "Normal", "loc": 0, "scale": 1}]
    box = {"kind": "black_box", "simulator": "mine:simulate", "shape": [3], "prior": prior}
    params["tasks"]["box"] = box
    params["panels"]["density"]["observations"]["box"] = 10
    params["panels"]["calibration"]["observations"]["estimators"] = {"default": 1000, "box": 10}
    params["grids"]["own"] = [
        {"tasks": ["box"], "estimators": ["flow"], "budgets": [10], "seeds": [0]}
    ]
    return params


MISTAKES = {
    "top_key": (
        lambda p: p.update(taks={}),
        "keys of params.yaml among.*got 'taks', did you mean 'tasks'",
    ),
    "missing_key": (lambda p: p.pop("scores"), "params.yaml to have the key 'scores'"),
    "grid": (lambda p: p.update(grid="stduy"), "grid among.*did you mean 'study'"),
    "fit_key": (
        lambda p: p["estimators"]["flow"]["fit"].update(epoch=3),
        "keys of estimators.flow.fit among.*got 'epoch', did you mean 'epochs'",
    ),
    "network_key": (
        lambda p: p["estimators"]["flow"]["network"].update(layer=3),
        "keys of estimators.flow.network among.*got 'layer', did you mean 'layers'",
    ),
    "task_key": (
        lambda p: p["tasks"]["two_moons_line"].update(noize=3),
        "keys of tasks.two_moons_line among.*got 'noize', did you mean 'noise'",
    ),
    "kind": (
        lambda p: p["estimators"]["flow"].update(kind="flo"),
        "estimators.flow.kind among.*package.module:Name.*got 'flo', did you mean 'flow'",
    ),
    "member_kind": (
        lambda p: p["estimators"]["flow_ensemble"]["network"]["member"].update(kind="flo"),
        "estimators.flow_ensemble.network.member.kind among.*did you mean 'flow'",
    ),
    "member_key": (
        lambda p: p["estimators"]["flow_ensemble"]["network"]["member"].update(layer=3),
        "keys of estimators.flow_ensemble.network.member among.*did you mean 'layers'",
    ),
    "summary_kind": (
        lambda p: p.update(summaries={"mine": {"kind": "deep_set"}}),
        "summaries.mine.kind among.*did you mean 'deep_sets'",
    ),
    "summary_key": (
        lambda p: p["estimators"]["flow"].update(summary={"kind": "deep_sets", "widht": 3}),
        "keys of estimators.flow.summary among.*did you mean 'width'",
    ),
    "summary_by_task": (
        lambda p: p["estimators"]["flow"].update(
            summary={"default": None, "slcp": {"kind": "point_moments", "point": 4}}
        ),
        "keys of estimators.flow.summary.slcp among.*did you mean 'points'",
    ),
    "prior": (
        lambda p: p["refinements"]["hqs"].update(prior="flow_pior"),
        "did you mean 'flow_prior'",
    ),
    "start_of_nothing": (
        lambda p: p["refinements"]["hqs"].pop("prior"),
        "refinements.hqs to name the estimator it starts from, by one key of prior, proposal; got nothing",
    ),
    "two_starts": (
        lambda p: p["refinements"]["hqs"].update(proposal="flow"),
        "by one key of prior, proposal; got prior, proposal",
    ),
    "refinement_key": (
        lambda p: p["refinements"]["admm"].update(iteration=3),
        "keys of refinements.admm among.*got .iteration., did you mean .iterations.",
    ),
    "warm_start": (
        lambda p: p["refinements"]["flow+admm"].update(start="flw"),
        "refinements.flow.admm.start among.*got .flw., did you mean .flow.",
    ),
    "start_of_a_variant": (
        lambda p: p["refinements"]["flow+is"].update(proposal="diffusion_sde"),
        "refinements.flow.is.proposal among.*got 'diffusion_sde'",
    ),
    "certificate_of_a_variant": (
        lambda p: p["grids"]["trust"][1].update(estimators=["diffusion_sde"]),
        "grids.trust.1.panels without 'held_out' for 'diffusion_sde', which has no training of its own",
    ),
    "certificate_of_a_black_box": (
        lambda p: with_box(p)["grids"]["own"][0].update(panels=["held_out"]),
        "panels.held_out.observations to name 'box', as each is a run of its simulator .* got 12000 by default",
    ),
    "budget_zero": (
        lambda p: p["grids"]["study"][3].update(budgets=[0]),
        "grids.study.3.budgets.0 to be a positive whole number; got 0",
    ),
    "budget_float": (
        lambda p: p["grids"]["study"][3].update(budgets=[6000.0]),
        "positive whole number; got 6000.0",
    ),
    "budget_text": (
        lambda p: p["grids"]["study"][3].update(budgets=["6k"]),
        "positive whole number; got '6k'",
    ),
    "budget_true": (
        lambda p: p["grids"]["study"][3].update(budgets=[True]),
        "positive whole number; got True",
    ),
    "budgets_missing": (lambda p: p["grids"]["study"][3].pop("budgets"), "the key 'budgets'"),
    "grid_task": (
        lambda p: p["grids"]["smoke"][0].update(tasks=["two_moon_line"]),
        "grids.smoke.0.tasks among.*did you mean 'two_moons_line'",
    ),
    "grid_method": (
        lambda p: p["grids"]["smoke"][0].update(references=["nutz"]),
        "grids.smoke.0.references among.*did you mean 'nuts'",
    ),
    "grid_panel": (
        lambda p: p["grids"]["smoke"][0].update(panels=["sbibm"]),
        "grids.smoke.0.tasks with the panel sbibm among.*got 'two_moons_line', did you mean 'two_moons'",
    ),
    "power_task": (
        lambda p: p["grids"]["smoke"][0].update(panels=["power"]),
        "grids.smoke.0.tasks with the panel power among.*got 'two_moons_line', did you mean 'two_moons'",
    ),
    "power_fault": (
        lambda p: p["power"]["tasks"]["two_moons"]["faults"].append("narow_80"),
        "power.tasks.two_moons.faults among.*did you mean 'narrow_80'",
    ),
    "power_repeats": (
        lambda p: p["power"]["tasks"]["two_moons"]["repeats"].update(pior=3),
        "power.tasks.two_moons.repeats among.*got 'pior', did you mean 'prior'",
    ),
    "power_sizes": (
        lambda p: p["power"].update(nulls=0),
        "power.nulls to be a positive whole number; got 0",
    ),
    "fault_setting": (
        lambda p: p["faults"]["narrow_80"].update(spred=2),
        "keys of faults.narrow_80 among.*did you mean 'spread'",
    ),
    "observations": (
        lambda p: p["panels"]["sbibm"].update(observations=11),
        "panels.sbibm.observations to be at most 10; got 11",
    ),
    "checksum": (
        lambda p: p["sbibm"].update(sha256="12ec"),
        "sbibm.sha256 to be .*; got '12ec'",
    ),
    "shared_name": (
        lambda p: p["references"].update(flow={"kind": "exact"}),
        "a name for each method; got 'flow' under estimators and under references",
    ),
    "prior_of_nothing": (
        lambda p: p["estimators"]["aps"].update(prior="difusion_prior"),
        "estimators.aps.prior among known, .*did you mean 'diffusion_prior'",
    ),
    "no_prior": (
        lambda p: p["estimators"]["aps"].pop("prior"),
        "estimators.aps to have the key 'prior'",
    ),
    "prior_of_a_flow": (
        lambda p: p["estimators"]["flow"].update(prior="diffusion_prior"),
        "estimators.flow without 'prior', of a kind among distilled alone; got it for 'flow'",
    ),
    "target_setting": (
        lambda p: p["estimators"]["aps"]["target"].update(anneel=0.5),
        "keys of estimators.aps.target among.*did you mean 'anneal'",
    ),
    "around_key": (
        lambda p: p["estimators"]["aps_image"]["network"]["around"].update(pass_=2),
        "keys of estimators.aps_image.network.around among.*did you mean 'passes'",
    ),
    "fit_around_key": (
        lambda p: p["estimators"]["aps_image"]["fit_around"].update(epoch=2),
        "keys of estimators.aps_image.fit_around among.*did you mean 'epochs'",
    ),
    "fit_around_of_pairs": (
        lambda p: p["estimators"]["flow"].update(fit_around={"epochs": 2}),
        "estimators.flow without 'fit_around', of a kind among distilled alone; got it for 'flow'",
    ),
    "flow_within_a_flow": (
        lambda p: p["estimators"]["aps"]["network"]["flow"]["flow"].update(layer=2),
        "keys of estimators.aps.network.flow.flow among.*did you mean 'layers'",
    ),
    "prior_setting": (
        lambda p: p["estimators"]["diffusion_prior"]["network"].update(widht=2),
        "keys of estimators.diffusion_prior.network among.*did you mean 'width'",
    ),
    "variant_of_nothing": (
        lambda p: p["estimators"]["diffusion_sde"].update(of="difusion"),
        "estimators.diffusion_sde.of among.*got 'difusion', did you mean 'diffusion'",
    ),
    "variant_of_a_variant": (
        lambda p: p["estimators"]["consistency_multistep"].update(of="diffusion_sde"),
        "estimators.consistency_multistep.of among.*got 'diffusion_sde'",
    ),
    "variant_with_a_fit": (
        lambda p: p["estimators"]["diffusion_sde"].update(fit={"epochs": 1}),
        "keys of estimators.diffusion_sde among of, network; got 'fit'",
    ),
    "variant_setting": (
        lambda p: p["estimators"]["diffusion_sde"]["network"].update(solvr="heun"),
        "keys of estimators.diffusion_sde.network among.*did you mean 'solver'",
    ),
    "panel": (
        lambda p: p["panels"]["comparison"]["observations"].pop("default"),
        "panels.comparison.observations to have the key 'default'",
    ),
    "draws": (
        lambda p: p["panels"]["calibration"].update(draws=-1),
        "positive whole number; got -1",
    ),
    "black_box_key": (
        lambda p: with_box(p)["tasks"]["box"].update(simulatr="a:b"),
        "keys of tasks.box among.*did you mean 'simulator'",
    ),
    "black_box_prior": (
        lambda p: with_box(p)["tasks"]["box"].update(prior="my_prior"),
        "tasks.box.prior to be package.module:name; got 'my_prior'",
    ),
    "black_box_reference": (
        lambda p: with_box(p)["grids"]["own"][0].update(references=["nuts"]),
        "grids.own.0.references without 'nuts' for 'box', a black_box: it has no likelihood",
    ),
    "black_box_refinement": (
        lambda p: with_box(p)["grids"]["own"][0].update(refinements=["hqs"]),
        "grids.own.0.refinements without 'hqs' for 'box', a black_box: it has no likelihood",
    ),
    "black_box_fresh": (
        lambda p: with_box(p)["grids"]["own"][0].update(estimators=["flow_fresh"]),
        "without 'flow_fresh' for 'box', a black_box: JAX cannot simulate fresh noise",
    ),
    "black_box_density": (
        lambda p: with_box(p)["panels"]["density"]["observations"].pop("box"),
        "panels.density.observations to name 'box'.*; got 100000 by default",
    ),
    "name": (
        lambda p: p["tasks"].update({"a/b": {"kind": "two_moons_line"}}),
        "a name that matches",
    ),
}


def test_the_settings_of_the_study_are_right() -> None:
    check_settings(PARAMS, SCHEMA)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(mistake) -> None:
    edit, message = MISTAKES[mistake]
    params = deepcopy(PARAMS)
    edit(params)
    with pytest.raises(ValueError, match=message) as raised:
        check_settings(params, SCHEMA)
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("Expected ")


def test_a_black_box_is_taken_and_its_panels_have_their_own_sizes() -> None:
    params = with_box(deepcopy(PARAMS)) | {"grid": "own"}
    check_settings(params, SCHEMA)
    assert [observations_of(params, "box", panel) for panel in PANELS] == [200, 3, 10]
    assert observations_used(params, "box", "flow", "calibration") == 10
    assert observations_used(params, "slcp", "flow", "calibration") == 1000


def test_slow_samplers_restore_fewer_images() -> None:
    used = lambda method: observations_used(PARAMS, "digits_denoise", method, "restoration")  # noqa: E731
    assert used("dps_image") < used("aps_image") == 360
    assert observations_of(PARAMS, "digits_denoise", "restoration") == 360


def test_a_kind_of_ones_own_is_taken() -> None:
    params = deepcopy(PARAMS)
    params["tasks"]["mine"] = {"kind": "my_package.tasks:Mine", "anything": 3}
    check_settings(params, SCHEMA)


@pytest.mark.parametrize("engine", [("snakemake",), ("snakemake", "-n"), ("dvc", "repro")])
@pytest.mark.slow
def test_both_engines_stop_before_the_first_job(repository, engine) -> None:
    repository.edit_params(lambda p: p["tasks"]["gaussian_linear"].update(dimm=3))
    code, said = repository.attempt(*engine)
    assert code != 0
    assert "Traceback" not in said
    (line,) = (line for line in said.splitlines() if line.startswith("inversion: "))
    assert "got 'dimm', did you mean 'dim'?" in line
    assert not (repository.folder / "results").exists()
    assert repository.jobs() == []

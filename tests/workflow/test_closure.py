"""Which edits make a result stale: those of the code it rests on, and no others."""

from pathlib import Path

import pytest
import yaml

from inversion import closure
from inversion.closure import SOURCE, code_files
from inversion.estimators import ESTIMATORS
from inversion.references import REFERENCES
from inversion.refinements import REFINEMENTS
from inversion.tasks import TASKS

VERBS = (
    "simulate",
    "chunk",
    "gather",
    "total",
    "take",
    "train",
    "solve",
    "prior",
    "reference",
    "refine",
    "sample",
    "calibrate",
    "compare",
    "restore",
    "tables",
    "figure",
    "report",
)


def names(*modules: str) -> set[str]:
    return {str(path.relative_to(SOURCE / "inversion")) for path in code_files(*modules)}


@pytest.mark.parametrize("registry", [TASKS, ESTIMATORS, REFERENCES, REFINEMENTS])
def test_a_member_rests_on_its_own_file(registry) -> None:
    for target in registry.values():
        own = target.split(":")[0].removeprefix("inversion.").replace(".", "/") + ".py"
        assert own in names(target)


@pytest.mark.parametrize(
    "verb",
    [
        "simulate",
        "chunk",
        "gather",
        "take",
        "train",
        "solve",
        "prior",
        "sample",
        "reference",
        "refine",
    ],
)
def test_a_verb_rests_on_no_member_of_a_registry(verb) -> None:
    found = names(f"inversion.cli.{verb}")
    for registry in (TASKS, ESTIMATORS, REFERENCES, REFINEMENTS):
        for target in registry.values():
            assert (
                target.split(":")[0].removeprefix("inversion.").replace(".", "/") + ".py"
                not in found
            )


def test_training_rests_on_no_diagnostic_figure_or_report() -> None:
    found = names("inversion.cli.train", *TASKS.values(), *ESTIMATORS.values())
    assert "estimators/fit.py" in found
    assert not [name for name in found if name.startswith(("diagnostics", "figures", "report"))]


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_rests_on_the_dispatch_or_on_a_registry(verb) -> None:
    found = names(f"inversion.cli.{verb}")
    assert f"cli/{verb}.py" in found
    assert "cli/main.py" not in found
    assert not [name for name in found if name.endswith("__init__.py")]


def test_a_module_of_a_users_own_is_found(tmp_path, monkeypatch) -> None:
    (tmp_path / "my_simulators").mkdir()
    module = tmp_path / "my_simulators" / "pendulum.py"
    module.write_text("from inversion.keys import key_for\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = code_files("my_simulators.pendulum:Pendulum")
    assert module in found
    assert Path(SOURCE / "inversion/keys.py") in found
    assert code_files("numpy.linalg:norm") == []
    (tmp_path / "my_simulators" / "forces.py").write_text("import json, numpy\n")
    module.write_text("import numpy\nfrom my_simulators import forces\n")
    closure._imports.cache_clear()
    assert code_files("my_simulators.pendulum:Pendulum") == [module.with_name("forces.py"), module]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edited", "rerun"),
    [
        (
            "src/inversion/diagnostics/mmd.py",
            {"compare", "calibrate", "prior", "tables", "figure", "report"},
        ),
        ("src/inversion/estimators/flow_prior.py", None),
    ],
)
def test_an_edit_reruns_what_rests_on_it(study, edited, rerun) -> None:
    path = study.folder / edited
    path.write_text(path.read_text() + "\n# edited\n")
    study.run("snakemake")
    jobs = study.jobs()
    assert jobs
    if rerun is None:
        assert not [job for job in jobs if job.startswith("train") and "flow_prior" not in job]
        assert [job for job in jobs if job.startswith("train") and "flow_prior" in job]
    else:
        assert {job.split()[0] for job in jobs} <= rerun
    assert study.nothing_to_do()


STAGES = yaml.safe_load((SOURCE.parent / "dvc.yaml").read_text())["stages"]
REGISTRIES = {"tasks": TASKS, "estimators": ESTIMATORS, "references": REFERENCES}
REGISTRIES |= {"refinements": REFINEMENTS}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_of_dvc_names_all_code_that_its_verbs_rest_on(stage) -> None:
    deps = [dep for dep in STAGES[stage]["deps"] if isinstance(dep, str)]
    verbs = [Path(dep).stem for dep in deps if dep.startswith("src/inversion/cli/")]
    members = [
        target
        for name, registry in REGISTRIES.items()
        if f"src/inversion/{name}" in deps
        for target in registry.values()
    ]
    rests_on = names(*(f"inversion.cli.{verb}" for verb in verbs if verb in VERBS), *members)
    missing = [
        name
        for name in sorted(rests_on)
        if not any(f"src/inversion/{name}/".startswith(f"{dep}/") for dep in deps)
    ]
    assert not missing

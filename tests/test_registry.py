"""Registries: every name resolves, a typo names the right one, and a user's own module is found or named."""

import pytest

from inversion.estimators import ESTIMATORS
from inversion.references import REFERENCES
from inversion.refinements import REFINEMENTS
from inversion.registry import build, resolve
from inversion.tasks import TASKS, make_task

ALL = [
    (registry, kind)
    for registry in (TASKS, ESTIMATORS, REFERENCES, REFINEMENTS)
    for kind in registry
]


@pytest.mark.parametrize(("registry", "kind"), ALL)
def test_every_kind_resolves(registry, kind):
    assert callable(resolve(registry, kind))


def test_a_typo_names_the_right_kind():
    with pytest.raises(ValueError, match="got 'two_mons_line', did you mean 'two_moons_line'"):
        make_task({"kind": "two_mons_line"})


def test_a_typo_names_the_right_setting():
    with pytest.raises(
        ValueError, match="among noise, noise_scale; got 'noize', did you mean 'noise'"
    ):
        make_task({"kind": "two_moons_line", "noize": 1.0})


def test_a_module_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("def Mine(*, size): return size\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert build(TASKS, {"kind": "mine:Mine", "size": 3}) == 3
    with pytest.raises(ValueError, match="Expected 'Yours' in module 'mine'; got none"):
        build(TASKS, {"kind": "mine:Yours"})


def test_a_missing_module_is_named():
    with pytest.raises(ValueError, match="no module 'nowhere'"):
        build(TASKS, {"kind": "nowhere.tasks:Mine"})

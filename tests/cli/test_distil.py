"""Distilling has observations alone: settings that need pairs, or another view of y, are refused by name."""

import json
from argparse import Namespace

import pytest

from inversion.cli import distil

OTHER = {
    "whiten": True,
    "fresh_noise": True,
    "symmetries": True,
    "y_scale": "log",
    "y_screen": 0.01,
}


def cell(fit: dict) -> str:
    """A cell of the smallest problem, with these settings."""
    task = {"kind": "two_moons_line", "noise": 0.06, "noise_scale": 0.1}
    names = {"root_seed": 0, "task": "two_moons_line", "method": "aps", "budget": 10, "seed": 0}
    entry = {"kind": "distilled", "network": {}, "fit": {"epochs": 1, **fit}}
    return json.dumps({**names, "task_entry": task, "entry": entry})


def test_every_such_setting_is_tried() -> None:
    assert set(OTHER) == set(distil.UNFIT)


@pytest.mark.parametrize("name", OTHER)
def test_a_setting_for_pairs_is_refused_by_name(name: str) -> None:
    arguments = Namespace(cell=cell({name: OTHER[name]}), simulations="none.npz", model=[])
    with pytest.raises(ValueError, match=f"Expected fit: of aps .*; got {name}\\."):
        distil.run(arguments)


def test_another_setting_is_let_through_to_the_network() -> None:
    arguments = Namespace(cell=cell({"average": 0.9}), simulations="none.npz", model=[])
    with pytest.raises(ValueError, match="Expected settings that 'distilled' takes"):
        distil.run(arguments)

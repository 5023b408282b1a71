"""The pair plot of `infer`: as many panels as there are coordinates, and the same bytes for the same draws."""

import numpy as np
import pytest

from inversion.figures.pairs import MOST, pairs, save_pairs


@pytest.mark.parametrize(("dim", "shown"), [(1, 1), (3, 3), (MOST + 2, MOST)])
def test_each_two_coordinates_have_a_panel(dim, shown):
    theta = np.random.default_rng(0).normal(size=(200, dim))
    axes = pairs(theta, [f"t{i}" for i in range(dim)]).axes
    assert len(axes) == shown**2
    assert sum(one.axison for one in axes) == shown * (shown + 1) // 2
    assert [one.get_xlabel() for one in axes[-shown:]] == [f"t{i}" for i in range(shown)]


def test_a_coordinate_that_does_not_vary_is_drawn(tmp_path):
    theta = np.random.default_rng(1).normal(size=(100, 2)) * [1.0, 0.0]
    for name in ("a.svg", "b.svg"):
        save_pairs(tmp_path / name, theta, ["a", "b"])
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()

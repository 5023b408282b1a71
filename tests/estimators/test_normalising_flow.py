"""Draws of a normalising flow, made in parts."""

import jax
import numpy as np
import pytest

from inversion.estimators.from_noise import in_parts
from inversion.estimators.normalising_flow import PART
from inversion.estimators.trained import make_estimator
from inversion.tasks import make_task

TASK = make_task({"kind": "two_moons"})


@pytest.mark.parametrize("num", [1, 4, 5, 8, 11])
def test_parts_are_every_row_in_its_order(num):
    z, sizes = np.arange(2.0 * num).reshape(num, 2), []

    def carry(z):
        sizes.append(len(z))
        return 2 * z

    np.testing.assert_array_equal(in_parts(carry, z, 4), 2 * z)
    assert max(sizes) <= 4


def test_draws_in_parts_are_those_of_all_at_once():
    network = {"layers": 2, "width": 8, "depth": 1}
    flow = make_estimator(jax.random.key(0), TASK, "flow", network)
    key, y, num = jax.random.key(1), np.array([0.2, -0.3], np.float32), 2 * PART + 7
    z = flow.base.sample(key, num, np.float32)
    whole = flow.transform.inverse(z.T, y)[0].T
    np.testing.assert_allclose(flow.sample(key, y, num), whole, atol=1e-5)

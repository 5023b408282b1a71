"""The dataset: its columns, its support, and what its prior cannot do."""

import jax
import numpy as np
import pytest
from numpyro.distributions.transforms import biject_to

from inversion.tasks import make_task

ENTRY = {"kind": "dataset", "file": "pairs.csv", "theta": ["a", "b", "c", "d"], "y": ["u", "v"]}


def test_columns_by_their_names_or_by_one_name():
    task = make_task(ENTRY)
    assert (task.dim, task.event_shape) == (4, (2,))
    task = make_task({**ENTRY, "theta": "p", "dim": 3, "y": "q", "shape": [2, 5]})
    assert (task.theta, task.dim, task.event_shape) == (("p_1", "p_2", "p_3"), 3, (2, 5))
    assert (task.y[0], task.y[-1]) == ("q_1", "q_10")
    assert hash(task) == hash(
        make_task({**ENTRY, "theta": "p", "dim": 3, "y": "q", "shape": [2, 5]})
    )


def test_draws_stay_within_the_support():
    task = make_task({**ENTRY, "support": {"a": [0, 1], "b": [2, None], "c": [None, -1]}})
    u = 4 * jax.random.normal(jax.random.key(0), (500, 4))
    bijection = biject_to(task.prior().support)
    theta = np.asarray(bijection(u))
    assert ((theta[:, 0] > 0) & (theta[:, 0] < 1)).all()
    assert (theta[:, 1] > 2).all()
    assert (theta[:, 2] < -1).all()
    assert (theta[:, 3] < -3).any()
    np.testing.assert_allclose(bijection.inv(theta), u, atol=1e-6)
    assert task.prior().support(theta).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": "pairs.txt"}, "end with .npz, .csv or .parquet; got 'pairs.txt'"),
        ({"theta": "p"}, "dim: 3 beside theta: p; got None"),
        ({"y": "q"}, "shape: .20. beside y: q; got None"),
        ({"dim": 4}, "no dim where theta names its columns"),
        ({"y": []}, "different columns in y, one at least"),
        ({"y": ["u", "u"]}, "different columns in y, one at least"),
        ({"y": ["u", "a"]}, "theta and y apart; got 'a' in both"),
        ({"support": {"e": [0, 1]}}, "coordinates among a, b, c, d; got 'e'"),
        ({"support": {"a": [1, 0]}}, r"support.a like \[0, 1\] or \[0, null\]; got \[1, 0\]"),
        ({"support": {"a": [None, None]}}, "support.a like"),
        ({"support": {"a": 3}}, "support.a like"),
    ],
)
def test_a_wrong_setting_is_one_line(change, message):
    with pytest.raises(ValueError, match=message) as raised:
        make_task(ENTRY | change)
    assert "\n" not in str(raised.value)


def test_the_prior_has_neither_density_nor_draws():
    task = make_task(ENTRY)
    with pytest.raises(ValueError, match="a prior with a density; got that of a dataset"):
        task.prior().log_prob(np.zeros(4))
    with pytest.raises(ValueError, match="a prior to draw from; got that of a dataset"):
        task.prior().sample(jax.random.key(0), (3,))
    with pytest.raises(ValueError, match="as fresh noise needs it; got a dataset"):
        task.simulate(jax.random.key(0), np.zeros(4))

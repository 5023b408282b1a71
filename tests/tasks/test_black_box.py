"""The black box: a prior by names, refusals by one line, and nothing of it that JAX would run."""

import jax
import numpy as np
import pytest
from numpyro.distributions.transforms import biject_to

from inversion.tasks import make_task

PRIOR = [
    {"name": "mass", "kind": "Uniform", "low": 1, "high": 3},
    {"name": "rate", "kind": "LogNormal", "loc": 0, "scale": 0.5},
    {"name": "angle", "kind": "Normal", "loc": -2, "scale": 1},
]
ENTRY = {"kind": "black_box", "simulator": "nowhere:simulate", "shape": [4], "prior": PRIOR}


def test_the_prior_is_what_its_entries_say_in_their_order():
    task = make_task(ENTRY)
    theta = np.asarray(task.prior().sample(jax.random.key(0), (4000,)))
    assert (task.dim, task.event_shape, theta.shape) == (3, (4,), (4000, 3))
    assert theta[:, 0].min() > 1
    assert theta[:, 0].max() < 3
    assert abs(np.log(theta[:, 1]).std() - 0.5) < 0.03
    assert abs(theta[:, 2].mean() + 2) < 0.1
    bijection = biject_to(task.prior().support)
    np.testing.assert_allclose(bijection(bijection.inv(theta)), theta, atol=1e-9)
    assert hash(task) == hash(make_task(ENTRY)), "a static field of a model"


def test_a_prior_of_the_users_own(tmp_path, monkeypatch):
    (tmp_path / "own_prior.py").write_text(
        "import jax.numpy as jnp, numpyro.distributions as dist\n"
        "def good(): return dist.MultivariateNormal(0, jnp.eye(2) + 0.5)\n"
        "def bad(): return dist.Normal(0, 1)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert make_task(ENTRY | {"prior": "own_prior:good"}).dim == 2
    with pytest.raises(ValueError, match=r"a distribution of vectors, of event shape \(dim,\)"):
        make_task(ENTRY | {"prior": "own_prior:bad"})
    with pytest.raises(ValueError, match="Expected 'other' in module 'own_prior'; got none"):
        make_task(ENTRY | {"prior": "own_prior:other"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"simulator": None}, "either a simulator or a command; got none"),
        ({"command": ["ls"]}, "either a simulator or a command; got both"),
        ({"timeout": 3}, "timeout with a command"),
        ({"chunk": 0}, "chunk of at least 1"),
        ({"most_lost": 2}, "most_lost from 0 to 1"),
        ({"shape": 4}, r"like \[20\]; got 4"),
        ({"shape": []}, r"like \[20\]; got \[\]"),
        ({"prior": []}, "list a distribution for each coordinate"),
        ({"prior": {"mass": {"kind": "Normal"}}}, "list a distribution for each coordinate"),
        ({"prior": [{"kind": "Normal"}]}, "entries of prior like"),
        ({"prior": [PRIOR[0], PRIOR[0]]}, "a name of its own for each coordinate"),
        ({"prior": [PRIOR[0] | {"kind": "Unifrom"}]}, "did you mean 'Uniform'"),
        ({"prior": [PRIOR[0] | {"hihg": 3}]}, "settings that Uniform takes in prior.mass"),
        ({"prior": [PRIOR[0] | {"low": "x"}]}, "settings that Uniform takes in prior.mass"),
        ({"prior": [PRIOR[0] | {"low": 5}]}, "finite draws inside its own support"),
        ({"prior": [{"name": "n", "kind": "Poisson", "rate": 3}]}, "a continuous number"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_one_line(change, message):
    with pytest.raises(ValueError, match=message) as raised:
        make_task(ENTRY | change)
    assert "\n" not in str(raised.value)


def test_jax_is_refused_the_simulator():
    task = make_task(ENTRY)
    with pytest.raises(ValueError, match="as fresh noise needs it; got a black_box"):
        jax.vmap(task.simulate)(jax.random.split(jax.random.key(0), 2), np.ones((2, 3)))

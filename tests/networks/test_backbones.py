"""The contract of every registered backbone: shapes, odd ones too, what it reads, and how it starts."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from inversion.networks.backbones import BACKBONES
from inversion.networks.backbones.backbone import backbone_of

# A small network of each kind: a new kind needs a line here.
TOKENS = {"channels": [4, 6], "width": 8, "depth": 1, "heads": 2, "features": 4, "groups": 2}
SMALL = {
    "mlp": {"width": 16, "depth": 1, "features": 4},
    "residual_uvit": {**TOKENS, "up": 1},
    "unet": {"channels": [4, 6], "features": 4, "groups": 2, "attention": 2},
    "uvit": TOKENS,
}
SHAPES = {
    "square": ((8, 8, 1), (8, 8, 1)),
    "odd": ((7, 9, 1), (7, 9, 2)),
    "colour": ((6, 5, 3), (6, 5, 3)),
    "coarse": ((8, 8, 1), (4, 4, 1)),
    "odd_coarse": ((7, 9, 2), (4, 3, 1)),
    "fine": ((4, 4, 1), (8, 8, 1)),
    "nothing": ((5, 4, 1), (0,)),
}


@pytest.fixture(params=BACKBONES)
def kind(request):
    return request.param


def made(kind, image_shape, y_shape, **settings):
    entry = {"kind": kind, **SMALL[kind], **settings, "image_shape": image_shape}
    dim = int(np.prod(image_shape))
    return backbone_of(entry, key=jax.random.key(0), theta_dim=dim, y_shape=y_shape)


def inputs(image_shape, y_shape):
    keys = jax.random.split(jax.random.key(1))
    z = jax.random.normal(keys[0], (int(np.prod(image_shape)),))
    return z, jnp.asarray(0.3), jax.random.normal(keys[1], y_shape)


@eqx.filter_jit
def run(network, *given):
    return network(*given)


@eqx.filter_jit
def with_slopes(network, given):
    """What comes out, and how the sum of squares depends on what goes in."""
    square = lambda given: (jnp.sum((out := network(*given)) ** 2), out)  # noqa: E731
    return jax.grad(square, has_aux=True)(given)


@pytest.mark.parametrize("shapes", SHAPES)
def test_shapes_and_what_it_reads(kind, shapes, shaken):
    if kind != "unet" and shapes not in ("odd_coarse", "colour"):
        pytest.skip("what comes in and goes out is the same code")
    network, given = made(kind, *SHAPES[shapes]), inputs(*SHAPES[shapes])
    assert (with_slopes(network, given)[1] == 0).all()  # at the start
    slopes, out = with_slopes(shaken(network), given)
    assert out.shape == given[0].shape
    assert jnp.isfinite(out).all()
    for slope in slopes:
        assert jnp.isfinite(slope).all()
        assert (slope != 0).all()


def test_a_batch_is_each_by_itself(kind, shaken):
    network, (z, clock, y) = shaken(made(kind, *SHAPES["odd"])), inputs(*SHAPES["odd"])
    scales = jnp.array([1.0, -0.5, 2.0])
    batch = eqx.filter_jit(lambda network, *given: jax.vmap(network)(*given))(
        network, scales[:, None] * z, scales * clock, scales[:, None, None, None] * y
    )
    each = [run(network, s * z, s * clock, s * y) for s in scales]
    np.testing.assert_allclose(batch, jnp.stack(each), rtol=2e-4, atol=2e-4)


def test_gradient_reaches_every_parameter(kind, shaken):
    network, given = shaken(made(kind, *SHAPES["colour"])), inputs(*SHAPES["colour"])
    gradient = eqx.filter_jit(eqx.filter_grad(lambda network: jnp.sum(network(*given) ** 2)))
    leaves = jax.tree.leaves(gradient(network))
    assert all((jnp.abs(leaf) > 0).any() for leaf in leaves)


def test_forward_derivatives_are_those_of_differences(kind, shaken):
    """Continuous consistency and the density need the derivative along z and the time."""
    with jax.enable_x64(True):
        network, given = shaken(made(kind, *SHAPES["odd_coarse"])), inputs(*SHAPES["odd_coarse"])
        given = tuple(a.astype(float) for a in given)
        along = lambda h: network(given[0] * (1 + h), given[1] + h, given[2])  # noqa: E731
        _, slope = eqx.filter_jit(jax.jvp)(along, (jnp.asarray(0.0),), (jnp.asarray(1.0),))
        along = eqx.filter_jit(along)
        above, below = along(jnp.asarray(1e-5)), along(jnp.asarray(-1e-5))
        np.testing.assert_allclose(slope, (above - below) / 2e-5, rtol=1e-4, atol=1e-4)


def test_permuted_colours_come_out_permuted(kind, shaken):
    """Where the layers at both ends are permuted with them."""
    if kind == "mlp":
        pytest.skip("an image is a vector to it")
    shape, order = (5, 4, 3), jnp.array([2, 0, 1])
    network, (z, clock, y) = shaken(made(kind, shape, shape, straight=1)), inputs(shape, shape)
    both = jnp.concatenate([order, 3 + order])  # of theta, then of y

    def inward(weight):
        return weight.reshape(3, 3, 6, -1)[:, :, both].reshape(weight.shape)

    def straight(weight):
        moved = weight.reshape(*weight.shape[:-1], 6, 3)[..., both, :][..., order]
        return moved.reshape(weight.shape)

    moved = eqx.tree_at(lambda n: n.stem.weight, network, inward(network.stem.weight))
    moved = eqx.tree_at(lambda n: n.head.weight, moved, network.head.weight[..., order])
    moved = eqx.tree_at(lambda n: n.head.bias, moved, network.head.bias[order])
    for name in ("weight", "bias"):
        leaf = straight(getattr(network.straight.out, name))
        moved = eqx.tree_at(lambda n, name=name: getattr(n.straight.out, name), moved, leaf)
    permuted = run(moved, z.reshape(shape)[..., order].ravel(), clock, y[..., order])
    expected = run(network, z, clock, y).reshape(shape)[..., order].ravel()
    np.testing.assert_allclose(permuted, expected, rtol=1e-3, atol=1e-3)


def test_what_does_not_fit_is_refused(kind):
    with pytest.raises(
        ValueError, match=r"Expected a backbone with a kind among mlp, .*; got 'unet'"
    ):
        backbone_of("unet", key=jax.random.key(0), theta_dim=4, y_shape=(2,))
    if kind == "mlp":
        return
    with pytest.raises(ValueError, match=rf"whose theta is an image for the backbone '{kind}'"):
        backbone_of({"kind": kind}, key=jax.random.key(0), theta_dim=4, y_shape=(2, 2, 1))
    with pytest.raises(ValueError, match=r"Expected a y of height, width and channel .*\(5,\)"):
        made(kind, (4, 4, 1), (5,))
    with pytest.raises(ValueError, match=r"Expected channels and .* of at least 1; got \[\]"):
        made(kind, (4, 4, 1), (4, 4, 1), channels=[])
    with pytest.raises(ValueError, match=r"Expected a setting of .*; got 'chanels', did you mean"):
        made(kind, (4, 4, 1), (4, 4, 1), chanels=[4])
    with pytest.raises(ValueError, match=r"Expected an even number of features"):
        made(kind, (4, 4, 1), (4, 4, 1), features=3)


def test_an_unknown_backbone_is_refused():
    with pytest.raises(
        ValueError, match=r"Expected a kind among mlp, .*uvit; got 'unett', did you"
    ):
        backbone_of({"kind": "unett"}, key=jax.random.key(0), theta_dim=4, y_shape=(2,))

"""Records: what is written is read back, and what is not whole or not ours is refused in one line."""

import os

import numpy as np
import pytest

from inversion.records import Draws, Simulations, check_observation, padded, whole, write_atomic


@pytest.fixture
def draws():
    rng = np.random.default_rng(0)
    return Draws(rng.normal(size=(3, 2)), rng.normal(size=(3, 1)), rng.normal(size=(3, 5, 2)))


def test_round_trip(tmp_path, draws):
    draws.save(tmp_path / "d.npz")
    read = Draws.load(tmp_path / "d.npz")
    np.testing.assert_array_equal(read.theta, draws.theta)
    assert read.log_prob is None


def test_same_arrays_same_bytes(tmp_path, draws):
    draws.save(tmp_path / "a.npz")
    draws.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("keep", [0, 10, 200, -1])
def test_truncated(tmp_path, draws, keep):
    draws.save(tmp_path / "d.npz")
    whole = (tmp_path / "d.npz").read_bytes()
    (tmp_path / "d.npz").write_bytes(whole[:keep])
    with pytest.raises(ValueError, match=r"Expected .*d\.npz to be a whole npz file; got"):
        Draws.load(tmp_path / "d.npz")


def test_foreign(tmp_path):
    Simulations(np.zeros((4, 2)), np.zeros((4, 1))).save(tmp_path / "s.npz")
    with pytest.raises(
        ValueError, match=r"Expected Draws with theta_true, y, theta in .*; got theta, y"
    ):
        Draws.load(tmp_path / "s.npz")


def test_shapes_must_agree():
    with pytest.raises(
        ValueError, match=r"Expected theta of shape \(3, draw, 2\); got \(3, 5, 4\)"
    ):
        Draws(np.zeros((3, 2)), np.zeros((3, 1)), np.zeros((3, 5, 4)))
    with pytest.raises(ValueError, match="Expected as many theta as y; got 3 and 4"):
        Simulations(np.zeros((3, 2)), np.zeros((4, 1)))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")

    def write(temporary):
        temporary.write_text("half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_atomic(path, write)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_observations_at_the_door():
    with pytest.raises(ValueError, match=r"Expected observations of shape \(1,\); got \(2,\)"):
        check_observation(np.zeros((3, 2)), (1,))
    with pytest.raises(ValueError, match="Expected finite observations; got 1 of 3 that are not"):
        check_observation(np.array([[0.0], [np.inf], [1.0]]), (1,))


def test_a_series_is_padded_at_its_end():
    y = padded(np.ones((2, 3)), 4)
    np.testing.assert_array_equal(y, [[1, 1, 1], [1, 1, 1], [np.nan] * 3, [np.nan] * 3])
    assert whole(y[None]).all()
    for rows in (0, 5):
        with pytest.raises(ValueError, match=f"Expected an observation of 1 to 4 rows; got {rows}"):
            padded(np.ones((rows, 3)), 4)

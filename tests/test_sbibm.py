"""sbibm's wheel: fetched by pip from wherever pip looks, refused with another checksum, and unpacked in order."""

import bz2
import hashlib
import zipfile

import numpy as np
import pytest

from inversion.sbibm import FILES, fetch, read
from inversion.tasks import TASKS

DRAWS = 40
DIMS = {"gaussian_linear": (10, 10), "slcp": (5, 8)}  # of theta and y


def text(rows: np.ndarray) -> str:
    header = ",".join(f"c_{column}" for column in range(rows.shape[1]))
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A folder with a wheel in the layout of sbibm's: few draws of two tasks, the numbers of observation n near n."""
    folder = tmp_path_factory.mktemp("registry")
    rng, about = np.random.default_rng(0), "sbibm-1.1.0.dist-info"
    with zipfile.ZipFile(folder / "sbibm-1.1.0-py2.py3-none-any.whl", "w") as archive:
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: sbibm\nVersion: 1.1.0\n"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py2.py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
        for task, (dim, size) in DIMS.items():
            for n in range(1, 11):
                at = f"sbibm/tasks/{task}/files/num_observation_{n}"
                theta = text(n + 0.1 * rng.normal(size=(DRAWS, dim))).encode()
                archive.writestr(f"{at}/reference_posterior_samples.csv.bz2", bz2.compress(theta))
                for name, row in (
                    ("true_parameters", np.full(dim, n)),
                    ("observation", n * np.arange(size)),
                    ("observation_distractors", -n * np.arange(100)),
                ):
                    archive.writestr(f"{at}/{name}.csv", text(row[None]))
    return folder


@pytest.fixture
def offline(registry, monkeypatch):
    """pip asks the folder alone; the checksum of its wheel."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(registry))
    (wheel,) = registry.iterdir()
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_pip_brings_the_wheel_once(offline, tmp_path, monkeypatch):
    wheel = fetch("1.1.0", offline, tmp_path / "wheels")
    assert [path.name for path in (tmp_path / "wheels").iterdir()] == [wheel.name]
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    assert fetch("1.1.0", offline, tmp_path / "wheels") == wheel


def test_what_pip_cannot_find_is_one_line(offline, tmp_path):
    with pytest.raises(
        ValueError, match=r"^Expected sbibm==9\.9 from the package registry; got: No "
    ) as raised:
        fetch("9.9", offline, tmp_path)
    assert "\n" not in str(raised.value)


def test_another_wheel_is_refused_and_not_kept(offline, tmp_path):
    with pytest.raises(ValueError, match=f"to have SHA-256 {'0' * 64}; got {offline}"):
        fetch("1.1.0", "0" * 64, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_observations_come_in_their_order(registry):
    (wheel,) = registry.iterdir()
    draws = read(wheel, "slcp", 10)
    assert draws.theta.shape == (10, DRAWS, 5)
    np.testing.assert_array_equal(draws.theta_true, np.arange(1, 11)[:, None] * np.ones(5))
    np.testing.assert_array_equal(draws.y, np.arange(1, 11)[:, None] * np.arange(8))
    np.testing.assert_allclose(draws.theta.mean((1, 2)), np.arange(1, 11), atol=0.1)
    assert draws.theta.dtype == np.float32


def test_distractors_share_the_draws_of_the_task_without(registry):
    (wheel,) = registry.iterdir()
    plain, hidden = read(wheel, "slcp", 3), read(wheel, "slcp_distractors", 3)
    np.testing.assert_array_equal(hidden.theta, plain.theta)
    np.testing.assert_array_equal(hidden.y, -np.arange(1, 4)[:, None] * np.arange(100))


@pytest.mark.parametrize(("task", "number"), [("cos", 3), ("slcp", 11), ("slcp", 0)])
def test_what_the_wheel_has_not_is_refused(task, number, registry):
    (wheel,) = registry.iterdir()
    with pytest.raises(
        ValueError, match=f"Expected 1 to 10 observations .* got {number} of {task}"
    ):
        read(wheel, task, number)


def test_every_task_of_its_is_one_of_ours():
    assert set(FILES) <= set(TASKS)

"""Pictures from a folder and fields from a NetCDF file, both made here."""

import jax
import numpy as np
import pytest
import xarray
from PIL import Image

from inversion.tasks import make_task


@pytest.fixture
def folder(tmp_path):
    for i in range(20):
        level = np.full((10 + i, 14, 3), 10 * i, np.uint8)
        Image.fromarray(level).save(tmp_path / f"{i:02d}.{'png' if i % 2 else 'bmp'}")
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_of_any_size_are_divided_by_their_order(folder, channels) -> None:
    task = make_task(
        {
            "kind": "images",
            "folder": str(folder),
            "side": 6,
            "channels": channels,
            "noise_scale": 0.1,
        }
    )
    assert task.image_shape == (6, 6, channels)
    levels = {
        part: sorted({round(level) for level in (256 * task.held_out(part).examples()).ravel()})
        for part in ("train", "validation", "test")
    }
    assert levels == {
        "train": list(range(0, 160, 10)), "validation": [160, 170], "test": [180, 190]
    }  # fmt: skip
    theta = task.prior().sample(jax.random.key(0), (50,))
    assert theta.shape == (50, task.dim)
    assert (theta >= 0).all()
    assert (theta < 1).all()


@pytest.mark.parametrize(
    ("operator", "shape"),
    [
        ("denoise", (6, 6, 3)),
        ("inpaint", (6, 6, 4)),
        ("deblur", (6, 6, 3)),
        ("superresolve", (3, 3, 3)),
    ],
)
def test_pictures_are_measured_by_the_operator_that_is_named(folder, operator, shape) -> None:
    entry = {"kind": "images", "folder": str(folder), "side": 6, "operator": {"kind": operator}}
    task = make_task(entry)
    assert task.event_shape == shape
    y = task.simulate(jax.random.key(1), task.prior().sample(jax.random.key(0)))
    a, b = (
        jax.random.normal(jax.random.key(2), (task.dim,)),
        jax.random.normal(jax.random.key(3), shape),
    )
    told = task.given(y)
    assert np.vdot(told.operator(a), b) == pytest.approx(np.vdot(a, told.adjoint(b)))


def test_a_folder_that_cannot_be_read_is_told_in_one_line(folder, tmp_path) -> None:
    with pytest.raises(
        ValueError, match=r"^Expected a folder of pictures at .*nowhere; got none.$"
    ):
        drawn({"kind": "images", "folder": str(tmp_path / "nowhere")})
    (tmp_path / "few").mkdir()
    with pytest.raises(ValueError, match=r"^Expected at least 3 pictures .* got 0.$"):
        drawn({"kind": "images", "folder": str(tmp_path / "few")})
    (folder / "99.png").write_bytes(b"no picture at all")
    with pytest.raises(
        ValueError, match=r"^Expected a picture that Pillow reads in .*99.png; got: "
    ):
        drawn({"kind": "images", "folder": str(folder)})


def drawn(entry: dict):
    return make_task(entry).prior().sample(jax.random.key(0))


@pytest.fixture
def file(tmp_path):
    values = np.random.default_rng(0).normal(5, 2, (4, 20, 6))
    data = xarray.Dataset(
        {"t2m": (("lat", "time", "lon"), values), "flat": (("lat",), np.zeros(4))}
    )
    data.to_netcdf(tmp_path / "climate.nc", engine="h5netcdf")
    return str(tmp_path / "climate.nc")


def test_a_netcdf_field_is_one_image_for_each_time(file) -> None:
    task = make_task({"kind": "netcdf", "file": file, "variable": "t2m"})
    assert task.image_shape == (4, 6, 1)
    assert task.event_shape == (4, 6, 1)
    parts = [task.held_out(part).examples() for part in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [16, 2, 2]
    assert parts[0].mean() == pytest.approx(0, abs=1e-12)
    assert parts[0].std() == pytest.approx(1)
    values = xarray.open_dataset(file)["t2m"].to_numpy()
    np.testing.assert_allclose(
        parts[2][1] * values[:, :16].std() + values[:, :16].mean(), values[:, 19].ravel()
    )


def test_a_file_that_cannot_be_read_is_told_in_one_line(file, tmp_path) -> None:
    with pytest.raises(ValueError, match=r"^Expected a NetCDF file at .*; got none.$"):
        drawn({"kind": "netcdf", "file": "nowhere.nc", "variable": "t2m"})
    with pytest.raises(
        ValueError, match=r"^Expected a variable among t2m, flat in .*; got 'sst'.$"
    ):
        drawn({"kind": "netcdf", "file": file, "variable": "sst"})
    with pytest.raises(ValueError, match=r"^Expected flat with the axis 'time' and two others"):
        drawn({"kind": "netcdf", "file": file, "variable": "flat"})
    (tmp_path / "broken.nc").write_text("nothing")
    with pytest.raises(
        ValueError, match=r"^Expected a NetCDF file that xarray reads in .*broken.nc"
    ):
        drawn({"kind": "netcdf", "file": str(tmp_path / "broken.nc"), "variable": "t2m"})

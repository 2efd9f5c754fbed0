"""The library of runs: written, read, and refused where something is missing."""

import numpy as np
import pytest
import xarray as xr

import groklens as gl
from forecasts.made_up import made_up_library


def test_what_is_written_is_read(tmp_path):
    made = made_up_library()
    gl.forecasts.write_library(made, tmp_path / "runs.npz")
    read = gl.forecasts.read_library(tmp_path / "runs.npz")
    xr.testing.assert_allclose(read, made, rtol=1e-6)
    assert read["signal_knows"].attrs == made["signal_knows"].attrs
    assert read["half"].dtype == np.float64


@pytest.mark.parametrize("missing", ["half", "curve_norm", "configuration"])
def test_what_is_missing_is_named(missing, tmp_path):
    with pytest.raises(gl.errors.BadArgument, match=missing):
        gl.forecasts.write_library(made_up_library().drop_vars(missing), tmp_path / "runs.npz")


def test_what_is_no_library_is_refused(tmp_path):
    (tmp_path / "runs.npz").write_bytes(b"nothing")
    with pytest.raises(gl.errors.BadArgument, match="no library of runs"):
        gl.forecasts.read_library(tmp_path / "runs.npz")
    np.savez(tmp_path / "objects.npz", attributes=np.array([{}], dtype=object))
    with pytest.raises(gl.errors.BadArgument, match="no library of runs"):
        gl.forecasts.read_library(tmp_path / "objects.npz")

"""Names of files that are written: as long as names may be, longer, and those that none can have."""

import pytest

import groklens as gl
from groklens.errors import DamagedRun

TASK = gl.ModularArithmetic(11, "add")


@pytest.fixture(scope="module")
def why():
    return gl.explain(gl.planted(TASK, [2, 3]), TASK)


@pytest.mark.parametrize("name", ["x" * 250 + ".json", "ü" * 120 + ".json"])
def test_a_name_as_long_as_names_may_be_is_written(name, why, tmp_path):
    why.to_json(tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["x" * 300 + ".json", "a\0b.json", "loop/why.json"])
def test_a_name_that_no_file_can_have_is_said(name, why, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(DamagedRun, match="Could not write"):
        why.to_json(tmp_path / name)
    with pytest.raises(DamagedRun, match="Could not write"):
        gl.views.findings(why).save(tmp_path / name.replace(".json", ".html"))


def test_endings_in_capitals_are_endings(why, tmp_path):
    gl.views.findings(why).save(tmp_path / "x.HTML")
    gl.views.findings(why).save(tmp_path / "x.PNG")
    assert (tmp_path / "x.PNG").read_bytes().startswith(b"\x89PNG")

"""`why.json` is what its schema says; a damaged one is refused, by the place that is wrong."""

import copy
import importlib.util
import json
from pathlib import Path

import pytest

import groklens as gl
from groklens.errors import BadArgument
from groklens.explain import schema, validate

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("jsonschema") is None, reason="jsonschema is not installed"
)  # found and not imported: a second and more of whoever collects the tests
OF_0_1 = sorted((Path(__file__).parent / "why_0_1").glob("*.json"))


@pytest.fixture(scope="module")
def why():
    task = gl.ModularArithmetic(11)
    return gl.explain(gl.planted(task, [2, 3]), task).to_dict()


def test_the_schema_is_one():
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", OF_0_1, ids=lambda path: path.stem)
def test_files_that_earlier_versions_wrote_are_valid(path):
    assert validate(path) is None


def test_an_explanation_is_valid_as_a_file_and_as_values(why, tmp_path):
    assert set(schema()["properties"]) == set(why)
    path = tmp_path / "why.json"
    path.write_text(json.dumps(why))
    validate(path)
    validate(why)
    validate({**why, "added later": 1})


def _damage(why, *places, value):
    hurt = copy.deepcopy(why)
    place = hurt
    for name in places[:-1]:
        place = place[name]
    if value is None and places[-1] not in ("circuit",):
        del place[places[-1]]
    else:
        place[places[-1]] = value
    return hurt


@pytest.mark.parametrize(
    ("places", "value", "said"),
    [
        (("verdict",), "proved", r"\$\.verdict: 'proved' is not one of"),
        (("findings",), None, r"\$: 'findings' is a required property"),
        (("findings", 0, "key"), None, r"\$\.findings\[0\]: 'key' is a required property"),
        (("findings", 0, "value"), "much", r"\$\.findings\[0\]\.value"),
        (("findings", 0, "role"), "main", r"\$\.findings\[0\]\.role"),
        (("circuit", "components"), [], r"\$\.circuit"),
        (("generalised",), "yes", r"\$\.generalised"),
        (("schema",), 2, r"\$\.schema"),
        (("phases",), [{"name": "cleanup", "start": [3], "end": None}], r"\$\.phases\[0\]\.start"),
    ],
)
def test_a_damaged_one_is_refused_by_the_place(why, places, value, said):
    with pytest.raises(BadArgument, match=said):
        validate(_damage(why, *places, value=value))


def test_what_is_no_json_is_refused(tmp_path):
    path = tmp_path / "why.json"
    with pytest.raises(BadArgument, match="no JSON file"):
        validate(path)
    path.write_text('{"schema": NaN}')
    with pytest.raises(BadArgument, match="NaN is none of JSON's numbers"):
        validate(path)
    path.write_text("[]")
    with pytest.raises(BadArgument, match="is not of type 'object'"):
        validate(path)

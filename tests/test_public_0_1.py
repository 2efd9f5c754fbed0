"""What users of 0.1 type is still there, or warns for one version: names, and calls that were valid.

`public_names_0_1.json` is what `python tests/public_names.py` wrote before the second layout.
"""

import json
import warnings
from pathlib import Path

import pytest

from public_names import SOME, as_text, collect, described, found, members_of, values

BEFORE = json.loads((Path(__file__).parent / "public_names_0_1.json").read_text(encoding="utf-8"))
BY_PLACE = ("positional-only", "positional or keyword")
BY_NAME = ("keyword-only", "positional or keyword")


def lost(before, now):
    """What could be done with a name before and cannot be now, in sentences."""
    if before["kind"] == "value":
        return []
    allowed = ("function", "class") if before["kind"] == "function" else (before["kind"],)
    if now["kind"] not in allowed:
        return [f"is a {now['kind']} and was a {before['kind']}"]
    calls = lost_calls(before.get("parameters", []), now.get("parameters", []))
    return calls + lost_members(before.get("members", {}), now.get("members", {}))


def lost_members(before, now):
    sentences = [f"has no {name}" for name in before if name not in now]
    for name in set(before) & set(now):
        if before[name]["kind"] == "value" and now[name]["kind"] == "function":
            sentences.append(f"{name} has to be called")
        sentences += [f"{name} {sentence}" for sentence in lost(before[name], now[name])]
    return sentences


def lost_calls(before, now):
    """Calls that were valid by the parameters of before and are not by those of now."""
    places = [each["name"] for each in now if each["kind"] in BY_PLACE]
    by_name = {each["name"]: each for each in now}
    sentences = []
    for place, each in enumerate(before):  # those given by their place come first
        name, kind = each["name"], each["kind"]
        own = by_name.get(name)
        if own is None:
            sentences.append(f"takes no {name}")
        elif kind.startswith("variadic") and own["kind"] != kind:
            sentences.append(f"takes one {name}")
        elif kind in BY_PLACE and name not in places[place : place + 1]:
            sentences.append(f"takes {name} at another place")
        elif kind in BY_NAME and own["kind"] not in BY_NAME:
            sentences.append(f"takes {name} by its place only")
        elif "default" in each:
            sentences += lost_default(name, each["default"], own.get("default"))
    known = {each["name"] for each in before}
    asked = [each for each in now if "default" not in each and not each["kind"].startswith("variadic")]
    return sentences + [f"asks for {each['name']}" for each in asked if each["name"] not in known]


def lost_default(name, before, now):
    if now is None:
        return [f"asks for {name}"]
    return [] if SOME in (before, now) or before == now else [f"takes {name}={now} for {name}={before}"]


@pytest.mark.parametrize("name", BEFORE["names"])
def test_the_name_and_its_calls_are_still_there(name):
    assert lost(BEFORE["names"][name], described(found(name))) == []


def test_what_calls_return_has_the_attributes_that_it_had(tmp_path):
    for title, value in values(tmp_path).items():
        before, now = BEFORE["values"][title], members_of(value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            there = {name: now.get(name, {"kind": "value"}) for name in before if hasattr(value, name)}
        assert lost_members(before, there) == [], title


def test_the_list_is_written_in_full(tmp_path):
    assert json.loads(as_text(collect(tmp_path))).keys() == BEFORE.keys()
    assert {"load", "Run", "measures.test_loss", "views.curves", "theory.k_star"} <= BEFORE["names"].keys()
    assert {"steps", "at", "models", "known"} <= BEFORE["values"]["gl.load of another format"].keys()


class Before:
    """A class of before; `After` has lost what it can."""

    def __init__(self, path, *, model=None):
        self.path = path

    @property
    def steps(self):
        return []

    def at(self, step, pos=None):
        return step

    def nearest(self, step):
        return step


class After:
    def __init__(self, source, *, device):
        self.source = source

    def steps(self):
        return []

    def at(self, pos=None, step=0):
        return step


def before(run, *measures, steps=None, circuit=10, **options):
    """A function of before."""


def more(run, new=None, *measures, circuit=10, steps=None, also=3, **options):
    """More optional parameters, others in another order where no place counts: nothing is lost."""


def unclear(run, *measures, steps, circuit=11, options=None):
    """One default gone, one changed, the options no longer free."""


def test_more_is_not_less():
    assert lost(described(before), described(before)) == []
    assert lost(described(before), described(more)) == []


def test_whatever_is_lost_of_a_call_is_said():
    said = lost(described(before), described(unclear))
    assert said == ["asks for steps", "takes circuit=11 for circuit=10", "takes one options"]
    assert lost(described(before), {"kind": "value"}) == ["is a value and was a function"]
    assert lost(described(Before), described(before))[0] == "is a function and was a class"


def test_whatever_is_lost_of_a_class_is_said():
    said = lost(described(Before), described(After))
    assert sorted(said) == [
        "asks for device",
        "asks for source",
        "at takes pos at another place",
        "at takes step at another place",
        "has no nearest",
        "has no path",
        "steps has to be called",
        "takes no model",
        "takes no path",
    ]


def test_a_name_that_is_gone_is_seen_and_one_that_warns_is_there(monkeypatch):
    import groklens as gl

    def kept_for_a_while(name):
        if name != "old":
            raise AttributeError(name)
        warnings.warn("old goes in 0.3; use new.", DeprecationWarning, stacklevel=2)
        return before

    monkeypatch.setattr(gl.theory, "__getattr__", kept_for_a_while, raising=False)
    assert found("theory.old") is before
    with pytest.raises(AttributeError):
        found("theory.never")

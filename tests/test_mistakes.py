"""What a new user gets wrong in the first hour, in Python and in a shell: each is one line that says what to type."""

import re
from types import SimpleNamespace

import jaxtyping
import numpy as np
import pytest
import torch

import groklens as gl
from groklens.errors import GroklensError

MEASURES, VIEWS, INTERVENTIONS = gl.measures, gl.views, gl.interventions
T13, T5 = gl.ModularArithmetic(13, "add"), gl.ModularArithmetic(5, "add")
C113 = r"gl\.Circuit\('C113', \[7, 20\]\)"
TASK = r"gl\.ModularArithmetic\(113, 'add'\)"
RUN = r"gl\.load or gl\.train"
STEPS = r"nearest are 0, 10\. .*run\.nearest\(5\)"
#: Words of Python's own errors, which say nothing to whoever made the mistake.
PYTHON_SPEAK = (
    "NoneType",
    "has no attribute",
    "unhashable",
    "not iterable",
    "object is not",
    "unexpected keyword",
)


def model(give):
    """A model of somebody's own that gives `give(tokens)`."""

    class Own(torch.nn.Module):
        cfg = SimpleNamespace()

        def forward(self, tokens):
            return give(tokens)

        def run_with_cache(self, tokens, **options):
            return self(tokens), {}

    return Own()


def logits_of(give):
    return gl.Snapshot(model(give), T5).logits


def recipe(**parts):
    return gl.Recipe(**{"task": T5, "model": gl.MLP(d_mlp=4, d_embed=4), "steps": 2, **parts})


#: What was done, given `x` (a run, a snapshot, a planted clock and a folder), and what the line must contain.
MISTAKES = {
    # Opening
    "a path that is misspelt": (lambda x: gl.load(x.folder / "tyny"), r"Did you mean '.*/tiny'"),
    "a path that is nowhere": (
        lambda x: gl.load(x.folder / "a" / "b"),
        r"there is no 'a' in .*gl\.load\('runs/mine'\)",
    ),
    "a folder of runs": (
        lambda x: gl.load(x.folder),
        r"a folder of 2 runs \(.*\).*such as gl\.load\('.*/other'\)",
    ),
    "a checkpoint of a run": (lambda x: gl.load(x.checkpoint), r"part of the run in .*gl\.load\('.*/tiny'\)"),
    "an empty folder": (
        lambda x: gl.load(x.empty),
        r"is an empty folder; give the folder of a run.*run\.json",
    ),
    "four bytes called .pt": (lambda x: gl.load(x.file("four.pt", b"abcd")), r"4 bytes .*copy it again"),
    "an empty .pt": (lambda x: gl.load(x.file("none.pt", b"")), r"is empty \(0 bytes\); copy it again"),
    "an empty .safetensors": (lambda x: gl.load(x.file("none.safetensors", b"")), r"is empty \(0 bytes\)"),
    "text called .pth": (lambda x: gl.load(x.file("notes.pth", b"dear diary")), r"10 bytes .*copy it again"),
    "text": (
        lambda x: gl.load(x.file("notes.txt", b"dear diary")),
        r"no format known here .*Known: a folder with run\.json",
    ),
    "no path": (lambda x: gl.load(None), r"None is no path; .*'runs/mine'"),
    "an empty path": (lambda x: gl.load(""), r"'' is no path; .*'runs/mine'"),
    "a home folder without the run": (lambda x: gl.load("~/no such run"), r"no such run.* Give the folder"),
    "a misspelt format": (lambda x: gl.load(x.run.path, format="groklnes"), r"did you mean 'groklens'"),
    "a task as text": (lambda x: gl.load(x.run.path, task="add"), TASK),
    "a task that the run is not of": (
        lambda x: gl.load(x.run.path, task=T13),
        r"a\+b mod 7.*a\+b mod 13.*leave task= out",
    ),
    # Steps
    "a step that was not kept": (lambda x: x.run.at(5), STEPS),
    "a negative step": (lambda x: x.run.at(-1), r"run\.final, step 30"),
    "half a step": (lambda x: x.run.at(10.5), r"step is 10\.5; give a whole number, such as 30"),
    "a step as text": (lambda x: x.run.at("10"), r"without quotes, such as 30"),
    "no step": (lambda x: x.run.at(None), r"step is None; give a whole number"),
    "nearest to text": (lambda x: x.run.nearest("last"), r"step is 'last'; give a whole number"),
    "steps of which one was not kept": (lambda x: gl.track(x.run, "loss", steps=[0, 5]), STEPS),
    "no steps": (lambda x: gl.explain(x.run, steps=[]), r"steps is empty; .*steps=\[20, 30\]"),
    "steps as text": (lambda x: gl.capture(x.run, "hook_embed", steps="10"), r"without quotes"),
    # Something else than a run or a snapshot
    "explain nothing": (lambda x: gl.explain(None), RUN),
    "explain a model without its task": (lambda x: gl.explain(x.clock.model), TASK),
    "explain a task": (lambda x: gl.explain(T13), r"gl\.explain\(model, task\)"),
    "explain a recipe": (lambda x: gl.explain(recipe()), r"gl\.train\(recipe, into='runs/mine'\)"),
    "explain, task first": (
        lambda x: gl.explain(T13, x.clock.model),
        r"gl\.Snapshot\(model, task\)|gl\.ModularArithmetic",
    ),
    "explain with a task as text": (lambda x: gl.explain(x.clock.model, "add"), TASK),
    "explain a run with another task": (lambda x: gl.explain(x.run, T13), r"leave task= out"),
    "a model's description for a model": (lambda x: gl.explain(gl.MLP(), T5), r"\.build\(task, seed=0\)"),
    "a plain torch module": (
        lambda x: gl.explain(torch.nn.Linear(2, 2), T5),
        r"plain torch module.* gl\.hooked\(module\)",
    ),
    "a snapshot without sense": (lambda x: gl.Snapshot(T5, x.clock.model), r"gl\.Snapshot\(model, task\)"),
    "a train_index outside": (
        lambda x: gl.Snapshot(x.clock.model, T13, train_index=[999]),
        r"inputs 0 to 168",
    ),
    "a train_index of text": (
        lambda x: gl.Snapshot(x.clock.model, T13, train_index="all"),
        r"task\.split\(0\.3, seed=0\)",
    ),
    "a measure of nothing": (lambda x: MEASURES.test_loss(None), RUN),
    "an intervention on a list": (lambda x: INTERVENTIONS.keep([1], [2]), RUN),
    "a sweep of a run": (lambda x: VIEWS.sweep(x.run), r"gl\.views\.curves\(run\)"),
    "a class as text": (lambda x: VIEWS.logits(x.clock, answer="a"), r"answer is 'a'; give a whole number"),
    "a drawn neuron as text": (
        lambda x: VIEWS.neurons(x.clock, ["a"]),
        r"neuron is 'a'; give a whole number",
    ),
    "no neurons": (lambda x: VIEWS.neurons(x.clock, []), r"neurons is empty; .*neurons=\[0, 1\]"),
    "an amount as text": (
        lambda x: INTERVENTIONS.remove(x.clock, [2, 5], amount="all"),
        r"amount is 'all'; .*such as 1\.0",
    ),
    "a view of a number": (lambda x: VIEWS.curves(5), RUN),
    # Measures
    "a misspelt measure": (lambda x: gl.track(x.run, "tset_loss"), r"did you mean 'test_loss'"),
    "a misspelt measure in a list": (
        lambda x: gl.track(x.run, ["loss", "excluded_los"]),
        r"did you mean 'excluded_loss'",
    ),
    "a lambda": (lambda x: gl.track(x.run, lambda s: 1.0), r"@gl\.measure\(long_name=.*def mine\(snapshot\)"),
    "a plain function": (
        lambda x: gl.track(x.run, [logits_of]),
        r"@gl\.measure\(.*def logits_of\(snapshot\)",
    ),
    "a function that is no measure": (
        lambda x: gl.track(x.run, "key_components"),
        r"gl\.measures\.key_components\(snapshot\)",
    ),
    "labels for measures": (lambda x: gl.track(x.run, ["RENAMED"]), r"no measure 'RENAMED'; there are"),
    "a path that a layer does not have": (
        lambda x: gl.hooked(torch.nn.Linear(2, 2), names={"blocks.0": "hook_embed"}),
        r"no 'blocks\.0'; .* It has 'weight', 'bias'\.",
    ),
    "no measures": (lambda x: gl.track(x.run, []), r"groklens\.measures\.PROGRESS"),
    "None for measures": (lambda x: gl.track(x.run, None), r"gl\.measures\.PROGRESS"),
    "measures first": (lambda x: gl.track([MEASURES.loss], x.run), RUN),
    "a measure without its circuit": (
        lambda x: MEASURES.restricted_loss(x.clock),
        r"gl\.find_circuit\(snapshot\)",
    ),
    # Circuits and groups
    "a component that is not there": (
        lambda x: gl.examine(x.clock, [77]),
        r"no component 77; it has 0, 1, 2",
    ),
    "a misspelt component": (lambda x: gl.Circuit("S5", ["stnadard"]), r"did you mean 'standard'"),
    "no circuit": (lambda x: gl.examine(x.clock, None), r"gl\.Circuit\('C13', \[1, 2\]\)"),
    "no components": (lambda x: gl.Circuit("C13", []), r"at least one component"),
    "components of None": (lambda x: gl.Circuit("C13", None), r"such as \[7, 20\]"),
    "a list in a list": (lambda x: gl.Circuit("C13", [[2, 5]]), r"it has 0, 1, 2"),
    "components of a task without a group": (lambda x: gl.examine(x.lookup, [2]), C113),
    "circuit first": (lambda x: gl.examine(gl.Circuit("C13", [2]), x.clock), RUN),
    "a group by its order": (lambda x: gl.find_circuit(x.clock, group=13), r"'C13'"),
    "a group in small letters": (lambda x: gl.GroupComposition("s5"), r"did you mean 'S5'"),
    "a group as mathematicians write it": (lambda x: gl.Circuit("Z/113", [1]), r"did you mean 'C113'"),
    "a task for a group": (lambda x: gl.Circuit(T13, [2]), r"group is 'C13'"),
    "a group of one element": (lambda x: gl.GroupComposition("C1"), r"such as 'C113'"),
    "a group too large": (lambda x: gl.GroupComposition("C999999"), r"use at most 5000"),
    # Tasks
    "an operation as a sign": (lambda x: gl.ModularArithmetic(113, "+"), r"did you mean 'add'"),
    "a misspelt operation": (lambda x: gl.ModularArithmetic(113, "a2+b"), r"did you mean 'a\^2\+b'"),
    "operation first": (lambda x: gl.ModularArithmetic("add", 113), r"ModularArithmetic\(113, 'add'\)"),
    "a modulus as text": (lambda x: gl.ModularArithmetic("113"), r"without quotes, such as 113"),
    "one residue to add": (lambda x: gl.ModularArithmetic(1), r"at least 2, such as 113"),
    "one residue to multiply": (
        lambda x: gl.ModularArithmetic(2, "mul"),
        r"use a larger modulus, such as 113",
    ),
    "a composite modulus": (lambda x: gl.ModularArithmetic(112, "mul"), r"a prime such as 113"),
    "a modulus too large": (lambda x: gl.ModularArithmetic(10**9), r"use at most 5000"),
    "a random table of one": (lambda x: gl.RandomTable(1), r"at least 2, such as 113"),
    "a share in per cent": (lambda x: gl.Corrupted(T5, 10), r"in \[0, 1\], such as 0\.1"),
    "a share as text": (lambda x: gl.Corrupted(T5, "10%"), r"such as 0\.1"),
    "a table of one column": (
        lambda x: gl.TableTask([0, 1], [0, 1]),
        r"such as \[\[0, 1\], \[1, 0\]\] and \[1, 1\]",
    ),
    "a table of text": (lambda x: gl.TableTask("ab", [0, 1]), r"such as \[\[0, 1\], \[1, 0\]\]"),
    "part of a group's table": (lambda x: gl.explain(x.partial), r"gl\.TableTask\(inputs, labels\)"),
    # Recipes and training
    "steps as text in a recipe": (lambda x: recipe(steps="100"), r"without quotes, such as 10000"),
    "no steps in a recipe": (lambda x: recipe(steps=0), r"at least 1"),
    "a task as text in a recipe": (lambda x: recipe(task="a+b"), TASK),
    "a model that is built already": (lambda x: recipe(model=x.clock.model), r"such as gl\.Transformer\("),
    "the class of a model": (lambda x: recipe(model=gl.MLP), r"such as gl\.Transformer\("),
    "an optimiser by name": (lambda x: recipe(optimizer="adamw"), r"such as gl\.AdamW\(lr=1e-3\)"),
    "a schedule as a number": (lambda x: recipe(keep=100), r"such as gl\.Every\(100\)"),
    "a share of training as text": (lambda x: recipe(train_fraction="30%"), r"such as 0\.3"),
    "a seed with a fraction": (lambda x: recipe(seed=0.5), r"such as 0"),
    "Steps of a number": (lambda x: gl.Steps(100), r"Steps\(\[100, 1000\]\).*Every\(100\)"),
    "a learning rate as words": (lambda x: gl.AdamW(lr="small"), r"such as 1e-3"),
    "a width with a fraction": (lambda x: gl.MLP(d_mlp=12.5), r"d_mlp is 12\.5; give a whole number"),
    "train, folder first": (
        lambda x: gl.train("runs/mine", recipe()),
        r"gl\.train\(recipe, into='runs/mine'\)",
    ),
    "train a dictionary": (
        lambda x: gl.train(recipe().to_dict(), x.folder / "new"),
        r"gl\.Recipe\.from_dict\(values\)",
    ),
    "train into nothing": (lambda x: gl.train(recipe(), None), r"such as 'runs/mine'"),
    "a device that is not here": (
        lambda x: gl.train(recipe(), x.folder / "new", device="cuda:99"),
        r"there is 'cpu'",
    ),
    "a device that is none": (
        lambda x: gl.train(recipe(), x.folder / "new", device="evil"),
        r"there is 'cpu'",
    ),
    "record a task as text": (lambda x: gl.Recorder(x.clock.model, "add", x.folder / "new"), TASK),
    # Hooks, positions, neurons
    "a misspelt hook": (
        lambda x: x.clock.activations("blocks.0.mlp.hook_pots"),
        r"did you mean 'blocks\.0\.mlp\.hook_post'",
    ),
    "no hook": (lambda x: gl.capture(x.run, None), r"'blocks\.0\.mlp\.hook_post'"),
    "a position too far": (
        lambda x: x.clock.activations("blocks.0.mlp.hook_post", pos=9),
        r"-1 is the answer's",
    ),
    "a position as text": (lambda x: gl.capture(x.run, "hook_embed", pos="last"), r"such as -1"),
    "a neuron as text": (lambda x: INTERVENTIONS.ablate(x.clock, "3"), r"such as \[0, 3\]"),
    "a neuron that is not there": (
        lambda x: INTERVENTIONS.prune(x.clock, [10_000]),
        r"has 8, numbered from 0",
    ),
    "a place that is none": (
        lambda x: INTERVENTIONS.keep(x.clock, [2], at="neuron"),
        r"choose 'logits', 'readout'",
    ),
    "values of the wrong number": (
        lambda x: INTERVENTIONS.patch(x.clock, "hook_embed", [1, 2]),
        r"snapshot\.activations\(",
    ),
    # Pictures
    "compare a list": (lambda x: VIEWS.compare([x.run, x.run]), r'gl\.views\.compare\(\{"decay": run'),
    "compare components of two groups": (
        lambda x: VIEWS.compare({"a": x.run, "b": x.clock}, ["logit_similarity"]),
        r"'a' has C7, 'b' has C13\).*names=\['train_accuracy', 'test_accuracy'\]",
    ),
    "curves without a history": (
        lambda x: VIEWS.curves(x.lone),
        r"gl\.views\.curves\(run, \['loss', 'all_accuracy'\]\)",
    ),
    "a misspelt curve": (lambda x: VIEWS.curves(x.run, ["tset_loss"]), r"did you mean 'test_loss'"),
    "findings of what is not explained": (lambda x: VIEWS.findings(x.run), r"why = gl\.explain\(run\)"),
    "a report of what is not explained": (lambda x: VIEWS.report(None), r"why = gl\.explain\(run\)"),
    "heads of a model without any": (lambda x: VIEWS.attention(x.clock), r"no attention heads"),
    # What models give
    "a tuple": (
        lambda x: logits_of(lambda t: (torch.zeros(len(t), 5), 1)),
        r"a tuple of 2 \(a Tensor of shape \(25, 5\).*\(25, class\)",
    ),
    "a dictionary": (
        lambda x: logits_of(lambda t: {"logits": torch.zeros(len(t), 5)}),
        r"'logits' a Tensor of shape \(25, 5\).*\(25, class\)",
    ),
    "four axes": (
        lambda x: logits_of(lambda t: torch.zeros(len(t), 1, 2, 5)),
        r"shape \(25, 1, 2, 5\).*\(25, pos, class\)",
    ),
    "too few rows": (
        lambda x: logits_of(lambda t: torch.zeros(3, 5)),
        r"shape \(3, 5\) for 25 inputs.*\(25, class\)",
    ),
    "position first": (
        lambda x: logits_of(lambda t: torch.zeros(3, len(t), 5)),
        r"shape \(3, 25, 5\).*first axis",
    ),
    "too few classes": (lambda x: logits_of(lambda t: torch.zeros(len(t), 3)), r"d_vocab_out=5"),
    "whole numbers": (
        lambda x: logits_of(lambda t: torch.zeros(len(t), 5, dtype=torch.long)),
        r"type int64; floating-point",
    ),
    "an array of numpy's": (
        lambda x: logits_of(lambda t: np.zeros((len(t), 5))),
        r"a ndarray of shape \(25, 5\).*one tensor",
    ),
    "nothing": (lambda x: logits_of(lambda t: None), r"gives None.*\(25, class\)"),
    "an error of its own": (
        lambda x: logits_of(lambda t: {}["W"]),
        r"KeyError: 'W'.*model\(task\.inputs\[:1\]\)",
    ),
}

#: What can only mean one thing, and is taken.
TAKEN = {
    "a run where a snapshot is meant": (
        lambda x: MEASURES.test_loss(x.run),
        lambda x: MEASURES.test_loss(x.run.final),
    ),
    "a path where a snapshot is meant": (
        lambda x: MEASURES.loss(str(x.run.path)),
        lambda x: MEASURES.loss(x.run.final),
    ),
    "a path with ~": (lambda x: gl.load("~/tiny").steps, lambda x: [0, 10, 20, 30]),
    "run.json itself": (lambda x: gl.load(x.run.path / "run.json").steps, lambda x: [0, 10, 20, 30]),
    "a snapshot where a run is meant": (
        lambda x: gl.track(x.run.final, "loss")["step"].values.tolist(),
        lambda x: [30],
    ),
    "a path to explain": (lambda x: gl.explain(x.run.path).run, lambda x: "tiny"),
    "a run to search": (lambda x: gl.find_circuit(x.run), lambda x: None),
    "a run to intervene on": (lambda x: INTERVENTIONS.ablate(x.run, 0).step, lambda x: 30),
    "a path to capture": (
        lambda x: gl.capture(x.run.path, "hook_embed", steps=10)["step"].values.tolist(),
        lambda x: [10],
    ),
    "a snapshot to capture": (
        lambda x: dict(gl.capture(x.run.at(10), "hook_embed").sizes)["step"],
        lambda x: 1,
    ),
    "a path to draw": (lambda x: VIEWS.curves(str(x.run.path)).text, lambda x: VIEWS.curves(x.run).text),
    "one curve by name": (
        lambda x: VIEWS.curves(x.run, "loss").text,
        lambda x: VIEWS.curves(x.run, ["loss"]).text,
    ),
    "runs of two groups beside each other": (
        lambda x: VIEWS.compare({"a": x.run, "b": x.other}).text,
        lambda x: "Side by side: a, b.",
    ),
    "a name and a bare measure": (
        lambda x: gl.track(x.run, ["loss", MEASURES.loss]).equals(gl.track(x.run, MEASURES.loss)),
        lambda x: True,
    ),
    "a group of measures by name": (
        lambda x: list(gl.track(x.run, "PERFORMANCE")),
        lambda x: [m.__name__ for m in MEASURES.PERFORMANCE],
    ),
    "components where a circuit is meant": (
        lambda x: MEASURES.restricted_loss(x.clock, [2, 5]),
        lambda x: MEASURES.restricted_loss(x.clock, gl.Circuit("C13", [2, 5])),
    ),
    "components to examine": (
        lambda x: gl.examine(x.clock, [2, 5]),
        lambda x: gl.examine(x.clock, gl.Circuit("C13", [2, 5])),
    ),
    "components to draw": (
        lambda x: VIEWS.circuit(x.clock, [2, 5]).text,
        lambda x: VIEWS.circuit(x.clock, gl.Circuit("C13", [2, 5])).text,
    ),
    "one component": (lambda x: gl.Circuit("C13", 2), lambda x: gl.Circuit("C13", [2])),
    "components as text": (lambda x: gl.Circuit("C13", ["2", "5"]), lambda x: gl.Circuit("C13", [2, 5])),
    "components as an array": (
        lambda x: gl.Circuit("C13", np.array([2, 5])),
        lambda x: gl.Circuit("C13", [2, 5]),
    ),
    "components as a tensor": (
        lambda x: gl.Circuit("C13", torch.tensor([2, 5])),
        lambda x: gl.Circuit("C13", [2, 5]),
    ),
    "a step of numpy's": (lambda x: x.run.at(np.int64(10)).step, lambda x: 10),
    "a step as 1e1": (lambda x: x.run.at(1e1).step, lambda x: 10),
    "a modulus of numpy's": (lambda x: gl.ModularArithmetic(np.int64(13)), lambda x: T13),
    "steps as 1e2, and their id": (lambda x: recipe(steps=1e2).id, lambda x: recipe(steps=100).id),
    "a seed of numpy's": (lambda x: recipe(seed=np.int32(3)).id, lambda x: recipe(seed=3).id),
    "a multiplication table as a list": (
        lambda x: gl.GroupComposition([[0, 1], [1, 0]]).d_vocab,
        lambda x: 3,
    ),
    "a mask for a split": (
        lambda x: gl.Snapshot(x.clock.model, T13, train_index=torch.arange(169) < 9).train_index.tolist(),
        lambda x: list(range(9)),
    ),
    "a mask for neurons": (
        lambda x: INTERVENTIONS.ablate(x.clock, torch.arange(8) == 3).logits.tolist(),
        lambda x: INTERVENTIONS.ablate(x.clock, [3]).logits.tolist(),
    ),
}


@pytest.fixture(scope="module")
def things(tmp_path_factory, _trained_once):
    """Everything that a mistake needs; nothing in it is changed."""
    folder = tmp_path_factory.mktemp("mistakes")
    for name in ("tiny", "other"):
        (folder / name).symlink_to(_trained_once)
    (folder / "empty").mkdir()

    def file(name, content):
        (folder / "files").mkdir(exist_ok=True)
        (folder / "files" / name).write_bytes(content)
        return folder / "files" / name

    run, random = gl.load(folder / "tiny"), gl.RandomTable(5)
    part = gl.TableTask([[0, 1], [1, 0]], [1, 1], group="C2")
    return SimpleNamespace(
        folder=folder,
        run=run,
        file=file,
        empty=folder / "empty",
        checkpoint=next(iter(sorted((folder / "tiny" / "steps").iterdir()))),
        clock=gl.Snapshot(gl.planted(T13, [2, 5]), T13),
        lookup=gl.Snapshot(gl.planted(random, algorithm="lookup"), random),
        partial=gl.Snapshot(gl.planted(part, algorithm="lookup"), part),
        other=gl.Snapshot(gl.planted(T13, [2, 5]), T13, train_index=[0, 1, 2]),
        lone=gl.Snapshot(gl.planted(T13, [2, 5]), T13),
    )


@pytest.fixture
def as_outside(monkeypatch, things):
    """As for a caller outside the tests: types are not checked for us, and the folder of the runs is home."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    monkeypatch.setenv("HOME", str(things.folder))
    return things


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_that_says_what_to_type(mistake, as_outside):
    make, words = MISTAKES[mistake]
    with pytest.raises(GroklensError) as caught:
        make(as_outside)
    line = str(caught.value)
    assert "\n" not in line
    assert re.search(words, line), line
    assert not [word for word in PYTHON_SPEAK if word in line], line
    assert line.endswith((".", "?", ")")), line


@pytest.mark.parametrize("given", TAKEN)
def test_what_can_only_mean_one_thing_is_taken(given, as_outside):
    take, meant = TAKEN[given]
    assert take(as_outside) == meant(as_outside)


#: What was typed after `groklens`, and what the one line must contain; `{}` is the folder of the runs.
TYPED = {
    "a run that is nowhere": ("explain {}/nowhere", r"nowhere does not exist"),
    "a misspelt run": ("info {}/tyny", r"Did you mean '.*/tiny'"),
    "a folder of runs": ("explain {}", r"a folder of 2 runs .*such as '.*/[^/]+'\.$"),
    "an empty folder": ("track {}/empty", r"is an empty folder"),
    "an empty path": ("info ", r"^(?!.*gl\.load).*(a folder of|no format known here|no path)"),
    "a misspelt measure": ("track {}/tiny --measure tset_loss", r"did you mean 'test_loss'"),
    "a measure that is a function": ("track {}/tiny --measure key_components", r"function and no measure"),
    "a measure without what it needs": (
        "track {}/tiny --measure fitted_accuracy",
        r"gl\.Corrupted\(task, 0\.1\)",
    ),
    "a misspelt command": ("expalin {}/tiny", r"No such command.*--help"),
    "a misspelt option": ("info {}/tiny --jsn", r"No such option: --jsn[^.]*\. See .*info --help\."),
    "no run": ("explain", r"Missing argument.*--help"),
    "no file of a sweep": ("sweep {}/nope.json {}/new", r"Cannot read .*: No such file .*`recipe` .*`over`"),
    "a device that is none": (
        "train {}/recipe.json {}/new --device evil",
        r"device is 'evil'.*there is 'cpu'",
    ),
    "a device that is not here": ("train {}/recipe.json {}/new --device cuda:99", r"there is 'cpu'"),
    "a recipe that is nowhere": ("train {}/nothing.json {}/new", r"Cannot read .*nothing\.json"),
    "a report into a folder": ("explain {}/tiny --html {}", r"is a folder; give the name of a file"),
    "a report into no folder": ("explain {}/tiny --html {}/no/why.html", r"There is no folder"),
    "steps as text in a recipe": ("train {}/text.json {}/new", r"steps is 'x'; give a whole number"),
    "a task as text in a recipe": ("train {}/task.json {}/new", r"found 'add'"),
}


@pytest.fixture(scope="module")
def typed_in(things):
    import json

    values = recipe().to_dict()
    for name, part in {"recipe": {}, "text": {"steps": "x"}, "task": {"task": "add"}}.items():
        (things.folder / f"{name}.json").write_text(json.dumps({**values, **part}))
    return things.folder


@pytest.mark.parametrize("mistake", TYPED)
def test_a_mistake_in_a_shell_is_one_line_and_status_two(mistake, typed_in, as_outside, shell):
    typed, words = TYPED[mistake]
    status, out, err = shell(*[word.replace("{}", str(typed_in)) for word in typed.split(" ")])
    assert (status, out) == (2, "")
    assert err.startswith("groklens: ")
    assert err.count("\n") == 1, err
    assert re.search(words, err), err
    assert not [word for word in PYTHON_SPEAK if word in err], err


def test_the_version_is_printed(shell):
    assert shell("--version") == (0, f"groklens {gl.__version__}\n", "")


def test_every_mistake_is_made_in_earnest():
    """A line that says only that something is wrong would not pass."""
    assert not [
        name for name, (_, words) in {**MISTAKES, **TYPED}.items() if re.search(words, "This is wrong.")
    ]

"""What docstrings say first, and the words that the library does not use: checked in every file of the source."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import groklens as gl
from every_file import for_each

SOURCE = Path(gl.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
#: A first sentence can be said in one breath: so many words, a formula's symbols among them.
LONGEST = 26
#: Words that have a better one (test, correct, ablate), and "a neuron", "a step" where each is meant.
FORBIDDEN = (
    r"\bheld[- ]out\b",
    r"\bsilenc\w+",
    r"\bthe right (class|answer|label)\w*",
    r"\b(one|row|column|number|value|entry|function) an? (step|hook|input|neuron|place|line|operand|run|answer)\b",
    r"\ba (neuron|head|step|run|hook|input) each\b",
    r"\b(a|an) (line|row|column|writer|file) an? \w+",
)

every_file = for_each(FILES, lambda path: str(path.relative_to(SOURCE)))


def said(tree):
    """Every docstring with the name of what it describes."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    found = [(getattr(node, "name", "the file"), ast.get_docstring(node)) for node in nodes]
    return [(name, text) for name, text in found if text]


def first_of(text):
    """The first paragraph, up to the end of its first sentence."""
    paragraph = " ".join(text.split("\n\n")[0].split())
    return re.split(r"(?<=[a-z)`…\d])\. (?=[A-Z])", paragraph)[0]


def flaws(tree):
    """What is wrong with the first sentences of a file."""
    found = []
    for name, text in said(tree):
        sentence = first_of(text)
        if not text.split("\n\n")[0].rstrip().endswith((".", "?")):
            found.append(f"{name}: no full stop")
        if len(sentence.split()) > LONGEST:
            found.append(f"{name}: {len(sentence.split())} words")
        if re.fullmatch(r"(The )?[\w`]+\.?", sentence):
            found.append(f"{name}: says no more than a name")
    return found


def forbidden(text):
    """The words of a file that have a better one; names of 0.1 keep theirs."""
    text = text.replace("inputs_an_answer", "").replace('"held_out"', "")
    return [match[0] for words in FORBIDDEN for match in re.finditer(words, text, flags=re.I)]


@every_file
def test_first_sentences_can_be_read_aloud(path):
    assert not flaws(ast.parse(path.read_text(encoding="utf-8")))


@every_file
def test_one_word_for_one_thing(path):
    assert not forbidden(path.read_text(encoding="utf-8"))


@every_file
def test_a_first_line_is_a_sentence_of_its_own(path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert re.fullmatch(r'r?"""\S.*[.]("""(  # noqa: \w+)?)?', first), first


def modules():
    return [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages([str(SOURCE)], "groklens.")
        if not module.ispkg
    ]


def undescribed(kind):
    """Public methods and properties of a class that neither it nor a base of it describes."""
    public = {name: value for name, value in vars(kind).items() if not name.startswith("_")}
    described = (property, classmethod, staticmethod, type(lambda: None))
    return [
        name
        for name, value in public.items()
        if (isinstance(value, described) or hasattr(value, "func"))
        and not inspect.getdoc(getattr(kind, name))
    ]


def test_methods_are_described_by_their_class_or_its_base():
    kinds = {
        kind
        for module in modules()
        for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__ == module.__name__ and not kind.__name__.startswith("_")
    }
    missing = {f"{kind.__module__}.{kind.__name__}": undescribed(kind) for kind in kinds}
    assert not {name: names for name, names in missing.items() if names}


def test_flaws_are_seen():
    assert flaws(ast.parse('"""Loss"""'))
    assert flaws(ast.parse('"""The logits."""'))
    assert flaws(ast.parse(f'"""{"word " * 30}."""'))
    assert forbidden("loss on held-out inputs")
    assert forbidden("one variable, one row an input")
    assert forbidden("silencing neurons")
    assert not forbidden("ablating neurons, one row per input")

    class Mute:
        def speak(self):
            pass

    assert undescribed(Mute) == ["speak"]

"""The snippets of a document, run as they are printed, in order and in one namespace."""

import ast
import re
import shlex

from groklens import cli

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.M | re.S)
#: `expression  # → value`: what the snippet says that it gives.
GIVES = re.compile(r"  # → (.*)$")


def made_small(text, smaller):
    """The text with the numbers of the table in place of its own; only numbers may differ."""
    for printed, small in smaller.items():
        assert re.sub(r"[\d_.]+", "", printed) == re.sub(r"[\d_.]+", "", small)
        text = text.replace(printed, small)
    return text


def run_document(text, smaller=()):
    """Run every Python snippet and every `groklens …` line; the namespace at the end, and what was wrong."""
    namespace, wrong = {"__name__": "document"}, []
    for language, snippet in FENCE.findall(made_small(text, dict(smaller))):
        if language == "python":
            wrong += run_python(snippet, namespace)
        elif language == "bash":
            for line in snippet.splitlines():
                run_shell(line)
    return namespace, wrong


def run_python(snippet, namespace):
    """Run it; what it gives elsewise than it says."""
    wrong, lines = [], snippet.splitlines()
    for node in ast.parse(snippet).body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        source = "\n".join(lines[first - 1 : node.end_lineno])
        if not isinstance(node, ast.Expr):
            exec(source, namespace)
            continue
        value, said = eval(source, namespace), GIVES.search(source)
        if said and repr(value) != said[1]:
            wrong.append(f"{source}\ngives {value!r}")
    return wrong


def run_shell(line):
    """Run it where it is a `groklens` command; other programs are not ours."""
    words = shlex.split(line, comments=True)
    if words[:1] == ["groklens"]:
        cli.app(words[1:], standalone_mode=False)

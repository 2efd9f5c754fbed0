"""The direction of dependencies, and what keeps the code readable, checked in the syntax tree."""

import ast
import functools
import itertools
import re
from pathlib import Path

import pytest

from every_file import for_each

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "groklens"
#: A package imports only from those before it.
ORDER = (
    "errors", "users_code", "value_checks", "integers", "progress", "threads", "public", "memory", "gguf_file", "parts",
    "claims", "groups", "harmonics", "theory", "tasks", "models", "recipes", "snapshots", "runs", "capture", "training",
    "hypotheses", "measures", "interventions", "evidence", "sweeps", "forecasts", "explain", "views", "report",
    "integrations", "examples", "explorer", "cli_io", "cli", "__main__",
)  # fmt: skip
#: The one exception: an Explanation's page and notebook representation are pictures, drawn when asked for.
EXCEPTIONS = {("explain/explanation.py", "views"), ("explain/explanation.py", "report")}
#: Packages, those inside others too: names are imported from a package, and never from a file inside it.
PACKAGES = {
    ".".join(["groklens", *path.parent.relative_to(SOURCE).parts]) for path in SOURCE.rglob("__init__.py")
}
LARGEST_FILE = 400
#: What scripts and studies may name besides the attributes of `gl`.
PUBLIC_MODULES = {
    "groklens",
    "groklens.explorer",
    "groklens.forecasts",
    "groklens.measures",
    "groklens.views",
    "groklens.harmonics",
    "groklens.hypotheses",
    "groklens.recipes",
    "groklens.integrations.hugging_face",
    "groklens.integrations.lightning",
    "groklens.integrations.submitit",
    "groklens.interventions",
    "groklens.theory",
    "groklens.training",
}

FILES = sorted(SOURCE.rglob("*.py"))
USERS = sorted(
    itertools.chain(*((ROOT / folder).rglob("*.py") for folder in ("examples", "analyses", "benchmarks")))
)


def name_of(path):
    return str(path.relative_to(SOURCE if path.is_relative_to(SOURCE) else ROOT))


every_file = for_each(FILES, name_of)
every_user = for_each(USERS, name_of)


class Imports(ast.NodeVisitor):
    """Every module that a file imports, and whether a function does it; TYPE_CHECKING blocks do not count."""

    def __init__(self, tree):
        self.found = []  # (module, inside a function)
        self._depth = 0
        self.visit(tree)

    def visit_If(self, node):
        for inside in node.orelse if "TYPE_CHECKING" in ast.dump(node.test) else ast.iter_child_nodes(node):
            self.visit(inside)

    def visit_FunctionDef(self, node):
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    def visit_Import(self, node):
        self.found += [(alias.name, self._depth > 0) for alias in node.names]

    def visit_ImportFrom(self, node):
        assert node.level == 0, "imports are absolute"
        module = node.module or ""
        whole = module == "groklens"  # `from groklens import views` names a package
        names = [f"groklens.{alias.name}" for alias in node.names] if whole else [module]
        self.found += [(name, self._depth > 0) for name in names]


@functools.cache
def tree_of(path):
    """The syntax tree of a file, shared: it is only looked at."""
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def nodes_of(path):
    """Every node of that tree."""
    return tuple(ast.walk(tree_of(path)))


def package_of(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@functools.cache
def imported(path):
    return Imports(tree_of(path)).found


def test_every_package_has_its_place():
    packages = {package_of(path) for path in FILES} - {"__init__"}
    assert packages <= set(ORDER), f"give {packages - set(ORDER)} a place in ORDER"


@every_file
def test_dependencies_point_one_way(path):
    here = package_of(path)
    if here == "__init__":
        return
    above = set(ORDER[: ORDER.index(here) + 1])
    for module, inside in imported(path):
        assert module != "groklens" or here == "cli", "only the command line stands outside the library"
        if not module.startswith("groklens."):
            continue
        package = module.split(".")[1]
        if package in above or package == "__version__":
            continue
        assert (name_of(path), package) in EXCEPTIONS, f"{here} imports {module}, which comes after it"
        assert inside, f"{name_of(path)} imports {module} when it is imported"


def inside_of_others(path):
    """The imports that reach past the face of another package, those for type checkers too."""
    nodes = [node for node in nodes_of(path) if isinstance(node, (ast.ImportFrom, ast.Import))]
    modules = [
        node.module or "" if isinstance(node, ast.ImportFrom) else alias.name
        for node in nodes
        for alias in node.names
    ]
    of_others = [
        name for name in modules if name.startswith("groklens.") and name.split(".")[1] != package_of(path)
    ]
    return {name for name in of_others if name.count(".") > 1 and name not in PACKAGES}


@every_file
def test_names_of_other_packages_come_from_their_faces(path):
    if package_of(path) != "__init__":  # the top is the face of faces
        assert not inside_of_others(path), f"import them from the package: {inside_of_others(path)}"


def files_imported(path):
    """The files of the library that this one imports, wherever it does; through a face, those that define the names."""
    found = set()
    for node in outside_type_checking(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("groklens"):
            for alias in node.names:
                found |= {file_of(node.module, alias.name)}
    return found - {None, path}


def outside_type_checking(node):
    """Every node below this one, but for what only type checkers read."""
    only_theirs = node.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test) else ()
    for below in ast.iter_child_nodes(node):
        if below not in only_theirs:
            yield below
            yield from outside_type_checking(below)


@functools.cache
def file_of(module, name):
    """The file in which what `from module import name` gives is written."""
    place = SOURCE.joinpath(*module.split(".")[1:])
    if place == SOURCE:  # a whole package
        return None
    for path in (place / f"{name}.py", place.with_suffix(".py")):
        if path.is_file():
            return path
    for node in nodes_of(place / "__init__.py") if (place / "__init__.py").is_file() else ():
        if isinstance(node, ast.ImportFrom) and name in {alias.asname or alias.name for alias in node.names}:
            return file_of(node.module, name)
    return None


def circle_among(follows):
    """Names that follow each other in a circle, or none."""
    done, way = set(), []

    def visit(name):
        if name in way:
            return way[way.index(name) :]
        if name in done:
            return []
        way.append(name)
        for other in sorted(follows.get(name, ())):
            if found := visit(other):
                return found
        done.add(way.pop())
        return []

    return next((found for name in sorted(follows) if (found := visit(name))), [])


def test_no_files_import_each_other_in_a_circle():
    allowed = {name for name, _ in EXCEPTIONS}
    files = [path for path in FILES if path.name != "__init__.py" and name_of(path) not in allowed]
    follows = {name_of(path): {name_of(other) for other in files_imported(path)} for path in files}
    assert not circle_among(follows)


def test_a_circle_is_seen():
    assert circle_among({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert not circle_among({"a": {"b", "c"}, "b": {"c"}})


def test_the_exceptions_are_in_use():
    used = {
        (name_of(path), module.split(".")[1])
        for path in FILES
        for module, _ in imported(path)
        if module.startswith("groklens.") and package_of(path) != "__init__"
    }
    assert used >= EXCEPTIONS


def test_the_top_imports_nothing_when_it_is_imported():
    outside = {module.split(".")[0] for module, inside in imported(SOURCE / "__init__.py") if not inside}
    assert outside <= {"__future__", "collections", "importlib", "sys", "types", "typing", "warnings"}


@every_file
def test_one_file_imports_transformer_lens(path):
    if name_of(path) != "models/lens.py":
        assert not [module for module, _ in imported(path) if module.split(".")[0] == "transformer_lens"]


@every_file
def test_views_need_no_torch_to_be_imported(path):
    if package_of(path) == "views":
        modules = {module.split(".")[0] for module, inside in imported(path) if not inside}
        assert not modules & {"torch", "transformer_lens"}


#: What a view may not call: it selects and formats.
STATISTICS = {
    "mean", "median", "average", "std", "var", "quantile", "percentile", "corrcoef", "cov", "fft", "rfft",
    "svd", "eigh", "norm", "softmax", "log_softmax", "cross_entropy", "einsum",
    "histogram", "lstsq", "polyfit", "cumsum", "matmul",
}  # fmt: skip


def statistics_in(tree):
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {func.attr for func in calls if isinstance(func, ast.Attribute)}
    names |= {func.id for func in calls if isinstance(func, ast.Name)}
    return names & STATISTICS | {"@" for node in ast.walk(tree) if isinstance(node, ast.MatMult)}


@every_file
def test_views_compute_no_statistics(path):
    if package_of(path) == "views":
        assert not statistics_in(tree_of(path))


def test_statistics_are_seen():
    assert statistics_in(ast.parse("x.mean() + softmax(y) + a @ b")) == {"mean", "softmax", "@"}
    assert not statistics_in(ast.parse("x.max() + y.clip(0, 1)"))


#: Packages that leave it to `models.Anatomy` to ask what kind of model they look at.
LEAVE_IT_TO_ANATOMY = {
    "snapshots", "capture", "hypotheses", "measures", "interventions", "evidence", "sweeps", "forecasts", "explain",
    "views", "report",
}  # fmt: skip
#: What a hook is called, as a whole: a sentence that names one is none.
HOOK = re.compile(r"blocks\..*|([\w.]+\.)?hook_\w+")
#: What only one kind of model has.
OF_A_KIND = {
    "hooks",
    "hook_dict",
    "cfg",
    "original_model",
    "parameters",
    "W_E",
    "W_in",
    "W_Q",
    "W_out",
    "W_U",
}


def constant(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def questions_of_kind(tree):
    """Where a file asks what kind of model it has: hooks by name, weights looked for, parts of one class."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if HOOK.fullmatch(constant(node)) and id(node) not in told:
            yield constant(node)
        if isinstance(node, ast.Attribute) and node.attr in {"hook_dict", "cfg", "original_model"}:
            yield f".{node.attr}"
        if isinstance(node, ast.Compare) and re.fullmatch(r"[Wb]_\w+", constant(node.left)):
            yield f"{constant(node.left)} in …"
        if isinstance(node, ast.Compare) and "type(" in ast.unparse(node) and "__name__" in ast.unparse(node):
            yield "the name of a class"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("hasattr", "getattr"):
            yield from (f"…, {name!r}" for name in OF_A_KIND if name == constant(node.args[1]))


@every_file
def test_what_kind_of_model_it_is_only_its_anatomy_asks(path):
    if package_of(path) in LEAVE_IT_TO_ANATOMY:
        assert not list(questions_of_kind(tree_of(path))), "ask snapshot.anatomy"


def test_questions_of_kind_are_seen():
    asked = (
        'x = f"blocks.{layer}.attn.hook_z"; "hook_embed" in model.hook_dict; "W_Q" in weights; '
        'hasattr(model, "hooks"); type(model).__name__ == "HookedMLP"; getattr(model.cfg, "combine", "")'
    )
    assert len(list(questions_of_kind(ast.parse(asked)))) == 8
    assert not list(questions_of_kind(ast.parse('f"{x} has no hook_embed to read"; snapshot.weights["W_E"]')))


@every_file
def test_the_library_knows_nothing_of_what_uses_it(path):
    modules = {module.split(".")[0] for module, _ in imported(path)}
    assert not modules & {"analyses", "examples", "benchmarks", "tests", "conftest"}


@every_file
def test_nothing_is_printed(path):
    calls = [node for node in nodes_of(path) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


@for_each(FILES + USERS, name_of)
def test_no_import_takes_everything(path):
    imports = [node for node in nodes_of(path) if isinstance(node, ast.ImportFrom)]
    assert not [node for node in imports if node.names[0].name == "*"]


@every_file
def test_a_file_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < LARGEST_FILE


@every_file
def test_a_module_says_what_it_is(path):
    assert ast.get_docstring(tree_of(path)), f"{name_of(path)} has no docstring"


@every_user
def test_examples_and_studies_use_the_public_interface_only(path):
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names if alias.name.split(".")[0] == "groklens"]
            assert set(modules) <= PUBLIC_MODULES
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "groklens":
            assert node.module in PUBLIC_MODULES - {"groklens"}, f"{node.module} is not public"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "gl":
            assert not node.attr.startswith("_")


def test_offenders_are_listed():
    """What is asked of every file names those that fail, and is not passed for want of files."""

    def seven(number):
        assert number == 7, "is not seven"

    for_each([7, 7], str)(seven)()
    for paths, said in (([7, 8, 9], "8: is not seven.*9: is not seven"), ([], "")):
        with pytest.raises(AssertionError, match=f"(?s){said}"):
            for_each(paths, str)(seven)()


def test_the_checks_can_fail(tmp_path):
    """A file that breaks the rules is seen to."""
    path = tmp_path / "bad.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import groklens.views\n"
        "import transformer_lens.hook_points\nfrom groklens import cli\n"
        "def f():\n    from groklens.views import report\n"
    )
    assert imported(path) == [
        ("typing", False),
        ("transformer_lens.hook_points", False),
        ("groklens.cli", False),
        ("groklens.views", True),
    ]

"""Rules of the code: imports, sizes of modules, functions and folders, and unique class names.

The contracts in `pyproject.toml` say which room of a package may import which; `scripts/test`
checks them with import-linter. It misses imports by name; the tests here find them.
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
MAY_IMPORT = {
    "search": {"search", "migrations"},
    "indexer": {"indexer", "search"},
    "web": {"web", "search"},
    "migrations": {"migrations", "search"},
}
MODULE_LINES = 300
FUNCTION_LINES = 45
FOLDER_MODULES = 16
CROWDED = {"indexer/sample/kinds"}
"""Folders with many modules of one shape: one for each kind of thing in the sample shop."""
MODULES = sorted(
    path.relative_to(REPOSITORY)
    for package in MAY_IMPORT
    for path in (REPOSITORY / package).rglob("*.py")
)
LIMITED = [path for path in MODULES if path.parts[0] != "migrations"]
ALL = sorted(
    path.relative_to(REPOSITORY)
    for folder in (*MAY_IMPORT, "scripts", "tests")
    for path in (REPOSITORY / folder).rglob("*.py")
    if path.parent.name != "versions"
)
ROOMS = [path.parent for path in LIMITED if path.name == "__init__.py"]


def imported_packages(source: str) -> Iterator[str]:
    """Return the top packages that a module imports, anywhere in its source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield (node.module or "").split(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield ast.unparse(node.args[0]).strip("'\"").split(".")[0]


def long_functions(source: str) -> Iterator[tuple[str, int]]:
    """Return the functions longer than the limit; the docstring does not count."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            first = node.body[0]
            told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            docstring = (first.end_lineno or 0) - first.lineno + 1 if told else 0
            length = node.end_lineno - node.lineno + 1 - docstring
            if length > FUNCTION_LINES:
                yield node.name, length


def class_names(source: str) -> Iterator[str]:
    """Return the classes that a module defines, anywhere in its source."""
    return (node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef))


def test_all_packages_were_found() -> None:
    """An empty list would pass all tests below."""
    assert {path.parts[0] for path in MODULES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_keep_the_rule(path: Path) -> None:
    """`web` -> `search` <- `indexer`; `search` imports neither; `web` and `indexer` never meet."""
    imported = set(imported_packages((REPOSITORY / path).read_text(encoding="utf-8")))
    assert imported & set(MAY_IMPORT) <= MAY_IMPORT[path.parts[0]]
    assert "tests" not in imported


@pytest.mark.parametrize("path", LIMITED, ids=str)
def test_modules_and_functions_stay_short(path: Path) -> None:
    """A longer one does more than one thing."""
    source = (REPOSITORY / path).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MODULE_LINES
    assert list(long_functions(source)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import web.api", {"web"}),
        ("def f():\n    from indexer.workers.celery_tasks import x", {"indexer"}),
        ("if TYPE_CHECKING:\n    import web", {"web"}),
        ("importlib.import_module('web.shop.shop_pages')", {"web"}),
        ("x = 'import web'", set()),
    ],
)
def test_every_way_to_import_is_seen(source: str, found: set[str]) -> None:
    """Hidden imports are found too."""
    assert set(imported_packages(source)) == found


def test_long_functions_are_seen() -> None:
    """A docstring may be as long as it needs to be."""
    body = "\n".join("    x = 1" for _ in range(FUNCTION_LINES))
    assert [name for name, _ in long_functions(f"def long():\n{body}")] == ["long"]
    documented = "\n".join(["def short():", '    """', *["    word"] * 60, '    """', "    pass"])
    assert list(long_functions(documented)) == []


def test_a_class_name_occurs_once() -> None:
    """This holds for search, indexer, web, scripts and tests together."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in ALL:
        for name in class_names((REPOSITORY / path).read_text(encoding="utf-8")):
            places[name].append(str(path))
    assert len(places) > 300
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_folders_stay_small() -> None:
    """A reader sees at a glance what a folder holds."""
    sizes = Counter(path.parent.as_posix() for path in ALL if path.name != "__init__.py")
    large = {name: n for name, n in sizes.items() if n > FOLDER_MODULES and name not in CROWDED}
    assert large == {}


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_rooms_say_what_lives_there(room: Path) -> None:
    """A room's docstring says what it holds, who may call it, and what it must not know."""
    source = (REPOSITORY / room / "__init__.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    assert len(docstring.split()) >= 12, docstring

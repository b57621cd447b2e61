"""Who may import whom, and how long a module and a function may be."""

import ast
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
MODULES = sorted(
    path.relative_to(REPOSITORY)
    for package in MAY_IMPORT
    for path in (REPOSITORY / package).rglob("*.py")
)
LIMITED = [path for path in MODULES if path.parts[0] != "migrations"]


def imported_packages(source: str) -> Iterator[str]:
    """Return the top packages that a module imports, wherever in it."""
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


def test_all_packages_were_found() -> None:
    """An empty list would pass everything below."""
    assert {path.parts[0] for path in MODULES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_keep_the_rule(path: Path) -> None:
    """`web` -> `search` <- `indexer`; `search` imports neither; `web` and `indexer` never meet."""
    imported = set(imported_packages((REPOSITORY / path).read_text(encoding="utf-8")))
    assert imported & set(MAY_IMPORT) <= MAY_IMPORT[path.parts[0]]
    assert "tests" not in imported


@pytest.mark.parametrize("path", LIMITED, ids=str)
def test_modules_and_functions_stay_short(path: Path) -> None:
    """What grows longer is more than one thing."""
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
    """Hidden ones too."""
    assert set(imported_packages(source)) == found


def test_long_functions_are_seen() -> None:
    """A docstring may be as long as it needs to be."""
    body = "\n".join("    x = 1" for _ in range(FUNCTION_LINES))
    assert [name for name, _ in long_functions(f"def long():\n{body}")] == ["long"]
    documented = "\n".join(["def short():", '    """', *["    word"] * 60, '    """', "    pass"])
    assert list(long_functions(documented)) == []

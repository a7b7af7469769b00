"""The house stays in order: short files, short functions, no grab-bags, nothing that points outside the project."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "src" / "evenstock").rglob("*.py"))
KEPT = [
    p
    for folder in ("src", "docs", "examples")
    for p in (ROOT / folder).rglob("*")
    if p.suffix in {".py", ".md", ".toml", ".html", ".csv"}
]
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml")]


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_a_file_is_one_idea_that_can_be_read_from_top_to_bottom(path: Path) -> None:
    text = path.read_text("utf-8")

    assert text.count("\n") < 650
    if text.strip() and "migrations/versions" not in str(path):
        assert ast.get_docstring(ast.parse(text)), "a file is opened by one sentence"


# A migration lists every column once, as it was on that day.
WRITTEN = [path for path in SOURCES if "versions" not in path.parts]


@pytest.mark.parametrize("path", WRITTEN, ids=label)
def test_a_function_is_shorter_than_eighty_lines(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 80, f"{node.name} at line {node.lineno}"


def test_no_folder_or_file_is_a_grab_bag() -> None:
    assert not [p for p in SOURCES if p.stem in {"utils", "util", "helpers", "common", "misc"}]


def imported(path: Path) -> set[str]:
    """Packages that a file asks for, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_one_place_knows_the_solver() -> None:
    knowing = {path.relative_to(ROOT / "src" / "evenstock").parts[0] for path in SOURCES if "highspy" in imported(path)}

    assert knowing == {"optimisation"}, "build on `evenstock.optimisation.Program` or `Session` instead"


@pytest.mark.parametrize("path", KEPT + PAGES, ids=label)
def test_the_project_stands_alone(path: Path) -> None:
    text = path.read_text("utf-8")

    assert "../shared" not in text, "only tests and benchmarks read the shared real data"
    assert not re.search(r"/(?:work|root)/", text), "a path of one machine"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_has_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    pins = re.findall(r"^[A-Za-z0-9._-]+==", text, re.MULTILINE)

    assert len(pins) > 30
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "index-url" not in text

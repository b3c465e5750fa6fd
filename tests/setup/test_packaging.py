"""What Dunwell needs is what it says it needs, and a wheel has everything a newcomer gets."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))
# Needed though no module of ours imports them: the time zones of a machine that has none, a driver.
NOT_IMPORTED = {"tzdata", "python-multipart"}  # zones; what Starlette reads forms with
OPTIONAL = {"procrastinate", "psycopg", "scipy"}
# The package that gives a module, where its name does not tell and it may not be installed.
GIVEN_BY = {"durable_rules_engine": "durable-rules"}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[\[<>=!~; ]", one)[0]) for one in requirements}


def imported(folder: Path) -> set[str]:
    """Distributions that give a module imported anywhere in the folder."""
    modules = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    given = packages_distributions()
    outside = modules - set(sys.stdlib_module_names) - {"engine", "tests", "benchmarks"}
    return {canonical(GIVEN_BY.get(module) or given.get(module, [module])[0]) for module in outside}


def test_every_dependency_is_used_and_every_import_is_declared() -> None:
    wanted = declared(PROJECT["project"]["dependencies"])
    used = imported(TOP / "engine")
    assert used - OPTIONAL <= wanted, f"not declared: {sorted(used - wanted)}"
    assert wanted - NOT_IMPORTED <= used, f"not used: {sorted(wanted - used)}"


def test_what_only_tests_need_is_in_the_development_group() -> None:
    known = declared(PROJECT["project"]["dependencies"]) | declared(PROJECT["dependency-groups"]["dev"])
    assert imported(TOP / "tests") <= known


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    if "No module named hatchling" in done.stderr:
        pytest.skip("hatchling is not installed here; make setup installs it")
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_has_the_start_set_the_manual_and_the_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for part in ("policies", "templates"):
        for file in (TOP / part).rglob("*"):
            if file.is_file():
                assert f"engine/_start_set/{file.relative_to(TOP).as_posix()}" in names
    for page in (TOP / "engine" / "help").glob("*.md"):
        assert f"engine/help/{page.name}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith("tests/") for name in names)


_LAY_OUT = "import sys, datetime, pathlib, engine.start as start; "
_LAY_OUT += "start.lay_out(pathlib.Path(sys.argv[1]), datetime.date(2026, 11, 23))"


def test_an_installed_wheel_lays_out_a_workspace(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-c", _LAY_OUT, str(tmp_path / "shop")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "shop" / "policies" / "house.yaml").is_file()

"""The contracts in .importlinter cover all that stands, and the locks all that pyproject.toml asks for."""

from __future__ import annotations

import ast
import configparser
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def contracts() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter", encoding="utf-8")
    return parser


def parts_that_stand() -> set[str]:
    """The modules and packages directly below trato."""
    below = (ROOT / "src" / "trato").iterdir()
    return {p.stem for p in below if (p / "__init__.py").exists() or p.suffix == ".py"} - {"__init__"}


def test_the_whole_method_is_kept_from_frameworks() -> None:
    tiers = contracts()["importlinter:contract:layers"]["layers"].strip().splitlines()
    batch = next(i for i, tier in enumerate(tiers) if "batch" in tier)
    method = {part.strip(" ()") for tier in tiers[batch + 1 :] for part in tier.split("|")}
    covered = set(contracts()["importlinter:contract:method"]["source_modules"].split())
    assert covered == {f"trato.{part}" for part in method & parts_that_stand()}


def test_a_part_that_stands_is_no_longer_optional() -> None:
    tiers = contracts()["importlinter:contract:layers"]["layers"]
    assert not set(re.findall(r"\((\w+)\)", tiers)) & parts_that_stand()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_no_host_and_pins_by_hash(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    assert "find-links" not in text
    for pinned in re.split(r"\n(?=\S)", text.strip()):
        assert "==" in pinned
        assert "--hash=sha256:" in pinned


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_holds_what_the_project_asks_for(lock: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = list(project["dependencies"])
    for extra in {"demo": ["demo"], "test": ["demo", "docs", "test"]}[lock.stem]:
        asked += project["optional-dependencies"][extra]
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
    for requirement in map(Requirement, asked):
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} is pinned at {version}: make locks"


def test_what_is_imported_is_asked_for_by_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["demo"]
    asked = {canonicalize_name(Requirement(line).name) for line in lines}
    imported: set[str] = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    shipped_by = packages_distributions()
    theirs = imported - sys.stdlib_module_names - {"trato"}
    unasked = {name for name in theirs if not {canonicalize_name(d) for d in shipped_by[name]} & asked}
    assert not unasked

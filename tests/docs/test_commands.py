"""Every command and option is documented, with an example that is a command of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from docs import tables

COMMANDS = tables.commands()


@pytest.mark.parametrize("page", tables.pages(), ids=lambda page: page.relative_to(tables.ROOT).as_posix())
def test_the_tables_of_a_page_are_those_of_the_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert tables.with_tables(text, tables.pages()[page]) == text, "behind the code: python docs/tables.py"


def test_a_page_that_documents_no_command_is_gone() -> None:
    kept = {tables.page_of(name) for name in COMMANDS} | {tables.DOCS / "commands" / "index.md"}
    assert set((tables.DOCS / "commands").glob("*.md")) == kept


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_help_says_what_each_option_means(name: str, command: Any) -> None:
    mute = [parameter.name for parameter in command.params if not parameter.help]
    assert not mute


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_help_and_page_show_an_example(name: str, command: Any) -> None:
    shown = f"{command.help}\n{command.epilog or ''}"
    assert f"trato {name}" in shown
    assert f"trato {name}" in tables.page_of(name).read_text(encoding="utf-8").split("```sh", 1)[1]


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_every_command_speaks_json(name: str, command: Any) -> None:
    assert "--json" in {flag for parameter in command.params for flag in parameter.opts}

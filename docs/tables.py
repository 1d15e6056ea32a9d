"""Writes the tables of the documentation from the code, between markers, so that none drifts from it.

`python docs/tables.py` rewrites them, and so does `make docs`; a test fails when a page is behind the code.
"""

from __future__ import annotations

import re
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.main

from trato import errors
from trato.cli.main import app
from trato.company.sections import SCHEMAS, SECTIONS, write_schemas
from trato.shapes import Choice, Either, Key, Keys, Listing, Named, Number, Text, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

PLACEHOLDERS = {Path: "FILE", float: "NUMBER", int: "NUMBER", datetime: "DATE"}


def commands() -> dict[str, Any]:
    """Every command by its full name without `trato`, groups' own commands as `group command`."""

    def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
        below = getattr(command, "commands", {})
        if not below:
            yield name, command
        for word, inner in sorted(below.items()):
            if not inner.hidden:
                yield from walk(inner, f"{name} {word}".strip())

    return dict(walk(typer.main.get_command(app), ""))


def page_of(command: str) -> Path:
    """The page that documents a command: one a command or group of commands."""
    return DOCS / "commands" / f"{command.split(maxsplit=1)[0]}.md"


def error_classes() -> list[type[errors.TratoError]]:
    """The whole tree, a class before its children."""

    def walk(kind: type[errors.TratoError]) -> Iterator[type[errors.TratoError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from walk(child)

    return list(walk(errors.TratoError))


def first_sentence(text: str) -> str:
    """The first sentence of a help text or docstring, on one line."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) ", paragraph)[0]


def options_table(command: Any) -> str:
    """Arguments, then options, each with its meaning and its default as `--help` tells them."""
    rows = ["| | meaning | default |", "| --- | --- | --- |"]
    ordered = sorted(command.params, key=lambda p: p.param_type_name != "argument")
    for parameter in ordered:
        if parameter.name == "help" or getattr(parameter, "hidden", False):
            continue
        metavar = parameter.metavar or PLACEHOLDERS.get(parameter.type_descriptor.annotation, "TEXT")
        if parameter.param_type_name == "argument":
            called = f"`{parameter.metavar or parameter.name.upper()}`"
        else:
            flags = " / ".join([*parameter.opts, *parameter.secondary_opts])
            called = f"`{flags}`" if parameter.is_flag else f"`{flags} {metavar}`"
        called = called.replace("|", "\\|")
        default = parameter.default
        if parameter.required:
            told = "required"
        elif default is None or default in (False, "", (), []) or callable(default):
            told = ""
        else:
            told = f"`{default}`"
        meaning = " ".join((parameter.help or "").split()).replace("|", "\\|")
        rows.append(f"| {called} | {meaning} | {told} |")
    return "\n".join(rows)


def commands_table(prefix: str) -> str:
    """Every command with its purpose, linked to its page under `prefix`."""
    rows = ["| command | what it does |", "| --- | --- |"]
    for name, command in commands().items():
        link = f"{prefix}{page_of(name).name}"
        rows.append(f"| [`trato {name}`]({link}) | {first_sentence(command.help or '')} |")
    return "\n".join(rows)


def errors_table() -> str:
    """Every error code with its exit code and meaning."""
    rows = ["| code | exit code | meaning |", "| --- | --- | --- |"]
    rows += [
        f"| [`{kind.code}`](#{anchor(kind.code)}) | {kind.exit_code} | {first_sentence(kind.__doc__ or '')} |"
        for kind in error_classes()
    ]
    return "\n".join(rows)


def keys_table(file: str) -> str:
    """Every key of a file of the company folder: its path, what it holds, and what it means."""
    rows = ["| key | what stands there | meaning |", "| --- | --- | --- |"]
    for path, key in keys_of(SECTIONS[file].shape):
        if path.rpartition(".")[2] in {"en", "es", "pt"}:
            continue  # in each text by language; the page says so once
        if within_a_place(path) and ".customer.*." not in path:
            continue  # in each place; told once, where the first stands
        needed = "**required**. " if key.required else ""
        rows.append(f"| `{path}` | {held_by(key)} | {needed}{key.meaning} |".replace("\n", " "))
    return "\n".join(rows)


def within_a_place(path: str) -> bool:
    """Whether a key says where a value stands; the `values` of a source are no such key."""
    of_a_source = path in {"tables.*.values", "events.*.values"}
    return path.rpartition(".")[2] in {"from", "always", "values"} and not of_a_source


def held_by(key: Key) -> str:
    """What stands under a key, in a few words."""
    match key.shape:
        case Keys(title="in_languages"):
            return "a text by language"
        case Either(section=Keys(title="found")):
            return "a place"
        case Choice():
            return ", ".join(f"`{word}`" for word in key.shape.of)
        case Number():
            bounds = [
                f"at {word} {bound:g}"
                for word, bound in (("least", key.shape.least), ("most", key.shape.most))
                if bound is not None
            ]
            return " ".join(
                [
                    "a whole number" if key.shape.whole else "a number",
                    *([", ".join(bounds)] if bounds else []),
                ]
            )
        case Text():
            return key.shape.meant or "a text"
        case Listing():
            of = key.shape.of
            return f"a list of {', '.join(of.of)}" if isinstance(of, Choice) else "a list"
        case Named():
            return "keys of your own"
        case Keys():
            return "a section"
        case Either():
            return "a text, or a section"
        case _:
            return "`true` or `false`"


def anchor(code: str) -> str:
    """The link target of a heading that is a code."""
    return code.replace(".", "-").replace("_", "-")


def with_tables(text: str, tables: dict[str, str]) -> str:
    """The page with what stands between each pair of markers written anew."""
    for name, table in tables.items():
        begin, end = f"<!-- table: {name} -->", "<!-- end of table -->"
        if begin not in text:
            message = f"the marker {begin} is missing"
            raise LookupError(message)
        pattern = re.compile(re.escape(begin) + r".*?" + re.escape(end), re.DOTALL)
        text = pattern.sub(lambda _, fresh=f"{begin}\n{table}\n{end}": fresh, text)  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    return text


def pages() -> dict[Path, dict[str, str]]:
    """Every page that holds tables, and the tables by the name in their marker."""
    found: dict[Path, dict[str, str]] = {
        ROOT / "README.md": {"commands": commands_table("docs/commands/")},
        DOCS / "commands" / "index.md": {"commands": commands_table("")},
        DOCS / "errors.md": {"errors": errors_table()},
        DOCS / "reference" / "company.md": {file: keys_table(file) for file in SECTIONS},
    }
    for name, command in commands().items():
        found.setdefault(page_of(name), {})[f"trato {name}"] = options_table(command)
    return found


def main() -> None:
    """Rewrite every table that is behind the code."""
    for page, tables in pages().items():
        if not page.exists():
            sys.exit(
                f"{page.relative_to(ROOT)} is missing: write it, with the markers of {', '.join(tables)}"
            )
        text = page.read_text(encoding="utf-8")
        fresh = with_tables(text, tables)
        if fresh != text:
            page.write_text(fresh, encoding="utf-8")
            sys.stdout.write(f"{page.relative_to(ROOT)} written anew\n")
    write_schemas(SCHEMAS)


if __name__ == "__main__":
    main()

"""A batch step as data: a domain declares it beside its `.sql`; `batch/` alone executes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Step:
    """One query in DuckDB's dialect.

    `inputs` are the relations it reads, `parameters` the names it binds as `$name`; nothing is ever formatted
    into the text. The result, when kept, is a relation called `name`.
    """

    name: str
    sql: str
    inputs: tuple[str, ...]
    parameters: tuple[str, ...] = ()

    @classmethod
    def beside(
        cls, module_file: str, sql_name: str, inputs: tuple[str, ...], parameters: tuple[str, ...] = ()
    ) -> Step:
        """The step whose text lies in `sql_name` beside the module; it is named after the file."""
        path = Path(module_file).with_name(sql_name)
        return cls(path.stem, path.read_text(encoding="utf-8"), inputs, parameters)

"""What a command leaves behind: whole files or none, readable by their owner alone."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trato.batch.tables import is_parquet
from trato.errors import FileNotReadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from trato.batch.engine import Reject


def must_have_folder(out: Path) -> None:
    """Raise FileNotReadable unless the folder that `out` is to lie in is there: told before the work."""
    if not out.parent.is_dir():
        raise FileNotReadable(
            "cannot be written: there is no such folder",
            hint=f"make it first: mkdir -p {out.parent}",
            where=str(out),
        )


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to; `path` is replaced by it only when the block ends well, with mode 0600."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    except OSError as error:
        raise FileNotReadable(
            f"cannot be written: {error.strerror}",
            hint="make the folder first, or name another",
            where=str(path),
        ) from None
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_table(table: pa.Table, path: Path) -> None:
    """Write CSV, or Parquet where the name says so. Missing values are empty cells in CSV."""
    with whole_file(path) as draft:
        if is_parquet(path):
            import pyarrow.parquet

            pyarrow.parquet.write_table(table, draft)
        else:
            import pyarrow.csv

            options = pyarrow.csv.WriteOptions(quoting_style="needed", quoting_header="needed")
            pyarrow.csv.write_csv(table, draft, write_options=options)


def write_rejects(rejects: Sequence[Reject], out: Path) -> Path | None:
    """Write the rows put aside beside `out`, as OUT.rejects.csv; None, and no file, when there are none.

    A rejects file of an earlier run is taken away, so that it is never taken for this one's.
    """
    path = out.with_name(f"{out.name}.rejects.csv")
    if not rejects:
        path.unlink(missing_ok=True)
        return None
    with whole_file(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "line", "column", "value", "reason", "record"])
        for reject in rejects:
            record = json.dumps(reject.record, ensure_ascii=False)
            writer.writerow([reject.file, reject.line, reject.column, reject.value, reject.reason, record])
    return path

"""What the terminal shows: a JSON object or lines for people on stdout, progress and complaints on stderr."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from trato.batch.engine import Reading, Reject

SHOWN_REJECTS = 5


def emit(summary: Mapping[str, object], lines: Iterable[str], *, as_json: bool) -> None:
    """Print the summary as one JSON object, or the lines for people."""
    if as_json:
        print(json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False))
        return
    for line in lines:
        print(line)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on stderr what is going on, and how long it took."""
    sys.stderr.write(f"{what} … ")
    sys.stderr.flush()
    started = time.monotonic()
    try:
        yield
    except BaseException:
        sys.stderr.write("stopped\n")
        raise
    sys.stderr.write(f"{time.monotonic() - started:.1f} s\n")


def tell_rejects(reading: Reading, rejects_file: Path | None) -> None:
    """Say on stderr which rows were put aside, the first few with file and line."""
    if not reading.rejected:
        return
    share = 100 * reading.rejected / reading.rows
    sys.stderr.write(f"{reading.rejected:,} of {reading.rows:,} rows put aside ({share:.1f} %):\n")
    _tell(reading.rejects, rejects_file)


def tell_put_aside(rejects: Sequence[Reject], rejects_file: Path | None) -> None:
    """Say on stderr which rows of several tables were put aside, the first few with file and line."""
    if rejects:
        sys.stderr.write(f"{len(rejects):,} rows put aside:\n")
        _tell(rejects, rejects_file)


def _tell(rejects: Sequence[Reject], rejects_file: Path | None) -> None:
    for reject in rejects[:SHOWN_REJECTS]:
        sys.stderr.write(
            f"  {reject.file}:{reject.line}: {reject.column}: {reject.reason}: {reject.value!r}\n"
        )
    if len(rejects) > SHOWN_REJECTS:
        sys.stderr.write(f"  … and {len(rejects) - SHOWN_REJECTS:,} more\n")
    if rejects_file:
        sys.stderr.write(f"  all of them are in {rejects_file}\n")

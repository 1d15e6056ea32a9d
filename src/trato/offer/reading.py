"""Reading an offer, whatever it is written in: by the file's ending."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trato.errors import BadInput, FileNotReadable, nearest
from trato.offer.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from trato.offer.offer import Offer

MOST_BYTES = 64 << 20


def read(path: str | Path) -> Offer:
    """The offer of a file: .yaml, .csv (of modules), .uvl, .dimacs or .cnf, or .xml (XCSP 2.1).

    Raises FileNotReadable, or BadDeclaration with everything that cannot be meant, each with file and line.
    """
    faults = Faults()
    offer = read_with(path, faults)
    faults.stop()
    return offer


def read_with(path: str | Path, faults: Faults) -> Offer:
    """The offer of a file as far as it can be meant; what cannot goes to `faults`.

    Raises FileNotReadable, or BadDeclaration where a file is too damaged to read on.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in _READERS:
        raise BadInput(
            f"an offer is not read from a file that ends with {ending!r}",
            hint=f"known endings: {', '.join(_READERS)}",
            where=str(path),
        )
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FileNotReadable(
                f"the file is larger than the {MOST_BYTES >> 20} MB that are read", where=str(path)
            )
        return _READERS[ending](path, faults)
    except UnicodeDecodeError as error:
        raise FileNotReadable("this is not text in UTF-8", hint=str(error), where=str(path)) from None
    except OSError as error:
        siblings = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        close = nearest(path.name, siblings)
        raise FileNotReadable(
            f"cannot be read: {error.strerror}",
            hint=f"did you mean {close!r}?" if close and not path.exists() else None,
            where=str(path),
        ) from None


def _yaml(path: Path, faults: Faults) -> Offer:
    from trato.offer.declaration import read_declaration

    return read_declaration(path, faults)


def _csv(path: Path, faults: Faults) -> Offer:
    from trato.offer.csv_tables import read_tables

    return read_tables(path, faults)


def _uvl(path: Path, faults: Faults) -> Offer:
    from trato.offer.uvl import read_uvl

    return read_uvl(path, faults)


def _dimacs(path: Path, _: Faults) -> Offer:
    from trato.offer.dimacs import read_dimacs

    with path.open(encoding="utf-8-sig") as lines:
        return read_dimacs(lines, str(path))


def _xcsp(path: Path, _: Faults) -> Offer:
    from trato.offer.xcsp import read_xcsp

    with path.open("rb") as file:
        return read_xcsp(file, str(path))


_READERS: dict[str, Callable[[Path, Faults], Offer]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".csv": _csv,
    ".uvl": _uvl,
    ".dimacs": _dimacs,
    ".cnf": _dimacs,
    ".xml": _xcsp,
}

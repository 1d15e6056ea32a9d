"""The register of looks: how often a log was asked, for who asks often enough is told something in the end.

It holds digests of logs and of questions, and no word of any log.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

REGISTER = Path("trato") / "looks.jsonl"
AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Look:
    """Which look at this log this is: `number` counts its different questions in the order they were first
    asked. `register` is where looks are kept; None where it could not be written, for the reason `why_not`.
    """

    number: int
    of: int
    register: Path | None
    why_not: str | None = None


def state_folder(environment: Mapping[str, str]) -> Path:
    """Where the user's programs keep what they remember (XDG Base Directory Specification)."""
    said = environment.get("XDG_STATE_HOME", "")
    home = environment.get("HOME")
    if Path(said).is_absolute():
        return Path(said)
    return (Path(home) if home else Path.home()) / ".local" / "state"


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while some := file.read(AT_ONCE):
            found.update(some)
    return found.hexdigest()


def digest_of(question: Mapping[str, object]) -> str:
    """SHA-256 of what was asked, whatever the order of its parts."""
    return hashlib.sha256(json.dumps(question, sort_keys=True, default=str).encode()).hexdigest()


def note_look(folder: Path, log: str, question: str, verdict: str, now: datetime) -> Look:
    """Note a look, unless this very question was asked of this log before. Never raises for a file."""
    register = folder / REGISTER
    try:
        asked = _asked(register, log)
        if question not in asked:
            register.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            line = {"log": log, "question": question, "verdict": verdict, "at": now.isoformat()}
            with register.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            register.chmod(0o600)
            asked.append(question)
    except OSError as error:
        return Look(1, 1, None, f"{register}: {error.strerror}")
    return Look(asked.index(question) + 1, len(asked), register)


def _asked(register: Path, log: str) -> list[str]:
    """The different questions that were asked of a log, in their order; damaged lines are passed over."""
    if not register.exists():
        return []
    found: dict[str, None] = {}
    for line in register.read_text("utf-8", errors="replace").splitlines():
        try:
            one = json.loads(line)
        except ValueError:
            continue
        if isinstance(one, dict) and one.get("log") == log:
            found.setdefault(str(one.get("question")))
    return list(found)

"""What a customer's statements come to: always this module, never that one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.differentiate.needs.beliefs import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trato.interact.log import LogEntry


def statements_from(entries: Iterable[LogEntry]) -> tuple[Statement, ...]:
    """What binds of all that a customer said: the last word about each module, oldest first.

    What was said last is by when it was said; of what was said at once, by the log's order. Who wants one
    module of a component and later another wants only the other. Words without a component and module bind
    nothing that a model could use: they stay in the log, for people to read.
    """
    last: dict[tuple[str, str], Statement] = {}
    for one in sorted(entries, key=lambda entry: (entry.at, entry.position)):
        for component, module in one.choices if one.stance is not None else ():
            said = Statement(component, module, "always" if one.stance == "wants" else "never")
            past = (component, module)
            last = {
                choice: earlier
                for choice, earlier in last.items()
                if choice != past and not (said.binds == earlier.binds == "always" and choice[0] == component)
            }
            last[past] = said
    return tuple(last.values())

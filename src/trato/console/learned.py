"""What the served build has learned, as pages for many customers ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.customize.wants import needs_in_words

if TYPE_CHECKING:
    from trato.company.folder import Company
    from trato.console.visit import Desk
    from trato.customize.wants import NeedInWords
    from trato.permission.purposes import Purpose
    from trato.storage.transaction import Transaction

NEEDS_WORDS: tuple[NeedInWords, ...] = ()


def profiling_of_build(it: Transaction, company: Company) -> Purpose | None:
    """The first profiling purpose for which the served build has a model; None without one."""
    build = it.current_build()
    if build is None:
        return None
    return next(
        (one for one in company.purposes if one.profiling and any(build.models.get(one.key, {}).values())),
        None,
    )


def needs_of_build(it: Transaction, desk: Desk, purpose: str) -> tuple[NeedInWords, ...]:
    """The needs that the served build learned for a purpose, in words; none where it learned none."""
    build = it.current_build()
    version = build.models[purpose]["needs"] if build is not None and purpose in build.models else None
    if version is None:
        return NEEDS_WORDS
    return needs_in_words(desk.models.needs(it, version), desk.company.needs or (), desk.company.names)

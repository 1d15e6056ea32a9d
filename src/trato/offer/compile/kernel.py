"""How the numeric kernels of this package are compiled: by numba, once, kept on disk beside the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


def kernel(function: F) -> F:
    """`function` as machine code, compiled at its first call and kept; it holds no lock while it runs.

    numba looks only at the file of the kernel that is called, not at those of the kernels that it calls:
    after changing one that another file uses, touch that file too, or empty __pycache__. Where neither the
    code's folder nor the user's cache can be written to, each process compiles for itself.
    """
    try:
        return cast("F", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast("F", numba.njit(nogil=True)(function))

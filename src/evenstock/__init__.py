"""evenstock decides where each order ships from and what stock should move, and proves every decision.

The names below are the Python face, see `evenstock.frames`; they are loaded when first used.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

__version__ = version("evenstock")

if TYPE_CHECKING:
    from evenstock.frames import (
        Network,
        Plan,
        Rebalancer,
        RefusedInputError,
        Replay,
        Router,
        Routes,
        forecast,
        read_folder,
    )

__all__ = [
    "Network",
    "Plan",
    "Rebalancer",
    "RefusedInputError",
    "Replay",
    "Router",
    "Routes",
    "__version__",
    "forecast",
    "read_folder",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("evenstock.frames"), name)
    raise AttributeError(f"evenstock has no {name!r}; it has {', '.join(__all__)}")

"""evenstock decides where each order ships from and what stock should move, and proves every decision."""

from importlib.metadata import version

__version__ = version("evenstock")

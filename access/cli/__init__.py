"""The command line: thin commands, no analysis."""

from access.cli.app import main

__all__ = ["main"]

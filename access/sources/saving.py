"""The one way this room writes a file: whole or not at all."""

from access.sources.cache import replace_file as save

__all__ = ["save"]

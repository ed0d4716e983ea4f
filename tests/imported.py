"""What a source imports, found without reading the rest of it: most of the time went there."""

from __future__ import annotations

import ast
import re
from functools import cache
from textwrap import dedent

#: A statement of its own lines, as the linter has it (E701, E702): in brackets it may be of many.
_STATEMENT = re.compile(
    r"^[ \t]*(?:import[ \t]+[^\n]+|from[ \t]+[.\w]+[ \t]+import[ \t]*(?:\([^)]*\)|[^\n(]+))", re.M
)


@cache
def imports(source: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Give what a source imports anywhere, in functions and for types too."""
    found = _STATEMENT.findall(source)
    try:
        nodes = ast.parse("\n".join(map(dedent, found))).body
    except SyntaxError:  # a line of a text that begins as an import does, or one that goes on
        nodes = list(ast.walk(ast.parse(source)))
    return tuple(n for n in nodes if isinstance(n, ast.Import | ast.ImportFrom))

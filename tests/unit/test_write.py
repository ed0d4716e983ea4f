"""Text stays text in spreadsheets and maps."""

from __future__ import annotations

import pandas as pd
import pytest

from access.escape import template_text
from access.run.summary import safe_cells


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_formulas_become_text(start):
    frame = pd.DataFrame({"name": [f"{start}cmd()"], "minutes": [-1.5]})
    safe = safe_cells(frame)
    assert safe["name"].iloc[0] == f"'{start}cmd()"
    assert safe["minutes"].iloc[0] == -1.5, "numbers stay numbers"


def test_text_for_maps_has_nothing_left_that_html_jinja_or_javascript_reads():
    nasty = "<script>`${alert(1)}`</script>{{ x }}{% raw %}\\u0041\n'\""
    safe = template_text(nasty)
    assert not set(safe) & set("<>`$\\{}%\n'\"")

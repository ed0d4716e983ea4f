"""Small and quick: what a borough of 854 areas may weigh, and how much one change may work out.

What is counted here takes no clock; how long it takes is measured by `tests/benchmarks`.
"""

from __future__ import annotations

import pytest

#: Changes that a reader makes, as the page's own calls.
CHANGES = {
    "tick a centre": "App.toggleSite(App.model.services[0].before[0])",
    "tick a youth centre": "App.toggleSite(App.model.services[1].before[0])",
    "add a hub": "App.toggleSite(App.data.candidates_from)",
    "time limit": "App.set({ limit: 11 })",
    "walking speed": "App.set({ speed: 3.1 })",
    "way of travelling": "App.set({ mode: 'drive' })",
}
#: So often is each worked out for one change; more would be work done over and over.
MOST = {"minutesFor": 4, "alternatives": 3, "nearest": 3}
COUNT = """(change) => {
  const counts = {};
  const count = (home, name) => {
    const real = home[name];
    home[name] = (...given) => { counts[name] = (counts[name] || 0) + 1; return real(...given); };
    return () => { home[name] = real; };
  };
  const undo = [[App, 'render'], [App, 'renderMap'], [App.core, 'alternatives'],
    [App.core, 'minutesFor'], [App.core, 'nearest']].map(([home, name]) => count(home, name));
  eval(change);
  undo.forEach((put_back) => put_back());
  return counts;
}"""


def test_the_file_of_a_borough_is_small(rotherham_page):
    size = rotherham_page.stat().st_size
    print(f"explorer without postcodes: {size / 1e6:.2f} MB")
    assert size <= 1_440_000  # and 60 kB of postcodes where a study has them


@pytest.mark.parametrize("change", CHANGES)
def test_one_change_is_worked_out_and_drawn_once(visit, example_page, change):
    page = visit(example_page, fragment="#your-option", bypass_csp=True)
    counts = page.evaluate(COUNT, CHANGES[change])
    print(change, counts)
    assert counts["render"] == counts["renderMap"] == 1
    for name, most in MOST.items():
        assert counts.get(name, 0) <= most, counts

"""Small and quick: what a borough of 854 areas may weigh and take.

Times are printed beside their aim. They are held only to a bound that no shared machine should
miss: it catches work done over and over, not a slow day.
"""

from __future__ import annotations

import pytest

FAR_TOO_LONG_MS = 1500


def measure(page, script: str) -> float:
    """Give the least milliseconds of three changes, layout included."""
    return page.evaluate(
        f"""async () => {{
          const times = [];
          for (let k = 0; k < 3; k += 1) {{
            const start = performance.now();
            ({script})(k);
            document.body.getBoundingClientRect();
            times.push(performance.now() - start);
            await new Promise((done) => setTimeout(done, 350));
          }}
          return Math.min(...times);
        }}"""
    )


def test_the_file_of_a_borough_is_small(rotherham_page):
    size = rotherham_page.stat().st_size
    print(f"explorer without postcodes: {size / 1e6:.2f} MB")
    assert size <= 1_440_000  # and 60 kB of postcodes where a study has them


@pytest.mark.slow
def test_it_is_usable_in_under_a_second(visit, rotherham_page):
    times = []
    for _ in range(3):
        page = visit(rotherham_page)
        times.append(
            page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        )
    print(f"usable after {min(times):.0f} ms (aim: 1000)")
    assert min(times) <= 3 * FAR_TOO_LONG_MS


@pytest.mark.slow
def test_each_change_is_under_fifty_milliseconds(visit, rotherham_page):
    page = visit(rotherham_page)
    page.evaluate("App.go('your-option')")
    changes = {
        "tick a centre": "(k) => App.toggleSite(App.model.services[0].before[k])",
        "tick a youth centre": "(k) => App.toggleSite(App.model.services[1].before[k])",
        "add a hub": "(k) => App.toggleSite(App.data.candidates_from + k)",
        "time limit": "(k) => App.set({ limit: 10 + k })",
        "walking speed": "(k) => App.set({ speed: 3 + k / 10 })",
        "way of travelling": "(k) => App.set({ mode: k % 2 ? 'typical' : 'drive' })",
        "colour of the map": "(k) => { App.state.layers['your-option'] = k % 2 ? 'deprivation'"
        " : 'option'; App.renderMap(); }",
    }
    took = {name: measure(page, script) for name, script in changes.items()}
    page.evaluate("App.go('my-street')")
    took["a place"] = measure(
        page, "(k) => App.choosePlace({ kind: 'area', label: 'x', area: k * 90,"
        " lat: App.areas.lat[k * 90], lon: App.areas.lon[k * 90] })"
    )  # fmt: skip
    print("aim: 50 ms", {name: f"{ms:.0f} ms" for name, ms in took.items()})
    assert max(took.values()) <= FAR_TOO_LONG_MS

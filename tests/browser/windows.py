"""Windows of one browser, lent to one test after another, each as a new person finds it.

To load a page costs more than most tests do with it. So a window keeps its page: it is put back by
the page's own reset, and lent again only if nothing that can be seen or asked tells it from the
page as it was when just loaded. What cannot be put back is loaded anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: A page that never gets there fails at last; a busy machine is waited for.
PATIENCE_MS = 300_000
#: So many windows wait with a page in them; of more, the one unused for longest gives its place.
MOST_WAITING = 4
ROUNDED_PIXELS = 2

#: What tells a page from another: all that is shown and how, what is typed and ticked, the state,
#: where the map stands, the address, the focus, and that no function was put in another's place.
#: ``(whole) => [text, boxes]``: the text, or a number that stands for it; what is where on maps.
SEEN = """async (whole) => {
  const { App } = globalThis;
  const moves = () => document.querySelector('.leaflet-pan-anim, .leaflet-zoom-anim');
  for (let k = 0; k < 3 || (moves() && k < 200); k += 1)
    await new Promise((done) => { requestAnimationFrame(done); });
  const parts = [document.title, location.href, scrollX, scrollY];
  const focus = document.activeElement;
  parts.push(focus && focus.tagName + focus.id, getSelection().type);
  const named = (node) => [...node.attributes].filter((one) => one.value).map(
    ({ name, value }) => `${name}=${value}`);
  // on the map what is where counts, not how the map's own parts have been moved to be there
  const boxes = [];
  const mapped = (node) => [...node.querySelectorAll(':not(svg, g)')].map((part) => {
    const { x, y, width, height } = part.getBoundingClientRect();
    if (!part.checkVisibility() || !(width || height)) return null;
    const text = [...part.childNodes].map((child) => child.nodeType === 3 ? child.data : '');
    return { box: [x, y, width, height], name: [part.tagName, ...text, ...named(part).filter(
      (one) => !/^(style|d|viewBox|width|height|transform)=/.test(one))].join(' ') };
  }).filter(Boolean).sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1
    : a.box[0] - b.box[0] || a.box[1] - b.box[1]).map(({ box, name }) => {
    boxes.push(...box);
    return name;
  });
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data.trim() && parts.push(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || /^(script|style)$/i.test(node.tagName)) return 0;
    if (!node.checkVisibility()) return parts.push(`hidden ${node.id}`);
    parts.push(node.tagName, node.scrollTop, node.scrollLeft, ...named(node));
    if (node.classList.contains('leaflet-container')) parts.push(...mapped(node));
    else node.childNodes.forEach(walk);
    return parts.push('end');
  };
  walk(document.documentElement);
  // what is typed or unfolded, shown or not; boxes of a hidden part are ticked when it is shown
  parts.push(...[...document.querySelectorAll('input, textarea, details')].map((node) => {
    const { id, type, value, checked, disabled, open } = node;
    if (!/^(radio|checkbox)$/.test(type)) return [id, value, disabled, open].join(' ');
    return node.checkVisibility() ? `${id} ${checked}` : '';
  }).sort());
  parts.push(Object.keys(globalThis).filter((name) => name !== 'axe').join(' '));
  const homes = App ? [App, App.core, App.map, App.views, App.names, App.ground] : [];
  const own = [globalThis.print, ...homes.flatMap((home) => home ? Object.values(
    Object.getOwnPropertyDescriptors(home)).map((one) => one.value) : [])]
    .filter((one) => typeof one === 'function');
  const first = (document[Symbol.for('first')] ??= own);
  parts.push(own.length, own.every((one, k) => one === first[k]));
  if (App) {
    const { leaflet } = App.map;
    parts.push(JSON.stringify(
      [App.state, Boolean(App.kiosk), App.printing,
       App.model.services.map((s) => [s.plan, s.after]),
       leaflet.getZoom(), leaflet.dragging.enabled()],
      (_, value) => value instanceof Set ? [...value] : value), App.logJson());
  }
  if (whole) return [parts.join('\\n'), boxes];
  let [a, b] = [1, 2];
  for (const one of parts.join('\\n')) {
    const code = one.codePointAt(0);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  return [`${a} ${b} ${parts.length}`, boxes];
}"""
#: Put the explorer back as its own button does, go to an address as a load does at its end, and
#: begin there with the next stop of the Tab key. ``(fragment) => nothing``
PUT_BACK = """(fragment) => {
  if (App.kiosk) App.setKiosk(false);
  for (const remove of document.querySelectorAll('#log-rows button:last-child')) remove.click();
  App.model.cache.clear();
  const { render } = App;
  if (fragment) App.render = () => {}; // it is drawn when the address is gone to
  App.startAgain();
  App.render = render;
  history.replaceState(null, '', location.href.split('#')[0] + fragment);
  if (fragment) dispatchEvent(new PopStateEvent('popstate'));
  App.say('');
  getSelection().removeAllRanges();
  const begin = document.createElement('i');
  const part = document.getElementById(fragment.slice(1));
  begin.tabIndex = -1;
  if (part) part.before(begin);
  else document.body.prepend(begin);
  begin.focus({ preventScroll: true });
  begin.remove();
  scrollTo(0, 0);
  if (part) part.scrollIntoView();
}"""
PUT_BACK_AND_SEEN = f"""(fragment) => {{
  if (globalThis.App) ({PUT_BACK})(fragment);
  return ({SEEN})(false);
}}"""


class Windows:
    """Windows of one browser: ``lend`` and ``back``."""

    #: What is asked for so often that the window is kept.
    KEPT = frozenset({"bypass_csp", "reduced_motion"})

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium
        self._waiting: list[tuple[Any, dict]] = []  # the one used last stands last
        self._lent: dict[Any, tuple[dict[str, Callable], dict, bool]] = {}
        self._as_loaded: dict[tuple, list] = {}
        self.put_back = self.loaded = 0

    def lend(
        self, address: str, ready: str, hear: dict[str, Callable], width: int, height: int,
        own: bool = False, **options: Any,
    ) -> Any:  # fmt: skip
        """Give a page at an address that tells ``hear`` what happens; ``own``: nobody else's."""
        size = {"width": width, "height": height}
        own = own or not self.KEPT.issuperset(options)
        page = self._window(address.partition("#")[0], size, own, options)
        for event, heard in hear.items():
            page.on(event, heard)
        self._lent[page] = hear, options, own
        if own:
            page.goto(address)
            page.wait_for_selector(ready)
            return page
        asked = (address, width, height, *sorted(options.items()))
        if not self._is_put_back(page, asked):
            _load(page, address)
            page.wait_for_selector(ready)
            self._as_loaded.setdefault(asked, page.evaluate(SEEN, False))
        return page

    def back(self, page: Any) -> None:
        """Take a page back; nobody hears what it says until it is lent again."""
        hear, options, own = self._lent.pop(page)
        if own:
            page.context.close()
            return
        for event, heard in hear.items():
            page.remove_listener(event, heard)
        self._waiting.append((page, options))

    def close(self) -> None:
        """Close what waits."""
        while self._waiting:
            self._waiting.pop()[0].context.close()

    def _window(self, base: str, size: dict[str, int], own: bool, options: dict) -> Any:
        """Give a window: best one with this page in it, at this size."""
        fit = [] if own else [w for w in self._waiting if w[1] == options]
        same = [w for w in fit if w[0].url.partition("#")[0] == base]
        right = [w for w in same if w[0].viewport_size == size]
        found = next(iter([*right, *same]), None)
        if found is None and fit and len(self._waiting) >= MOST_WAITING:
            found = fit[0]
        if found is None:
            if not own and len(self._waiting) >= MOST_WAITING:
                self._waiting.pop(0)[0].context.close()
            context = self._chromium.new_context(viewport=size, **options)
            context.set_default_timeout(PATIENCE_MS)
            return context.new_page()
        self._waiting.remove(found)
        page = found[0]
        if page.viewport_size != size:
            page.set_viewport_size(size)
        return page

    def _is_put_back(self, page: Any, asked: tuple) -> bool:
        """Put a page back if it is this one, and say whether it is as it was when loaded."""
        base, _, fragment = asked[0].partition("#")
        if asked not in self._as_loaded or page.url.partition("#")[0] != base:
            self.loaded += 1
            return False
        page.mouse.move(0, 0)
        now = page.evaluate(PUT_BACK_AND_SEEN, fragment and f"#{fragment}")
        same = is_same(now, self._as_loaded[asked])
        self.put_back += same
        self.loaded += not same
        return same


def is_same(one: list, other: list) -> bool:
    """Say whether two pages were seen alike: on a map a pixel more or less comes of rounding."""
    (text, boxes), (text_then, boxes_then) = one, other
    near = zip(boxes, boxes_then, strict=False)
    alike = text == text_then and len(boxes) == len(boxes_then)
    return alike and all(abs(a - b) <= ROUNDED_PIXELS for a, b in near)


def _load(page: Any, address: str) -> None:
    """Load an address; another part of the page that is shown would only be gone to."""
    if page.url.partition("#")[0] == address.partition("#")[0]:
        page.goto("about:blank")
    page.goto(address)

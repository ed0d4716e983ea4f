/* The search box of "My street": a combobox, as the ARIA patterns have it. */
(function (App) {
  'use strict';

  let options = [];
  let active = -1;

  function showOptions(list) {
    options = list;
    active = -1;
    const box = App.$('place-options');
    App.fill(
      box,
      list.map((place, k) =>
        App.h(
          'li',
          {
            role: 'option',
            id: `place-option-${k}`,
            'aria-selected': 'false',
            onmousedown: (e) => e.preventDefault(),
            onclick: () => pick(k),
          },
          App.h('span', {}, place.label),
          App.h(
            'span',
            { className: 'kind' },
            place.kind === 'place'
              ? App.t('find_place')
              : place.kind === 'postcode'
                ? App.areaName(place.area)
                : App.t(`find_${place.kind}`),
          ),
        ),
      ),
    );
    box.hidden = !list.length;
    App.$('place').setAttribute('aria-expanded', String(list.length > 0));
    App.$('place').removeAttribute('aria-activedescendant');
    App.$('place-count').textContent = list.length ? App.t('find_count', { n: list.length }) : '';
  }

  function mark(k) {
    const nodes = App.$('place-options').children;
    if (active >= 0) nodes[active].setAttribute('aria-selected', 'false');
    active = k;
    if (k < 0) App.$('place').removeAttribute('aria-activedescendant');
    else {
      nodes[k].setAttribute('aria-selected', 'true');
      nodes[k].scrollIntoView({ block: 'nearest' });
      App.$('place').setAttribute('aria-activedescendant', `place-option-${k}`);
    }
  }

  function pick(k) {
    const place = options[k];
    App.$('place').value = place.label;
    showOptions([]);
    App.choosePlace(place);
  }

  function submit() {
    const text = App.$('place').value.trim();
    if (active >= 0) return pick(active);
    showOptions([]);
    const input = App.$('place');
    const fail = (message) => {
      input.setAttribute('aria-invalid', 'true');
      App.problem(message);
      input.focus();
    };
    if (!text) return fail(App.t('type_something'));
    const found = App.find(text, 8);
    if (!found.length) {
      if (!App.looksLikePostcode(text)) return fail(App.t('not_found', { text, place: App.data.place }));
      return fail(
        App.t(App.data.postcodes ? 'postcode_not_found' : 'no_postcodes', { text, place: App.data.place }),
      );
    }
    input.removeAttribute('aria-invalid');
    return App.choosePlace(found[0]);
  }

  function locate() {
    const failed = () => App.problem(App.t('location_failed'));
    if (!navigator.geolocation) return failed();
    App.problem('');
    App.say(App.t('location_waiting'));
    return navigator.geolocation.getCurrentPosition(
      (where) => {
        const { latitude, longitude } = where.coords;
        const area = App.areaAt(latitude, longitude);
        if (area < 0) App.problem(App.t('outside', { place: App.data.place }));
        else
          App.choosePlace({ kind: 'point', label: App.areaName(area), area, lat: latitude, lon: longitude });
      },
      failed,
      { timeout: 10000, maximumAge: 60000 },
    );
  }

  App.wireSearch = () => {
    const input = App.$('place');
    input.addEventListener('input', () => {
      input.removeAttribute('aria-invalid');
      showOptions(input.value.trim().length >= 2 ? App.find(input.value, 8) : []);
    });
    input.addEventListener('keydown', (event) => {
      const last = options.length - 1;
      if (event.key === 'ArrowDown' && options.length) mark(active >= last ? 0 : active + 1);
      else if (event.key === 'ArrowUp' && options.length) mark(active <= 0 ? last : active - 1);
      else if (event.key === 'Escape' && options.length) showOptions([]);
      else return;
      event.preventDefault();
    });
    input.addEventListener('blur', () => setTimeout(() => showOptions([]), 150));
    App.$('place-form').addEventListener('submit', (event) => {
      event.preventDefault();
      submit();
    });
    App.$('locate').addEventListener('click', locate);
    App.$('forget-place').addEventListener('click', () => {
      App.state.place = null;
      App.map.everything();
      input.value = '';
      App.render();
      input.focus();
    });
    App.$('print-street').addEventListener('click', () => globalThis.print());
    const first = App.data.places.filter((p) => p[3] <= 2).slice(0, 14);
    App.fill(
      App.$('place-buttons'),
      first.map(([label, lon, lat]) =>
        App.h(
          'li',
          {},
          App.button(
            label,
            () => {
              input.value = label;
              App.choosePlace({ kind: 'place', label, lat, lon, area: App.areaAt(lat, lon) });
            },
            'chip',
          ),
        ),
      ),
    );
    App.$('places').classList.toggle('empty', !first.length);
  };
})((globalThis.App = globalThis.App || {}));

/* The search box of "My street": a combobox, as the ARIA patterns have it. */
(function (App) {
  'use strict';

  let options = [];
  let active = -1;

  const MOST = 8;

  const kindWords = (place) => {
    if (place.kind === 'postcode') return App.areaName(place.area);
    if (place.kind === 'part')
      return App.t('in_place', {
        label: App.t('find_part', { n: place.count }),
        place: App.placeName(place.area),
      });
    return place.kindWords || App.t(`find_${place.kind}`);
  };

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
            kindWords(place),
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

  /* A place goes on to its answer; a beginning of postcodes to the postcodes that it begins. */
  function take(place) {
    const input = App.$('place');
    input.value = place.label;
    showOptions([]);
    input.removeAttribute('aria-invalid');
    if (place.kind === 'part') {
      input.focus();
      ask(App.t('which_part', { text: place.label, n: place.count }), App.find(place.label, MOST));
    } else App.choosePlace(place);
  }

  const pick = (k) => take(options[k]);

  /* Nothing is chosen for anybody: what was typed may mean several places. */
  function ask(question, list) {
    App.fill(
      App.$('place-message'),
      App.h('p', { className: 'ask', id: 'ask' }, question),
      App.h(
        'ul',
        { className: 'asked', 'aria-labelledby': 'ask' },
        list.map((place) =>
          App.h(
            'li',
            {},
            App.button(place.label, () => take(place), 'link'),
            ' ',
            App.h('span', { className: 'hint' }, kindWords(place)),
          ),
        ),
      ),
    );
    App.say([question, App.list(list.slice(0, MOST).map((place) => place.label))].join(' '));
  }

  function notFound(text) {
    const place = App.data.place;
    if (!App.looksLikePostcode(text)) return App.t('not_found', { text, place });
    if (App.data.postcodes) return App.t('postcode_not_found', { text, place });
    return App.t('no_postcodes', { kinds: App.strings.find_kinds });
  }

  function submit() {
    const input = App.$('place');
    const text = input.value.trim();
    if (active >= 0) return pick(active);
    showOptions([]);
    const found = text ? App.find(text, MOST) : [];
    const sure = App.surely(found);
    if (sure) return take(sure);
    input.setAttribute('aria-invalid', 'true');
    input.focus();
    if (!text) return App.problem(App.t('type_something'));
    if (!found.length) return App.problem(notFound(text));
    const wrong = App.looksLikePostcode(text);
    const n = found.reduce((sum, { kind, count }) => sum + (count || (kind === 'postcode' ? 1 : 0)), 0);
    if (n && App.beginsPostcode(text) && !wrong) return ask(App.t('which_part', { text, n }), found);
    return ask(App.t(wrong ? 'postcode_near' : 'did_you_mean', { text, place: App.data.place }), found);
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
      App.fill(App.$('place-message'));
      showOptions(input.value.trim() ? App.find(input.value, MOST).slice(0, MOST) : []);
    });
    input.addEventListener('keydown', (event) => {
      const last = options.length - 1;
      if (event.key === 'ArrowDown' && options.length) mark(active >= last ? 0 : active + 1);
      else if (event.key === 'ArrowUp' && options.length) mark(active <= 0 ? last : active - 1);
      else if (event.key === 'Escape' && options.length) showOptions([]);
      else return;
      event.preventDefault();
    });
    // who has come back by then goes on with what is offered
    input.addEventListener('blur', () => setTimeout(() => {
      if (document.activeElement !== input) showOptions([]);
    }, 150));
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
    const first = [];
    for (const place of App.data.places) {
      const [, lon, lat, rank] = place;
      if (first.length < 14 && rank <= 2 && App.areaAt(lat, lon) >= 0) first.push(place);
    }
    App.fill(
      App.$('place-buttons'),
      first.map(([label, lon, lat]) =>
        App.h(
          'li',
          {},
          App.button(
            label,
            () => {
              take(App.placeNamed(label, lat, lon) || { kind: 'place', label, lat, lon, area: App.areaAt(lat, lon) });
            },
            'chip',
          ),
        ),
      ),
    );
    App.$('places').classList.toggle('empty', !first.length);
  };
})((globalThis.App = globalThis.App || {}));

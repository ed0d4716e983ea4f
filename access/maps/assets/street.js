/* "My street": type a place, read what changes, in words first. */
(function (App) {
  'use strict';

  const TODAY = '#12436D';
  const AFTER = '#801650';
  const MINE = '#b84300';

  function trip(service, mode, area, open) {
    return App.core.situationOf(App.model, service, mode, App.state.speed, area, open);
  }

  /* Minutes in words; "about" where the streets are not surveyed. */
  const near = (m) =>
    App.data.modelled && m < Infinity ? App.t('about_minutes', { minutes: App.minutes(m) }) : App.minutes(m);

  App.nearly = near;

  /* What changes for one service at one place, in the mode chosen: a key of the words, their values. */
  App.streetWords = (service, area) => {
    const before = trip(service, App.state.mode, area, service.before);
    const after = trip(service, App.state.mode, area, service.after);
    const change = after.minutes - before.minutes;
    let key;
    if (before.site < 0 && after.site < 0) key = 'none';
    else if (after.site < 0) key = 'lost';
    else if (before.site < 0) key = 'gained';
    else if (Math.abs(change) < 0.5) key = before.site === after.site ? 'same' : 'moved';
    else key = change > 0 ? 'longer' : 'shorter';
    const alike = App.rise(before.minutes, after.minutes) === 0 && before.site !== after.site;
    const told = alike && ['longer', 'shorter'].includes(key) ? 'moved' : key;
    return {
      service,
      key: `street_${key}`,
      answer: `answer_${told === 'shorter' ? 'longer' : told}`,
      before,
      after,
      change,
      harm: Number.isNaN(change) ? 0 : change,
      tone: change >= 0.5 ? 'longer' : change <= -0.5 ? 'shorter' : 'same',
      values: {
        old: App.siteName(before.site),
        now: App.siteName(after.site),
        one: service.one,
        before: App.minutes(before.minutes),
        after: App.minutes(after.minutes),
        extra: App.minutes(Math.abs(App.rise(before.minutes, after.minutes))),
        mode: App.modeWords(),
      },
    };
  };

  /* Every service at a place, the one that loses most first. */
  App.byHarm = (place) =>
    App.model.services
      .map((s) => App.streetWords(s, place.area))
      .sort((a, b) => (a.harm === b.harm ? 0 : b.harm > a.harm ? 1 : -1));

  /* The worst change in one sentence. */
  App.answerParts = (found, place) => {
    const { service } = found;
    const other = App.core
      .modes(App.model)
      .filter((mode) => ['bus', 'drive'].includes(mode) && mode !== App.state.mode)
      .map((mode) => [mode, trip(service, mode, place.area, service.after)])
      .filter(([mode, way]) => way.site >= 0 && (mode !== 'bus' || App.rides(way, place.area, service.after)))
      .map(([mode, way]) => ({ minutes: near(way.minutes), mode: App.t(`mode_${mode}`) }));
    const lost = found.after.site < 0 && other.length > 0;
    const values = {
      ...found.values,
      place: place.label,
      before: near(found.before.minutes),
      after: near(found.after.minutes),
      other: lost
        ? ` ${App.t('answer_instead', { ways: App.list(other.map((way) => App.t('minutes_mode', way))) })}`
        : other.map((way) => App.t('answer_other', way)).join(''),
    };
    return App.rich(found.answer, values, ['before', 'after']);
  };

  const words = (parts) => parts.map((part) => part.textContent ?? part).join('');
  App.answerWords = (place) => words(App.answerParts(App.byHarm(place)[0], place));

  /* How sure the answer is, and what else is true of its centres. */
  function qualifiers(found, place) {
    const { service, before, after } = found;
    const out = [];
    const plan = App.planOf(service);
    for (const near_ of [before, after]) {
      const site = App.data.sites[near_.site];
      if (!site || (near_ === after && before.site === after.site)) continue;
      if (site.assumed) out.push(App.t('is_stand_in', { site: site.name }));
      if (site.error_m >= 200) out.push(App.t('is_unsure', { site: site.name, metres: Math.round(site.error_m) }));
    }
    if (before.site >= 0 && plan.stays.includes(before.site) && after.site !== before.site)
      out.push(App.t('some_stay', { site: App.siteName(before.site) }));
    if (after.site >= 0 && plan.days[after.site])
      out.push(App.t('open_days', { site: App.siteName(after.site), n: plan.days[after.site] }));
    const other = service.neighbours;
    // who walks slower is longer on the way there, too
    const slower = App.data.walk_km_h / App.state.speed;
    const minutes = other ? other.minutes[place.area] * slower : -1;
    const walk = trip(service, 'walk', place.area, service.after);
    if (minutes >= 0 && minutes < walk.minutes - 0.5)
      out.push(
        App.t('neighbour', {
          name: other.name.of[other.name.at[place.area]],
          minutes: near(minutes),
          one: service.one,
        }),
      );
    return out;
  }

  const farKm = (place, site) => {
    const east = (place.lon - site.lon) * Math.cos((place.lat * Math.PI) / 180);
    return Math.hypot(east, place.lat - site.lat) * 111.2;
  };

  /* Where a centre is: its address, and how far in a straight line. */
  function factLine(site, place) {
    if (site < 0) return null;
    const { name, address, lat, lon } = App.data.sites[site];
    const km = App.number(farKm(place, { lat, lon }), 1);
    return App.t(address ? 'fact_address' : 'fact', { site: name, address, km });
  }

  function modeRows(service, place, found) {
    return App.core
      .modes(App.model)
      .filter((m) => m !== 'typical')
      .map((mode) => {
        const b = trip(service, mode, place.area, service.before);
        const a = trip(service, mode, place.area, service.after);
        const other = (way, usual) =>
          way.site !== usual.site && way.site >= 0
            ? App.h('span', { className: 'where' }, App.t('at', { site: App.siteName(way.site) }))
            : null;
        return [
          App.howWords(mode),
          [App.min(b.minutes), other(b, found.before)],
          [App.min(a.minutes), other(a, found.after)],
          App.tripChange(b.minutes, a.minutes),
        ];
      })
      .concat(
        App.core.modes(App.model).includes('bus')
          ? []
          : [[App.howWords('bus'), ...['', '', ''].map(() => App.t('not_known'))]],
      );
  }

  function bars(found) {
    const bar = (name, way, colour) => ({
      name: App.t(name),
      value: App.t('minutes_mode', { minutes: App.minutes(way.minutes), mode: App.modeWords() }),
      minutes: way.minutes,
      where: App.siteName(way.site),
      colour,
    });
    const most = Math.max(found.before.minutes, found.after.minutes, 20);
    return App.twoBars(
      [bar('today', found.before, TODAY), bar('after_proposal', found.after, AFTER)],
      most,
    );
  }

  const TAGS = { street_lost: 'class_newly_unreachable', street_gained: 'class_newly_reached' };

  function card(found, place) {
    const { service } = found;
    const bold = ['extra', 'before', 'after', 'old', 'now'];
    const closing = found.before.site >= 0 && !service.after.includes(found.before.site);
    const sites = [...new Set([found.before.site, found.after.site])];
    return App.h(
      'article',
      { className: `card ${found.tone}`, 'data-service': service.key },
      App.h(
        'h3',
        {},
        App.symbol(service.key, 'open', 22),
        ' ',
        service.title,
        ' ',
        App.h('span', { className: 'for' }, App.t('for_people', { people: service.people })),
      ),
      App.h(
        'p',
        { className: 'tag-line' },
        App.h('strong', { className: `tag ${found.tone}` }, App.t(TAGS[found.key] || `tag_${found.tone}`)),
      ),
      App.h('p', { className: 'finding' }, App.rich(found.key, found.values, bold)),
      found.before.site !== found.after.site ? bars(found) : null,
      App.h(
        'ul',
        { className: 'facts' },
        [...sites.map((site) => factLine(site, place)), ...qualifiers(found, place)].map(
          (text) => text && App.h('li', {}, text),
        ),
      ),
      App.table(
        App.t('street_table', { title: service.title }),
        [App.t('col_how'), App.t('col_today'), App.t('col_after'), App.t('col_change')],
        modeRows(service, place, found),
        { hideCaption: true },
      ),
      App.model.bus
        ? App.h('ul', { className: 'facts' }, App.busLines(service, place).map((text) => App.h('li', {}, text)))
        : null,
      found.after.secondSite >= 0
        ? App.h(
            'p',
            { className: 'small' },
            App.t('street_second', {
              site: App.siteName(found.after.secondSite),
              minutes: App.minutes(found.after.secondMinutes),
              mode: App.modeWords(),
            }),
          )
        : null,
      optionLine(service, place, found),
      closing
        ? App.h(
            'p',
            { className: 'what-if' },
            App.button(
              App.t('what_if', { site: App.shortName(found.before.site) }),
              () => App.keepAfterAll(found.before.site),
              'button secondary',
            ),
            ' ',
            App.button(
              App.t('which_instead', { site: App.shortName(found.before.site) }),
              () => App.askSwaps(found.before.site),
              'button secondary',
            ),
          )
        : null,
    );
  }

  /* What the visitor's own option would do here, once there is one. */
  function optionLine(service, place, found) {
    const { option } = App.state;
    if (App.sameOption(option, App.proposalOption())) return null;
    const mine = trip(service, App.state.mode, place.area, App.openIn(option, service));
    const known = !Number.isNaN(mine.minutes);
    const key = !known ? 'bus_options_only' : mine.site < 0 ? 'street_option_none' : 'street_option';
    return App.h(
      'p',
      { className: 'inset' },
      App.t(key, {
        one: service.one,
        site: App.siteName(mine.site),
        minutes: App.minutes(mine.minutes),
        after: App.minutes(found.after.minutes),
        mode: App.modeWords(),
      }),
    );
  }

  /* Lines from a place: in "My street" to the centres of every service, today and after the
   * proposal; in "Try your own option" today and with the option; else none. */
  App.tripsFor = (place, view) => {
    if (view === 'family-hubs') return App.hubTrips(place);
    if (view === 'your-option') return optionTrips(place);
    const out = [];
    for (const service of view === 'my-street' ? App.model.services : []) {
      const found = App.streetWords(service, place.area);
      const moved = found.after.site !== found.before.site;
      const words = (near) => ({ site: App.shortName(near.site), minutes: App.minutes(near.minutes) });
      if (found.before.site >= 0)
        out.push({
          site: found.before.site,
          colour: TODAY,
          dashed: false,
          label: App.t(moved ? 'trip_today' : 'trip_both', words(found.before)),
        });
      if (found.after.site >= 0 && moved)
        out.push({
          site: found.after.site,
          colour: AFTER,
          dashed: true,
          label: App.t('trip_after', words(found.after)),
        });
    }
    return out;
  };

  function optionTrips(place) {
    const service = App.service();
    const today = trip(service, App.state.mode, place.area, service.before);
    const mine = trip(service, App.state.mode, place.area, App.openIn(App.state.option, service));
    const words = (near) => ({ site: App.shortName(near.site), minutes: App.minutes(near.minutes) });
    const moved = today.site !== mine.site;
    const out = [];
    if (today.site >= 0)
      out.push({
        site: today.site,
        colour: TODAY,
        dashed: false,
        label: App.t(moved ? 'trip_today' : 'trip_both', words(today)),
      });
    if (mine.site >= 0 && moved)
      out.push({
        site: mine.site,
        colour: MINE,
        dashed: true,
        label: App.t('trip_option', words(mine)),
        name: 'option',
      });
    return out;
  }

  /* Which homes the answer is for. */
  App.whereWords = (place) => {
    if (place.kind === 'postcode' || place.kind === 'point' || place.kind === 'area')
      return App.capital(App.t('place_area', { area: App.areaName(place.area) }));
    const closer = App.t(App.data.postcodes ? 'closer_postcode' : 'closer_click');
    const kind = { place: 'middle', ward: 'middle', street: 'street' }[place.kind] || 'building';
    return App.t(`place_${kind}`, { place: place.label, closer });
  };

  App.placePoints = (place) => [
    [place.lat, place.lon],
    ...App.tripsFor(place, 'my-street').map((t) => [App.data.sites[t.site].lat, App.data.sites[t.site].lon]),
  ];

  App.choosePlace = (place) => {
    App.state.place = place;
    App.map.closePopup();
    App.fill(App.$('place-message'));
    if (App.state.view !== 'my-street') App.go('my-street');
    else App.render();
    App.map.fit(App.placePoints(place));
    App.$('place-title').focus({ preventScroll: true });
    App.$('place-form').scrollIntoView({ block: 'start', behavior: 'auto' });
    const worst = App.byHarm(place);
    App.say(
      [
        `${App.t('results_for', { place: place.label })}.`,
        words(App.answerParts(worst[0], place)),
        ...worst.slice(1).map((found) => `${found.service.title}: ${App.t(found.key, found.values)}`),
      ].join(' '),
    );
  };

  App.pointChosen = (lat, lon) => {
    const area = App.areaAt(lat, lon);
    if (area < 0) {
      App.problem(App.t('outside', { place: App.data.place }));
      return;
    }
    const place = { kind: 'point', label: App.areaName(area), area, lat, lon };
    if (App.state.view === 'my-street') App.choosePlace(place);
    else App.note(place);
  };

  App.problem = (text) => {
    App.fill(App.$('place-message'), text ? App.h('p', { className: 'error' }, text) : null);
    App.say(text);
  };

  /* In the other views a click on the map answers in a note beside it. */
  App.note = (place) => {
    const hubs = App.state.view === 'family-hubs';
    const found = hubs ? App.hubPairNow() : App.situations();
    const second = App.state.view === 'your-option' ? 'option' : 'after';
    const i = place.area;
    const line = (title, name) =>
      App.h(
        'p',
        {},
        App.h('strong', {}, `${title}: `),
        found[name].site[i] < 0
          ? App.minutes(found[name].minutes[i])
          : App.t('note_line', {
              minutes: App.minutes(found[name].minutes[i]),
              site: App.siteName(found[name].site[i]),
            }),
      );
    const lines = hubs
      ? App.hubColumns().map((title, k) => line(title, ['first', 'second'][k]))
      : [
          line(App.t('today'), 'today'),
          line(App.t(second === 'option' ? 'with_option' : 'after_proposal'), second),
        ];
    const content = App.h(
      'div',
      {},
      App.h('h3', {}, place.label),
      App.h('p', { className: 'small' }, hubs ? App.stateWords() : `${App.service().title}, ${App.modeWords()}`),
      ...lines,
      App.button(App.t('see_street'), () => App.choosePlace(place), 'link'),
    );
    App.map.popup(place.lat, place.lon, content);
    App.say([...content.children].map((part) => part.textContent).join('. '));
  };

  App.siteChosen = (entry, marker) => {
    const site = App.data.sites[entry.site];
    const actions = [];
    if (App.state.view === 'family-hubs' && App.data.hubs.fixed) {
      // nothing can be chosen: see hubs.js
    } else if (App.state.view === 'family-hubs') {
      const on = App.state.hubs.own.has(entry.site);
      actions.push(
        App.button(
          App.t(on ? 'hub_leave' : 'hub_take'),
          () => {
            App.map.closePopup();
            App.toggleHub(entry.site);
            App.$(`hub-${entry.site}`).focus({ preventScroll: true });
          },
          'button small-button',
        ),
      );
    } else if (App.state.view === 'your-option') {
      const isHub = ['hub', 'candidate'].includes(entry.kind);
      const open = App.state.option[isHub ? 'hubs' : 'keep'].has(entry.site);
      actions.push(
        App.button(
          App.t(open ? 'close_site' : 'open_site'),
          () => {
            App.map.closePopup();
            App.toggleSite(entry.site, isHub);
            App.boxOf(entry.site, isHub).focus({ preventScroll: true });
          },
          'button small-button',
        ),
      );
    } else {
      actions.push(
        App.button(
          App.t('show_reach'),
          () => {
            App.map.closePopup();
            const { services } = App.model;
            const serves = (s) => (entry.kind === 'hub' ? s.after.includes(entry.site) : s.key === entry.kind);
            if (!serves(App.service())) App.state.service = Math.max(services.findIndex(serves), 0);
            App.state.reach = entry.site;
            App.state.layers['before-after'] = 'reach';
            App.go('before-after');
            App.$('colour-by').focus({ preventScroll: true });
          },
          'link',
        ),
      );
    }
    const { lat, lng } = marker.getLatLng();
    App.map.popup(lat, lng, App.h('div', {}, App.h('h3', {}, site.name), App.statusWords(entry), actions));
    App.say(`${site.name}. ${App.kindWords(entry.kind, entry.status)}`);
  };

  App.views = App.views || {};
  App.views['my-street'] = {
    mapTitle: () =>
      App.state.place
        ? App.t('map_title_street', { place: App.state.place.label })
        : App.t('map_title_all', { place: App.data.place }),
    render() {
      const { place } = App.state;
      App.$('street-results').hidden = !place;
      App.$('places').hidden = Boolean(place);
      document.body.classList.toggle('answered', Boolean(place));
      if (!place) return;
      const found = App.byHarm(place);
      App.fill(App.$('place-title'), App.t('results_for', { place: place.label }));
      App.fill(App.$('answer'), App.answerParts(found[0], place));
      App.fill(
        App.$('answer-sure'),
        [App.data.modelled ? App.t('answer_modelled') : '', ...App.busAnswer(found[0], place), ...qualifiers(found[0], place)].join(' '),
      );
      App.fill(App.$('place-where'), App.whereWords(place));
      App.fill(
        App.$('cards'),
        found.map((one) => card(one, place)),
      );
    },
  };
})((globalThis.App = globalThis.App || {}));

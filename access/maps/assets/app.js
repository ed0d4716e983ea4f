/* What is chosen now, and the words and figures that several parts of the page share. */
(function (App) {
  'use strict';

  App.core = globalThis.Core;

  App.start = (data, strings) => {
    App.data = data;
    App.strings = strings;
    App.locale = strings.locale;
    App.plurals = new Intl.PluralRules(App.locale);
    App.model = App.core.buildModel(data);
    App.shapes = data.shapes.map(App.unpackShape);
    const { areas } = data;
    const spread = (coded) => (coded ? coded.at.map((i) => coded.of[i]) : null);
    App.areas = {
      ...areas,
      name: spread(areas.name),
      ward: spread(areas.ward),
      locality: spread(areas.locality),
    };
    App.near = nearestSites(data);
    for (const service of App.model.services) {
      if (!service.plans?.length)
        service.plans = [{ key: 'proposal', title: '', after: service.after, days: {}, stays: [], beside: [] }];
    }
    App.bounds = [
      [Math.min(...areas.lat) - 0.004, Math.min(...areas.lon) - 0.006],
      [Math.max(...areas.lat) + 0.004, Math.max(...areas.lon) + 0.006],
    ];
    App.still = globalThis.matchMedia('(prefers-reduced-motion: reduce)').matches;
    App.printing = false;
    App.state = App.freshState();
  };

  /* How the page is for a person who has just come. */
  App.freshState = () => {
    for (const service of App.model.services) choose(service, 0);
    return {
      view: 'my-street',
      service: 0,
      mode: App.firstMode(),
      speed: App.data.walk_km_h,
      limit: App.data.threshold,
      layers: {},
      overlays: { ward: false, locality: false, candidates: false, tiles: false },
      swipe: 50,
      reach: null,
      swap: null,
      place: null,
      option: App.proposalOption(),
      hubs: App.freshHubs(),
    };
  };

  App.firstMode = () =>
    App.core.modes(App.model).includes(App.data.headline) ? App.data.headline : 'walk';

  /* Whether a figure by a mode changes with the walking speed: one by car does not, and buses are
   * known at the usual speed alone. */
  App.speedActs = (mode) =>
    ['walk', 'pram', 'typical'].includes(mode) && !App.core.byMinute(App.model, mode);

  /* ---- several proposals for one service: the whole page follows the one chosen ---- */

  const NO_CHANGE = { key: 'none', days: {}, stays: [], beside: [] };
  App.planOf = (service) => service.plans[service.plan] || NO_CHANGE;

  function choose(service, plan) {
    service.plan = plan;
    service.after = plan < 0 ? service.before : service.plans[plan].after;
  }

  /* An option that nobody has changed goes on being the proposal. */
  App.choosePlan = (service, plan) => {
    const untouched = App.sameOption(App.state.option, App.proposalOption());
    choose(service, plan);
    App.state.service = App.model.services.indexOf(service);
    if (untouched) App.state.option = App.proposalOption();
  };

  App.planTitle = (service) =>
    service.plan < 0 ? App.t('plan_none') : App.planOf(service).title || App.t('after_proposal');

  App.proposalWords = () =>
    App.model.services
      .map((s) =>
        App.t(
          s.after.length === s.before.length && s.after.every((site) => s.before.includes(site))
            ? 'header_stay'
            : 'header_become',
          { title: s.title, one: s.one, n: s.before.length, before: s.before.length, after: s.after.length },
        ),
      )
      .join(' ');

  /* What every figure in view depends on, in words. */
  App.stateWords = () => {
    const { view } = App.state;
    if (view === 'family-hubs') return App.capital(App.t(`mode_${App.data.hubs.mode}`));
    const { mode } = App.state;
    const speed = App.speedActs(mode) ? App.state.speed : App.data.walk_km_h;
    const pace = mode === 'pram' ? (App.data.pram_km_h * speed) / App.data.walk_km_h : speed;
    const values = { mode: App.capital(App.modeWords()), speed: App.number(pace, 1) };
    const key = { walk: 'state_walking', pram: 'state_walking', typical: 'state_family' }[mode];
    const parts = [App.t(key || 'state_mode', values)];
    if (view !== 'my-street') parts.push(App.service().title);
    const several = view === 'my-street' ? App.model.services : [App.service()];
    for (const service of several) if (service.plans.length > 1) parts.push(App.planTitle(service));
    return parts.join(' · ');
  };

  /* The centre nearest to each area in a straight line: a name for areas that have none. */
  function nearestSites({ areas, sites, candidates_from: today }) {
    return areas.id.map((_, i) => {
      let best = 0;
      let least = Infinity;
      for (let s = 0; s < today; s += 1) {
        const far = Math.hypot((sites[s].lon - areas.lon[i]) * 0.6, sites[s].lat - areas.lat[i]);
        if (far < least) {
          least = far;
          best = s;
        }
      }
      return best;
    });
  }

  App.service = () => App.model.services[App.state.service];
  App.minutes_ = (mode) => App.core.minutesFor(App.model, mode, App.state.speed);
  App.situation = (service, open) =>
    App.core.situation(App.model, service, App.state.mode, App.state.speed, open);
  /* Whether the figures in view can be worked out for a set of open centres. */
  App.known = (service, open) =>
    !App.core.byMinute(App.model, App.state.mode) || App.core.busKnown(App.model, service, open);

  /* An option: which of today's centres stay for their service, and which sites are opened. These may
   * be another service's: a youth club in a children's centre opens it for young people alone. */
  App.proposalOption = () => optionOf((service) => service.after);
  App.todayOption = () => optionOf((service) => service.before);

  function optionOf(openOf) {
    const all = (own) => new Set(App.model.services.flatMap((s) => openOf(s).filter((site) => own(s, site))));
    return { keep: all((s, site) => s.before.includes(site)), hubs: all((s, site) => !s.before.includes(site)) };
  }

  /* Sites of another service that a proposal opens. */
  App.sharedSites = () =>
    [...new Set(App.model.services.flatMap(opensBy))]
      .filter((site) => site < App.data.candidates_from)
      .sort((a, b) => a - b);

  App.sameOption = (a, b) =>
    a.keep.size === b.keep.size &&
    a.hubs.size === b.hubs.size &&
    [...a.keep].every((s) => b.keep.has(s)) &&
    [...a.hubs].every((s) => b.hubs.has(s));

  App.openIn = (option, service) => [
    ...service.before.filter((s) => option.keep.has(s)),
    ...[...option.hubs].filter((site) => !service.before.includes(site) && serves(site, service)),
  ];

  /* What an option opens for other services alone: an option for this one leaves it as it is. */
  App.openedForOthers = (option, service) => {
    const own = App.openIn(option, service).filter((site) => !service.before.includes(site));
    return [...option.hubs].filter((site) => !own.includes(site));
  };

  /* A hub serves every service; what proposals open serves those that they open it for, whichever of
   * them is chosen: an option that is handed on means the same on every page. */
  function serves(site, service) {
    const opened = App.model.services.filter((s) => opensBy(s).includes(site));
    return !opened.length || opened.includes(service);
  }

  const opensBy = (s) => s.plans.flatMap((plan) => plan.after.filter((site) => !s.before.includes(site)));

  /* Nearest centre of every area today, under the proposal, and with the option. */
  App.situations = () => {
    const { mode, speed, service, option } = App.state;
    const key = [mode, speed, service, App.service().plan, [...option.keep].sort(), [...option.hubs].sort()].join('|');
    if (App.situationKey !== key) {
      const s = App.service();
      const near = (open) => App.situation(s, open);
      App.situationKey = key;
      App.situationNow = { today: near(s.before), after: near(s.after), option: near(App.openIn(option, s)) };
    }
    return App.situationNow;
  };

  App.siteName = (site) => (site < 0 ? App.t('none') : App.data.sites[site].name);

  /* A name short enough for the map: without the kind of centre and without brackets. */
  function shortened({ name, service }) {
    const kind = App.data.services.find((s) => s.key === service);
    const bare = name.replace(/\s*\([^)]*\)/g, '').trim();
    const short = kind
      ? bare
          .replace(new RegExp(`\\s*${kind.one.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*`, 'i'), ' ')
          .trim()
      : bare;
    return short.length > 2 ? short : bare || name;
  }

  /* The short names of all; in full those that would be alike within a service. */
  let shortNames = null;
  function namesApart() {
    const short = App.data.sites.map(shortened);
    const keys = App.data.sites.map(({ service }, i) => `${service || ''}\n${short[i]}`);
    const times = new Map();
    for (const key of keys) times.set(key, (times.get(key) || 0) + 1);
    return short.map((text, i) => (times.get(keys[i]) > 1 ? App.data.sites[i].name : text));
  }
  App.shortName = (site) => (shortNames ||= namesApart())[site];

  /* An area's ward, called a ward once: some names hold the word; empty where not known. */
  App.wardName = (i) => {
    const name = ((App.areas.ward || [])[i] || '').trim();
    return !name || /^ward\s|\sward$/i.test(name) ? name : App.t('ward_name', { ward: name });
  };

  App.areaName = (i) => {
    const { name, ward } = App.areas;
    if (name[i] && App.wardName(i) && ward[i] !== name[i])
      return App.t('area_name', { place: name[i], ward: App.wardName(i) });
    return name[i] || App.t('near_site', { site: App.siteName(App.near[i]) });
  };

  /* The same, short: for titles and lists that give the area's code beside it. */
  App.placeName = (i) => App.areas.name[i] || App.areaName(i);

  App.kindWords = (kind, status) => {
    if (kind === 'hub' && App.state.view === 'family-hubs') return App.t(`hub_in_${status}`);
    if (kind === 'hub') return App.t('kind_hub');
    if (kind === 'candidate') return App.t('kind_candidate');
    const { one } = App.data.services.find((s) => s.key === kind);
    return App.t(`kind_${status}`, { one });
  };

  App.statusWords = (entry) => {
    const site = App.data.sites[entry.site];
    const words = [App.kindWords(entry.kind, entry.status)];
    if (site.address) words.push(site.address);
    if (site.assumed) words.push(App.t('assumed_site'));
    if (site.error_m >= 200) words.push(App.t('proxy_site', { metres: Math.round(site.error_m) }));
    return words.map((w) => App.h('div', {}, w));
  };

  /* Sites that are opened: for the service in view; where all are in view, for any of them. */
  function opened(view) {
    if (view === 'my-street') return App.proposalOption().hubs;
    const service = App.service();
    const open = view === 'your-option' ? App.openIn(App.state.option, service) : service.after;
    return open.filter((site) => !service.before.includes(site));
  }

  /* The centres to draw in a view, in a fixed order. */
  App.entries = (view) => {
    if (view === 'family-hubs') return App.hubEntries();
    const { option, service, overlays } = App.state;
    const out = [];
    App.model.services.forEach((s, index) => {
      if (view !== 'my-street' && index !== service) return;
      for (const site of s.before) {
        const open = view === 'your-option' ? option.keep.has(site) : s.after.includes(site);
        out.push({
          site,
          kind: s.key,
          status: open ? 'open' : view === 'your-option' ? 'closed' : 'closing',
        });
      }
    });
    for (const site of opened(view)) out.push({ site, kind: 'hub', status: 'open' });
    if (view === 'your-option' && overlays.candidates) {
      for (let site = App.data.candidates_from; site < App.data.sites.length; site += 1) {
        if (!option.hubs.has(site)) out.push({ site, kind: 'candidate', status: 'open' });
      }
    }
    return out;
  };

  App.colPeople = () => App.capital(App.t('col_people', { people: App.service().people }));

  App.howWords = (mode) => App.t(mode === 'typical' && (App.model.bus || App.model.busMatrix) ? 'how_typical_bus' : `how_${mode}`);

  App.modeWords = () => App.t(`mode_${App.state.mode}`);

  /* Change what is chosen, and show it. */
  App.set = (changes) => {
    Object.assign(App.state, changes);
    App.render();
  };

  App.view = () => App.views[App.state.view];

  /* Whoever works with the keyboard stays where they were: what is drawn anew, shut or disabled under
   * them leaves them at the part around it, or at the title of the part that is shown. */
  function keepFocus(draw) {
    const had = document.activeElement;
    const around = [];
    for (let node = had?.parentElement; node; node = node.parentElement)
      if (node.tabIndex === 0 || node.tabIndex === -1) around.push(node);
    draw();
    const there = (node) => node.isConnected && !node.disabled && node.getClientRects().length > 0;
    if (!had || had === document.body || there(had)) return;
    const parts = around.filter((node) => node.hasAttribute('tabindex') && node.id !== 'main');
    (parts.find(there) || App.$(`title-${App.state.view}`)).focus({ preventScroll: true });
  }
  App.render = () => keepFocus(render);

  const render = () => {
    App.syncControls();
    App.fill(App.$('state-words'), App.stateWords());
    App.fill(App.$('proposal-words'), App.proposalWords());
    App.view().render();
    App.renderShare();
    App.writeAddress();
    App.prepare();
    if (App.state.view !== 'about') App.renderMap();
  };

  /* A trip on foot goes along the streets where the page holds its way; else in a straight line. */
  let ways = null;
  function withWay(trip, place, view) {
    const mode = view === 'family-hubs' ? App.data.hubs.mode : App.state.mode;
    const packed = App.data.ways;
    if (!packed || !['walk', 'pram'].includes(mode)) return trip;
    ways = ways || new Map(packed.lines.map((line, k) => [`${packed.areas[k]} ${packed.sites[k]}`, line]));
    const line = ways.get(`${place.area} ${trip.site}`);
    return line ? { ...trip, line: App.unpack(line) } : trip;
  }

  App.renderMap = () => {
    const { view, overlays } = App.state;
    const keys = App.layerKeys(view);
    const key = keys.includes(App.state.layers[view]) ? App.state.layers[view] : keys[0];
    const layer = App.layer(key);
    App.currentLayer = layer;
    const { place } = App.state;
    const trips = place ? App.tripsFor(place, view).map((trip) => withWay(trip, place, view)) : [];
    App.map.show(layer, App.entries(view), overlays, place, trips);
    App.fill(App.$('map-title'), App.view().mapTitle(layer));
    App.fill(App.$('map-words'), App.capital(layer.summary()));
    App.fill(App.$('map-state'), App.stateWords());
    App.renderMapControls(keys, key);
    App.renderAreaTable(layer);
  };

  App.renderMapControls = (keys, key) => {
    const select = App.$('colour-by');
    const names = keys.map((k) => `${k}|${App.t(`menu_${k}`, { people: App.service().people })}`);
    if (select.dataset.keys !== names.join()) {
      select.dataset.keys = names.join();
      App.fill(
        select,
        names.map((n) => App.h('option', { value: n.split('|')[0] }, n.split('|')[1])),
      );
    }
    select.value = key;
    App.$('reach-control').hidden = key !== 'reach';
    if (key === 'reach') {
      App.fill(
        App.$('reach-site'),
        App.reachSites().map((s) =>
          App.h('option', { value: s, selected: s === App.currentLayer.sites[0] }, App.siteName(s)),
        ),
      );
    }
    App.$('candidates-control').hidden =
      !['your-option', 'family-hubs'].includes(App.state.view) || App.data.candidates_from === App.data.sites.length;
    App.$('speed-note').hidden = App.state.speed === App.data.walk_km_h || !App.speedActs(App.state.mode);
    App.fill(App.$('speed-note'), App.t('speed_note', { speed: App.number(App.state.speed, 1) }));
  };

  /* Rows that are shown at once; a thousand cells more each time would keep everybody waiting. */
  let mostRows = 1000;

  /* The table that equals the map: filled when it is opened, and kept in step while it is. */
  App.renderAreaTable = (layer) => {
    const details = App.$('area-table');
    if (!details.open) return;
    const s = App.service();
    const hubs = App.state.view === 'family-hubs';
    const wanted = App.$('area-filter').value.trim().toLowerCase();
    const second = App.state.view === 'your-option' ? 'option' : 'after';
    const found = hubs ? App.hubPairNow() : App.situations();
    const [one, two] = hubs ? [found.first, found.second] : [found.today, found[second]];
    const base = ['hub_change', 'hub_a', 'hub_b', 'swipe_hubs', 'change', 'option_change', 'swipe', 'swipe_option', 'plain', 'families', 'today', second];
    const extra = !base.includes(layer.key);
    const rows = [];
    let matching = 0;
    for (let i = 0; i < App.model.n; i += 1) {
      const name = App.areaName(i);
      if (wanted && !`${name} ${App.areas.id[i]}`.toLowerCase().includes(wanted)) continue;
      matching += 1;
      if (rows.length >= mostRows) continue;
      const row = [
        `${name} (${App.areas.id[i]})`,
        ...(hubs ? [] : [App.areaPeople(s, i)]),
        App.min(one.minutes[i]),
        App.min(two.minutes[i]),
        App.tripChange(one.minutes[i], two.minutes[i]),
      ];
      if (extra) row.push(layer.text(i));
      rows.push(Object.assign(row, { area: i }));
    }
    const head = [
      App.t('col_area'),
      ...(hubs ? App.hubColumns() : [App.colPeople(), App.t('col_today'), App.t(`col_${second}`)]),
      App.t('col_change'),
      ...(extra ? [layer.title] : []),
    ];
    App.fill(
      App.$('area-rows'),
      App.table(
        App.t('area_table_caption', {
          title: hubs ? App.t('nav_hubs') : s.title,
          mode: hubs ? App.t(`mode_${App.data.hubs.mode}`) : App.modeWords(),
          shown: rows.length,
          all: App.model.n,
        }),
        head,
        rows,
        { className: 'compact' },
      ),
      matching > rows.length
        ? App.button(
            App.t('more_rows', { n: matching - rows.length }),
            () => {
              mostRows = Infinity;
              App.renderAreaTable(layer);
              App.$('area-rows').focus({ preventScroll: true });
            },
            'button secondary',
          )
        : null,
    );
  };
})((globalThis.App = globalThis.App || {}));

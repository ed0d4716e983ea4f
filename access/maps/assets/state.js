/* What is chosen stands in the address: it survives a reload and goes on paper as a code that a
 * telephone reads. Nothing of it is sent anywhere: what follows the # stays on the device. */
(function (App) {
  'use strict';

  const idsOf = (sites) => Array.from(sites, (site) => App.data.sites[site].id).sort();

  /* Ids in the address with dots, or in a table with blanks between them: one that holds such says so. */
  App.idsTogether = (ids, between = '.') => {
    const coded = { '.': '%2E', ' ': '%20' }[between];
    return ids.map((id) => id.replaceAll('%', '%25').replaceAll(between, coded)).join(between);
  };
  App.idsApart = (text) =>
    (text || '')
      .split('.')
      .filter(Boolean)
      .map((id) => id.replace(/%2E/g, '.').replace(/%25/g, '%'));

  /* What an option changes from today, as the scenario files of the package have it. */
  App.modifications = (option) => ({
    close: idsOf(App.model.services.flatMap((s) => s.before).filter((site) => !option.keep.has(site))),
    open: idsOf(option.hubs),
  });

  App.optionFrom = (close, open) => {
    const where = new Map(App.data.sites.map((site, i) => [site.id, i]));
    const unknown = [...close, ...open].filter((id) => !where.has(id));
    if (unknown.length) throw new Error(App.t('file_unknown', { ids: unknown.slice(0, 5).join(', ') }));
    const option = App.todayOption();
    for (const id of close) option.keep.delete(where.get(id));
    for (const id of open) {
      const site = where.get(id);
      if (!App.data.sites[site].service || App.sharedSites().includes(site)) option.hubs.add(site);
      else option.keep.add(site);
    }
    return option;
  };

  /* ---- the address ---- */

  function placeParts(place) {
    if (!place) return {};
    const spot = [place.lat, place.lon].map((v) => v.toFixed(5)).join(',');
    if (place.kind === 'point') return { point: spot };
    return { place: place.kind === 'area' ? App.areas.id[place.area] : place.label, kind: place.kind };
  }

  /* Only what differs from a page just opened; all of it where an option is handed on. */
  function parts(whole) {
    const { option, mode, speed, limit, service, place } = App.state;
    const out = placeParts(place);
    for (const s of App.model.services)
      if (s.plan !== 0) out[`plan.${s.key}`] = s.plan < 0 ? 'none' : s.plans[s.plan].key;
    if (whole || !App.sameOption(option, App.proposalOption())) {
      const { close, open } = App.modifications(option);
      Object.assign(out, { close: App.idsTogether(close), open: App.idsTogether(open) });
    }
    if (whole || mode !== App.firstMode()) out.mode = mode;
    if (whole || speed !== App.data.walk_km_h) out.speed = speed;
    if (whole || limit !== App.data.threshold) out.limit = limit;
    if (whole || service !== 0) out.service = App.model.services[service].key;
    if (App.state.view === 'family-hubs' && !whole) Object.assign(out, App.hubParts());
    return new URLSearchParams(out);
  }

  const page = () => location.href.split('#')[0];
  const hash = (view, query) => (String(query) ? `#${view}?${query}` : `#${view}`);

  App.optionLink = () => page() + hash('your-option', parts(true));
  App.shareLink = () => page() + hash(App.state.view, parts(false));

  let waiting = 0;
  function write() {
    clearTimeout(waiting);
    waiting = 0;
    const own = parts(false);
    if (App.kiosk) own.set('kiosk', 1); // of this screen: no telephone starts again by itself
    const now = hash(App.state.view, own);
    if (now === location.hash || (now === '#my-street' && !location.hash)) return;
    try {
      history.replaceState({ own: true }, '', now);
    } catch {
      // Some browsers allow no history for a page opened from a file; all else works.
    }
  }
  App.writeAddress = () => {
    clearTimeout(waiting);
    waiting = setTimeout(write, 150);
  };
  globalThis.addEventListener('pagehide', () => waiting && write());

  function readPlans(query, faults) {
    const chosen = App.state.service;
    for (const service of App.model.services) {
      const wanted = query.get(`plan.${service.key}`);
      if (wanted === null) continue;
      const plan = wanted === 'none' ? -1 : service.plans.findIndex((p) => p.key === wanted);
      if (plan < 0 && wanted !== 'none') faults.push(App.t('link_plan', { title: service.title }));
      else App.choosePlan(service, plan);
    }
    App.state.service = chosen;
  }

  function readPlace(query, faults) {
    const point = (query.get('point') || '').split(',').map(Number);
    if (query.has('point')) {
      const area = point.length === 2 && point.every(Number.isFinite) ? App.areaAt(...point) : -1;
      if (area < 0) faults.push(App.t('link_place'));
      else
        App.state.place = { kind: 'point', label: App.areaName(area), area, lat: point[0], lon: point[1] };
    } else if (query.has('place')) {
      const label = query.get('place');
      const found = label.length > App.longestLabel() ? [] : App.find(label, 40).filter((p) => p.label === label && p.kind !== 'part');
      const place = found.find((p) => p.kind === query.get('kind')) || found[0];
      if (!place) faults.push(App.t('link_place'));
      else App.state.place = place;
    }
  }

  /* What a link or a file may ask for: what the sliders have room for, and the study's own. */
  App.inRange = (name, value) => {
    const [low, high, own] = { speed: [2, 7, App.data.walk_km_h], limit: [5, 60, App.data.threshold] }[name];
    return value === own || (value >= low && value <= high);
  };

  /* Take over what an address says; what it says wrongly is told, the rest holds. What a link from
   * elsewhere leaves out is as on a page just opened; what the way back leaves out stays as it is. */
  App.readLink = (text) => {
    const query = new URLSearchParams(text);
    const faults = [];
    if (!history.state?.own) {
      const { layers, overlays } = App.state;
      App.state = { ...App.freshState(), layers, overlays };
    }
    if (query.get('kiosk') === '1') App.setKiosk(true);
    readPlans(query, faults);
    readPlace(query, faults);
    App.readHubs(query, faults);
    const ids = (name) => App.idsApart(query.get(name));
    if (query.has('close') || query.has('open')) {
      try {
        App.state.option = App.optionFrom(ids('close'), ids('open'));
      } catch (error) {
        faults.push(error.message);
      }
    }
    const numberIn = (name) => {
      const value = Number(query.get(name));
      if (!query.has(name)) return App.state[name];
      if (App.inRange(name, value)) return value;
      faults.push(App.t(`link_${name}`));
      return App.state[name];
    };
    const index = App.model.services.findIndex((s) => s.key === query.get('service'));
    if (query.has('service') && index < 0) faults.push(App.t('link_service'));
    const known = App.core.modes(App.model).includes(query.get('mode'));
    if (query.has('mode') && !known) faults.push(App.t('link_mode'));
    Object.assign(App.state, {
      mode: known ? query.get('mode') : App.state.mode,
      speed: numberIn('speed'),
      limit: numberIn('limit'),
      service: index >= 0 ? index : App.state.service,
    });
    return faults;
  };

  /* A broken link says so where everybody sees it. */
  App.notice = (faults) =>
    App.fill(
      App.$('notice'),
      faults.length ? App.h('p', { className: 'error' }, [App.t('link_broken'), ...faults].join(' ')) : null,
    );

  /* ---- to take away: a code, and words to copy ---- */

  App.qr = (text, size) => {
    const rows = globalThis.qrRows(text);
    if (!rows) return null;
    const edge = rows.length + 8;
    const dark = rows.flatMap((row, y) => row.map((on, x) => (on ? `M${x + 4} ${y + 4}h1v1h-1z` : '')));
    return App.s(
      'svg',
      {
        viewBox: `0 0 ${edge} ${edge}`,
        width: size,
        height: size,
        role: 'img',
        'aria-label': App.t('qr_label'),
        'shape-rendering': 'crispEdges',
        class: 'qr',
      },
      App.s('rect', { width: edge, height: edge, fill: '#ffffff' }),
      App.s('path', { d: dark.join(''), fill: '#000000' }),
    );
  };

  App.shareText = () => {
    const { place, view } = App.state;
    const lines = [App.data.title];
    if (place && view !== 'family-hubs') lines.push(App.answerWords(place));
    if (view === 'your-option') lines.push(App.optionWords(App.state.option, App.service()));
    if (view === 'family-hubs') lines.push(App.hubWords());
    lines.push(App.stateWords());
    if (App.data.modelled) lines.push(App.t('answer_modelled'));
    lines.push(App.shareLink());
    return lines.join('\n');
  };

  App.renderShare = () => {
    const { view } = App.state;
    if (!['my-street', 'your-option', 'family-hubs'].includes(view)) return;
    const slot = App.$(`share-${view}`);
    if (App.$('share').parentNode !== slot) slot.append(App.$('share'));
    if (!App.$('share').open) return;
    const link = App.shareLink();
    App.fill(App.$('share-qr'), App.qr(link, 180) || App.t('qr_too_long'));
    App.$('share-text').value = App.shareText();
    App.fill(App.$('share-message'), location.protocol === 'file:' ? App.t('share_file') : '');
  };

  async function copyText() {
    App.$('share-text').select();
    let key = 'text_copied';
    try {
      await navigator.clipboard.writeText(App.$('share-text').value);
    } catch {
      key = 'text_by_hand';
    }
    App.fill(App.$('share-message'), App.t(key));
  }

  /* ---- the next person ---- */

  App.startAgain = () => {
    App.present(false);
    App.state = App.freshState();
    App.forgetSteps();
    App.setAside();
    for (const field of document.querySelectorAll('input[type="text"], textarea')) field.value = '';
    for (const box of document.querySelectorAll('.map-more input[type="checkbox"]')) box.checked = false;
    for (const part of document.querySelectorAll('main details[open]')) part.open = false;
    App.$('place').removeAttribute('aria-invalid');
    for (const id of ['place-message', 'file-message', 'notice']) App.fill(App.$(id));
    App.filterHubs();
    App.filterOwnHubs();
    App.map.tiles(false);
    App.go('my-street');
    write();
    App.map.everything(true);
    App.$('place').focus();
    App.$('live').textContent = '';
    App.say(App.t('said_again'));
  };

  App.wireState = () => {
    App.$('start-again').addEventListener('click', App.startAgain);
    App.$('share').addEventListener('toggle', App.renderShare);
    App.$('copy-text').addEventListener('click', copyText);
  };
})((globalThis.App = globalThis.App || {}));

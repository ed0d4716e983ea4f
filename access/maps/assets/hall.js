/* For a full hall: swaps that keep the number, a view for the projector, a page that starts again. */
(function (App) {
  'use strict';

  const QUIET_MS = 120000;

  /* ---- keep ours: which instead? ---- */

  const closedIn = (service) => service.before.filter((site) => !service.after.includes(site));

  /* Every option that keeps a closing centre and closes another in its place, best first. */
  App.swaps = (service, site) => {
    const others = service.after.filter((other) => service.before.includes(other));
    const opens = [
      ...App.openedForOthers(App.state.option, service),
      ...service.after.filter((own) => !service.before.includes(own)),
    ];
    return others
      .map((other) => {
        const option = { keep: new Set(App.state.option.keep), hubs: new Set(opens) };
        for (const own of service.before) option.keep.delete(own);
        for (const own of service.after) if (service.before.includes(own)) option.keep.add(own);
        option.keep.add(site);
        option.keep.delete(other);
        return { other, option, found: App.optionFigures(option, service) };
      })
      .sort(
        (a, b) =>
          a.found.figures.unreached - b.found.figures.unreached ||
          a.found.figures.mean - b.found.figures.mean ||
          a.other - b.other,
      );
  };

  const sameFor = (service, a, b) =>
    service.before.every((site) => a.keep.has(site) === b.keep.has(site)) &&
    a.hubs.size === b.hubs.size &&
    [...a.hubs].every((site) => b.hubs.has(site));

  function swapRow(service, site, swap, proposal) {
    const { other, option, found } = swap;
    const difference = App.rise(proposal.figures.mean, found.figures.mean, 1);
    const shown = sameFor(service, App.state.option, option);
    const row = [
      App.siteName(other),
      App.min(found.figures.mean, 1),
      App.minChange(difference, 1),
      !App.core.keepsRules(service, found.open)
        ? App.t('swap_breaks')
        : found.ways
          ? App.rankWords(found.ranks.mean, found.tied.mean, found.of)
          : App.sampleWords(found) || App.t('number_no_rank'),
      shown
        ? App.t('swap_shown')
        : App.button(
            App.t('try_it'),
            () => {
              App.changeOption((o) => Object.assign(o, option), App.t('said_swap', swapNames(site, other)));
              App.$('swap-title').focus();
            },
            'link',
            { 'aria-label': App.t('swap_label', swapNames(site, other)) },
          ),
    ];
    row.className = shown ? 'shown' : null;
    return row;
  }

  const swapNames = (site, other) => ({ site: App.siteName(site), other: App.siteName(other) });

  App.renderSwaps = () => {
    const service = App.service();
    const closed = closedIn(service);
    const staying = service.after.some((site) => service.before.includes(site));
    App.$('swaps').hidden = !closed.length || !staying;
    if (!closed.length || !staying) return;
    const site = closed.includes(App.state.swap) ? App.state.swap : null;
    App.fill(
      App.$('swap-site'),
      App.h('option', { value: -1, selected: site === null }, App.t('swap_choose')),
      closed.map((own) => App.h('option', { value: own, selected: own === site }, App.siteName(own))),
    );
    App.$('swap-rows').hidden = site === null;
    if (site === null) return;
    const proposal = App.optionFigures(App.proposalOption(), service);
    App.fill(
      App.$('swap-rows'),
      App.table(
        App.t('swap_caption', {
          site: App.siteName(site),
          n: service.after.length,
          kept: service.after.length,
          mode: App.modeWords(),
          mean: App.min(proposal.figures.mean, 1),
        }),
        ['swap_close', 'swap_mean', 'swap_change', 'swap_rank', 'swap_do'].map((key) => App.t(key)),
        App.swaps(service, site).map((swap) => swapRow(service, site, swap, proposal)),
        { className: 'compact', texts: [3, 4] },
      ),
    );
  };

  /* From "My street": the swaps for the centre that would close here. */
  App.askSwaps = (site) => {
    App.state.service = App.model.services.findIndex((s) => s.before.includes(site));
    App.state.swap = site;
    App.go('your-option');
    App.$('swap-title').scrollIntoView({ block: 'start' });
    App.$('swap-title').focus({ preventScroll: true });
  };

  /* ---- the view for the projector ---- */

  let step = -1;

  /* One thing at a time: what is proposed, the place that was asked for, each service under each of
   * its proposals, the option. */
  function steps() {
    const list = [() => show('my-street', null)];
    const { place } = App.state;
    if (place) list.push(() => show('my-street', place));
    App.model.services.forEach((service, index) =>
      service.plans.forEach((_, plan) => list.push(() => show('before-after', place, index, plan))),
    );
    if (own || !App.sameOption(App.state.option, App.proposalOption()))
      list.push(() => show('your-option', place));
    if (App.data.hubs) list.push(() => show('family-hubs', place));
    return list;
  }

  let held = null;
  let chosen = []; // the proposals that were chosen when presenting began
  let shownService = 0;
  let own = false; // whether the visitor has an option, which no proposal that is shown takes the place of
  function choosePlan(service, plan) {
    const { option } = App.state;
    App.choosePlan(service, plan);
    if (own) App.state.option = option;
  }
  const choosePlans = (plans) => App.model.services.forEach((s, i) => choosePlan(s, plans[i]));
  function show(view, place, service, plan) {
    App.state.place = place;
    choosePlans(chosen);
    if (plan !== undefined) choosePlan(App.model.services[service], plan);
    App.state.service = service ?? shownService;
    App.go(view);
    fitMap();
    App.map.resized();
    if (place && view === 'my-street') App.map.fit(App.placePoints(place));
    else App.map.everything(true);
  }

  /* The map is as high as leaves its legend in view above the bar. */
  function fitMap() {
    const frame = App.$('map');
    frame.style.height = '';
    const { top, bottom } = frame.getBoundingClientRect();
    const below = App.$('legend').getBoundingClientRect().bottom - bottom;
    const room = App.$('present-bar').getBoundingClientRect().top - top - below - 8;
    frame.style.height = `${Math.max(room, globalThis.innerHeight * 0.3)}px`;
  }

  function move(by) {
    App.state.place = held;
    const list = steps();
    step = Math.max(0, Math.min(list.length - 1, step + by));
    list[step]();
    App.fill(App.$('present-step'), App.t('present_step', { step: step + 1, steps: list.length }));
    App.$('present-back').disabled = step === 0;
    App.$('present-on').disabled = step === list.length - 1;
    const shown = App.view().mapTitle(App.currentLayer);
    App.say([App.t('present_step', { step: step + 1, steps: list.length }), shown].join(' '));
  }

  App.present = (on) => {
    if (on === document.body.classList.contains('presenting')) return;
    document.body.classList.toggle('presenting', on);
    App.$('present-bar').hidden = !on;
    if (on) {
      held = App.state.place;
      chosen = App.model.services.map((s) => s.plan);
      shownService = App.state.service;
      own = !App.sameOption(App.state.option, App.proposalOption());
      step = 0;
      move(0);
      App.$('present-end').focus();
    } else {
      App.state.place = held;
      choosePlans(chosen);
      own = false;
      App.state.service = shownService;
      App.$('map').style.height = '';
      App.render();
      App.map.resized();
      App.map.everything(true);
      App.$('present').focus();
    }
  };

  function keys(event) {
    if (!document.body.classList.contains('presenting') || event.altKey || event.ctrlKey || event.metaKey) return;
    const by = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key];
    if (event.key === 'Escape') App.present(false);
    else if (by && !event.target.closest('#map, select, input, textarea')) move(by);
    else return;
    event.preventDefault();
  }

  /* ---- a page that stands in a library: two quiet minutes, and it is as at the start ---- */

  let quiet = 0;
  function touched() {
    clearTimeout(quiet);
    if (App.kiosk) quiet = setTimeout(App.startAgain, QUIET_MS);
  }

  App.setKiosk = (on) => {
    App.kiosk = on;
    App.$('kiosk').checked = on;
    touched();
    App.writeAddress();
  };

  App.wireHall = () => {
    App.$('swap-site').addEventListener('change', (event) => {
      App.state.swap = Number(event.target.value);
      App.renderSwaps();
      App.say(App.$('swap-rows').hidden ? '' : App.$('swap-rows').querySelector('caption').textContent);
    });
    App.$('present').addEventListener('click', () => App.present(true));
    App.$('present-end').addEventListener('click', () => App.present(false));
    App.$('present-back').addEventListener('click', () => move(-1));
    App.$('present-on').addEventListener('click', () => move(1));
    document.addEventListener('keydown', keys);
    App.$('kiosk').addEventListener('change', (event) => App.setKiosk(event.target.checked));
    for (const name of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'input'])
      globalThis.addEventListener(name, touched, { passive: true, capture: true });
  };
})((globalThis.App = globalThis.App || {}));

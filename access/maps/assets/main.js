/* Start: read the data in the page, wire the controls, show the part that the address names. */
(function (App) {
  'use strict';

  const VIEWS = ['my-street', 'before-after', 'your-option', 'family-hubs', 'about'];

  App.views = App.views || {};
  App.views.about = { render() {}, mapTitle: () => '' };

  const read = (id) => JSON.parse(App.$(id).textContent);

  function showView(view) {
    App.state.view = view;
    for (const name of VIEWS) {
      App.$(name).hidden = name !== view;
      const link = document.querySelector(`nav a[href="#${name}"]`);
      if (name === view) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    document.body.dataset.view = view;
    if (view !== 'about') {
      App.$(`settings-${view}`)?.append(App.$('settings'));
      App.$('service-part').hidden = view === 'my-street' || App.model.services.length < 2;
      App.map.moveTo(App.$(`slot-${view}`));
      App.map.closePopup();
    }
    App.render();
    if (view === 'my-street' && App.state.place) App.map.fit(App.placePoints(App.state.place));
    else if (view !== 'about') App.map.everything(true);
  }

  /* A stop on the way back that this page made itself. */
  function mark(how, address) {
    try {
      history[how]({ own: true }, '', address);
    } catch {
      // Some browsers allow no history for a page opened from a file; the part is shown all the same.
    }
  }

  /* Go to a part of the page, as if its link had been followed. */
  App.go = (view) => {
    if (location.hash.split('?')[0] === `#${view}`) showView(view);
    else {
      mark('pushState', `#${view}`);
      showView(view);
    }
    globalThis.scrollTo(0, 0);
  };

  function follow() {
    const [name, ...query] = location.hash.slice(1).split('?');
    const there = VIEWS.includes(name) && (name !== 'family-hubs' || App.data.hubs);
    // to skip to the main content is to stay in the part that is shown
    const view = there ? name : name === 'main' ? App.state.view : 'my-street';
    const faults = query.length ? App.readLink(query.join('?')) : [];
    mark('replaceState', location.href);
    if (name && name !== 'main' && view !== name) faults.unshift(App.t('link_part'));
    App.notice(faults);
    App.$('place').value = App.state.place ? App.state.place.label : '';
    showView(view);
  }

  /* Controls show what is chosen, whoever chose it. */
  App.syncControls = () => {
    const { service, mode, speed, limit, swipe } = App.state;
    for (const radio of document.querySelectorAll('input[name="service"]'))
      radio.checked = Number(radio.value) === service;
    for (const radio of document.querySelectorAll('input[name="mode"]')) radio.checked = radio.value === mode;
    App.model.services.forEach((s, i) => {
      const select = App.$(`plan-${i}`);
      if (select) select.value = s.plan;
    });
    App.$('speed').value = speed;
    App.$('limit').value = limit;
    App.$('swipe').value = swipe;
    // a slider that would change nothing in view is not there, and the page says so
    const acts = App.speedActs(mode);
    App.$('speed-part').hidden = !acts && App.state.view !== 'my-street';
    App.$('speed-fixed').hidden = acts;
    const fixed = App.core.byMinute(App.model, mode) ? 'speed_fixed_bus' : 'speed_fixed';
    const values = { mode: App.modeWords(), speed: App.number(App.data.walk_km_h, 1) };
    App.fill(App.$('speed-fixed'), App.t(fixed, values));
    App.fill(App.$('speed-shown'), App.t('km_h', { speed: App.number(speed, 1) }));
    App.fill(App.$('limit-shown'), App.t('minutes', { n: limit }));
  };

  function radios(name, values) {
    return values.map(([value, label], k) =>
      App.h(
        'div',
        { className: 'radio' },
        App.h('input', { type: 'radio', name, id: `${name}-${k}`, value, checked: k === 0 }),
        App.h('label', { for: `${name}-${k}` }, label),
      ),
    );
  }

  function makeSettings() {
    App.fill(
      App.$('service-choice'),
      radios(
        'service',
        App.model.services.map((s, i) => [i, s.title]),
      ),
    );
    App.fill(
      App.$('mode-choice'),
      radios(
        'mode',
        App.core.modes(App.model).map((m) => [m, App.howWords(m)]),
      ),
    );
    App.$('settings').addEventListener('change', (event) => {
      const { name, value } = event.target;
      if (name === 'service') App.set({ service: Number(value), reach: null });
      if (name === 'mode') App.set({ mode: value });
      if (name === 'service' || name === 'mode')
        App.say(App.t('said_showing', { title: App.service().title, mode: App.modeWords() }));
    });
    for (const name of ['speed', 'limit']) {
      App.$(name).addEventListener('input', (event) => {
        App.set({ [name]: Number(event.target.value) });
      });
    }
    App.$('speed').addEventListener('change', () =>
      App.say(App.t('said_speed', { speed: App.number(App.state.speed, 1) })),
    );
    App.$('limit').addEventListener('change', () => App.say(App.t('said_limit', { n: App.state.limit })));
  }

  /* A service with rival proposals: no change first, then each of them. */
  function makePlans() {
    const several = App.model.services.filter((s) => s.plans.length > 1);
    App.$('plans').hidden = !several.length;
    App.fill(
      App.$('plans'),
      several.map((service) => {
        const index = App.model.services.indexOf(service);
        const titles = [App.t('plan_none'), ...service.plans.map((plan) => plan.title)];
        return App.h(
          'div',
          { className: 'plan' },
          App.h('label', { for: `plan-${index}` }, App.t('plan_legend', { title: service.title })),
          ' ',
          App.h(
            'select',
            {
              id: `plan-${index}`,
              onchange: (event) => {
                App.choosePlan(service, Number(event.target.value));
                App.render();
                App.say([App.planTitle(service), App.proposalWords()].join('. '));
              },
            },
            titles.map((title, i) => App.h('option', { value: i - 1 }, title)),
          ),
        );
      }),
    );
  }

  function makeMapControls() {
    App.$('colour-by').addEventListener('change', (event) => {
      App.state.layers[App.state.view] = event.target.value;
      App.renderMap();
      App.say(`${App.currentLayer.title}. ${App.currentLayer.summary()}`);
    });
    App.$('reach-site').addEventListener('change', (event) => {
      App.state.reach = Number(event.target.value);
      App.renderMap();
    });
    for (const name of Object.keys(App.state.overlays)) {
      App.$(`show-${name}`)?.addEventListener('change', (event) => {
        App.state.overlays[name] = event.target.checked;
        if (name === 'tiles') App.map.tiles(event.target.checked);
        else App.renderMap();
      });
      if ((name === 'ward' || name === 'locality') && !App.areas[name])
        App.$(`show-${name}`).parentNode.hidden = true;
    }
    App.$('swipe').addEventListener('input', (event) => {
      App.state.swipe = Number(event.target.value);
      App.map.redraw();
    });
    drag(App.$('divider'));
    App.$('whole-map').addEventListener('click', () => App.map.everything());
    App.$('area-table').addEventListener('toggle', () => App.renderAreaTable(App.currentLayer));
    App.$('area-filter').addEventListener('input', () => App.renderAreaTable(App.currentLayer));
  }

  /* The line between the two halves follows a finger or the mouse; the slider does the same. */
  function drag(divider) {
    divider.addEventListener('pointerdown', (event) => {
      divider.setPointerCapture(event.pointerId);
      event.preventDefault();
      event.stopPropagation();
    });
    divider.addEventListener('pointermove', (event) => {
      if (!divider.hasPointerCapture(event.pointerId)) return;
      const box = App.$('map').getBoundingClientRect();
      App.state.swipe = Math.round(Math.max(2, Math.min(98, (100 * (event.clientX - box.left)) / box.width)));
      App.$('swipe').value = App.state.swipe;
      App.map.redraw();
    });
  }

  function makePrinting() {
    globalThis.addEventListener('beforeprint', () => {
      App.printing = true;
      document.body.classList.add('printing');
      App.fill(App.$('paper-qr'), App.qr(App.shareLink(), 76));
      const { view, place } = App.state;
      App.map.frame(view === 'my-street' && place ? App.placePoints(place) : null);
    });
    globalThis.addEventListener('afterprint', () => {
      App.printing = false;
      document.body.classList.remove('printing', 'log-only');
      App.map.resized();
    });
  }

  function start() {
    App.start(read('explorer-data'), read('explorer-strings'));
    makeSettings();
    App.map.create();
    makeMapControls();
    App.wireSearch();
    App.wireOption();
    App.wireLog();
    App.wireState();
    App.wireHall();
    App.wireHubs();
    makePlans();
    makePrinting();
    document.querySelector('nav').addEventListener('click', (event) => {
      const link = event.target.closest('a');
      if (!link) return;
      event.preventDefault();
      App.go(link.hash.slice(1));
      App.$(`title-${App.state.view}`).focus({ preventScroll: true });
    });
    globalThis.addEventListener('popstate', follow);
    globalThis.addEventListener('hashchange', () => {
      if (location.hash.includes('?')) follow();
    });
    follow();
    document.body.dataset.ready = 'yes';
  }

  start();
})((globalThis.App = globalThis.App || {}));

/* The tick boxes of "Try your own option": a centre each, and the buildings that could hold a hub. */
(function (App) {
  'use strict';

  /* Buildings that could be opened: candidates, and centres that a proposal opens for another service. */
  const others = () => [
    ...App.sharedSites(),
    ...App.data.sites.map((_, site) => site).slice(App.data.candidates_from),
  ];

  App.boxOf = (site, isHub) => App.$(`site-${isHub ? 'other-' : ''}${site}`);

  function box(site, isHub, extra) {
    const id = `site-${isHub ? 'other-' : ''}${site}`;
    return App.h(
      'div',
      { className: 'check', 'data-site': site },
      App.h('input', { type: 'checkbox', id, checked: !isHub, onchange: () => App.toggleSite(site, isHub) }),
      App.h('label', { for: id }, isHub ? App.siteName(site) : App.shortName(site), ' ', extra),
    );
  }

  App.makeBoxes = () => {
    App.fill(
      App.$('option-boxes'),
      App.model.services.map((service, index) =>
        App.h(
          'fieldset',
          {},
          App.h(
            'legend',
            {},
            App.symbol(service.key, 'open', 20),
            ` ${service.title}`,
            App.h('span', { className: 'kept', id: `kept-${index}` }),
          ),
          App.h(
            'div',
            { className: 'checks' },
            service.before.map((site) =>
              box(site, false, [
                ' ',
                App.h('span', { className: 'flag', id: `flag-${site}` }, App.t('flag_closing')),
                ' ',
                App.data.sites[site].assumed
                  ? App.h('span', { className: 'flag quiet' }, App.t('flag_assumed'))
                  : null,
              ]),
            ),
          ),
        ),
      ),
    );
    const hubs = others();
    App.$('hubs').hidden = !hubs.length;
    App.fill(
      App.$('hub-boxes'),
      hubs.map((site) =>
        box(
          site,
          true,
          App.data.sites[site].address
            ? App.h('span', { className: 'hint' }, App.data.sites[site].address)
            : null,
        ),
      ),
    );
    App.$('hub-filter').addEventListener('input', App.filterHubs);
  };

  App.syncBoxes = () => {
    const { option } = App.state;
    App.model.services.forEach((service, index) => {
      let kept = 0;
      for (const site of service.before) {
        App.boxOf(site).checked = option.keep.has(site);
        App.$(`flag-${site}`).hidden = service.after.includes(site);
        kept += option.keep.has(site) ? 1 : 0;
      }
      App.fill(App.$(`kept-${index}`), App.t('kept_of', { kept, all: service.before.length }));
    });
    for (const site of others()) App.boxOf(site, true).checked = option.hubs.has(site);
    App.fill(
      App.$('hub-count'),
      option.hubs.size ? App.t('hubs_chosen', { n: option.hubs.size }) : App.t('hubs_none'),
    );
  };

  App.filterHubs = () => {
    const wanted = App.$('hub-filter').value.trim().toLowerCase();
    for (const site of others()) {
      const text = `${App.data.sites[site].name} ${App.data.sites[site].address || ''}`.toLowerCase();
      App.boxOf(site, true).parentNode.hidden = Boolean(wanted) && !text.includes(wanted);
    }
  };
})((globalThis.App = globalThis.App || {}));

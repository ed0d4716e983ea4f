/* "Best places for hubs": plans side by side, two of them on the map, and a choice of one's own that
 * is ranked under the same rules. Only where the study asks for hubs. */
(function (App) {
  'use strict';

  const VIEW = 'family-hubs';
  const OWN = 'own';
  let field = null;
  let ready = false; // every set is measured once, after words and map are shown

  const hubs = () => App.data.hubs;
  /* Whether the plans are as the study measured them, and no other set can be tried. */
  const fixed = () => hubs().fixed;
  const planOf = (key) =>
    key === OWN
      ? { key: OWN, kind: OWN, sites: [...App.state.hubs.own].sort((a, b) => a - b) }
      : hubs().plans.find((plan) => plan.key === key);

  /* How the part is for a person who has just come: the council's choice against the best. */
  App.freshHubs = () => {
    if (!hubs()) return null;
    const { plans } = hubs();
    const first = plans.find((plan) => plan.key === 'council') || plans[0];
    const best = ['locality', 'freely'].map((key) => plans.find((plan) => plan.key === key)).find(Boolean);
    const own = new Set(fixed() ? [] : first.sites);
    return { a: first.key, b: (best || plans[plans.length - 1]).key, own };
  };

  App.hubTitle = (plan) => {
    const { kind, label, title, sites, rule } = plan;
    const key = `hub_plan_${kind}${kind === 'council' && label ? '_later' : ''}`;
    if (App.strings[key] === undefined) return title; // a plan that no language has a name for
    const ruled = rule && kind === 'size' ? 'hub_plan_size_ruled' : key;
    const least = rule && hubs().rule.length ? hubs().rule[0].least : 1;
    const many = least > 1 && App.strings[`${ruled}_many`] !== undefined ? '_many' : '';
    return App.t(`${ruled}${many}`, { n: sites.length, label, least });
  };

  const names = (sites) => App.list(sites.map(App.siteName));
  const offerWords = (offer) =>
    offer.ages ? App.t('hub_offer', { title: offer.title, ages: offer.ages }) : offer.title;

  /* A place among all sets in words; of a sample where they are too many. */
  function placeWords(found, name) {
    if (!found) return App.t('number_no_rank');
    const { inside, sets, ranks, sample, longer } = found;
    if (!inside) return name === 'mean' ? App.t('hub_breaks') : '';
    if (sets) return App.t('rank_of', { rank: ranks[name], count: sets });
    return sample
      ? App.t('hub_sample_short', { share: App.portion(longer[name]), n: sample })
      : App.t('number_no_rank');
  }

  const ruleWords = () =>
    App.t('hub_rule', { n: hubs().rule[0].least, names: App.list(hubs().rule.map((rule) => rule.name)) });

  /* Whether the study says which sites must or may not be chosen, alone or together. */
  const wished = () => {
    const { must, may, sites, sums } = hubs();
    return must.length > 0 || may.length < sites.length || sums.length > 0;
  };

  function standingWords(sites) {
    const { size, freely, ruled } = App.core.hubStanding(field, sites);
    if (!freely.inside) return [App.t('hub_own_breaks', { rule: App.t('hub_wishes') })];
    const say = (found, asked) => {
      if (!found.inside) return App.t('hub_own_breaks', { rule: asked });
      const rule = asked && wished() ? App.t('hub_rule_wished', { rule: asked }) : asked;
      const { sets, sample } = found;
      if (!sets && !sample) return ''; // none that were drawn keep the rules
      const parts = field.criteria.map((name) =>
        App.t(sets ? `hub_by_${name}` : `hub_longer_${name}`, {
          rank: sets && found.ranks[name],
          share: sets ? '' : App.portion(found.longer[name]),
        }),
      );
      const key = `hub_${rule ? 'ruled' : wished() ? 'wished' : 'freely'}_${sets ? 'rank' : 'sample'}`;
      return App.t(key, { n: size, rule, count: sets ?? sample, places: App.list(parts) });
    };
    return [...(ruled ? [say(ruled, ruleWords())] : []), say(freely, '')].filter(Boolean);
  }

  /* Who is nearer and who is further: what is compared, then an offer each. */
  function pairParts(a, b, pair) {
    const parts = hubs().offers.map((offer, k) => {
      const { nearer, further } = pair.offers[k];
      return App.t('hub_pair_offer', {
        offer: offer.title,
        nearer: App.about(nearer),
        further: App.about(further),
      });
    });
    return [App.t('hub_pair', { one: App.hubTitle(a), two: App.hubTitle(b) }), ...parts];
  }

  function pairNow() {
    const both = [planOf(App.state.hubs.a), planOf(App.state.hubs.b)];
    if (!both.every((plan) => plan.sites.length)) return [App.t('hub_own_none')];
    return pairParts(...both, App.hubPairNow());
  }
  App.hubWords = () => pairNow().join(' ');

  /* Who reaches no hub is in no average: how many, where some are. */
  const leftOut = ({ unserved }) =>
    unserved > 1e-9 ? App.t('hub_left_out', { share: App.percent(unserved) }) : '';

  /* One's own plan and the council's are not called best. */
  const unsure = ({ sure }) => (sure === false ? App.t('hub_unsure') : '');

  function planTable() {
    const { reach } = hubs();
    const shown = [...hubs().plans, planOf(OWN)].filter((plan) => plan.sites.length);
    const names_ = { mean: 'joint', deprived: 'deprived', worst: 'worst' };
    const rows = shown.map((plan) => {
      const found = App.core.hubFigures(field, plan.sites);
      const { freely, ruled } = ready ? App.core.hubStanding(field, plan.sites) : {};
      const more = [unsure(plan), leftOut(found)].filter(Boolean).join(' ');
      const ranked = (name) => [
        App.min(found[names_[name]], name === 'worst' ? 0 : 1),
        ' ',
        App.h('span', { className: 'rank' }, ready ? placeWords(ruled || freely, name) : '\u2026'),
      ];
      const row = [
        [
          App.h('strong', {}, App.hubTitle(plan)),
          App.h('div', { className: 'hint' }, more ? `${names(plan.sites)}. ${more}` : names(plan.sites)),
        ],
        ...field.criteria.map(ranked),
        ...found.reach.map((share) => App.percent(share)),
        plan.key === App.state.hubs.b
          ? App.t('swap_shown')
          : App.button(App.t('hub_show'), () => show(plan), 'link', {
              'aria-label': App.t('hub_show_named', { plan: App.hubTitle(plan) }),
            }),
      ];
      const { a, b } = App.state.hubs;
      // paper has room for the plans in view
      row.className = [plan.key === b && 'shown', [a, b].includes(plan.key) && 'pair'].filter(Boolean).join(' ');
      return row;
    });
    return App.table(
      App.t('hub_table', { mode: App.t(`mode_${hubs().mode}`) }),
      [
        App.t('hub_col_plan'),
        ...field.criteria.map((name) => App.t(`hub_col_${name}`)),
        ...reach.map((limit) => App.t('figure_within', { limit })),
        App.t('hub_col_map'),
      ],
      rows,
      { className: 'compact hub-plans', texts: [field.criteria.length + reach.length + 1] },
    );
  }

  function getReady() {
    if (ready) return;
    for (const plan of hubs().plans) App.core.hubStanding(field, plan.sites);
    ready = true;
    if (App.state.view !== VIEW) return;
    const inside = App.$('hub-plan-rows').contains(document.activeElement);
    App.render();
    if (inside) App.$('hub-plan-rows').focus({ preventScroll: true });
  }

  function show(plan) {
    change({ b: plan.key });
    App.$('hub-b').focus();
  }

  function change(changes) {
    Object.assign(App.state.hubs, changes);
    App.render();
    App.say(App.hubWords());
  }

  App.toggleHub = (site) => {
    const own = new Set(App.state.hubs.own);
    if (!own.delete(site)) own.add(site);
    Object.assign(App.state.hubs, { own, b: OWN });
    App.render();
    App.say([App.siteName(site), ...(own.size ? standingWords([...own]) : [App.t('hub_own_none')])].join('. '));
    ready = true;
  };

  function makeBoxes() {
    const { sites, localities } = hubs();
    const groups = [...new Set(localities)].sort();
    App.fill(
      App.$('hub-own-boxes'),
      groups.map((group) =>
        App.h(
          'fieldset',
          {},
          App.h('legend', {}, group || App.t('hub_no_part')),
          sites
            .filter((_, k) => localities[k] === group)
            .map((site) =>
              App.h(
                'div',
                { className: 'check', 'data-site': site },
                App.h('input', { type: 'checkbox', id: `hub-${site}`, onchange: () => App.toggleHub(site) }),
                App.h('label', { for: `hub-${site}` }, App.siteName(site)),
              ),
            ),
        ),
      ),
    );
    App.$('hub-own-filter').addEventListener('input', App.filterOwnHubs);
  }

  App.filterOwnHubs = () => {
    if (!hubs() || fixed()) return;
    const wanted = App.$('hub-own-filter').value.trim().toLowerCase();
    for (const site of hubs().sites)
      App.$(`hub-${site}`).parentNode.hidden = Boolean(wanted) && !App.siteName(site).toLowerCase().includes(wanted);
    for (const group of App.$('hub-own-boxes').querySelectorAll('fieldset'))
      group.hidden = !group.querySelector('.check:not([hidden])');
  };

  function fillChoice(id, chosen) {
    const plans = fixed() ? hubs().plans : [...hubs().plans, planOf(OWN)];
    App.fill(
      App.$(id),
      plans.map((plan) =>
        App.h('option', { value: plan.key, selected: plan.key === chosen }, App.hubTitle(plan)),
      ),
    );
  }

  /* The two plans in view, area by area. */
  App.hubPairNow = () => {
    const { a, b, own } = App.state.hubs;
    const key = `${a} ${b} ${[...own].sort()}`;
    if (App.hubPairKey !== key) {
      App.hubPairKey = key;
      App.hubPairFound = App.core.hubPair(field, planOf(a).sites, planOf(b).sites);
    }
    return App.hubPairFound;
  };

  /* The table of areas, and a click on the map: under the first plan, then under the second. */
  App.hubColumns = () => [App.hubTitle(planOf(App.state.hubs.a)), App.hubTitle(planOf(App.state.hubs.b))];

  App.hubShareWithin = (minutes, limit) => {
    let inside = 0;
    field.weights.forEach((w, i) => (inside += App.core.isWithin(minutes[i], limit) ? w : 0));
    return inside;
  };

  App.hubEntries = () => {
    const a = new Set(planOf(App.state.hubs.a).sites);
    const b = new Set(planOf(App.state.hubs.b).sites);
    const out = [];
    for (const site of new Set([...a, ...b]))
      out.push({ site, kind: 'hub', status: b.has(site) ? (a.has(site) ? 'open' : 'new') : 'closing' });
    if (App.state.overlays.candidates)
      for (const site of hubs().sites)
        if (!a.has(site) && !b.has(site)) out.push({ site, kind: 'candidate', status: 'open' });
    return out;
  };

  App.hubTrips = ({ area }) => {
    const { first, second } = App.hubPairNow();
    const trip = (near, colour, dashed, key) => ({
      site: near.site[area],
      colour,
      dashed,
      label: App.t(key, { site: App.shortName(near.site[area]), minutes: App.minutes(near.minutes[area]) }),
    });
    const out = [];
    const moved = first.site[area] !== second.site[area];
    if (first.site[area] >= 0) out.push(trip(first, '#12436D', false, moved ? 'hub_trip_a' : 'trip_both'));
    if (moved && second.site[area] >= 0) out.push(trip(second, '#801650', true, 'hub_trip_b'));
    return out;
  };

  /* ---- the address ---- */

  App.hubParts = () => {
    const { a, b, own } = App.state.hubs;
    return { plan_a: a, plan_b: b, hubs: App.idsTogether(Array.from(own, (site) => App.data.sites[site].id).sort()) };
  };

  App.readHubs = (query, faults) => {
    if (!hubs() || !query.has('plan_b')) return;
    const known = (key) => (key === OWN && !fixed()) || hubs().plans.some((plan) => plan.key === key);
    const ids = App.idsApart(query.get('hubs'));
    const sites = ids.map((id) => hubs().sites.find((site) => App.data.sites[site].id === id));
    if (![query.get('plan_a'), query.get('plan_b')].every(known) || sites.includes(undefined))
      faults.push(App.t('link_hubs'));
    else Object.assign(App.state.hubs, { a: query.get('plan_a'), b: query.get('plan_b'), own: new Set(sites) });
  };

  /* Stripes of the colours of shorter trips. */
  function makeStripes() {
    const size = { width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' };
    document.querySelector('.patterns defs').append(
      ...App.data.palette.saved.map((fill, k) =>
        App.s(
          'pattern',
          { id: `gain-${k}`, ...size },
          App.s('rect', { width: 7, height: 7, fill }),
          App.s('path', { d: 'M0 0 V7', stroke: '#ffffff', 'stroke-width': 2.2 }),
        ),
      ),
    );
  }

  App.wireHubs = () => {
    App.$('nav-hubs').hidden = !hubs();
    if (!hubs()) return;
    field = App.core.hubField(App.model, {
      ...hubs(),
      offers: hubs().offers.map((offer) => ({ ...offer, people: Float64Array.from(offer.people) })),
    });
    makeStripes();
    ready = fixed();
    App.$('hub-own-part').hidden = fixed();
    App.$('hub-fixed').hidden = !fixed();
    if (!fixed()) makeBoxes();
    App.$('print-hubs').addEventListener('click', () => globalThis.print());
    for (const side of ['a', 'b'])
      App.$(`hub-${side}`).addEventListener('change', (event) => change({ [side]: event.target.value }));
    App.$('hub-swap').addEventListener('click', () => change({ a: App.state.hubs.b, b: App.state.hubs.a }));
    App.$('hub-copy').addEventListener('click', () =>
      change({ own: new Set(planOf(App.state.hubs.a).sites), b: OWN }),
    );
    App.$('hub-clear').addEventListener('click', () => change({ own: new Set(), b: OWN }));
  };

  /* The visitor's own choice: its boxes, its figures and where it stands. */
  function showOwn(chosen) {
    for (const site of hubs().sites) App.$(`hub-${site}`).checked = chosen.includes(site);
    if (!chosen.length) {
      App.fill(App.$('hub-own-words'), App.h('p', {}, App.t('hub_own_none')));
      return;
    }
    const found = App.core.hubFigures(field, chosen);
    const { joint, worst, deprived } = found;
    const values = { mean: App.min(joint, 1), worst: App.minutes(worst), deprived: App.min(deprived, 1) };
    const texts = [
      App.t('hub_own', { sites: names(chosen), n: chosen.length }),
      App.t(deprived >= 0 ? 'hub_own_figures_deprived' : 'hub_own_figures', values),
      leftOut(found),
      ...(ready ? standingWords(chosen) : [App.t('hub_waiting')]),
    ].filter(Boolean);
    App.fill(
      App.$('hub-own-words'),
      texts.map((text) => App.h('p', {}, text)),
    );
  }

  App.views = App.views || {};
  App.views[VIEW] = {
    mapTitle: (layer) =>
      layer.key === 'hub_change'
        ? App.t('hub_map_title', { one: App.hubColumns()[0], two: App.hubColumns()[1] })
        : layer.title,
    render() {
      const { a, b, own } = App.state.hubs;
      fillChoice('hub-a', a);
      fillChoice('hub-b', b);
      App.fill(
        App.$('hub-asked'),
        App.t('hub_asked', {
          mode: App.t(`mode_${hubs().mode}`),
          offers: App.list(hubs().offers.map(offerWords)),
        }),
        ' ',
        hubs().rule.length ? App.t('hub_asked_rule', { rule: ruleWords() }) : '',
      );
      const parts = pairNow();
      App.fill(
        App.$('hub-pair'),
        App.h('p', {}, parts[0]),
        parts.length > 1 ? App.h('ul', {}, parts.slice(1).map((text) => App.h('li', {}, text))) : null,
      );
      App.$('hub-own-part').classList.toggle('out-of-view', ![a, b].includes(OWN));
      if (!fixed()) showOwn([...own].sort((x, y) => x - y));
      App.fill(App.$('hub-plan-rows'), planTable());
      if (!ready) setTimeout(getReady, 60);
      App.fill(App.$('hub-source'), hubs().source ? App.t('hub_source', { source: hubs().source }) : '');
    },
  };
})((globalThis.App = globalThis.App || {}));

/* "Try your own option": tick which centres stay, add hubs, and see what follows at once. */
(function (App) {
  'use strict';

  const undo = [];
  const redo = [];

  function copy(option) {
    return { keep: new Set(option.keep), hubs: new Set(option.hubs) };
  }

  /* Every change goes through here, so that every change can be undone. */
  App.changeOption = (make, words) => {
    const next = copy(App.state.option);
    make(next);
    if (App.sameOption(next, App.state.option)) return;
    undo.push(App.state.option);
    redo.length = 0;
    App.set({ option: next });
    sayResult(words);
  };

  function step(from, to, words) {
    if (!from.length) return;
    to.push(App.state.option);
    App.set({ option: from.pop() });
    if (!from.length) App.$(from === undo ? 'redo' : 'undo').focus();
    sayResult(App.t(words));
  }

  App.forgetSteps = () => {
    undo.length = 0;
    redo.length = 0;
  };

  App.toggleSite = (site, isHub = !App.data.sites[site].service) => {
    const set = isHub ? 'hubs' : 'keep';
    const on = !App.state.option[set].has(site);
    if (!isHub) {
      const index = App.model.services.findIndex((s) => s.before.includes(site));
      if (index >= 0) App.state.service = index;
    }
    App.changeOption(
      (o) => (on ? o[set].add(site) : o[set].delete(site)),
      App.t(on ? 'said_open' : 'said_closed', { site: App.siteName(site) }),
    );
  };

  /* From "My street": the proposal, but with this centre kept. */
  App.keepAfterAll = (site) => {
    App.state.service = App.model.services.findIndex((s) => s.before.includes(site));
    App.go('your-option');
    App.$('title-your-option').focus({ preventScroll: true });
    App.changeOption(
      (o) => {
        const proposal = App.proposalOption();
        o.keep = proposal.keep;
        o.hubs = proposal.hubs;
        o.keep.add(site);
      },
      App.t('said_open', { site: App.siteName(site) }),
    );
  };

  /* While nothing else happens, work out the alternatives that the next tick will need. */
  let idle = 0;
  App.prepare = () => {
    clearTimeout(idle);
    const { mode, speed, limit, option } = App.state;
    const jobs = App.model.services.flatMap((s) =>
      [0, 1, -1].map((more) => [s, App.openIn(option, s).length + more]),
    );
    const next = () => {
      const job = jobs.shift();
      if (!job) return;
      App.core.alternatives(App.model, job[0], mode, speed, job[1], limit) ||
        App.core.sampled(App.model, job[0], mode, speed, job[1], limit);
      idle = setTimeout(next, 30);
    };
    idle = setTimeout(next, 120);
  };

  const closedBy = (option, service) => service.before.filter((site) => !option.keep.has(site));

  App.optionWords = (option, service) => {
    const closed = closedBy(option, service);
    const parts = [
      App.t('option_keeps', {
        kept: service.before.length - closed.length,
        all: service.before.length,
        title: service.title,
      }),
    ];
    parts.push(
      closed.length
        ? App.t('option_closes', { sites: App.list(closed.map(App.shortName)) })
        : App.t('option_closes_none'),
    );
    return parts.join(' ');
  };

  function sayResult(words) {
    const service = App.service();
    const mine = App.optionFigures(App.state.option, service);
    const parts = [words, App.t('said_mean', { mean: App.min(mine.figures.mean, 1), title: service.title })];
    if (mine.ways || mine.sample) parts.push(App.capital(App.t('rank_words', { rank: App.rankShort(mine) })));
    App.say(parts.filter(Boolean).join('. '));
  }

  /* What closing a service's centres saves a year; null where the cost of one is not known. */
  App.saving = (option, service) => {
    const closed = closedBy(option, service);
    return closed.every((site) => App.data.sites[site].cost !== undefined)
      ? closed.reduce((sum, site) => sum + App.data.sites[site].cost, 0)
      : null;
  };

  function headline(service, mine, proposal, before) {
    const line = [App.optionWords(App.state.option, service)];
    const hubs = mine.open.filter((site) => !service.before.includes(site));
    if (hubs.length) line.push(App.t('option_hubs', { sites: App.list(hubs.map(App.siteName)) }));
    if (!mine.open.length)
      return [App.h('p', { className: 'error' }, App.t('option_empty', { title: service.title }))];
    if (!App.known(service, mine.open))
      return [App.h('p', {}, line.join(' ')), App.h('p', { className: 'inset' }, App.t('bus_options_only'))];
    const difference = App.rise(proposal.figures.mean, mine.figures.mean, 1);
    const words = App.sameOption(App.state.option, App.proposalOption())
      ? 'compare_same'
      : Number.isNaN(difference) // of trips that nobody can make there is no average
        ? null
        : Math.abs(difference) < 0.05
          ? 'compare_level'
          : difference < 0
            ? 'compare_shorter'
            : 'compare_longer';
    return [
      App.h('p', {}, line.join(' ')),
      App.h(
        'dl',
        { className: 'numbers' },
        number(
          'number_mean',
          App.min(mine.figures.mean, 1),
          App.t('number_mean_unit', { today: App.min(before.mean, 1) }),
        ),
        mine.sample
          ? number(
              'number_better',
              App.percent(mine.worse.mean),
              App.t('number_better_unit', { n: mine.sample.draws, ruled: App.ruled(service) }),
            )
          : number(
              'number_rank',
              mine.ways ? App.number(mine.ranks.mean) : '\u2013',
              !mine.ways
                ? App.t('number_no_rank')
                : App.t(mine.tied.mean ? 'number_rank_unit_joint' : 'number_rank_unit', {
                    count: mine.of,
                    n: mine.tied.mean,
                    ruled: App.ruled(service),
                  }),
            ),
        number(
          'number_within',
          App.percent(mine.figures.within),
          App.t('number_within_unit', { limit: App.state.limit }),
        ),
      ),
      mine.sample ? App.h('p', {}, App.sampleWords(mine)) : null,
      App.h(
        'p',
        {},
        words && App.t(words, { difference: App.number(Math.abs(difference), 1) }),
        App.leftOutWords(service, mine, proposal),
      ),
    ];
  }

  const number = (key, value, unit) =>
    App.h('div', {}, App.h('dt', {}, App.t(key)), App.h('dd', {}, App.h('strong', {}, value), ' ', unit));

  App.views = App.views || {};
  App.views['your-option'] = {
    mapTitle(layer) {
      return layer.key === 'option_change'
        ? App.t('map_title_option', { title: App.service().title })
        : layer.title;
    },
    render() {
      const { option, limit } = App.state;
      const service = App.service();
      const found = App.situations();
      const mine = App.optionFigures(option, service);
      const proposal = App.optionFigures(App.proposalOption(), service);
      const before = App.core.summary(
        App.model,
        service.counts,
        found.today.minutes,
        limit,
        App.data.thresholds,
      );
      const spread = App.core.distribution(
        service.counts,
        App.core.change(found.today.minutes, found.option.minutes),
      );
      App.syncBoxes();
      App.renderSwaps();
      App.$('undo').disabled = !undo.length;
      App.$('redo').disabled = !redo.length;
      App.fill(App.$('option-headline'), headline(service, mine, proposal, before));
      App.fill(
        App.$('option-bar'),
        mine.open.length
          ? App.t('bar_words', {
              title: service.title,
              mean: App.min(mine.figures.mean, 1),
              proposal: App.min(proposal.figures.mean, 1),
              rank: App.rankShort(mine),
            })
          : App.t('option_empty', { title: service.title }),
      );
      const known = mine.open.length > 0 && App.known(service, mine.open);
      App.$('option-results').hidden = !known;
      App.$('option-street').hidden = !App.state.place;
      if (App.state.place) App.fill(App.$('option-street'), streetLine(service));
      if (!known) return;
      App.fill(App.$('option-strip'), App.rankStrip(service, mine, proposal));
      App.fill(App.$('option-ranks'), App.rankTable(service, mine, proposal));
      App.fill(
        App.$('option-finding'),
        App.findingWords(before, mine.figures, spread, service, App.t('with_option')),
      );
      App.fill(App.$('option-bus'), App.withoutWords(service, mine.open));
      const saving = App.saving(option, service);
      const closes = closedBy(option, service).length > 0;
      const opens = mine.open.some((site) => !service.before.includes(site));
      App.fill(
        App.$('option-saving'),
        App.t('saving', { title: service.title }),
        ' ',
        saving === null
          ? App.t('saving_unknown')
          : closes
            ? App.t('saving_known', { pounds: App.number(saving) })
            : App.t('saving_none'),
        saving !== null && closes && opens ? ` ${App.t('saving_opened')}` : '',
      );
      const columns = [App.t('col_today'), App.t('col_proposal'), App.t('col_option')];
      App.fill(
        App.$('option-figures'),
        App.keyFigures(App.t('option_key_caption', { mode: App.modeWords() }), columns, [
          before,
          proposal.figures,
          mine.figures,
        ]),
      );
      App.fill(App.$('option-classes'), App.changeTable(spread, service, App.t('option_classes_caption')));
      App.$('option-fifths-part').hidden = !App.data.areas.decile;
      if (App.data.areas.decile)
        App.fill(
          App.$('option-fifths'),
          App.fifthTable(
            App.t('option_fifth_caption', { mode: App.modeWords() }),
            columns,
            [before, proposal.figures, mine.figures],
            ['#12436D', App.MARKED.proposal, App.MARKED.option],
          ),
        );
      App.fill(
        App.$('option-worst'),
        App.worstList(service, found.today, found.option, App.t('option_worst_caption')),
      );
    },
  };

  function streetLine(service) {
    const { place, option } = App.state;
    const { mode, speed } = App.state;
    const near = (open) => App.core.situationOf(App.model, service, mode, speed, place.area, open);
    const mine = near(App.openIn(option, service));
    if (Number.isNaN(mine.minutes)) return App.h('p', {}, App.t('bus_options_only'));
    return App.h(
      'p',
      {},
      App.rich(
        mine.site < 0 ? 'option_street_none' : 'option_street',
        {
          place: place.label,
          one: service.one,
          today: App.minutes(near(service.before).minutes),
          after: App.minutes(near(service.after).minutes),
          mine: App.minutes(mine.minutes),
          site: App.siteName(mine.site),
          mode: App.modeWords(),
        },
        ['mine', 'place'],
      ),
    );
  }

  App.wireOption = () => {
    App.makeBoxes();
    App.$('start-proposal').addEventListener('click', () =>
      App.changeOption((o) => Object.assign(o, App.proposalOption()), App.t('said_proposal')),
    );
    App.$('start-today').addEventListener('click', () =>
      App.changeOption((o) => Object.assign(o, App.todayOption()), App.t('said_today')),
    );
    App.$('undo').addEventListener('click', () => step(undo, redo, 'said_undo'));
    App.$('redo').addEventListener('click', () => step(redo, undo, 'said_redo'));
    new IntersectionObserver(([seen]) => {
      App.$('option-bar').hidden = seen.isIntersecting;
    }).observe(App.$('option-headline'));
    App.$('print-option').addEventListener('click', () => globalThis.print());
  };
})((globalThis.App = globalThis.App || {}));

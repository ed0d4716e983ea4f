/* "Try your own option": tick which centres stay, add hubs, and see what follows at once. */
(function (App) {
  'use strict';

  const MINE = '#b84300';
  const PROPOSAL = '#801650';
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

  /* Figures and ranks of any option, for one service, in the mode and limits chosen now; and how
   * many other alternatives share each rank. Of a sample, the share that does worse. */
  App.optionFigures = (option, service) => {
    const { mode, speed, limit } = App.state;
    const open = App.openIn(option, service);
    const least = App.situation(service, open).minutes;
    const figures = App.core.summary(App.model, service.counts, least, limit, App.data.thresholds);
    const out = { figures, open, ranks: {}, tied: {}, worse: {}, ways: null, sample: null };
    if (!App.known(service, open)) return out;
    out.ways = App.core.alternatives(App.model, service, mode, speed, open.length, limit);
    if (out.ways?.count === 1) {
      out.only = true;  // what stands beside no other has no rank
      out.ways = null;
      return out;
    }
    if (!out.ways) out.sample = App.core.sampled(App.model, service, mode, speed, open.length, limit);
    const among = out.ways || out.sample;
    if (!among) return out;
    const ranked = rankedFigures(service, among, open, least);
    out.ranked = ranked;
    const itself = open.every((site) => service.before.includes(site)) ? 1 : 0;
    if (out.ways) out.of = out.ways.count + 1 - itself;  // what opens a site is one more
    for (const name of App.core.CRITERIA) {
      if (out.ways) {
        out.ranks[name] = App.core.rankOf(among[name], ranked[name]);
        out.tied[name] = Math.max(App.core.levelWith(among[name], ranked[name]) - itself, 0);
      } else {
        const worse = among[name].filter((value) => value > ranked[name] + App.core.SAME).length;
        out.worse[name] = worse / among.draws;
      }
    }
    return out;
  };

  /* What a set is ranked by: as the study has it where the study ranked it. */
  function rankedFigures(service, among, open, least) {
    const row = among.at ? among.at.get(open.slice().sort((a, b) => a - b).join()) : undefined;
    if (row !== undefined) {
      const found = {};
      for (const name of App.core.CRITERIA) found[name] = among[name][row];
      return found;
    }
    const reachable = among.reachable || new Array(App.model.n).fill(true);
    return App.core.rankCriteria(App.model, service.counts, least, App.state.limit, reachable);
  }

  /* A rank in words; one that others share is called joint. */
  App.rankWords = (...found) => rankParts(...found).join(' ');
  const rankParts = (rank, tied, count) =>
    tied
      ? [App.t('rank_joint', { rank, count }), App.t('rank_with', { n: tied })]
      : [App.t('rank_of', { rank, count })];
  /* Where no rank can be listed: how it does against ways drawn at random; else nothing. */
  App.sampleWords = ({ sample, worse }) =>
    sample
      ? App.t('rank_sample', { share: App.percent(worse.mean), n: sample.draws, count: sample.count })
      : '';
  const sampleRank = ({ sample, worse }, name) =>
    sample ? App.t('hub_sample_short', { share: App.percent(worse[name]), n: sample.draws }) : null;
  /* The rank by average trip in few words, or what stands for it. */
  App.rankShort = (found) =>
    found.ways ? meanRank(found) : sampleRank(found, 'mean') || App.t('number_no_rank');
  const meanRank = (found) => App.rankWords(found.ranks.mean, found.tied.mean, found.of);

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

  const shownValue = (name, value) => (name === 'share_beyond' ? App.percent(value, 1) : App.min(value, 1));

  /* What closing a service's centres saves a year; null where the cost of one is not known. */
  App.saving = (option, service) => {
    const closed = closedBy(option, service);
    return closed.every((site) => App.data.sites[site].cost !== undefined)
      ? closed.reduce((sum, site) => sum + App.data.sites[site].cost, 0)
      : null;
  };

  function rankTable(service, mine, proposal) {
    const { ways } = mine;
    const same = proposal.ways && ways && proposal.open.length === mine.open.length;
    const names = App.core.CRITERIA.filter(
      (name) =>
        (!name.startsWith('deprived_') || (App.data.areas.decile && mine.figures[name] >= 0)) &&
        (name !== 'weighted_mean' || App.data.areas.weight) &&
        // by bus the study ranked by its own limit alone
        (name !== 'share_beyond' || !ways?.at || App.state.limit === App.data.threshold),
    );
    const rows = names.map((name) => {
      const best = ways ? App.core.bestOf(ways[name]) : -1;
      const rank = (found) =>
        (found.ways
          ? rankParts(found.ranks[name], found.tied[name], found.of)
          : [sampleRank(found, name)]
        ).map((part, i) => part && [App.h('span', { className: i ? 'rank sharing' : 'rank' }, part), ' ']);
      return [
        App.t(`criterion_${name}`, { limit: App.state.limit }),
        [App.h('strong', {}, shownValue(name, mine.figures[name])), rank(mine)],
        [shownValue(name, proposal.figures[name]), rank(proposal)],
        ways
          ? [
              shownValue(name, ways[name][best]),
              App.button(App.t('try_it'), () => tryBest(service, ways.sets[best], name), 'link', {
                'aria-label': App.t('try_best', {
                  criterion: App.t(`criterion_${name}`, { limit: App.state.limit }),
                }),
              }),
            ]
          : mine.only
            ? '\u2013'
            : App.t('not_known'),
      ];
    });
    return [
      App.table(
        App.t('rank_caption', { mode: App.modeWords() }),
        [App.t('col_criterion'), App.t('col_option'), App.t('col_proposal'), App.t('col_best')],
        rows,
        { className: 'ranks' },
      ),
      App.h(
        'p',
        { className: 'small' },
        rankNote(service, mine, proposal),
      ),
    ];
  }

  /* Among which ways the ranks are, or why there are none. */
  function rankNote(service, { ways, sample, open, only }, proposal) {
    const among = ways || sample;
    const count = among ? App.number(among.count) : '';
    const n = sample ? sample.draws : open.length;
    const values = { count, keep: open.length, all: service.before.length, n };
    if (open.length > service.before.length) return App.t('rank_note_more', values);
    if (only) return App.t('rank_note_only', values);
    if (!among) return App.t('rank_note_bus', values);
    const parts = [sample ? 'rank_note_sample' : 'rank_note'];
    if (proposal.open.length !== open.length)
      parts[0] = sample ? 'rank_note_sample_differs' : 'rank_note_differs';
    const others = (open) => open.some((site) => !service.before.includes(site));
    if (ways && (others(open) || others(proposal.open))) parts.push('rank_note_beside');
    if (App.core.byMinute(App.model, App.state.mode) && !ways?.at) parts.push('rank_note_close');
    return parts.map((key) => App.t(key, values)).join(' ');
  }

  function tryBest(service, sites, name) {
    App.changeOption(
      (o) => {
        for (const site of service.before) o.keep.delete(site);
        for (const site of sites) o.keep.add(site);
        o.hubs = new Set(App.openedForOthers(o, service));
      },
      App.t('said_best', { criterion: App.t(`criterion_${name}`, { limit: App.state.limit }) }),
    );
  }

  function strip(service, mine, proposal) {
    if (!mine.ways || !mine.ways.mean.some((mean) => mean < Infinity)) return null;
    // as it is ranked: what leaves somebody without any stands behind all others
    const marks = [{ key: 'option', name: App.t('col_option'), value: mine.ranked.mean, colour: MINE }];
    const same =
      proposal.open.every((site) => mine.open.includes(site)) && proposal.open.length === mine.open.length;
    if (same)
      marks[0] = { key: 'proposal', name: App.t('mark_both'), value: mine.ranked.mean, colour: PROPOSAL };
    else if (proposal.open.length === mine.open.length)
      marks.unshift({
        key: 'proposal',
        name: App.t('col_proposal'),
        value: proposal.ranked.mean,
        colour: PROPOSAL,
      });
    const undrawn = mine.ways.mean.filter((mean) => mean === Infinity).length;
    const text = (v) => App.t('minutes_1', { minutes: App.min(v, 1) });
    const values = {
      count: mine.ways.count,
      keep: mine.open.length,
      all: service.before.length,
      rank: meanRank(mine),
      title: service.title,
    };
    return App.h(
      'figure',
      {},
      App.h(
        'figcaption',
        {},
        App.t('strip_caption', values),
        undrawn ? ` ${App.t('strip_undrawn', { n: undrawn })}` : '',
      ),
      App.strip(mine.ways.mean, marks, {
        label: App.t('strip_label', { ...values, mean: App.min(mine.figures.mean, 1) }),
        lowText: (v) => App.t('strip_low', { minutes: text(v) }),
        highText: (v) => App.t('strip_high', { minutes: text(v) }),
      }),
    );
  }

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
          ? number('number_better', App.percent(mine.worse.mean), App.t('number_better_unit', { n: mine.sample.draws }))
          : number(
              'number_rank',
              mine.ways ? App.number(mine.ranks.mean) : '\u2013',
              !mine.ways
                ? App.t('number_no_rank')
                : App.t(mine.tied.mean ? 'number_rank_unit_joint' : 'number_rank_unit', {
                    count: mine.of,
                    n: mine.tied.mean,
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
      App.fill(App.$('option-strip'), strip(service, mine, proposal));
      App.fill(App.$('option-ranks'), rankTable(service, mine, proposal));
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
            ['#12436D', PROPOSAL, MINE],
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

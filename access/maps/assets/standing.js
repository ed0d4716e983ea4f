/* Where an option stands among all ways to keep as many: figures, ranks, their table, a dot a way. */
(function (App) {
  'use strict';

  App.MARKED = { option: '#b84300', proposal: '#801650' };

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
    const itself = isOneOf(service, open) ? 1 : 0;
    if (out.ways) out.of = out.ways.count + 1 - itself;
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

  /* Whether a set is one of the ways that ranks are among: what opens a site, or breaks a rule of the
   * study, is one more. */
  const isOneOf = (service, open) =>
    open.every((site) => service.before.includes(site)) && App.core.keepsRules(service, open);

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
      ? App.t('rank_sample', {
          share: App.percent(worse.mean),
          n: sample.draws,
          count: sample.count,
          ruled: App.ruled(App.service()),
        })
      : '';
  /* What ways are told to be where the study says what must stay open. */
  App.ruled = (service) => (service.rules ? App.t('ruled') : '');
  const sampleRank = ({ sample, worse }, name) =>
    sample ? App.t('hub_sample_short', { share: App.percent(worse[name]), n: sample.draws }) : null;
  /* The rank by average trip in few words, or what stands for it. */
  App.rankShort = (found) =>
    found.ways ? meanRank(found) : sampleRank(found, 'mean') || App.t('number_no_rank');
  const meanRank = (found) => App.rankWords(found.ranks.mean, found.tied.mean, found.of);

  const shownValue = (name, value) => (name === 'share_beyond' ? App.percent(value, 1) : App.min(value, 1));

  App.rankTable = (service, mine, proposal) => {
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
      App.h('p', { className: 'small' }, rankNote(service, mine, proposal)),
    ];
  };

  /* Among which ways the ranks are, or why there are none. */
  function rankNote(service, { ways, sample, open, only }, proposal) {
    const among = ways || sample;
    const count = among ? App.number(among.count) : '';
    const n = sample ? sample.draws : open.length;
    const values = { count, keep: open.length, all: service.before.length, n, ruled: App.ruled(service) };
    if (open.length > service.before.length) return App.t('rank_note_more', values);
    if (only) return App.t('rank_note_only', values);
    if (!App.core.waysToKeep(service, open.length))
      return `${App.t('rank_note_none', values)} ${rulesWords(service)}`;
    if (!among) return App.t('rank_note_bus', values);
    const parts = [sample ? 'rank_note_sample' : 'rank_note'];
    if (proposal.open.length !== open.length)
      parts[0] = sample ? 'rank_note_sample_differs' : 'rank_note_differs';
    const others = (open) => open.some((site) => !service.before.includes(site));
    if (ways && (others(open) || others(proposal.open))) parts.push('rank_note_beside');
    const breaks = (open) => !others(open) && !App.core.keepsRules(service, open);
    if (ways && (breaks(open) || breaks(proposal.open))) parts.push('rank_note_breaks');
    if (App.core.byMinute(App.model, App.state.mode) && !ways?.at) parts.push('rank_note_close');
    return [...parts.map((key) => App.t(key, values)), rulesWords(service)].filter(Boolean).join(' ');
  }

  /* The study's rules on what may close. */
  function rulesWords({ rules }) {
    if (!rules) return '';
    const told = rules.least.map(({ name, count }) => App.t('rule_least', { n: count, name }));
    const sites = App.list(rules.never.map(App.siteName));
    if (sites) told.unshift(App.t('rule_never', { n: rules.never.length, sites }));
    return App.t('rank_rules', { rules: told.join('; ') });
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

  App.rankStrip = (service, mine, proposal) => {
    if (!mine.ways || !mine.ways.mean.some((mean) => mean < Infinity)) return null;
    // as it is ranked: what leaves somebody without any stands behind all others
    const marks = [{ key: 'option', name: App.t('col_option'), value: mine.ranked.mean, colour: App.MARKED.option }];
    const same =
      proposal.open.every((site) => mine.open.includes(site)) && proposal.open.length === mine.open.length;
    if (same)
      marks[0] = { key: 'proposal', name: App.t('mark_both'), value: mine.ranked.mean, colour: App.MARKED.proposal };
    else if (proposal.open.length === mine.open.length)
      marks.unshift({
        key: 'proposal',
        name: App.t('col_proposal'),
        value: proposal.ranked.mean,
        colour: App.MARKED.proposal,
      });
    const undrawn = mine.ways.mean.filter((mean) => mean === Infinity).length;
    const text = (v) => App.t('minutes_1', { minutes: App.min(v, 1) });
    const values = {
      count: mine.ways.count,
      keep: mine.open.length,
      all: service.before.length,
      rank: meanRank(mine),
      title: service.title,
      ruled: App.ruled(service),
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
  };
})((globalThis.App = globalThis.App || {}));

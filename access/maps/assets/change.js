/* "Before and after": what the proposal changes for everyone. */
(function (App) {
  'use strict';

  const WORST = 10;

  const key = (name) => App.t(`figure_${name}`, { people: App.service().people });

  /* The finding in sentences, from the figures. */
  App.findingWords = (before, after, spread, service, secondWord) => {
    const lost = spread.people.newly_unreachable;
    const shorter = spread.people.gain + spread.people.newly_reached;
    const total = before.people;
    const parts = [];
    const values = {
      people: service.people,
      one: service.one,
      mode: App.modeWords(),
      total: App.about(total),
    };
    if (spread.losers > 0) {
      const few = spread.losers < App.data.suppress_below; // then a share would give the count away
      const count = App.about(spread.losers);
      const share = App.percent(spread.losers / total);
      const mean = App.minutes(spread.meanLoss);
      const key = few ? 'finding_longer_few' : 'finding_longer';
      parts.push(App.rich(key, { ...values, count, share, mean }, ['count', 'mean']));
    }
    if (lost > 0) parts.push(App.rich('finding_lost', { ...values, count: App.about(lost) }, ['count']));
    if (shorter > 0)
      parts.push(App.rich('finding_shorter', { ...values, count: App.about(shorter) }, ['count']));
    if (!parts.length) parts.push([App.t('finding_none', values)]);
    const whole = !before.unreached && !after.unreached;
    if (![before.mean, after.mean].some(Number.isNaN))
      parts.push([
        App.t(whole ? 'finding_mean' : 'finding_mean_reached', {
          second: secondWord,
          people: service.people,
          before: App.min(before.mean, 1),
          after: App.min(after.mean, 1),
        }),
      ]);
    if (after.unreached > 0)
      parts.push([App.t('finding_unreached', { ...values, count: App.about(after.unreached) })]);
    return parts
      .map((p) => p.filter((x) => x !== ''))
      .map(([first, ...rest]) => [sentenceStart(first), ...rest, ' ']);
  };

  /* Averages are of those who reach one: how many an option and the proposal leave out of them. */
  App.leftOutWords = (service, mine, proposal) =>
    [
      ['with_option', String(mine.open) === String(proposal.open) ? 0 : mine.figures.unreached],
      ['after_proposal', proposal.figures.unreached],
    ]
      .filter(([, count]) => count > 0)
      .map(([when, count]) => {
        const values = { when: App.t(when), count: App.about(count), one: service.one, mode: App.modeWords() };
        return ` ${App.t('average_without', values)}`;
      });

  const sentenceStart = (part) => {
    if (part instanceof Node) part.textContent = App.capital(part.textContent);
    return part instanceof Node ? part : App.capital(part);
  };

  /* Key figures, one row a figure, one column a situation. */
  App.keyFigures = (caption, columns, summaries) => {
    const limits = App.data.thresholds;
    const differs = summaries.length > 1;
    const row = (label, values, text, digits) => {
      const cells = values.map((v) => text(v, digits));
      if (differs) {
        const [old, now] = [values[0], values[values.length - 1]];
        cells.push(
          text === App.percent
            ? App.pointChange(App.rise(old * 100, now * 100, digits) / 100)
            : App.minChange(App.rise(old, now, digits), digits),
        );
      }
      return [label, ...cells];
    };
    const rows = ['mean', 'weighted_mean', 'median', 'p90', 'worst']
      .filter((name) => name !== 'weighted_mean' || App.data.areas.weight)
      .map((name) =>
        row(
          key(name),
          summaries.map((f) => f[name]),
          App.min,
          1,
        ),
      );
    limits.forEach((limit, k) =>
      rows.push(
        row(
          App.t('figure_within', { limit }),
          summaries.map((f) => f.shares[k]),
          App.percent,
          1,
        ),
      ),
    );
    if (!limits.includes(App.state.limit))
      rows.push(
        row(
          App.t('figure_within', { limit: App.state.limit }),
          summaries.map((f) => f.within),
          App.percent,
          1,
        ),
      );
    return App.table(
      caption,
      [App.t('col_figure'), ...columns, ...(differs ? [App.t('col_change')] : [])],
      rows,
    );
  };

  App.pointChange = (c) => {
    if (Number.isNaN(c)) return App.t('not_known');
    const size = App.number(Math.abs(c) * 100, 1);
    return App.t('points', {
      change: Number((Math.abs(c) * 100).toFixed(1)) === 0 ? size : (c > 0 ? '+' : '\u2212') + size,
    });
  };

  App.changeTable = (spread, service, caption) => {
    const { people } = spread;
    const shown = App.core.CHANGE_CLASSES.filter(
      (name) => people[name] > 0 || ['unchanged', 'lose_0_5', 'lose_5_10', 'lose_10_plus'].includes(name),
    );
    const counts = shown.map((name) => people[name]);
    const total = counts.reduce((a, b) => a + b, 0);
    const hide = App.core.suppressed(counts, App.data.suppress_below, true);
    const colours = App.data.palette;
    const colour = {
      gain: colours.saved[1],
      unchanged: '#b1b4b6',
      lose_0_5: colours.added[1],
      lose_5_10: colours.added[2],
      lose_10_plus: colours.added[4],
    };
    const rows = shown.map((name, k) => [
      App.t(`class_${name}`),
      hide[k] ? App.t('suppressed') : App.number(Math.round(counts[k])),
      hide[k]
        ? App.t('suppressed')
        : [App.percent(counts[k] / total, 0), App.bar(counts[k], total, colour[name] || '#0b0c0c')],
    ]);
    rows.push(
      Object.assign([App.t('total'), App.people(total), App.percent(1)], { className: 'total' }),
    );
    return App.table(caption, [App.t('col_longer'), App.colPeople(), App.t('col_share')], rows, {
      className: 'with-bars',
    });
  };

  App.fifthTable = (caption, columns, summaries, colours) => {
    const most = Math.max(...summaries.flatMap((s) => s.fifths.map((f) => f.mean || 0)));
    const people = App.peopleBeside(summaries[0].fifths.map((f) => f.people));
    const rows = summaries[0].fifths.map((f, k) => [
      App.t(`fifth_${k + 1}`),
      people[k],
      ...summaries.map((s, n) => [
        App.groupMean(s.fifths[k]),
        App.bar(s.fifths[k].mean || 0, most, colours[n]),
      ]),
      App.groupChange(f, summaries[summaries.length - 1].fifths[k]),
    ]);
    return App.table(caption, [App.t('col_fifth'), App.colPeople(), ...columns, App.t('col_change')], rows, {
      className: 'with-bars',
    });
  };

  /* A row that the map sets off, and that is set off with the map. */
  const withArea = (area, cells) => Object.assign(cells, { area });

  /* Areas that lose most, with a button to each. */
  App.worstList = (service, before, after, caption) => {
    const changes = App.core.change(before.minutes, after.minutes);
    const worst = App.core.worstAreas(service.counts, changes, WORST);
    if (!worst.length) return App.h('p', {}, App.t('nobody_longer'));
    const rows = worst.map((i) => withArea(i, [
      [
        App.button(
          App.placeName(i),
          () => {
            App.map.fit([[App.areas.lat[i], App.areas.lon[i]]], 14, true);
            App.note({
              kind: 'area',
              label: App.areaName(i),
              area: i,
              lat: App.areas.lat[i],
              lon: App.areas.lon[i],
            });
          },
          'link',
        ),
        App.h(
          'div',
          { className: 'hint' },
          App.wardName(i)
            ? App.t('area_more', { ward: App.wardName(i), id: App.areas.id[i] })
            : App.areas.id[i],
        ),
      ],
      App.areaPeople(service, i),
      App.min(before.minutes[i]),
      App.min(after.minutes[i]),
      App.tripChange(before.minutes[i], after.minutes[i]),
    ]));
    return App.table(
      caption,
      [App.t('col_area'), App.colPeople(), App.t('col_today'), App.t('col_then'), App.t('col_change')],
      rows,
    );
  };

  App.groupTable = (names, service, before, after, caption) => {
    const distinct = Array.from(new Set(names)).sort();
    const at = new Map(distinct.map((name, k) => [name, k]));
    const group = names.map((name) => at.get(name));
    const old = App.core.meansBy(group, distinct.length, service.counts, before.minutes);
    const now = App.core.meansBy(group, distinct.length, service.counts, after.minutes);
    const people = App.peopleBeside(old.map((g) => g.people));
    const rows = distinct.map((name, k) => [
      name || App.t('not_known'),
      people[k],
      App.groupMean(old[k]),
      App.groupMean(now[k]),
      App.groupChange(old[k], now[k]),
    ]);
    return App.table(
      caption,
      [App.t('col_group'), App.colPeople(), App.t('col_today'), App.t('col_then'), App.t('col_change')],
      rows,
      { className: 'compact' },
    );
  };

  function worstPlace(service, before, after) {
    const changes = App.core.change(before.minutes, after.minutes);
    const [i] = App.core.worstAreas(service.counts, changes, 1);
    if (i === undefined) return null;
    // "around" stands before it, so an area without a name is that of its centre
    return {
      place: App.areas.name[i] || App.siteName(App.near[i]),
      minutes: App.minutes(App.rise(before.minutes[i], after.minutes[i])),
      lost: changes[i] === Infinity,
    };
  }

  /* What the study says beside a proposal is of that one, and at the study's walking speed. */
  const besideWords = (service) =>
    App.state.speed === App.data.walk_km_h ? App.planOf(service).beside : [];

  App.views = App.views || {};
  App.views['before-after'] = {
    mapTitle(layer) {
      const service = App.service();
      const found = App.situations();
      if (layer.key !== 'change') return layer.title;
      const worst = worstPlace(service, found.today, found.after);
      if (!worst) return App.t('map_title_none', { title: service.title });
      return worst.lost
        ? App.t('map_title_lost', { one: service.one, mode: App.modeWords() })
        : App.t(`map_title_${App.state.mode}`, worst);
    },
    render() {
      const { state } = App;
      const service = App.service();
      const found = App.situations();
      const before = App.core.summary(
        App.model,
        service.counts,
        found.today.minutes,
        state.limit,
        App.data.thresholds,
      );
      const after = App.core.summary(
        App.model,
        service.counts,
        found.after.minutes,
        state.limit,
        App.data.thresholds,
      );
      const changes = App.core.change(found.today.minutes, found.after.minutes);
      const spread = App.core.distribution(service.counts, changes);
      const closing = service.before.filter((s) => !service.after.includes(s));
      const opening = service.after.filter((s) => !service.before.includes(s));
      App.fill(
        App.$('change-what'),
        App.t('proposal_keeps', {
          kept: service.after.length - opening.length,
          all: service.before.length,
          title: service.title,
        }),
        ' ',
        closing.length ? App.t('proposal_closes', { sites: App.list(closing.map(App.shortName)) }) : '',
        ' ',
        opening.length ? App.t('proposal_opens', { sites: App.list(opening.map(App.siteName)) }) : '',
      );
      App.fill(
        App.$('change-finding'),
        App.findingWords(before, after, spread, service, App.t('after_proposal')),
      );
      const columns = [App.t('col_today'), App.t('col_after')];
      App.fill(
        App.$('change-figures'),
        App.keyFigures(App.t('key_caption', { mode: App.modeWords(), title: service.title }), columns, [
          before,
          after,
        ]),
        ...[App.withoutWords(service, service.after), ...besideWords(service)].map(
          (text) => text && App.h('p', {}, text),
        ),
        App.data.areas.weight && App.data.weights_note
          ? App.h('p', { className: 'small' }, App.data.weights_note)
          : null,
      );
      App.fill(App.$('change-classes'), App.changeTable(spread, service, App.t('classes_caption')));
      App.fill(
        App.$('change-worst'),
        App.worstList(service, found.today, found.after, App.t('worst_caption')),
      );
      App.$('change-fifths-part').hidden = !App.data.areas.decile;
      if (App.data.areas.decile)
        App.fill(
          App.$('change-fifths'),
          App.fifthTable(
            App.t('fifth_caption', { mode: App.modeWords() }),
            columns,
            [before, after],
            ['#12436D', '#801650'],
          ),
        );
      const groups = ['locality', 'ward'].filter((k) => App.areas[k]);
      App.$('change-groups-part').hidden = !groups.length;
      App.fill(
        App.$('change-groups'),
        groups.map((k) =>
          App.groupTable(
            App.areas[k],
            service,
            found.today,
            found.after,
            App.t(`by_${k}`, { mode: App.modeWords() }),
          ),
        ),
      );
    },
  };
})((globalThis.App = globalThis.App || {}));

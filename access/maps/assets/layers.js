/* What the map can be coloured by. Each layer gives a title, its classes (label, colour), the
 * class of an area, and its words; the legend, the map and the table are made from the same. */
(function (App) {
  'use strict';

  const NO_DATA = { key: 'no_data', fill: 'url(#hatch-none)' };
  const UNREACHED = { key: 'unreached', fill: 'url(#hatch-unreached)' };

  function ranges(edges, colours) {
    return edges.map((from, k) => {
      const to = edges[k + 1];
      const label =
        to === undefined
          ? App.t('range_over', { from })
          : from === 0
            ? App.t('range_under', { to })
            : App.t('range', { from, to });
      return { label, fill: colours[k] };
    });
  }

  function withSpecial(classes, special) {
    return [
      ...classes,
      ...special.map((s) => ({ label: App.t(`legend_${s.key}`), fill: s.fill, hatched: true })),
    ];
  }

  /* Minutes to the nearest centre, in bands. */
  function minutesLayer(key, title, minutes) {
    const { minutes_edges: edges, minutes: colours } = App.data.palette;
    const classes = withSpecial(ranges(edges, colours), [UNREACHED]);
    return {
      key,
      title,
      classes,
      values: minutes,
      classOf: (i) => (minutes[i] < Infinity ? App.core.classOf(edges, minutes[i]) : classes.length - 1),
      text: (i) => App.min(minutes[i]),
      unit: App.t('unit_minutes'),
      summary: () => {
        const counts = App.service().counts;
        const share = App.core.criteria(App.model, counts, minutes, App.state.limit).within;
        return App.t('summary_minutes', {
          share: App.percent(share),
          people: App.service().people,
          limit: App.state.limit,
        });
      },
    };
  }

  /* Minutes more (or less) than another situation. */
  function changeLayer(key, title, before, after) {
    const changes = App.core.change(before.minutes, after.minutes);
    const palette = App.data.palette;
    const edges = palette.added_edges;
    const saved = palette.saved
      .slice()
      .reverse()
      .map((fill, k) => ({ label: App.t(['saved_most', 'saved_more', 'saved_some'][k]), fill }));
    const added = ranges(edges, palette.added);
    added[0].label = App.t('no_change');
    added.forEach((c, k) => {
      if (k) c.label = `+${c.label}`;
    });
    const anySaved = changes.some((c) => c < -edges[1]);
    if (changes.some((c) => c === -Infinity)) saved[0].label += `; ${App.t('newly_reached')}`;
    const classes = withSpecial([...(anySaved ? saved : []), ...added], [UNREACHED]);
    const offset = anySaved ? saved.length : 0;
    return {
      key,
      title,
      classes,
      values: changes,
      classOf: (i) => {
        const c = changes[i];
        if (Number.isNaN(c) || c === Infinity) return classes.length - 1;
        if (c < -edges[1]) return c <= -10 ? 0 : c <= -5 ? 1 : 2;
        return offset + App.core.classOf(edges, Math.max(c, 0));
      },
      text: (i) =>
        Number.isNaN(changes[i])
          ? App.t('not_reached')
          : App.tripChange(before.minutes[i], after.minutes[i]),
      unit: App.t('unit_minutes_change'),
      summary: () => {
        const more = changes.filter((c) => c > App.core.UNCHANGED).length;
        const less = changes.filter((c) => c < -App.core.UNCHANGED).length;
        const than = App.t(key === 'option_proposal' ? 'than_proposal' : 'than_today');
        return App.t(less ? 'summary_change_both' : 'summary_change', {
          more,
          less,
          than,
          all: changes.length,
        });
      },
    };
  }

  function deprivationLayer() {
    const classes = withSpecial(
      App.data.palette.fifths.map((fill, k) => ({ label: App.t(`fifth_${k + 1}`), fill })),
      [NO_DATA],
    );
    const { fifth } = App.model;
    return {
      key: 'deprivation',
      title: App.t('layer_deprivation'),
      classes,
      classOf: (i) => (fifth[i] ? fifth[i] - 1 : 5),
      text: (i) => (fifth[i] ? App.t(`fifth_${fifth[i]}`) : App.t('not_known')),
      summary: () =>
        App.t('summary_deprivation', { number: fifth.filter((f) => f === 1).length, all: fifth.length }),
    };
  }

  function familiesLayer() {
    const service = App.service();
    const edges = [0, 5, 10, 20, 30, 50];
    const colours = App.data.palette.minutes.slice(0, 6);
    const classes = edges.map((from, k) => ({
      label:
        k === 0
          ? App.t('fewer_than', { number: App.data.suppress_below })
          : edges[k + 1]
            ? App.t('count_range', { from, to: edges[k + 1] - 1 })
            : App.t('count_over', { from }),
      fill: colours[k],
    }));
    return {
      key: 'families',
      title: App.t('layer_families', { people: service.people }),
      classes,
      classOf: (i) => App.core.classOf(edges, Math.round(service.counts[i])),
      text: (i) => App.areaPeople(service, i),
      summary: () =>
        App.t('summary_families', {
          total: App.about(service.counts.reduce((a, b) => a + b, 0)),
          people: service.people,
          all: App.model.n,
        }),
    };
  }

  /* Wards or localities: a few pale tints for a few names, one tint and outlines for many. */
  function namesLayer(key) {
    const names = App.areas[key];
    const distinct = Array.from(new Set(names)).sort();
    const tints = ['#c9d8ea', '#c6e6e2', '#e6c8da', '#fcdcc6', '#d9d9d9', '#ddd3ee'];
    const few = distinct.length <= tints.length;
    const classes = few
      ? distinct.map((label, k) => ({ label: label || App.t('not_known'), fill: tints[k] }))
      : [{ label: App.t(`legend_${key}`), fill: '#e4e9ee' }];
    const at = new Map(distinct.map((name, k) => [name, few ? k : 0]));
    return {
      key,
      title: App.t(`layer_${key}`),
      classes,
      outline: key,
      classOf: (i) => at.get(names[i]),
      text: (i) => names[i] || App.t('not_known'),
      summary: () => {
        const known = distinct.filter(Boolean);
        return App.t(`summary_${key}`, { n: known.length, names: App.list(known) });
      },
    };
  }

  /* Sites that the map can show the reach of: all that are open to the service, today or afterwards. */
  App.reachSites = () => {
    const { before, after } = App.service();
    const wanted = App.state.view === 'your-option' ? App.openIn(App.state.option, App.service()) : after;
    return [...new Set([...before, ...wanted])].sort((a, b) => a - b);
  };

  function reachLayer() {
    const sites = App.reachSites();
    const site = sites.includes(App.state.reach) ? App.state.reach : sites[0];
    const title = App.t('layer_reach_of', { site: App.siteName(site) });
    if (!App.known(App.service(), [site])) return { ...unknownLayer('reach', title), sites: [site] };
    const { minutes } = App.situation(App.service(), [site]);
    return { ...minutesLayer('reach', title, minutes), sites: [site] };
  }

  /* By bus this page may know the study's own options alone. */
  const unknownLayer = (key, title) => ({ ...plainLayer(), key, title, summary: () => App.t('bus_options_only') });

  function plainLayer() {
    return {
      key: 'plain',
      title: App.t('layer_plain'),
      classes: [],
      classOf: () => -1,
      fill: '#dfe6ec',
      text: () => '',
      summary: () => '',
    };
  }

  /* Choices by view, in the order of the menu. */
  App.layerKeys = (view) => {
    const about = ['deprivation', 'families', ...['ward', 'locality'].filter((k) => App.areas[k])];
    if (view === 'family-hubs')
      return ['hub_change', 'swipe_hubs', 'hub_a', 'hub_b', ...about.filter((k) => k !== 'families')];
    if (view === 'my-street') return ['plain', 'today', ...about];
    if (view === 'your-option')
      return ['option_change', 'option', 'option_proposal', 'swipe_option', 'today', 'reach', ...about];
    return ['change', 'swipe', 'today', 'after', 'reach', ...about];
  };

  App.layer = (key) => {
    if (key.includes('hub')) return hubLayer(key);
    const found = App.situations();
    const service = App.service();
    if (key.includes('option') && !App.known(service, App.openIn(App.state.option, service)))
      return unknownLayer(key, App.t(`layer_${key}`));
    switch (key) {
      case 'plain':
        return plainLayer();
      case 'today':
        return minutesLayer(key, App.t('layer_today'), found.today.minutes);
      case 'after':
        return minutesLayer(key, App.t('layer_after'), found.after.minutes);
      case 'option':
        return minutesLayer(key, App.t('layer_option'), found.option.minutes);
      case 'change':
        return changeLayer(key, App.t('layer_change'), found.today, found.after);
      case 'option_change':
        return changeLayer(key, App.t('layer_option_change'), found.today, found.option);
      case 'option_proposal':
        return changeLayer(key, App.t('layer_option_proposal'), found.after, found.option);
      case 'swipe':
        return swipeLayer(key, 'after');
      case 'swipe_option':
        return swipeLayer(key, 'option');
      case 'deprivation':
        return deprivationLayer();
      case 'families':
        return familiesLayer();
      case 'reach':
        return reachLayer();
      default:
        return namesLayer(key);
    }
  };

  /* Two plans of hubs. */
  function hubLayer(key) {
    const { first, second, changes } = App.hubPairNow();
    const [one, two] = App.hubColumns();
    const within = (minutes) => {
      const limit = App.data.hubs.reach[0] ?? App.data.threshold;
      return App.t('hub_within', { share: App.percent(App.hubShareWithin(minutes, limit)), limit });
    };
    const minutes = (name, title, near) => ({
      ...minutesLayer(name, App.t('hub_minutes', { plan: title }), near.minutes),
      summary: () => within(near.minutes),
    });
    const a = minutes('hub_a', one, first);
    const b = minutes('hub_b', two, second);
    if (key === 'hub_a') return a;
    if (key === 'hub_b') return b;
    if (key === 'swipe_hubs')
      return {
        ...a,
        key,
        title: App.t('layer_swipe_hubs'),
        right: b,
        sides: [one, two],
        text: (i) => App.t('swipe_text', { first: a.text(i), second: b.text(i) }),
        summary: () => `${one}: ${a.summary()} ${two}: ${b.summary()}`,
      };
    const more = changes.filter((c) => c > 1).length;
    const less = changes.filter((c) => c < -1).length;
    const layer = changeLayer(key, App.t('layer_hub_change'), first, second);
    // who gains is striped: in grey both ends are as dark
    const { saved } = App.data.palette;
    layer.classes = layer.classes.map((c) =>
      saved.includes(c.fill) ? { ...c, fill: `url(#gain-${saved.indexOf(c.fill)})` } : c,
    );
    return {
      ...layer,
      summary: () => App.t('hub_summary', { more, less, all: changes.length }),
    };
  }

  function swipeLayer(key, second) {
    const found = App.situations();
    const left = minutesLayer('today', App.t('layer_today'), found.today.minutes);
    const right = minutesLayer(second, App.t(`layer_${second}`), found[second].minutes);
    return {
      ...left,
      key,
      title: App.t(`layer_${key}`),
      right,
      sides: [App.t('swipe_today'), App.t(`swipe_${second}`)],
      text: (i) => App.t('swipe_text', { first: left.text(i), second: right.text(i) }),
      summary: () =>
        `${App.t('summary_swipe', { second: App.t('swipe_today') })} ${left.summary()} ${App.t('summary_swipe', { second: App.t(`swipe_${second}`) })} ${right.summary()}`,
    };
  }
})((globalThis.App = globalThis.App || {}));

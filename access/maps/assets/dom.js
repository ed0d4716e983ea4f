/* Making elements and words. Text only ever enters the page as text nodes and attributes made
 * here, so no name in the data can become markup. */
(function (App) {
  'use strict';

  const SVG = 'http://www.w3.org/2000/svg';

  function put(node, props, children) {
    for (const [key, value] of Object.entries(props || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
      else if (key === 'checked' || key === 'value' || key === 'selected') node[key] = value;
      else node.setAttribute(key === 'className' ? 'class' : key, value === true ? '' : value);
    }
    for (const child of children.flat(3)) {
      if (child === null || child === undefined || child === false) continue;
      node.append(child instanceof Node ? child : String(child));
    }
    return node;
  }

  App.h = (tag, props, ...children) => put(document.createElement(tag), props, children);
  App.s = (tag, props, ...children) => put(document.createElementNS(SVG, tag), props, children);
  App.$ = (id) => document.getElementById(id);
  App.fill = (node, ...children) => {
    node.replaceChildren(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false));
    return node;
  };

  /* A string of the strings file, with {gaps} filled; {n} also chooses singular or plural. */
  App.t = (key, values) => {
    let text = App.strings[key];
    if (text === undefined) throw new Error(`no string named ${key}`);
    if (typeof text === 'object') text = text[App.plurals.select(values.n)] || text.other;
    return text.replace(/\{(\w+)\}/g, (gap, name) =>
      values && name in values ? App.shown(values[name]) : gap,
    );
  };

  /* The same, with parts of the sentence in bold. */
  App.rich = (key, values, bold) => {
    const parts = App.t(
      key,
      Object.fromEntries(Object.keys(values).map((k) => [k, `\u0001${k}\u0002`])),
    ).split(/[\u0001\u0002]/);
    return parts.map((part, i) => {
      if (i % 2 === 0) return part;
      const text = App.shown(values[part]);
      return bold.includes(part) ? App.h('strong', {}, text) : text;
    });
  };

  /* A number in a sentence stands as it is: half a day is not a day, nor 12.5 minutes 13. */
  App.shown = (value) =>
    typeof value === 'number' ? App.number(value, 0, Number.isInteger(value) ? 0 : 2) : String(value);
  const formats = new Map(); // a format is dear to make, and a table needs thousands of numbers
  App.number = (value, digits = 0, most = digits) => {
    const key = `${App.locale} ${digits} ${most}`;
    const options = { minimumFractionDigits: digits, maximumFractionDigits: most };
    if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(App.locale, options));
    return formats.get(key).format(value).replace('-', '\u2212');
  };

  App.capital = (text) => text.charAt(0).toLocaleUpperCase(App.locale) + text.slice(1);

  const NOTHING = '\u2013';
  const SAME = 1e-9;

  /* Minutes to the nearest whole, in words: for sentences. */
  App.minutes = (m) => {
    if (Number.isNaN(m)) return App.t('not_known');
    if (!(m < Infinity)) return App.t('not_reached');
    const n = Math.round(m);
    return n === 0 ? App.t('under_a_minute') : App.t('minutes', { n });
  };

  /* For table cells: whole minutes, or one decimal where the table is for planners. */
  App.min = (m, digits) => {
    if (Number.isNaN(m)) return App.t('not_known');
    return m < Infinity ? App.number(m, digits) : App.t('not_reached');
  };

  App.minChange = (m, digits) => {
    if (Number.isNaN(m)) return App.t('not_known');
    if (m === Infinity) return App.t('not_reached');
    if (m === -Infinity) return App.t('newly_reached');
    const size = App.number(Math.abs(m), digits);
    if (Number(Math.abs(m).toFixed(digits || 0)) === 0) return App.number(0, digits);
    return (m > 0 ? '+' : '\u2212') + size;
  };

  /* A time of day from minutes after midnight, and a day from 2023-06-06. */
  App.clock = (m) => `${Math.floor(m / 60) % 24}.${String(m % 60).padStart(2, '0')}`;
  App.day = (iso) =>
    new Intl.DateTimeFormat(App.locale, { dateStyle: 'full', timeZone: 'UTC' }).format(new Date(iso));

  /* A rise as it stands between two figures that are shown: these are rounded once, as the report
   * has it, and a reader's own sum agrees. */
  App.rise = (before, after, digits = 0) => {
    if (!Number.isFinite(before) || !Number.isFinite(after)) return after - before;
    const key = `figure ${digits}`;
    if (!formats.has(key))
      formats.set(key, new Intl.NumberFormat('en', { useGrouping: false, maximumFractionDigits: digits }));
    const [old, now] = [before, after].map((value) => Number(formats.get(key).format(value)));
    return now - old;
  };

  /* The difference of two trips, for a cell; of two that cannot be made there is none. Where that of
   * whole minutes is one and the map colours none, or the other way round, it stands with a decimal. */
  App.tripChange = (before, after) => {
    if (before === Infinity && after === Infinity) return NOTHING;
    const [told, change] = [App.rise(before, after), after - before];
    const coloured = Math.abs(change) >= App.data.palette.added_edges[1];
    const apart = Number.isFinite(change) && (told !== 0) !== coloured;
    return apart ? App.minChange(change, 1) : App.minChange(told);
  };

  /* The average trip of a group for a cell, and its difference; a group of nobody has none. */
  App.groupMean = ({ people, mean }) =>
    people ? App.min(Number.isNaN(mean) ? Infinity : mean, 1) : NOTHING;
  App.groupChange = (before, after) =>
    Number.isNaN(after.mean - before.mean) ? NOTHING : App.minChange(App.rise(before.mean, after.mean, 1), 1);

  /* A share; in whole hundredths never all or none of it unless it is. */
  App.percent = (share, digits) => {
    if (Number.isNaN(share)) return App.t('not_known');
    if (!digits && share > SAME && share < 0.01) return App.t('portion_few');
    if (!digits && share > 0.99 && share < 1 - SAME) return App.t('portion_most');
    return `${App.number(share * 100, digits)}%`;
  };

  /* A share of minutes: all of them, none, or so many in a hundred. */
  App.portion = (share) =>
    share >= 1 ? App.t('portion_all') : share <= 0 ? App.t('portion_none') : App.percent(share);

  /* A count for a sentence: to the nearest hundred from a thousand, ten from a hundred. */
  App.about = (count) => {
    if (count >= 100) {
      const unit = count >= 1000 ? 100 : 10;
      return App.t('about', { number: App.number(Math.round(count / unit) * unit) });
    }
    const few = App.core.isSmall(count, App.data.suppress_below);
    return few ? App.t('fewer_than', { number: App.data.suppress_below }) : App.people(count);
  };

  /* A count for a table, hidden where it could point at a family. */
  App.people = (count) =>
    App.core.isSmall(count, App.data.suppress_below) ? App.t('suppressed') : App.number(Math.round(count));

  /* The same of each area, wherever it is told: their total is known. */
  const ofAreas = new WeakMap();
  App.areaPeople = ({ counts }, i) => {
    if (!ofAreas.has(counts)) ofAreas.set(counts, App.peopleBeside(Array.from(counts)));
    return ofAreas.get(counts)[i];
  };

  /* The same for a column whose total is known. */
  App.peopleBeside = (counts) => {
    const hide = App.core.suppressed(counts, App.data.suppress_below, true);
    return counts.map((c, i) => (hide[i] ? App.t('suppressed') : App.people(c)));
  };

  App.list = (items) => new Intl.ListFormat(App.locale, { type: 'conjunction' }).format(items);

  /* A table: head is a list of texts, or of [text, class]; rows are lists of cells, the first of
   * each a row header. */
  App.table = (caption, head, rows, options) => {
    const set = options || {};
    const cells = head.map((c, i) =>
      App.h('th', { scope: 'col', className: i && !set.texts?.includes(i) ? 'number' : null }, c),
    );
    const lines = rows.map((row) =>
      App.h(
        'tr',
        { className: row.className, 'data-area': row.area },
        row.map((cell, i) => {
          if (i === 0) return App.h('th', { scope: 'row' }, cell);
          return App.h('td', { className: set.texts?.includes(i) ? null : 'number' }, cell);
        }),
      ),
    );
    return App.h(
      'table',
      { className: set.className },
      App.h('caption', { className: set.hideCaption ? 'hidden' : null }, caption),
      App.h('thead', {}, App.h('tr', {}, cells)),
      App.h('tbody', {}, lines),
    );
  };

  /* Said aloud by screen readers, once what happened has settled. */
  let waiting = 0;
  App.say = (text) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      App.$('live').textContent = text;
    }, 250);
  };

  App.button = (text, onclick, className, more) =>
    App.h('button', { type: 'button', className: className || 'button', onclick, ...more }, text);
})((globalThis.App = globalThis.App || {}));

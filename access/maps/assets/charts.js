/* Small pictures beside the figures. Each says its finding in its label. */
(function (App) {
  'use strict';

  const s = App.s;

  /* One bar in a table cell, as wide as value is of most. */
  App.bar = (value, most, colour) =>
    s(
      'svg',
      {
        className: 'bar',
        viewBox: '0 0 100 10',
        preserveAspectRatio: 'none',
        'aria-hidden': 'true',
        focusable: 'false',
      },
      s('rect', { x: 0, y: 0, width: 100, height: 10, fill: '#f3f2f1' }),
      s('rect', {
        x: 0,
        y: 0,
        width: most > 0 && value < Infinity ? Math.min(100, (100 * value) / most) : 0,
        height: 10,
        fill: colour,
      }),
    );

  /* Two bars, today and after, with their words on them. */
  App.twoBars = (rows, most) =>
    App.h(
      'div',
      { className: 'bars' },
      rows.map((row) =>
        App.h(
          'div',
          { className: 'bar-row' },
          App.h('span', { className: 'bar-name' }, row.name),
          App.h('span', { className: 'bar-value' }, row.value),
          App.bar(row.minutes, most, row.colour),
          App.h('span', { className: 'bar-where' }, row.where),
        ),
      ),
    );

  /* Every alternative as a dot on a line; the proposal and the option stand out by shape. */
  App.strip = (values, marks, options) => {
    const width = 520;
    const height = 92;
    const edge = 26;
    const finite = Array.from(values).filter((v) => v < Infinity && !Number.isNaN(v));
    const all = [...finite, ...marks.map((m) => m.value).filter((v) => v < Infinity)];
    const low = Math.min(...all);
    const high = Math.max(...all);
    const x = (v) => edge + ((v - low) / (high - low || 1)) * (width - 2 * edge);
    const stack = new Map();
    let tallest = 1;
    const dots = finite
      .sort((a, b) => a - b)
      .map((v) => {
        const column = Math.round(x(v) / 5);
        const level = stack.get(column) || 0;
        stack.set(column, level + 1);
        tallest = Math.max(tallest, level + 1);
        return [column * 5, level];
      });
    const step = Math.min(5, 34 / tallest);
    const base = 58;
    const shape = { proposal: 'M0 -8 L8 0 L0 8 L-8 0 Z', option: 'M0 -9 L8.5 7 L-8.5 7 Z' };
    const labels = marks.map((m) => ({ ...m, x: x(Math.min(m.value, high)) })).sort((a, b) => a.x - b.x);
    // Two names side by side need room: each keeps at least 60 to its own side of the middle.
    const places = labels.map((m) =>
      Math.max(labels.length > 1 ? 50 : 95, Math.min(width - (labels.length > 1 ? 50 : 95), m.x)),
    );
    if (places.length > 1 && places[1] - places[0] < 116) {
      const middle = Math.max(108, Math.min(width - 108, (places[0] + places[1]) / 2));
      places[0] = middle - 58;
      places[1] = middle + 58;
    }
    return s(
      'svg',
      { className: 'strip', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': options.label },
      dots.map(([cx, level]) => s('circle', { cx, cy: base - 6 - level * step, r: 2.1, fill: '#6f777b' })),
      s('path', { d: `M${edge - 10} ${base} H${width - edge + 10}`, stroke: '#0b0c0c', 'stroke-width': 1 }),
      s('text', { x: edge - 10, y: height - 4, className: 'axis' }, options.lowText(low)),
      s(
        'text',
        { x: width - edge + 10, y: height - 4, 'text-anchor': 'end', className: 'axis' },
        options.highText(high),
      ),
      labels.map((m, k) =>
        s(
          'g',
          {},
          s('path', {
            d: shape[m.key],
            transform: `translate(${m.x} ${base})`,
            fill: m.colour,
            stroke: '#ffffff',
            'stroke-width': 1.5,
          }),
          s(
            'text',
            { x: places[k], y: 12, 'text-anchor': 'middle', className: 'mark', fill: m.colour },
            m.name,
          ),
        ),
      ),
    );
  };
})((globalThis.App = globalThis.App || {}));

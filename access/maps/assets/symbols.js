/* Signs of centres: shape says which service, a cross that it closes, a star that it is a hub;
 * and the legend that explains them and the colours. */
(function (App) {
  'use strict';

  const SHAPES = {
    circle: 'M12 3 A9 9 0 1 1 11.99 3 Z',
    square: 'M4 4 H20 V20 H4 Z',
    triangle: 'M12 2.5 L22 20.5 H2 Z',
    diamond: 'M12 2 L22 12 L12 22 L2 12 Z',
    star: 'M12 1 L15.1 8.6 L23.3 9.3 L17.1 14.7 L19 22.7 L12 18.4 L5 22.7 L6.9 14.7 L0.7 9.3 L8.9 8.6 Z',
  };
  const BY_SERVICE = ['circle', 'square', 'triangle', 'diamond'];

  App.symbol = (kind, status, size) => {
    const service = App.data.services.findIndex((s) => s.key === kind);
    const colours = App.data.palette.markers;
    const shape =
      kind === 'hub' ? 'star' : kind === 'candidate' ? 'diamond' : BY_SERVICE[service] || 'circle';
    const colour = colours[kind] || App.data.palette.categorical[service] || '#3d3d3d';
    const closed = status === 'closing' || status === 'closed';
    return App.s(
      'svg',
      { viewBox: '-1 -1 26 26', width: size, height: size, 'aria-hidden': 'true', focusable: 'false' },
      App.s('path', {
        d: SHAPES[shape],
        fill: closed ? '#ffffff' : colour,
        stroke: closed ? colour : '#ffffff',
        'stroke-width': closed ? 3.6 : 1.8,
      }),
      closed
        ? App.s('path', {
            d: 'M8 8 L16 16 M16 8 L8 16',
            stroke: '#0b0c0c',
            'stroke-width': 3.4,
            'stroke-linecap': 'round',
          })
        : null,
    );
  };

  /* What the lines on the map are: what is modelled or straight says so. */
  function ground(trips) {
    const line = (words, look) =>
      App.h(
        'li',
        {},
        App.s(
          'svg',
          { width: 30, height: 12, 'aria-hidden': 'true' },
          App.s('line', { x1: 1, y1: 6, x2: 29, y2: 6, ...look }),
        ),
        words,
      );
    const streets = App.data.modelled && App.data.streets.some((packed) => packed.length);
    return [
      ...[
        ['legend_along', trips.find((trip) => trip.line)],
        ['legend_straight', trips.find((trip) => !trip.line)],
      ].map(([words, trip]) => trip && line(App.t(words), { stroke: trip.colour, 'stroke-width': 4 })),
      App.data.boundary.length
        ? line(App.t('legend_boundary'), { stroke: '#0b0c0c', 'stroke-width': 2 })
        : null,
      streets
        ? line(App.t('legend_modelled'), {
            stroke: '#6f777b',
            'stroke-width': 1.6,
            'stroke-dasharray': '2 5',
          })
        : null,
    ];
  }

  App.legend = (layer, entries, trips) => {
    const swatch = (c) =>
      App.s(
        'svg',
        { width: 26, height: 18, 'aria-hidden': 'true' },
        App.s('rect', { x: 0.5, y: 0.5, width: 25, height: 17, fill: c.fill, stroke: '#6f777b' }),
      );
    const used = new Set();
    for (let i = 0; i < App.model.n; i += 1) {
      used.add(layer.classOf(i));
      if (layer.right) used.add(layer.right.classOf(i));
    }
    const classes = layer.classes.filter((c, k) => used.has(k));
    const kinds = new Map();
    for (const entry of entries) kinds.set(`${entry.kind} ${entry.status}`, entry);
    App.fill(
      App.$('legend'),
      classes.length
        ? App.h(
            'div',
            { className: 'legend-block' },
            App.h(
              'p',
              { className: 'legend-title' },
              layer.unit ? `${layer.title} (${layer.unit})` : layer.title,
            ),
            App.h(
              'ul',
              {},
              classes.map((c) => App.h('li', {}, swatch(c), c.label)),
            ),
          )
        : null,
      App.h(
        'div',
        { className: 'legend-block' },
        App.h(
          'ul',
          {},
          Array.from(kinds.values(), (entry) =>
            App.h(
              'li',
              {},
              App.symbol(entry.kind, entry.status, 20),
              App.kindWords(entry.kind, entry.status),
            ),
          ),
          ground(trips),
        ),
      ),
    );
  };
})((globalThis.App = globalThis.App || {}));

/* The ground of the map: areas, streets, water, railways, boundary; and whose the wheel is. */
(function (App) {
  'use strict';

  const L = globalThis.L;
  const SVG_PADDING = 0.4;
  App.ground = { opacity: 1, greens: [] };

  /* The areas of one class are one path: seven thousand of them are drawn as fast as seven. */
  App.ground.areas = (name) => {
    return { pane: name, renderer: L.svg({ pane: name, padding: SVG_PADDING }), paths: new Map(), fills: [] };
  };

  function pathOf(group, fill) {
    if (!group.paths.has(fill))
      group.paths.set(
        fill,
        L.polygon([], {
          renderer: group.renderer,
          pane: group.pane,
          interactive: false,
          color: '#9aa3a8',
          weight: App.model.n > 3000 ? 0.25 : 0.5,
          opacity: 0.8,
          fillOpacity: App.ground.opacity,
          fillColor: fill,
        }).addTo(App.map.leaflet),
      );
    return group.paths.get(fill);
  }

  App.ground.colour = (group, layer) => {
    const fills = App.shapes.map((_, i) => {
      const k = layer.classOf(i);
      return k < 0 ? layer.fill : layer.classes[k].fill;
    });
    if (fills.every((fill, i) => fill === group.fills[i])) return;
    group.fills = fills;
    const rings = new Map();
    fills.forEach((fill, i) => {
      if (!rings.has(fill)) rings.set(fill, []);
      rings.get(fill).push(...App.shapes[i]);
    });
    for (const [fill, path] of group.paths) if (!rings.has(fill)) path.setLatLngs([]);
    for (const [fill, own] of rings) pathOf(group, fill).setLatLngs(own);
  };

  /* Water, woods, parks and railways, where the streets' file tells of them; and the boundary. */
  App.ground.around = (map) => {
    const renderer = L.svg({ pane: 'around', padding: SVG_PADDING });
    const still = { renderer, pane: 'around', interactive: false, smoothFactor: 1.5 };
    const looks = {
      wood: { stroke: false, fillColor: '#6d9a6f', fillOpacity: 0.22 },
      park: { stroke: false, fillColor: '#7fb77e', fillOpacity: 0.3 },
      water: { color: '#4f86b0', weight: 0.6, fillColor: '#bcd7ea', fillOpacity: 1 },
      coast: { color: '#4f86b0', weight: 1.2 },
      river: { color: '#6a9fc4', weight: 2.4 },
      canal: { color: '#6a9fc4', weight: 1.5 },
      rail: { color: '#3d3d3d', weight: 1.6, dashArray: '7 4', opacity: 0.75 },
    };
    const areas = ['wood', 'park', 'water'];
    for (const [kind, look] of Object.entries(looks)) {
      const packed = App.data.around[kind] || [];
      if (!packed.length) continue;
      const layer = areas.includes(kind)
        ? L.polygon(packed.flatMap(App.unpackShape), { ...still, ...look })
        : L.polyline(packed.map(App.unpack), { ...still, ...look });
      layer.addTo(map);
      if (kind === 'wood' || kind === 'park') App.ground.greens.push(layer);
    }
    if (App.data.boundary.length)
      L.polyline(App.data.boundary.map(App.unpack), {
        renderer: L.svg({ pane: 'boundary', padding: SVG_PADDING }),
        pane: 'boundary',
        interactive: false,
        color: '#0b0c0c',
        weight: 2,
      }).addTo(map);
  };

  App.ground.streets = (map) => {
    const renderer = L.svg({ pane: 'streets', padding: SVG_PADDING });
    const look = [
      ['#6f777b', 2.2],
      ['#8d9599', 1.3],
      ['#a9b0b4', 0.7],
    ];
    App.data.streets.forEach((packed, rank) => {
      if (!packed.length) return;
      // modelled streets are links between points, no streets: faint, dotted, and named in the legend
      const faint = App.data.modelled
        ? { color: '#6f777b', weight: 0.6, opacity: 0.5, dashArray: '1 4' }
        : {};
      L.polyline(packed.map(App.unpack), {
        renderer,
        pane: 'streets',
        interactive: false,
        color: look[rank][0],
        weight: look[rank][1],
        opacity: 0.75,
        smoothFactor: 1.5,
        ...faint,
      }).addTo(map);
    });
  };

  /* An arrow that says where north is. */
  App.ground.north = (map) => {
    const control = L.control({ position: 'topright' });
    control.onAdd = () =>
      App.h(
        'div',
        { className: 'north' },
        App.s(
          'svg',
          { viewBox: '0 0 24 34', width: 24, height: 34, role: 'img', 'aria-label': App.t('north') },
          App.s('path', { d: 'M12 2 L20 24 L12 19 L4 24 Z', fill: '#0b0c0c' }),
          App.s(
            'text',
            { x: 12, y: 33, 'text-anchor': 'middle', 'font-size': 10, 'font-weight': 700 },
            App.t('north_letter'),
          ),
        ),
      );
    control.addTo(map);
  };

  /* ---- the page scrolls over the map until somebody asks for the map ---- */

  const fingers = globalThis.matchMedia('(pointer: coarse)').matches;
  let asked = false;
  let told = 0;

  function ask(map, on) {
    asked = on;
    const button = App.$('ask-map');
    button.setAttribute('aria-pressed', String(on));
    if (on) map.scrollWheelZoom.enable();
    else map.scrollWheelZoom.disable();
    if (fingers) {
      if (on) map.dragging.enable();
      else map.dragging.disable();
    }
  }

  App.ground.askFirst = (map) => {
    const button = App.$('ask-map');
    const frame = App.$('map');
    button.hidden = !fingers;
    button.addEventListener('click', () => ask(map, !asked));
    frame.addEventListener('mouseleave', () => !fingers && ask(map, false));
    map.on('click', () => !fingers && ask(map, true));
    frame.addEventListener(
      'wheel',
      (event) => {
        if (asked || event.ctrlKey || event.metaKey) {
          map.scrollWheelZoom.enable();
          return;
        }
        map.scrollWheelZoom.disable();
        App.$('wheel-hint').hidden = false;
        clearTimeout(told);
        told = setTimeout(() => {
          App.$('wheel-hint').hidden = true;
        }, 1500);
      },
      { capture: true, passive: true },
    );
    ask(map, false);
  };
})((globalThis.App = globalThis.App || {}));

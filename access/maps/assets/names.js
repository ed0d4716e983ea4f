/* Names on the map, placed one after the other so that none covers another. */
(function (App) {
  'use strict';

  const L = globalThis.L;
  let labels = [];
  const leaders = L.layerGroup();

  function nameLabel(text, lat, lon, className) {
    const node = App.h('span', { className: `name ${className}` }, text);
    const marker = L.marker([lat, lon], {
      pane: 'names',
      interactive: false,
      keyboard: false,
      icon: L.divIcon({ className: 'name-holder', html: node, iconSize: [0, 0] }),
    });
    return { marker, node, lat, lon, width: 0 };
  }

  /* A name's element is made once, and measured once. */
  const nameCache = new Map();

  function name(text, lat, lon, className, more) {
    const key = [text, lat, lon, className].join('|');
    if (!nameCache.has(key)) nameCache.set(key, nameLabel(text, lat, lon, className));
    return Object.assign(
      nameCache.get(key),
      { beside: false, trip: false, far: false, over: false, zoom: 0, of: null },
      more,
    );
  }

  /* Which names are wanted: centres, trips, places; those no longer wanted are taken away. */
  function draw(map, markers, trips) {
    const visited = new Set(trips.map((trip) => trip.site));
    const wanted = markers
      .filter((m) => m.entry.kind !== 'candidate' && !visited.has(m.entry.site))
      .map((m) => {
        const site = App.data.sites[m.entry.site];
        const changed = m.entry.status !== 'open';
        return name(
          App.shortName(m.entry.site),
          site.lat,
          site.lon,
          changed ? `site-name ${m.entry.status}` : 'site-name',
          { order: changed ? 0 : 4, beside: true, far: changed, zoom: changed ? 0 : 13, of: m },
        );
      });
    for (const trip of trips) {
      const site = App.data.sites[trip.site];
      const of = markers.find((m) => m.entry.site === trip.site);
      wanted.push(
        name(trip.label, site.lat, site.lon, `trip ${trip.name || (trip.dashed ? 'after' : 'today')}`, {
          order: -1,
          beside: true,
          trip: true,
          far: true,
          of,
        }),
      );
    }
    for (const [text, lon, lat, rank] of App.data.places) {
      wanted.push(
        name(text, lat, lon, rank === 1 ? 'town' : 'village', {
          order: rank,
          zoom: rank > 2 ? 12 : 0,
          over: rank === 1,
        }),
      );
    }
    const keep = new Set(wanted);
    for (const label of labels) if (!keep.has(label)) label.marker.remove();
    for (const label of wanted) if (!map.hasLayer(label.marker)) label.marker.addTo(map);
    labels = wanted.sort((a, b) => a.order - b.order || (a.node.textContent < b.node.textContent ? -1 : 1));
  }

  const BESIDE = (w) => [
    [14, 0],
    [-14 - w, 0],
    [-w / 2, -26],
    [-w / 2, 26],
    [14, 22],
    [-14 - w, 22],
    [14, -22],
    [-14 - w, -22],
  ];
  const CENTRED = (w) => [
    [-w / 2, 0],
    [-w / 2, -20],
    [-w / 2, 20],
    [12, 0],
    [-12 - w, 0],
    [-w / 2, -34],
    [-w / 2, 34],
  ];
  const FURTHER = (w) =>
    [30, 36, 50, 80, 110, 140].flatMap((far) =>
      [-far, far].flatMap((dy) => [
        [14, dy],
        [-w * 0.15, dy],
        [-w / 2, dy],
        [-w * 0.85, dy],
        [-14 - w, dy],
      ]),
    );

  /* A line from a centre to its name, where the name stands apart from it. */
  function lead(map, label, p, [x0, y0, x1, y1]) {
    const x = Math.max(x0, Math.min(p.x, x1));
    const y = Math.max(y0, Math.min(p.y, y1));
    if (!label.beside || Math.hypot(x - p.x, y - p.y) < 16) return;
    const ends = [p, L.point(x, y)].map((at) => map.containerPointToLatLng(at));
    const look = { pane: 'leaders', interactive: false };
    leaders.addLayer(L.polyline(ends, { ...look, color: '#ffffff', weight: 4 }));
    leaders.addLayer(L.polyline(ends, { ...look, color: '#0b0c0c', weight: 1.4 }));
  }

  /* What a trip's label keeps off, best of all, at least, and where there is no room at all: signs of
   * what closes and labels of other trips; these labels; nothing. */
  const KEPT_OFF = [(t) => t[5], (t) => t[5] === 'trip', () => false];

  /* Each name takes the first spot that covers nothing; without one it is not shown. Towns may
   * cover a centre that stays rather than go unnamed, and a trip's label is always shown. */
  function place(map, taken) {
    const size = map.getSize();
    const zoom = map.getZoom();
    leaders.addTo(map).clearLayers();
    for (const label of labels) {
      const p = map.latLngToContainerPoint([label.lat, label.lon]);
      if (!label.width) {
        label.node.hidden = false;
        label.width = label.node.offsetWidth;
        label.height = label.node.offsetHeight;
      }
      const box = ([dx, dy]) => [
        p.x + dx - 3,
        p.y + dy - label.height / 2 - 1,
        p.x + dx + label.width + 3,
        p.y + dy + label.height / 2 + 1,
      ];
      const clipped = (b) =>
        p.x > 0 &&
        p.x < size.x &&
        p.y > 0 &&
        p.y < size.y &&
        (b[0] < 0 || b[2] > size.x || b[1] < 0 || b[3] > size.y);
      const meets = (b, t) => b[0] < t[2] && b[2] > t[0] && b[1] < t[3] && b[3] > t[1];
      const fits = (overCentres) => (spot) => {
        const b = box(spot);
        return (
          !clipped(b) &&
          !taken.some(
            (t) => !(t[4] && !t[5] && (t[4] === label.of || overCentres)) && meets(b, t),
          )
        );
      };
      const off = (kept) => (b) => !clipped(b) && !taken.some((t) => kept(t) && meets(b, t));
      const firstFurther = (good) => FURTHER(label.width).find((spot) => good(box(spot)));
      const spots = label.beside ? BESIDE(label.width) : CENTRED(label.width);
      let best = null;
      if (zoom >= (label.zoom || 0)) {
        best =
          spots.find(fits(false)) ||
          (label.far && FURTHER(label.width).find(fits(false))) ||
          (label.over && spots.find(fits(true))) ||
          (label.trip && KEPT_OFF.map(off).map(firstFurther).find(Boolean)) ||
          (label.trip && spots[0]) ||
          null;
      }
      label.node.hidden = !best;
      if (best) {
        taken.push([...box(best), null, label.trip && 'trip']);
        lead(map, label, p, box(best));
        label.node.style.transform = `translate(${best[0]}px, ${best[1] - label.height / 2}px)`;
      }
    }
  }

  App.names = {
    draw,
    place,
    measureAgain() {
      for (const label of labels) label.width = 0;
    },
  };
})((globalThis.App = globalThis.App || {}));

/* The map: our own areas, streets, names and centres on Leaflet. It shows nothing that is not
 * also said in words or in a table beside it. */
(function (App) {
  'use strict';

  const L = globalThis.L;
  const SVG_PADDING = 0.4;
  const MARGIN = { paddingTopLeft: [8, 8], paddingBottomRight: [8, 22] };
  let map;
  let left;
  let right = null;
  let lines;
  let markers = [];
  let pin = null;
  let outlines = {};
  let tiles = null;
  let shown = null;
  let trips = [];
  let rim;

  function pane(name, zIndex, still) {
    const node = map.createPane(name);
    node.style.zIndex = zIndex;
    if (still) node.style.pointerEvents = 'none';
    return name;
  }

  const tip = L.tooltip({ sticky: true, direction: 'top', offset: [0, -6], opacity: 1, className: 'tip' });

  /* The area under the pointer, or -1. */
  let boxes = null;
  function areaUnder({ lat, lng }) {
    boxes = boxes || App.shapes.map((shape) => (shape.length ? L.latLngBounds(shape.flat(2)) : null));
    return boxes.findIndex(
      (box, i) => box && box.contains([lat, lng]) && App.areaHolds(i, lat, lng),
    );
  }

  /* An area is set off on the map, and in every list that names it. */
  let lit = -1;
  function light(i) {
    if (i === lit) return;
    lit = i;
    rim.setLatLngs(i < 0 ? [] : App.shapes[i]);
    for (const row of document.querySelectorAll('.lit')) row.classList.remove('lit');
    if (i >= 0)
      for (const row of document.querySelectorAll(`[data-area="${i}"]`)) row.classList.add('lit');
  }

  let moving = 0;
  function hover(latLng) {
    cancelAnimationFrame(moving);
    moving = requestAnimationFrame(() => {
      const i = App.printing || !latLng ? -1 : areaUnder(latLng);
      light(i);
      if (i < 0) {
        tip.remove();
        return;
      }
      const text = [App.h('strong', {}, App.areaName(i))];
      if (shown && shown.text(i))
        text.push(App.h('span', {}, `${shown.title}: ${shown.text(i)} ${shown.unit || ''}`));
      tip.setContent(
        App.h(
          'div',
          {},
          text.map((words) => App.h('div', {}, words)),
        ),
      );
      tip.setLatLng([App.areas.lat[i], App.areas.lon[i]]).addTo(map);
    });
  }

  /* A row that names an area or a centre sets it off on the map. */
  function listen() {
    const over = (event) => {
      const row = event.target.closest?.('[data-area], [data-site]');
      if (event.target.closest?.('#map')) return;
      light(row?.dataset.area === undefined ? -1 : Number(row.dataset.area));
      const site = row?.dataset.site === undefined ? -1 : Number(row.dataset.site);
      for (const m of markers) m.marker.getElement()?.classList.toggle('lit', m.entry.site === site);
    };
    document.addEventListener('mouseover', over);
    document.addEventListener('focusin', over);
    map.on('mousemove', (event) => hover(event.latlng));
    map.on('mouseout', () => hover(null));
  }

  function addOutlines() {
    const renderer = L.svg({ pane: 'outlines', padding: SVG_PADDING });
    for (const [name, packed] of Object.entries(App.data.outlines)) {
      outlines[name] = L.polyline(packed.map(App.unpack), {
        renderer,
        pane: 'outlines',
        interactive: false,
        color: '#3d3d3d',
        weight: name === 'ward' ? 1.2 : 2,
        opacity: 0.8,
        dashArray: name === 'ward' ? '4 3' : null,
      });
    }
  }

  function siteMarker(entry) {
    const site = App.data.sites[entry.site];
    const size = entry.kind === 'candidate' ? 12 : entry.status === 'open' ? 22 : 26;
    const icon = L.divIcon({
      className: `site ${entry.status}`,
      html: App.symbol(entry.kind, entry.status, size),
      iconSize: [size, size],
    });
    const marker = L.marker([site.lat, site.lon], {
      icon,
      keyboard: false,
      title: '',
      zIndexOffset: entry.kind === 'candidate' ? -500 : entry.status === 'open' ? 0 : 300,
    });
    marker.bindTooltip(
      () =>
        App.h(
          'div',
          {},
          App.h('div', {}, App.h('strong', {}, site.name)),
          App.h('div', {}, App.statusWords(entry)),
        ),
      { direction: 'top', offset: [0, -10], className: 'tip', opacity: 1 },
    );
    marker.on('click', () => App.siteChosen(entry, marker));
    return marker;
  }

  /* Centres that stay as they are drawn are left alone. */
  function drawSites(entries) {
    const wanted = new Map(entries.map((entry) => [`${entry.site} ${entry.kind} ${entry.status}`, entry]));
    markers = markers.filter((m) => {
      if (wanted.has(m.key)) return true;
      m.marker.remove();
      return false;
    });
    const there = new Set(markers.map((m) => m.key));
    for (const [key, entry] of wanted) {
      if (!there.has(key)) markers.push({ key, entry, marker: siteMarker(entry).addTo(map) });
    }
  }

  /* Where on the map no name may stand: centres, controls, the pin. */
  function takenSpots() {
    const size = map.getSize();
    const around = (latLng, left_, up, right_, down, of, closing) => {
      const p = map.latLngToContainerPoint(latLng);
      return [p.x - left_, p.y - up, p.x + right_, p.y + down, of, closing];
    };
    const taken = markers
      .filter((m) => m.entry.kind !== 'candidate')
      .map((m) => around(m.marker.getLatLng(), 11, 11, 11, 11, m, m.entry.status !== 'open'));
    taken.push([0, 0, 58, 98], [size.x - 46, 0, size.x, 54], [0, size.y - 52, 120, size.y]);
    if (App.data.modelled) taken.push([size.x - 290, size.y - 38, size.x, size.y]);
    if (pin) taken.push(around(pin.getLatLng(), 14, 38, 14, 0));
    if (shown && shown.right)
      taken.push([(size.x * App.state.swipe) / 100 - 80, 0, (size.x * App.state.swipe) / 100 + 170, 34]);
    return taken;
  }

  const placeNames = () => App.names.place(map, takenSpots());

  function drawNames() {
    App.names.draw(map, markers, trips);
    placeNames();
  }

  /* A second set of areas, made only when it is needed. */
  function split(layer) {
    const divider = App.$('divider');
    divider.hidden = !layer.right;
    App.$('swipe-control').hidden = !layer.right;
    App.$('map').classList.toggle('split', Boolean(layer.right));
    if (!layer.right) {
      if (right) map.getPane('areas-right').style.display = 'none';
      return;
    }
    right = right || App.ground.areas('areas-right');
    map.getPane('areas-right').style.display = '';
    App.fill(App.$('side-left'), layer.sides[0]);
    App.fill(App.$('side-right'), layer.sides[1]);
    App.ground.colour(right, layer.right);
    clip();
  }

  function clip() {
    if (!shown || !shown.right) return;
    const size = map.getSize();
    const x = Math.round(size.x * (App.state.swipe / 100));
    const from = map.containerPointToLayerPoint([0, 0]);
    map.getPane('areas-right').style.clip =
      `rect(${from.y}px, ${from.x + size.x}px, ${from.y + size.y}px, ${from.x + x}px)`;
    App.$('divider').style.left = `${x}px`;
  }

  /* ---- lines from a person's place to their centres ---- */

  function drawPlace(place) {
    lines.clearLayers();
    if (pin) pin.remove();
    pin = null;
    if (!place) return;
    // white under all of them first, so that two ways along one street are both seen
    const line = (trip, look) => {
      const site = App.data.sites[trip.site];
      const spots = [[place.lat, place.lon], ...(trip.line || []), [site.lat, site.lon]];
      L.polyline(spots, { pane: 'lines', interactive: false, ...look }).addTo(lines);
    };
    for (const trip of trips) line(trip, { color: '#ffffff', weight: 9, opacity: 0.9 });
    for (const trip of trips)
      line(trip, trip.dashed ? { color: trip.colour, weight: 3.5, dashArray: '3 8' } : { color: trip.colour, weight: 5 });
    pin = L.marker([place.lat, place.lon], {
      keyboard: false,
      interactive: false,
      zIndexOffset: 1000,
      icon: L.divIcon({
        className: 'pin',
        iconSize: [30, 40],
        iconAnchor: [15, 38],
        html: App.s(
          'svg',
          { viewBox: '0 0 30 40', width: 30, height: 40, 'aria-hidden': 'true' },
          App.s('path', {
            d: 'M15 38 C15 38 27 23 27 14 A12 12 0 0 0 3 14 C3 23 15 38 15 38 Z',
            fill: '#0b0c0c',
            stroke: '#ffdd00',
            'stroke-width': 2.5,
          }),
          App.s('circle', { cx: 15, cy: 14, r: 5, fill: '#ffdd00' }),
        ),
      }),
    }).addTo(map);
  }

  App.map = {
    create() {
      map = L.map('map', {
        zoomSnap: 0.25,
        zoomDelta: 0.5,
        wheelPxPerZoomLevel: 120,
        minZoom: 8,
        maxZoom: 17,
        attributionControl: false,
        zoomControl: false,
        scrollWheelZoom: false,
        fadeAnimation: false,
        zoomAnimation: !App.still,
        markerZoomAnimation: !App.still,
        inertia: !App.still,
      });
      L.control
        .zoom({ position: 'topleft', zoomInTitle: App.t('zoom_in'), zoomOutTitle: App.t('zoom_out') })
        .addTo(map);
      L.control.scale({ position: 'bottomleft', maxWidth: 100 }).addTo(map);
      App.ground.north(map);
      pane('areas', 300, true);
      pane('areas-right', 310, true);
      pane('around', 340, true);
      pane('streets', 350, true);
      pane('outlines', 360, true);
      pane('boundary', 365, true);
      pane('rim', 370, true);
      pane('leaders', 630, true);
      pane('names', 640, true);
      pane('lines', 450, true);
      if (App.data.boundary.length) App.bounds = L.latLngBounds(App.data.boundary.flatMap(App.unpack));
      map.fitBounds(App.bounds, { animate: false, ...MARGIN });
      left = App.ground.areas('areas');
      App.ground.around(map);
      App.ground.streets(map);
      addOutlines();
      lines = L.layerGroup().addTo(map);
      rim = L.polygon([], {
        pane: 'rim',
        renderer: L.svg({ pane: 'rim', padding: SVG_PADDING }),
        interactive: false,
        color: '#0b0c0c',
        weight: 3,
        fill: false,
      }).addTo(map);
      listen();
      App.ground.askFirst(map);
      map.on('moveend zoomend resize', () => {
        placeNames();
        clip();
      });
      map.on('move', clip);
      map.on('popupclose', () => {
        if (document.activeElement === document.body) App.$('map').focus({ preventScroll: true });
      });
      map.on('click', (event) => App.pointChosen(event.latlng.lat, event.latlng.lng));
      App.$('map').addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' || event.target !== App.$('map')) return;
        const middle = map.getCenter();
        App.pointChosen(middle.lat, middle.lng);
      });
    },

    /* Colour the areas; draw the centres, the place and the names where they changed. */
    show(layer, entries, overlays, place, found) {
      shown = layer;
      App.ground.colour(left, layer);
      split(layer);
      // green land lies under colours that say something only where it says nothing itself
      for (const green of App.ground.greens) {
        if (layer.key === 'plain') green.addTo(map).bringToBack();
        else green.remove();
      }
      const key = JSON.stringify([entries, place, found, Boolean(layer.right)]);
      if (key !== App.map.drawn) {
        App.map.drawn = key;
        trips = found;
        drawSites(entries);
        drawPlace(place);
        drawNames();
      }
      for (const [outline, line] of Object.entries(outlines)) {
        if (overlays[outline] || layer.outline === outline) line.addTo(map);
        else line.remove();
      }
      App.legend(layer, entries, trips);
    },

    redraw: clip,

    moveTo(slot) {
      slot.append(App.$('map-panel'));
      map.invalidateSize({ animate: false, pan: false });
      placeNames();
      clip();
    },

    fit(points, most, atOnce) {
      map.fitBounds(L.latLngBounds(points), {
        animate: !App.still && !atOnce,
        paddingTopLeft: [70, 60],
        paddingBottomRight: [60, 50],
        maxZoom: most || 15,
      });
    },

    everything(atOnce) {
      map.fitBounds(App.bounds, { animate: !App.still && !atOnce, ...MARGIN });
    },

    /* At once, for paper: what is on the map, or all of it. */
    frame(points) {
      App.names.measureAgain(); // letters have another size on paper
      map.invalidateSize({ animate: false, pan: false });
      map.fitBounds(points ? L.latLngBounds(points) : App.bounds, {
        animate: false,
        padding: points ? [40, 40] : [4, 4],
        maxZoom: 15,
      });
      placeNames();
    },

    resized() {
      App.names.measureAgain();
      map.invalidateSize({ animate: false, pan: false });
    },

    /* The map makes room for a note at once: what moves under a pointer takes no click. */
    popup(lat, lon, content) {
      map.stop();
      const { panBy } = map;
      map.panBy = (by) => panBy.call(map, by, { animate: false });
      L.popup({ closeButton: true, maxWidth: 300, className: 'note' })
        .setLatLng([lat, lon])
        .setContent(content)
        .openOn(map);
      delete map.panBy;
    },

    closePopup() {
      map.closePopup();
    },

    /* OpenStreetMap's tiles, only in the online copy; missing tiles simply stay away. */
    tiles(on) {
      if (!App.data.tiles) return;
      tiles = tiles || L.tileLayer(App.data.tiles, { maxZoom: 19, opacity: 0.75, errorTileUrl: '' });
      if (on) tiles.addTo(map);
      else tiles.remove();
      App.ground.opacity = on ? 0.55 : 1;
      for (const group of [left, right])
        if (group) for (const path of group.paths.values()) path.setStyle({ fillOpacity: App.ground.opacity });
    },

    fillOf: (i) => left.fills[i],

    get leaflet() {
      return map;
    },
  };
})((globalThis.App = globalThis.App || {}));

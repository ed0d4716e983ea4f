/* Finding a place: by postcode, by name, by a point on the map. */
(function (App) {
  'use strict';

  const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const VALUE = Object.fromEntries(Array.from(LETTERS, (c, i) => [c, i]));
  const STEPS = 100000;
  const POSTCODE = /^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$/;
  const PART = /^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9]?[A-Z]?$/;
  const NEAR_KM = 1.5;

  /* One packed line: zigzag differences in groups of five bits (see geometry.py). */
  App.unpack = (text) => {
    const out = [];
    let lon = 0;
    let lat = 0;
    let value = 0;
    let shift = 0;
    let isLon = true;
    for (const letter of text) {
      const bits = VALUE[letter];
      value |= (bits & 31) << shift;
      shift += 5;
      if (bits < 32) {
        const delta = (value >>> 1) ^ -(value & 1);
        if (isLon) lon += delta;
        else {
          lat += delta;
          out.push([lat / STEPS, lon / STEPS]);
        }
        isLon = !isLon;
        value = 0;
        shift = 0;
      }
    }
    return out;
  };

  App.unpackShape = (text) =>
    text ? text.split(';').map((polygon) => polygon.split(',').map(App.unpack)) : [];

  function number(text) {
    let out = 0;
    for (const letter of text) out = out * 64 + VALUE[letter];
    return out;
  }

  const tidy = (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, '');
  const spaced = (code) => `${code.slice(0, -3)} ${code.slice(-3)}`;
  const plain = (text) =>
    text
      .normalize('NFD')
      .replace(/[\u0300-\u036f]/g, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, ' ')
      .trim();

  function postcodesOf(sector, ending) {
    const table = App.data.postcodes;
    const packed = table.sectors[sector] || '';
    const found = [];
    for (let i = 0; i < packed.length; i += 9) {
      if (!packed.startsWith(ending, i)) continue;
      found.push({
        kind: 'postcode',
        label: spaced(sector + packed.slice(i, i + 2)),
        area: number(packed.slice(i + 2, i + 5)),
        lon: table.low[0] + table.step[0] * number(packed.slice(i + 5, i + 7)),
        lat: table.low[1] + table.step[1] * number(packed.slice(i + 7, i + 9)),
      });
    }
    return found;
  }

  function byPostcode(code, most) {
    if (!App.data.postcodes) return [];
    if (POSTCODE.test(code)) return postcodesOf(code.slice(0, -2), code.slice(-2));
    const found = [];
    for (const sector of Object.keys(App.data.postcodes.sectors)) {
      const ending = code.slice(sector.length);
      if (sector.startsWith(code) || (code.startsWith(sector) && ending.length === 1)) {
        found.push(...postcodesOf(sector, ending));
        if (found.length >= most) break;
      }
    }
    return found.slice(0, most);
  }

  /* Every name that a person may type: places, wards, centres, candidate sites. */
  function gazetteer() {
    const areas = App.areas;
    const entries = App.data.places.map(([label, lon, lat]) => ({ kind: 'place', label, lon, lat }));
    const known = new Set(entries.map((e) => plain(e.label)));
    const middles = (names, kind) => {
      if (!names) return;
      const sums = new Map();
      names.forEach((name, i) => {
        if (!name) return;
        const sum = sums.get(name) || { n: 0, lon: 0, lat: 0 };
        sum.n += 1;
        sum.lon += areas.lon[i];
        sum.lat += areas.lat[i];
        sums.set(name, sum);
      });
      for (const [name, sum] of sums) {
        if (known.has(plain(name))) continue;
        known.add(plain(name));
        entries.push({ kind, label: name, lon: sum.lon / sum.n, lat: sum.lat / sum.n });
      }
    };
    middles(areas.name, 'place');
    middles(areas.ward, 'ward');
    App.data.sites.forEach((site) => {
      entries.push({
        kind: site.service ? 'centre' : 'site',
        label: site.name,
        more: site.address,
        lon: site.lon,
        lat: site.lat,
      });
    });
    areas.id.forEach((id, i) =>
      entries.push({ kind: 'area', label: id, area: i, lon: areas.lon[i], lat: areas.lat[i] }),
    );
    for (const entry of entries) {
      entry.name = plain(entry.label);
      entry.words = ` ${entry.name} ${plain(entry.more || '')}`;
    }
    return entries;
  }

  const KINDS = ['place', 'ward', 'centre', 'site', 'area'];

  function byName(text, most) {
    const wanted = plain(text);
    if (wanted.length < 2) return [];
    App.gazetteer = App.gazetteer || gazetteer();
    const scored = [];
    for (const entry of App.gazetteer) {
      let score;
      if (entry.name === wanted) score = 0;
      else if (entry.name.startsWith(`${wanted} `))
        score = entry.kind === 'place' ? 0 : 1; // "Wath" is Wath upon Dearne
      else if (entry.name.startsWith(wanted)) score = 2;
      else if (wanted.split(' ').every((word) => entry.words.includes(` ${word}`))) score = 3;
      else continue;
      if (entry.kind === 'area' && score > 0) continue;
      scored.push([score * 10 + KINDS.indexOf(entry.kind), entry]);
    }
    scored.sort((a, b) => a[0] - b[0] || (a[1].label < b[1].label ? -1 : 1));
    return scored
      .slice(0, most)
      .map(([, entry]) => ({ ...entry, area: entry.area ?? areaAt(entry.lat, entry.lon) }))
      .filter((entry) => entry.area >= 0);
  }

  /* Places for what was typed, best first. */
  App.find = (text, most) => {
    const code = tidy(text);
    const names = byName(text, most);
    return PART.test(code) || POSTCODE.test(code)
      ? [...byPostcode(code, most), ...names].slice(0, most)
      : names;
  };

  App.looksLikePostcode = (text) => POSTCODE.test(tidy(text));

  function inside(ring, lat, lon) {
    let odd = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [yi, xi] = ring[i];
      const [yj, xj] = ring[j];
      if (yi > lat !== yj > lat && lon < ((xj - xi) * (lat - yi)) / (yj - yi) + xi) odd = !odd;
    }
    return odd;
  }

  function km(lat1, lon1, lat2, lon2) {
    const x = (lon1 - lon2) * Math.cos((lat1 * Math.PI) / 180);
    return Math.hypot(x, lat1 - lat2) * 111.2;
  }

  /* The area that holds a point, else the nearest one within reach, else -1. */
  function areaAt(lat, lon) {
    const { shapes, areas } = App;
    let near = -1;
    let least = NEAR_KM;
    for (let i = 0; i < areas.id.length; i += 1) {
      const far = km(lat, lon, areas.lat[i], areas.lon[i]);
      if (far < 20 && shapes[i].some((rings) => rings.filter((ring) => inside(ring, lat, lon)).length % 2))
        return i;
      if (far < least) {
        least = far;
        near = i;
      }
    }
    return near;
  }

  App.areaAt = areaAt;
  App.areaHolds = (i, lat, lon) =>
    App.shapes[i].some((rings) => rings.filter((ring) => inside(ring, lat, lon)).length % 2);
})((globalThis.App = globalThis.App || {}));

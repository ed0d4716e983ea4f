/* Finding a place: by postcode, by name however it is spelt, by a point on the map. */
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

  /* ---- what was typed ---- */

  const tidy = (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, '');
  const spaced = (code) => `${code.slice(0, -3)} ${code.slice(-3)}`;
  const WHOLE_LETTERS = { ł: 'l', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ß: 'ss', æ: 'ae', œ: 'oe', ı: 'i' };

  /* Letters and numbers of any script, small, without accents and apostrophes. */
  const plain = (text) =>
    text
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[łøđðþßæœı]/g, (letter) => WHOLE_LETTERS[letter])
      .replace(/[\p{M}'’‘ʼ`]/gu, '')
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();

  const SHORT = {
    street: 'st',
    saint: 'st',
    road: 'rd',
    avenue: 'ave',
    av: 'ave',
    lane: 'ln',
    drive: 'dr',
    close: 'cl',
    crescent: 'cres',
    court: 'ct',
    place: 'pl',
    terrace: 'ter',
    square: 'sq',
  };
  const shortened = (name) =>
    name
      .split(' ')
      .map((word) => SHORT[word] || word)
      .join(' ');

  /* ---- postcodes ---- */

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

  /* A whole postcode with letters taken for numbers, or the other way round: "S6O 1AE". */
  const DIGITS = { O: '0', I: '1', L: '1' };
  function mended(code) {
    const known = (whole) => App.data.postcodes && postcodesOf(whole.slice(0, -2), whole.slice(-2)).length;
    if (![5, 6, 7].includes(code.length) || (POSTCODE.test(code) ? known(code) : PART.test(code)))
      return code;
    const digit = (text) => text.replace(/[OIL]/g, (letter) => DIGITS[letter]);
    const letters = (text) => text.replace(/0/g, 'O').replace(/1/g, 'I');
    const out = code.slice(0, -3);
    for (const head of [1, 2]) {
      const start = letters(out.slice(0, head)) + digit(out.slice(head));
      const tried = start + digit(code.at(-3)) + letters(code.slice(-2));
      if (POSTCODE.test(tried) && known(tried)) return tried;
    }
    return code;
  }

  /* A beginning that many postcodes share is offered as its sectors, never as one of them. */
  function part(sector) {
    const size = App.data.postcodes.sectors[sector].length / 9;
    const middle = postcodesOf(sector, '')[Math.floor(size / 2)];
    return {
      kind: 'part',
      label: `${sector.slice(0, -1)} ${sector.slice(-1)}`,
      count: size,
      area: middle.area,
      lon: middle.lon,
      lat: middle.lat,
    };
  }

  /* Where it was typed with its blank, "LS1 1" is that sector, and not a beginning of LS11. */
  const beginning = (code, parted) => {
    const sectors = Object.keys(App.data.postcodes.sectors);
    if (parted && sectors.includes(code)) return [code];
    return sectors.filter((sector) => sector.startsWith(code));
  };

  function byPostcode(code, most, parted) {
    if (!App.data.postcodes) return [];
    if (POSTCODE.test(code)) {
      const exact = postcodesOf(code.slice(0, -2), code.slice(-2));
      if (exact.length) return exact.map((found) => ({ ...found, sure: true }));
      return postcodesOf(code.slice(0, -2), code.slice(-2, -1)).slice(0, most);
    }
    const within = beginning(code, parted);
    const total = within.reduce((sum, sector) => sum + App.data.postcodes.sectors[sector].length / 9, 0);
    if (within.length > 1 && total > most) return within.map(part);
    const found = within.flatMap((sector) => postcodesOf(sector, ''));
    for (const sector of Object.keys(App.data.postcodes.sectors)) {
      const ending = code.slice(sector.length);
      if (code.startsWith(sector) && ending.length === 1) found.push(...postcodesOf(sector, ending));
    }
    return found;
  }

  /* ---- names ---- */

  const KINDS = ['place', 'ward', 'street', 'centre', 'school', 'stop', 'site', 'area'];
  const TAKEN = new Set(['place', 'ward', 'street', 'area']); // a building is offered, never taken

  /* The names that the page carries, packed: see explorer_index.py. */
  function packedNames() {
    const table = App.data.names;
    if (!table) return [];
    return table.names.split('\n').map((label, i) => {
      const at = table.at.slice(i * 7, i * 7 + 7);
      const [kind, words] = table.kinds[number(at[0])];
      return {
        kind,
        label,
        kindWords: words,
        within: table.within[number(at.slice(1, 3))],
        lon: table.low[0] + table.step[0] * number(at.slice(3, 5)),
        lat: table.low[1] + table.step[1] * number(at.slice(5, 7)),
      };
    });
  }

  /* Two of one name that lie far apart are two, each called by the ward or the centre it is near. */
  function tellApart(entries) {
    const alike = new Map();
    for (const entry of entries) {
      const key = `${entry.kind} ${entry.name} ${entry.within || ''}`;
      if (!alike.has(key)) alike.set(key, []);
      alike.get(key).push(entry);
    }
    for (const same of alike.values()) {
      if (same.length < 2) continue;
      const areas = same.map((one) => areaAt(one.lat, one.lon));
      const apart = same.map((a) => same.map((b) => km(a.lat, a.lon, b.lat, b.lon) > NEAR_KM));
      if (!apart.flat().includes(true)) continue;
      const wards = areas.map((i) => (i < 0 ? '' : App.wardName(i)));
      const told = wards.every((ward, k) => ward && wards.every((other, n) => !apart[k][n] || ward !== other));
      same.forEach((one, k) => {
        const near = () => App.t('near_site', { site: App.siteName(App.near[areas[k]]) });
        if (areas[k] >= 0) one.within = [one.within, told ? wards[k] : near()].filter(Boolean).join(', ');
      });
    }
  }

  /* Every name that a person may type: places, streets, wards, centres, buildings, areas. */
  const gazetteer = () => (App.gazetteer ||= gathered());

  /* No label that can be found is longer: to look for a longer one would hold the page up. */
  App.longestLabel = () =>
    gazetteer().reduce((most, { shown }) => Math.max(most, shown.length), 'AA9A 9AA'.length);

  function gathered() {
    const areas = App.areas;
    const entries = packedNames();
    const known = new Set(entries.filter((e) => e.kind === 'place').map((e) => plain(e.label)));
    const add = (entry) => {
      const name = plain(entry.label);
      if (known.has(name)) return;
      known.add(name);
      entries.push(entry);
    };
    App.data.places.forEach(([label, lon, lat]) => add({ kind: 'place', label, lon, lat }));
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
      for (const [label, sum] of sums) add({ kind, label, lon: sum.lon / sum.n, lat: sum.lat / sum.n });
    };
    middles(areas.ward, 'ward');
    middles(areas.name, 'place');
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
    for (const entry of entries) entry.name = plain(entry.label);
    tellApart(entries);
    for (const entry of entries) {
      entry.short = shortened(entry.name);
      entry.shown = entry.within ? App.t('in_place', { label: entry.label, place: entry.within }) : entry.label;
      entry.inPlain = plain(entry.within || '');
      entry.words = [...new Set(`${entry.name} ${entry.short} ${entry.inPlain} ${plain(entry.more || '')}`.split(' '))];
    }
    return entries;
  }

  /* How many letters are wrong, left out, too many or changed about; more than `most` is Infinity. */
  function misspelt(a, b, most) {
    if (Math.abs(a.length - b.length) > most) return Infinity;
    let before = [];
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i += 1) {
      const next = [i];
      let least = i;
      for (let j = 1; j <= b.length; j += 1) {
        let cost = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
          cost = Math.min(cost, before[j - 2] + 1);
        next.push(cost);
        if (cost < least) least = cost;
      }
      if (least > most) return Infinity;
      [before, row] = [row, next];
    }
    return row[b.length] <= most ? row[b.length] : Infinity;
  }

  const slips = (length) => (length < 4 ? 0 : length < 6 ? 1 : length < 10 ? 2 : 3);

  /* How well a name fits: 0 the name itself, 1 to 3 a part of it, from 4 a misspelling. */
  function fit(entry, typed) {
    const { name, short } = entry;
    const full = entry.within ? [`${name} ${entry.inPlain}`, `${short} ${entry.inPlain}`] : [];
    const has = (text) => typed.name === text || typed.short === text;
    if (has(name) || has(short) || full.some(has)) return 0;
    if (entry.kind === 'area') return Infinity;
    if (name.startsWith(`${typed.name} `)) return 1;
    if (name.startsWith(typed.name) || short.startsWith(typed.short)) return 2;
    if (typed.words.every((word) => entry.words.some((own) => own.startsWith(word)))) return 3;
    if (!typed.loose) return Infinity;
    const whole = misspelt(typed.joined, name.replace(/ /g, ''), slips(typed.joined.length));
    if (whole < Infinity) return 4 + whole;
    const choice = typed.words.length > 1 ? entry.words : name.split(' ');
    let sum = 0;
    for (const word of typed.words) {
      let best = Infinity;
      for (const own of choice) {
        if (own.startsWith(word)) best = 0;
        else if (best) best = Math.min(best, misspelt(word, own, Math.min(slips(word.length), 2)));
      }
      sum += best;
      if (sum === Infinity) return Infinity;
    }
    return 8 + sum;
  }

  const typedAs = (name) => ({
    name,
    short: shortened(name),
    words: name.split(' '),
    joined: name.replace(/ /g, ''),
  });

  /* What was typed; and what is left without a house's number, the place itself ("Thurcroft,
   * Rotherham") or a word for what is meant ("Maltby ward"), which then must be of that kind. */
  function variants(name) {
    const out = [typedAs(name)];
    const add = (text, kind) => {
      if (text.length > 1 && !out.some((one) => one.name === text)) out.push({ ...typedAs(text), kind });
    };
    add(name.replace(/^(flat \w+ )?\d+ ?[a-z]? (?=\D)/, ''));
    for (const { name: one } of out.slice()) {
      const place = ` ${plain(App.data.place)}`;
      if (one.endsWith(place)) add(one.slice(0, -place.length));
      for (const kind of KINDS) {
        const word = ` ${plain(App.t(`find_${kind}`))}`;
        if (one.endsWith(word)) add(one.slice(0, -word.length), kind);
      }
    }
    return out;
  }

  function scoredNames(all, loose) {
    const scored = [];
    for (const entry of gazetteer()) {
      let best = Infinity;
      let by = null;
      for (const typed of all) {
        const score = typed.kind && typed.kind !== entry.kind ? Infinity : fit(entry, { ...typed, loose });
        if (score < best) [best, by] = [score, typed];
      }
      if (best < Infinity) scored.push([best, entry, by]);
    }
    return scored;
  }

  const COMMON = new Set([...Object.keys(SHORT), ...Object.values(SHORT)]);

  /* Where nothing fits as a whole: names that share a telling word with what was typed. */
  function sharedWords(typed) {
    const own = plain(App.data.place);
    const words = typed.words.filter((word) => word.length > 3 && !COMMON.has(word) && word !== own);
    const scored = [];
    for (const entry of gazetteer()) {
      const there = entry.name.split(' ');
      const shared = words.filter((word) => there.includes(word)).length;
      if (shared && entry.kind !== 'area') scored.push([40 - shared, entry, typed]);
    }
    return scored;
  }

  function byName(text, most) {
    const name = plain(text);
    if (name.length < (/^[ -~]*$/.test(name) ? 2 : 1)) return [];
    const all = variants(name);
    let scored = scoredNames(all);
    if (!scored.some(([score]) => score < 3)) scored = scoredNames(all, true);
    if (!scored.length) scored = sharedWords(all[0]);
    scored.sort(
      (a, b) =>
        a[0] - b[0] ||
        KINDS.indexOf(a[1].kind) - KINDS.indexOf(b[1].kind) ||
        (a[1].shown < b[1].shown ? -1 : a[1].shown > b[1].shown ? 1 : 0),
    );
    const seen = new Set();
    const found = [];
    // "Wath" is Wath upon Dearne, where no other place begins so; a ward of that name steps back
    const begun = scored.filter(([score, { kind }]) => score <= 1 && kind === 'place');
    const sureOf = (score, { kind }) =>
      kind === 'place'
        ? score === 0 || (score === 1 && begun.length === 1)
        : score === 0 && TAKEN.has(kind) && !(kind === 'ward' && begun.length);
    for (const [score, entry, by] of scored) {
      if (found.length >= most && score > 0) break;
      const key = `${entry.kind} ${entry.name} ${entry.within || ''}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const area = entry.area ?? areaAt(entry.lat, entry.lon);
      if (area < 0) continue;
      const sure = sureOf(score, entry) && !(by.kind && score > 0);
      found.push({ ...entry, label: entry.shown, area, sure });
    }
    return found;
  }

  /* The postcodes of this page that stand whole within what was typed: "S66 7NQ, Maltby". */
  function postcodesWithin(text) {
    const whole = text.toUpperCase().match(/\b[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}\b/g) || [];
    return [...new Set(whole.map(tidy))].flatMap((code) => byPostcode(code, 0).filter(({ sure }) => sure));
  }

  /* Places for what was typed, best first; `sure` where it can be nothing else. */
  App.find = (text, most) => {
    const code = mended(tidy(text));
    const names = byName(text, most);
    if (!PART.test(code) && !POSTCODE.test(code)) {
      const codes = App.data.postcodes ? postcodesWithin(text) : [];
      return [...codes, ...names.map((own) => ({ ...own, sure: own.sure && !codes.length }))];
    }
    const codes = byPostcode(code, most, /\s\S$/.test(text.trim()));
    return [...names.filter((n) => n.sure), ...codes, ...names.filter((n) => !n.sure)].slice(
      0,
      Math.max(most, codes.length),
    );
  };

  /* The one place that was meant without a doubt, or null: then people are asked. */
  App.surely = (found) => {
    const sure = found.filter((place) => place.sure);
    return sure.length === 1 ? sure[0] : null;
  };

  /* The place of a name; of several the one that lies where it is said to. */
  App.placeNamed = (label, lat, lon) =>
    byName(label, 8)
      .filter((p) => p.kind === 'place' && p.name === plain(label))
      .sort((a, b) => km(lat, lon, a.lat, a.lon) - km(lat, lon, b.lat, b.lon))[0];

  App.beginsPostcode = (text) => PART.test(mended(tidy(text)));
  App.looksLikePostcode = (text) => POSTCODE.test(mended(tidy(text)));

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

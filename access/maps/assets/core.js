/* The arithmetic of the explorer: pure functions, no page, no clock, no network.
 * Works in a browser and in node. The rules are those of the Python package:
 *  - figures are over families (counts), never over areas; areas without families are in no figure;
 *  - Infinity is "cannot be reached": never averaged, always counted beside, and beyond any limit;
 *  - ties between sites go to the lesser id (sites are sorted by id, so to the lesser index).
 * Minutes lie site after site: minutes[site * n + area]. */
(function (root) {
  'use strict';

  const UNCHANGED = 0.01; // minutes: a change of no more than this is none
  function bytesOf(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const CODE = Uint8Array.from({ length: 128 }, (_, c) => LETTERS.indexOf(String.fromCharCode(c)));

  /* Reads numbers one after the other: five bits a letter, all but a number's last say more. */
  function numbersIn(text) {
    let at = 0;
    return () => {
      let value = 0;
      for (let shift = 1; ; shift *= 32) {
        const bits = CODE[text.charCodeAt(at)];
        at += 1;
        value += (bits & 31) * shift;
        if (bits < 32) return value;
      }
    };
  }

  /* One block of fixed-point minutes; the greatest code is "cannot be reached". */
  function decodeMinutes(block, before) {
    if (block.levels) return decodeRounded(block, before);
    const bytes = bytesOf(block.data);
    const width = block.bytes;
    const top = Math.pow(256, width) - 1;
    const out = new Float64Array(bytes.length / width);
    for (let i = 0; i < out.length; i += 1) {
      let code = 0;
      for (let b = width - 1; b >= 0; b -= 1) code = code * 256 + bytes[i * width + b];
      out[i] = code === top ? Infinity : code * block.step;
    }
    return out;
  }

  /* Minutes of a large study, finely where they are few: site after site, each area's code is said
   * by how far it is from that of a neighbour before it. */
  function decodeRounded({ data, levels, even, ratio, sites }, before) {
    const minutes = Float64Array.from({ length: levels + 1 }, (_, code) =>
      code === levels ? Infinity : even * Math.expm1(code * ratio),
    );
    const n = before.length;
    const codes = new Int32Array(n);
    const out = new Float64Array(sites * n);
    const next = numbersIn(data);
    for (let start = 0; start < out.length; start += n) {
      for (let i = 0; i < n; i += 1) {
        const step = next();
        codes[i] = (i ? codes[before[i]] : 0) + (step & 1 ? -(step + 1) / 2 : step / 2);
        out[start + i] = minutes[codes[i]];
      }
    }
    return out;
  }

  function joined(blocks, before) {
    const parts = blocks.map((block) => decodeMinutes(block, before));
    const out = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  function column(coded, n, otherwise) {
    if (!coded) return new Array(n).fill(otherwise);
    return coded.at.map((i) => coded.of[i]);
  }

  /* Everything that later steps read, made once from the page's data. */
  function buildModel(payload) {
    const areas = payload.areas;
    const n = areas.id.length;
    const back = numbersIn(areas.before);
    const before = Int32Array.from({ length: n }, (_, i) => i - back());
    return {
      n,
      before,
      sites: payload.sites,
      candidatesFrom: payload.candidates_from,
      walk: joined(payload.minutes.walk, before),
      drive: payload.minutes.drive ? joined(payload.minutes.drive, before) : null,
      walkKmH: payload.walk_km_h,
      pramKmH: payload.pram_km_h,
      parking: payload.parking_minutes,
      noCar: areas.no_car ? Float64Array.from(column(areas.no_car, n, 0)) : null,
      weight: Float64Array.from(column(areas.weight, n, 1)),
      fifth: (areas.decile || new Array(n).fill(0)).map((d) => (d ? Math.ceil(d / 2) : 0)),
      services: payload.services.map((s) => ({ ...s, plan: 0, counts: Float64Array.from(s.counts) })),
      cache: new Map(),
    };
  }

  function modes(model) {
    const list = ['walk', 'pram'];
    if (model.drive) list.push('drive');
    if (model.drive && model.noCar) list.push('typical');
    return list;
  }

  function scaled(values, factor) {
    return factor === 1 ? values : values.map((v) => v * factor);
  }

  /* Those without a car walk; the others take the quicker of walking and driving + parking. */
  function typical(model, walk) {
    const { n, drive, noCar, parking, busMatrix } = model;
    const out = new Float64Array(walk.length);
    for (let i = 0; i < out.length; i += 1) {
      const p = noCar[i % n];
      const other = Math.min(walk[i], drive[i] + parking);
      const noCarWay = busMatrix ? Math.min(walk[i], busMatrix[i]) : walk[i];
      out[i] = (p > 0 ? p * noCarWay : 0) + (p < 1 ? (1 - p) * other : 0);
    }
    return out;
  }

  function kept(model, key, make) {
    if (!model.cache.has(key)) {
      if (model.cache.size > 40) model.cache.clear(); // sliders make many; none is dear
      model.cache.set(key, make());
    }
    return model.cache.get(key);
  }

  /* Minutes to every site by a mode, at a walking speed (a pram's changes with it). */
  function minutesFor(model, mode, walkKmH) {
    const chosen = walkKmH || model.walkKmH;
    // who walks slower pushes a pram slower, too
    const pram = chosen === model.walkKmH ? model.pramKmH : (model.pramKmH * chosen) / model.walkKmH;
    const speed = mode === 'pram' ? pram : chosen;
    if (mode === 'drive') return model.drive;
    if (mode === 'bus') return model.busMatrix;
    return kept(model, `minutes ${mode} ${speed}`, () => {
      const walk = scaled(model.walk, model.walkKmH / speed);
      return mode === 'typical' ? typical(model, walk) : walk;
    });
  }

  /* Nearest and second-nearest open site of every area; site -1 where none is reached. */
  function nearest(minutes, n, open) {
    const sites = Array.from(open).sort((a, b) => a - b);
    const out = {
      minutes: new Float64Array(n).fill(Infinity),
      site: new Int32Array(n).fill(-1),
      secondMinutes: new Float64Array(n).fill(Infinity),
      secondSite: new Int32Array(n).fill(-1),
    };
    for (const site of sites) {
      const from = site * n;
      for (let i = 0; i < n; i += 1) {
        const m = minutes[from + i];
        if (m < out.minutes[i]) {
          out.secondMinutes[i] = out.minutes[i];
          out.secondSite[i] = out.site[i];
          out.minutes[i] = m;
          out.site[i] = site;
        } else if (m < out.secondMinutes[i]) {
          out.secondMinutes[i] = m;
          out.secondSite[i] = site;
        }
      }
    }
    return out;
  }

  /* The same for one area only. */
  function nearestOf(minutes, n, area, open) {
    const out = { site: -1, minutes: Infinity, secondSite: -1, secondMinutes: Infinity };
    for (const site of Array.from(open).sort((a, b) => a - b)) {
      const m = minutes[site * n + area];
      if (m < out.minutes) {
        out.secondSite = out.site;
        out.secondMinutes = out.minutes;
        out.site = site;
        out.minutes = m;
      } else if (m < out.secondMinutes) {
        out.secondSite = site;
        out.secondMinutes = m;
      }
    }
    return out;
  }

  function leastMinutes(minutes, n, open) {
    const out = new Float64Array(n).fill(Infinity);
    for (const site of open) {
      const from = site * n;
      for (let i = 0; i < n; i += 1) if (minutes[from + i] < out[i]) out[i] = minutes[from + i];
    }
    return out;
  }

  /* Least value that at least a share q of the weight does not exceed; over finite values. */
  function quantile(values, weights, q) {
    const use = [];
    let total = 0;
    for (let i = 0; i < values.length; i += 1) {
      if (weights[i] > 0 && values[i] < Infinity) {
        use.push(i);
        total += weights[i];
      }
    }
    if (!use.length) return NaN;
    use.sort((a, b) => values[a] - values[b]);
    const target = q * total * (1 - 1e-12);
    let sum = 0;
    for (const i of use) {
      sum += weights[i];
      if (sum >= target) return values[i];
    }
    return values[use[use.length - 1]];
  }

  const BINS = 256;
  const binSums = new Float64Array(BINS + 1);
  let binOf = new Uint16Array(0);

  /* The same quantile for a long list of options: bins first, then only one bin is sorted.
   * most is the greatest finite value, total the weight of all finite ones. */
  function quickQuantile(values, weights, q, most, total) {
    if (!total) return NaN;
    const n = values.length;
    if (binOf.length < n) binOf = new Uint16Array(n);
    binSums.fill(0);
    const scale = most > 0 ? BINS / most : 0;
    for (let i = 0; i < n; i += 1) {
      const bin = weights[i] > 0 && values[i] < Infinity ? Math.floor(values[i] * scale) : BINS + 1;
      binOf[i] = bin;
      if (bin <= BINS) binSums[bin] += weights[i];
    }
    const target = q * total * (1 - 1e-12);
    let below = 0;
    let bin = 0;
    while (bin < BINS && below + binSums[bin] < target) {
      below += binSums[bin];
      bin += 1;
    }
    const inBin = [];
    for (let i = 0; i < n; i += 1) if (binOf[i] === bin) inBin.push(i);
    inBin.sort((a, b) => values[a] - values[b]);
    for (const i of inBin) {
      below += weights[i];
      if (below >= target) return values[i];
    }
    return quantile(values, weights, q);
  }

  /* The people of areas in the most deprived fifth alone; of others none. */
  const ofDeprived = new WeakMap();
  function deprivedOnly({ fifth }, counts) {
    const own = ofDeprived.get(counts) || Float64Array.from(counts, (c, i) => (fifth[i] === 1 ? c : 0));
    ofDeprived.set(counts, own);
    return own;
  }

  /* Whether a trip is within a limit: float noise takes nobody beyond it. */
  const isWithin = (minutes, limit) => minutes < Infinity && minutes <= limit * (1 + 1e-12);

  /* The criteria for one array of minutes, less being better in every one; the gap is shown, and
   * nothing is ranked by it. */
  function criteria(model, counts, minutes, threshold) {
    const { n, weight, fifth } = model;
    let people = 0;
    let reached = 0;
    let sum = 0;
    let weighted = 0;
    let weightedSum = 0;
    let worst = -Infinity;
    let within = 0;
    const bySize = [0, 0, 0, 0, 0, 0];
    const bySum = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < n; i += 1) {
      const c = counts[i];
      if (!(c > 0)) continue;
      people += c;
      const m = minutes[i];
      if (isWithin(m, threshold)) within += c;
      if (m === Infinity) continue;
      reached += c;
      sum += c * m;
      weighted += c * weight[i];
      weightedSum += c * weight[i] * m;
      if (m > worst) worst = m;
      bySize[fifth[i]] += c;
      bySum[fifth[i]] += c * m;
    }
    return {
      people,
      unreached: people - reached,
      mean: reached ? sum / reached : NaN,
      weighted_mean: weighted ? weightedSum / weighted : NaN,
      p90: quickQuantile(minutes, counts, 0.9, worst, reached),
      deprived_mean: bySum[1] / bySize[1],
      deprived_p90: quickQuantile(minutes, deprivedOnly(model, counts), 0.9, worst, bySize[1]),
      worst: reached ? worst : NaN,
      within: people ? within / people : NaN,
      share_beyond: people ? 1 - within / people : NaN,
      gap: bySum[1] / bySize[1] - bySum[5] / bySize[5],
    };
  }

  const CRITERIA = ['mean', 'weighted_mean', 'deprived_mean', 'deprived_p90', 'p90', 'worst', 'share_beyond'];

  /* Key figures, with the shares within each limit and the averages by deprivation fifth. */
  function summary(model, counts, minutes, threshold, limits) {
    const out = criteria(model, counts, minutes, threshold);
    out.median = quantile(minutes, counts, 0.5);
    out.shares = limits.map((limit) => {
      let inside = 0;
      for (let i = 0; i < model.n; i += 1) if (isWithin(minutes[i], limit)) inside += counts[i];
      return out.people ? inside / out.people : NaN;
    });
    out.fifths = meansBy(model.fifth, 6, counts, minutes).slice(1);
    return out;
  }

  /* People and mean minutes by group number (0 .. groups - 1). */
  function meansBy(group, groups, counts, minutes) {
    const out = Array.from({ length: groups }, () => ({ people: 0, unreached: 0, sum: 0 }));
    for (let i = 0; i < counts.length; i += 1) {
      if (!(counts[i] > 0)) continue;
      const g = out[group[i]];
      g.people += counts[i];
      if (minutes[i] === Infinity) g.unreached += counts[i];
      else g.sum += counts[i] * minutes[i];
    }
    for (const g of out) g.mean = g.people > g.unreached ? g.sum / (g.people - g.unreached) : NaN;
    return out;
  }

  /* After less before; NaN where neither is reached. */
  function change(before, after) {
    const out = new Float64Array(before.length);
    for (let i = 0; i < out.length; i += 1) {
      out[i] = before[i] === Infinity && after[i] === Infinity ? NaN : after[i] - before[i];
    }
    return out;
  }

  const CHANGE_CLASSES = [
    'gain',
    'unchanged',
    'lose_0_5',
    'lose_5_10',
    'lose_10_plus',
    'newly_unreachable',
    'newly_reached',
    'unreached_both',
  ];

  function changeClass(c) {
    if (Number.isNaN(c)) return 'unreached_both';
    if (c === Infinity) return 'newly_unreachable';
    if (c === -Infinity) return 'newly_reached';
    if (c < -UNCHANGED) return 'gain';
    if (c <= UNCHANGED) return 'unchanged';
    if (c < 5) return 'lose_0_5';
    return c < 10 ? 'lose_5_10' : 'lose_10_plus';
  }

  /* How many families gain and lose, and by how much those who lose do. */
  function distribution(counts, changes) {
    const people = {};
    for (const name of CHANGE_CLASSES) people[name] = 0;
    let losers = 0;
    let lost = 0;
    for (let i = 0; i < counts.length; i += 1) {
      if (!(counts[i] > 0)) continue;
      const name = changeClass(changes[i]);
      people[name] += counts[i];
      if (name.startsWith('lose')) {
        losers += counts[i];
        lost += counts[i] * changes[i];
      }
    }
    return { people, losers, meanLoss: losers ? lost / losers : 0 };
  }

  /* Areas with families that lose most, worst first; ties by id (areas are sorted by id). */
  function worstAreas(counts, changes, most) {
    const list = [];
    for (let i = 0; i < counts.length; i += 1) {
      if (counts[i] > 0 && changes[i] > UNCHANGED) list.push(i);
    }
    list.sort((a, b) => (changes[b] === changes[a] ? a - b : changes[b] > changes[a] ? 1 : -1));
    return list.slice(0, most);
  }

  const isSmall = (count, below) => count > 0 && count < below;

  /* Hide small counts and, where their total is shown, the next smallest beside them until no hidden
   * count is narrowed down to fewer than below - 1 values: the rule of access.disclosure. Returns
   * which to hide. */
  function suppressed(counts, below, totalIsShown) {
    const hide = counts.map((c) => isSmall(c, below));
    const least = counts.every(Number.isInteger) ? 1 : 0; // that a reader knows of a hidden count
    const told = () => {
      const hidden = counts.filter((_, i) => hide[i]);
      const room = hidden.reduce((sum, c) => sum + c - least, 0);
      return hidden.length > 0 && (hidden.length === 1 || room < below - 2 - 1e-6);
    };
    while (totalIsShown && told()) {
      let next = -1;
      counts.forEach((c, i) => {
        if (!hide[i] && c > 0 && (next < 0 || c < counts[next])) next = i;
      });
      if (next < 0) break;
      hide[next] = true;
    }
    return hide;
  }

  /* Which class of a list of edges a value falls in: the last edge that it reaches. */
  function classOf(edges, value) {
    let k = 0;
    while (k + 1 < edges.length && value >= edges[k + 1]) k += 1;
    return k;
  }

  const api = {
    UNCHANGED,
    CRITERIA,
    CHANGE_CLASSES,
    kept,
    joined,
    numbersIn,
    decodeMinutes,
    buildModel,
    modes,
    minutesFor,
    nearest,
    nearestOf,
    leastMinutes,
    quantile,
    criteria,
    deprivedOnly,
    summary,
    meansBy,
    change,
    changeClass,
    distribution,
    worstAreas,
    isSmall,
    isWithin,
    suppressed,
    classOf,
  };
  root.Core = api;
  if (typeof module !== 'undefined' && module.exports) module.exports = api;
})(typeof globalThis !== 'undefined' ? globalThis : this);

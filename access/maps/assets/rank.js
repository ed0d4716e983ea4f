/* Every alternative to an option, and where it stands among them: pure functions, as core.js. */
(function (Core) {
  'use strict';

  const SAME = 1e-9; // minutes: two options closer than this are the same
  const MOST_ALTERNATIVES = 6435; // more ways than this are not ranked inside the page
  const { CRITERIA, criteria, deprivedOnly, kept, leastMinutes, minutesFor, quantile } = Core;

  /* The same for ranking: where a set of centres leaves families unreached whom some centre of the
   * service could reach, its means and worst are Infinity, and so its rank is last. */
  function rankCriteria(model, counts, minutes, threshold, reachable) {
    const out = criteria(model, counts, minutes, threshold);
    if (!out.unreached) return out;
    const lost = [false, false, false, false, false, false, false];
    const inUse = Float64Array.from(counts);
    for (let i = 0; i < model.n; i += 1) {
      if (!reachable[i]) inUse[i] = 0;
      else if (counts[i] > 0 && minutes[i] === Infinity) {
        lost[6] = true;
        lost[model.fifth[i]] = true;
      }
    }
    if (lost[6]) {
      const all = minutes.map((m) => (m === Infinity ? Number.MAX_VALUE : m));
      const p90 = quantile(all, inUse, 0.9);
      Object.assign(out, {
        mean: Infinity,
        weighted_mean: Infinity,
        worst: Infinity,
        p90: p90 === Number.MAX_VALUE ? Infinity : p90,
      });
      if (lost[1]) {
        const own = quantile(all, deprivedOnly(model, inUse), 0.9);
        out.deprived_mean = Infinity;
        out.deprived_p90 = own === Number.MAX_VALUE ? Infinity : own;
      }
    }
    return out;
  }

  /* Areas that at least one of some sites reaches. */
  function reachableFrom(minutes, n, sites) {
    return Array.from(leastMinutes(minutes, n, sites), (m) => m < Infinity);
  }

  function waysToChoose(n, k) {
    if (k < 0 || k > n) return 0;
    let ways = 1;
    for (let i = 1; i <= Math.min(k, n - k); i += 1) ways = (ways * (n - i + 1)) / i;
    return Math.round(ways);
  }

  /* Every way of keeping k of a service's centres of today, with its criteria.
   * Depth first, so that each step takes the minimum with one more centre only. */
  function alternatives(model, service, mode, walkKmH, keep, threshold) {
    const sites = service.before;
    if (Core.byMinute(model, mode)) return Core.rankedWays(model, service, mode, keep);
    const count = waysToChoose(sites.length, keep);
    if (keep < 1 || !count || count > MOST_ALTERNATIVES) return null;
    const key = `ways ${service.key} ${mode} ${walkKmH} ${keep} ${threshold}`;
    return kept(model, key, () => {
      const minutes = minutesFor(model, mode, walkKmH);
      const { n } = model;
      const reachable = reachableFrom(minutes, n, sites);
      const least = Array.from({ length: keep + 1 }, () => new Float64Array(n).fill(Infinity));
      const rows = { count, keep, sets: [] };
      for (const name of [...CRITERIA, 'unreached']) rows[name] = new Float64Array(count);
      const chosen = new Array(keep);
      const step = (depth, from) => {
        if (depth === keep) {
          const found = rankCriteria(model, service.counts, least[depth], threshold, reachable);
          const at = rows.sets.push(chosen.slice()) - 1;
          for (const name of [...CRITERIA, 'unreached']) rows[name][at] = found[name];
          return;
        }
        for (let s = from; s <= sites.length - (keep - depth); s += 1) {
          const start = sites[s] * n;
          const above = least[depth];
          const here = least[depth + 1];
          for (let i = 0; i < n; i += 1) {
            const m = minutes[start + i];
            here[i] = m < above[i] ? m : above[i];
          }
          chosen[depth] = sites[s];
          step(depth + 1, s + 1);
        }
      };
      step(0, 0);
      return rows;
    });
  }

  const SAMPLE = 2000;
  const MOST_STEPS = 6e7; // areas times centres times samples: about a second

  /* Where the ways are too many to list: average trips of some of them, taken by a fixed draw. A set
   * that leaves somebody out whom another reaches is Infinity, as in rankCriteria. */
  function sampled(model, service, mode, walkKmH, keep) {
    const sites = service.before;
    const count = waysToChoose(sites.length, keep);
    if (keep < 1 || count <= MOST_ALTERNATIVES || Core.byMinute(model, mode)) return null;
    return kept(model, `sample ${service.key} ${mode} ${walkKmH} ${keep}`, () => {
      const minutes = minutesFor(model, mode, walkKmH);
      const { n } = model;
      const reachable = reachableFrom(minutes, n, sites);
      const draws = Math.max(200, Math.min(SAMPLE, Math.floor(MOST_STEPS / (n * keep))));
      let seed = 12345;
      const below = (most) => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return Math.floor((seed / 4294967296) * most);
      };
      const means = Float64Array.from({ length: draws }, () => {
        const set = sites.slice();
        for (let i = 0; i < keep; i += 1) {
          const j = i + below(set.length - i);
          [set[i], set[j]] = [set[j], set[i]];
        }
        return meanTrip(service.counts, leastMinutes(minutes, n, set.slice(0, keep)), reachable);
      });
      return { count, means, reachable };
    });
  }

  function meanTrip(counts, least, reachable) {
    let people = 0;
    let sum = 0;
    for (let i = 0; i < counts.length; i += 1) {
      if (!(counts[i] > 0) || !reachable[i]) continue;
      if (least[i] === Infinity) return Infinity;
      people += counts[i];
      sum += counts[i] * least[i];
    }
    return people ? sum / people : NaN;
  }

  /* 1 + how many alternatives are better. */
  function rankOf(values, value) {
    let better = 0;
    for (let i = 0; i < values.length; i += 1) if (values[i] < value - SAME) better += 1;
    return better + 1;
  }

  /* How many alternatives are as good as a value; the set itself too where it is one of them. */
  function levelWith(values, value) {
    let level = 0;
    for (const v of values) if (v === value || Math.abs(v - value) <= SAME) level += 1;
    return level;
  }

  /* The best alternative; of equals the last, which is the first by the ids closed. */
  function bestOf(values) {
    let least = Infinity;
    for (const v of values) if (v < least) least = v;
    let best = 0;
    for (let i = 0; i < values.length; i += 1) if (values[i] <= least + SAME) best = i;
    return best;
  }

  Object.assign(Core, {
    SAME,
    MOST_ALTERNATIVES,
    rankCriteria,
    reachableFrom,
    waysToChoose,
    alternatives,
    sampled,
    meanTrip,
    rankOf,
    levelWith,
    bestOf,
  });
  if (typeof module !== 'undefined' && module.exports) module.exports = Core;
})(globalThis.Core);

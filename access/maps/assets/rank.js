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

  /* Centres by the least of them that must stay: those of no rule first. What the study never closes is
   * fixed. Without rules all are one group. */
  function groupsOf({ before, rules }) {
    const never = new Set(rules?.never);
    const least = rules?.least ?? [];
    const bound = new Set(least.flatMap(({ sites }) => sites));
    const loose = { sites: before.filter((site) => !bound.has(site)), count: 0 };
    return [loose, ...least].map(({ sites, count }) => ({
      count,
      fixed: sites.filter((site) => never.has(site)),
      free: sites.filter((site) => !never.has(site)),
    }));
  }

  /* Whether a set of today's centres keeps the study's rules on what may close. */
  function keepsRules(service, open) {
    const has = new Set(open);
    const held = (sites) => sites.filter((site) => has.has(site)).length;
    return groupsOf(service).every(
      ({ fixed, free, count }) => held(fixed) === fixed.length && fixed.length + held(free) >= count,
    );
  }

  /* How many ways there are to keep so many of the groups from each on: ways[group][kept]. */
  function waysFrom(groups, keep) {
    const ways = [Float64Array.from({ length: keep + 1 }, (_, k) => (k === 0 ? 1 : 0))];
    for (const group of groups.slice().reverse()) {
      const [after] = ways;
      ways.unshift(
        Float64Array.from({ length: keep + 1 }, (_, k) => {
          let sum = 0;
          for (let own = 0; own <= k; own += 1)
            if (after[k - own]) sum += waysInside(group, own) * after[k - own]; // more than any number, times none
          return sum;
        }),
      );
    }
    return ways;
  }

  /* How many ways there are to keep so many of one group. */
  const waysInside = ({ fixed, free, count }, own) =>
    own < count ? 0 : waysToChoose(free.length, own - fixed.length);

  /* How many ways of keeping so many of today's centres keep the study's rules. */
  const waysToKeep = (service, keep) => (keep < 0 ? 0 : waysFrom(groupsOf(service), keep)[0][keep]);

  /* How a set is measured centre by centre: `add` lays one more on what is there, `read` gives each
   * area's minutes. By bus there is a layer a time of setting out: see bus.js. */
  function measurer(model, service, mode, walkKmH) {
    if (Core.byMinute(model, mode)) return Core.minuteByMinute(model, service, mode);
    const minutes = minutesFor(model, mode, walkKmH);
    const { n } = model;
    return {
      size: n,
      most: MOST_ALTERNATIVES,
      reachable: reachableFrom(minutes, n, service.before),
      add(above, here, site) {
        const start = site * n;
        for (let i = 0; i < n; i += 1) {
          const m = minutes[start + i];
          here[i] = m < above[i] ? m : above[i];
        }
      },
      read: (here) => here,
    };
  }

  const emptyRows = (count) => {
    const rows = {};
    for (const name of [...CRITERIA, 'unreached']) rows[name] = new Float64Array(count);
    return rows;
  };

  /* Every way of keeping k of a service's centres of today under the study's rules, with its criteria:
   * by bus as the study has them where it ranked as many. */
  function alternatives(model, service, mode, walkKmH, keep, threshold) {
    const told = Core.byMinute(model, mode) ? Core.rankedWays(model, service, mode, keep) : null;
    const count = waysToKeep(service, keep);
    if (told || keep < 1 || !count || count > MOST_ALTERNATIVES) return told;
    const measure = measurer(model, service, mode, walkKmH);
    if (!measure || count > measure.most) return null;
    const key = `ways ${service.key} ${mode} ${walkKmH} ${keep} ${threshold}`;
    return kept(model, key, () => listed(model, service, measure, count, keep, threshold));
  }

  /* Depth first, so that each step takes the minimum with one more centre only; no step is taken from
   * which the rules cannot be kept. */
  function listed(model, service, { size, add, read, reachable }, count, keep, threshold) {
    const sites = service.before;
    const groups = groupsOf(service);
    const groupOf = sites.map((site) => groups.findIndex(({ free }) => free.includes(site))); // -1: fixed
    const mayClose = groups.map(({ fixed, free, count: least }) =>
      Math.min(free.length, fixed.length + free.length - least),
    );
    const closable = (from) => {
      const left = mayClose.slice();
      let sum = 0;
      for (let s = from; s < sites.length; s += 1) if (groupOf[s] >= 0 && left[groupOf[s]]-- > 0) sum += 1;
      return sum;
    };
    const least = Array.from({ length: keep + 1 }, () => new Float64Array(size).fill(Infinity));
    const rows = { count, keep, reachable, sets: [], ...emptyRows(count) };
    const chosen = new Array(keep);
    const step = (depth, from) => {
      if (closable(from) < sites.length - from - (keep - depth)) return;
      if (depth === keep) {
        const found = rankCriteria(model, service.counts, read(least[depth]), threshold, reachable);
        const at = rows.sets.push(chosen.slice()) - 1;
        for (const name of [...CRITERIA, 'unreached']) rows[name][at] = found[name];
        return;
      }
      let s = from;
      for (; s <= sites.length - (keep - depth); s += 1) {
        add(least[depth], least[depth + 1], sites[s]);
        chosen[depth] = sites[s];
        step(depth + 1, s + 1);
        if (!(mayClose[groupOf[s]] > 0)) break; // whatever is chosen next closes this one
        mayClose[groupOf[s]] -= 1;
      }
      for (let closed = from; closed < s; closed += 1) mayClose[groupOf[closed]] += 1;
    };
    step(0, 0);
    return rows;
  }

  const SAMPLE = 2000;
  const LEAST_SAMPLE = 200;
  const MOST_STEPS = 6e7; // layers times centres times samples: about a second
  const CRITERIA_STEPS = 20; // what the criteria of one set take, in centres

  /* Where the ways are too many to list: the criteria of some of them, taken by a fixed draw. */
  function sampled(model, service, mode, walkKmH, keep, threshold) {
    const groups = groupsOf(service);
    const ways = keep < 1 ? null : waysFrom(groups, keep);
    const count = ways ? ways[0][keep] : 0;
    if (!count) return null;
    const measure = measurer(model, service, mode, walkKmH);
    if (!measure || count <= measure.most) return null;
    return kept(model, `sample ${service.key} ${mode} ${walkKmH} ${keep} ${threshold}`, () => {
      const { size, add, read, reachable } = measure;
      const steps = size * (keep + CRITERIA_STEPS);
      const draws = Math.max(LEAST_SAMPLE, Math.min(SAMPLE, Math.floor(MOST_STEPS / steps)));
      let seed = 12345;
      const drawn = (most) => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return (seed / 4294967296) * most;
      };
      const rows = { count, draws, reachable, ...emptyRows(draws) };
      const least = new Float64Array(size);
      for (let k = 0; k < draws; k += 1) {
        least.fill(Infinity);
        for (const site of drawnSet(groups, ways, keep, drawn)) add(least, least, site);
        const found = rankCriteria(model, service.counts, read(least), threshold, reachable);
        for (const name of [...CRITERIA, 'unreached']) rows[name][k] = found[name];
      }
      return rows;
    });
  }

  /* One of the ways to keep so many, each as likely as any other: first how many of each group. */
  function drawnSet(groups, ways, keep, drawn) {
    const out = [];
    let left = keep;
    groups.forEach((group, g) => {
      const after = ways[g + 1];
      const own = Array.from({ length: left + 1 }, (_, k) => waysInside(group, k) * after[left - k]);
      let last = own.reduce((at, many, k) => (many > 0 ? k : at), -1);
      if (own.findIndex((many) => many > 0) < last) {
        let at = drawn(ways[g][left]);
        const found = own.findIndex((many) => (at -= many) < 0);
        if (found >= 0) last = found; // else sums of large numbers were not exact
      }
      left -= last;
      const set = group.free.slice();
      for (let i = 0; i < last - group.fixed.length; i += 1) {
        const j = i + Math.floor(drawn(set.length - i));
        [set[i], set[j]] = [set[j], set[i]];
        out.push(set[i]);
      }
      out.push(...group.fixed);
    });
    return out;
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
    waysToKeep,
    keepsRules,
    alternatives,
    sampled,
    measurer,
    rankOf,
    levelWith,
    bestOf,
  });
  if (typeof module !== 'undefined' && module.exports) module.exports = Core;
})(globalThis.Core);

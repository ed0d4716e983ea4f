/* Sets of hubs: what one does for families, and where it stands among all sets of as many under the
 * study's rules; pure functions, as core.js. A site out of reach counts as the furthest that is
 * reached, to choose by only, as in the package. */
(function (Core) {
  'use strict';

  const MOST_SETS = 250000;
  const MOST_STEPS = 1.5e8; // sets times areas: about half a second
  const SAMPLE = 2000;
  const SAMPLE_TRIES = 40000;
  const SAME = 1e-7;
  const SLACK = 1e-9;

  const sumOf = (values) => values.reduce((a, b) => a + b, 0);

  /* What a minute in each area adds to the joint mean, all offers by their shares. */
  function weightsOf(offers, n) {
    const out = new Float64Array(n);
    for (const { share, people } of offers) {
      const total = sumOf(people);
      for (let i = 0; i < n; i += 1) out[i] += total ? (share * people[i]) / total : 0;
    }
    return out;
  }

  /* The question, made once: minutes to every site that could be a hub, and what they count for. */
  Core.hubField = (model, hubs) => {
    const { n } = model;
    const minutes = Core.minutesFor(model, hubs.mode, model.walkKmH);
    const weights = weightsOf(hubs.offers, n);
    const used = [];
    for (let i = 0; i < n; i += 1) if (weights[i] > 0) used.push(i);
    let top = 0;
    for (const site of hubs.sites)
      for (let i = 0; i < n; i += 1) {
        const m = minutes[site * n + i];
        if (m < Infinity && m > top) top = m;
      }
    const columns = new Map(
      hubs.sites.map((site) => [
        site,
        Float64Array.from(used, (i) => Math.min(minutes[site * n + i], top)),
      ]),
    );
    return {
      n,
      hubs,
      asked: asked(hubs, model.sites.length),
      minutes,
      weights,
      columns,
      own: Float64Array.from(used, (i) => weights[i]),
      listings: new Map(),
    };
  };

  /* Minutes to the nearest of some sites, and what they do for families. */
  Core.hubFigures = (field, sites) => {
    const { n, hubs, minutes, weights } = field;
    const near = Core.nearest(minutes, n, sites);
    const byOffer = hubs.offers.map(({ people }) => {
      let sum = 0;
      let count = 0;
      people.forEach((c, i) => {
        if (!(c > 0) || near.minutes[i] === Infinity) return;
        sum += c * near.minutes[i];
        count += c;
      });
      return count ? sum / count : NaN;
    });
    let joint = 0;
    let part = 0;
    byOffer.forEach((mean, k) => {
      if (Number.isNaN(mean)) return;
      joint += hubs.offers[k].share * mean;
      part += hubs.offers[k].share;
    });
    let worst = NaN;
    let unserved = 0;
    const reach = hubs.reach.map(() => 0);
    for (let i = 0; i < n; i += 1) {
      if (!(weights[i] > 0)) continue;
      const m = near.minutes[i];
      if (m === Infinity) unserved += weights[i];
      else if (!(m <= worst)) worst = m;
      hubs.reach.forEach((limit, k) => (reach[k] += m <= limit + SLACK ? weights[i] : 0));
    }
    return { near, byOffer, joint: part ? joint / part : NaN, worst, reach, unserved };
  };

  /* The joint mean that sets are ranked by. */
  function meanOf({ own, columns }, sites) {
    const held = sites.map((site) => columns.get(site));
    let mean = 0;
    for (let i = 0; i < own.length; i += 1) {
      let m = Infinity;
      for (const column of held) if (column[i] < m) m = column[i];
      mean += own[i] * m;
    }
    return mean;
  }

  /* What is asked of the sites of a set together: amounts by site, and their least and most. */
  function asked(hubs, most) {
    const sums = [
      { of: hubs.sites.filter((site) => !hubs.may.includes(site)), high: 0 },
      { of: hubs.must, low: hubs.must.length },
      ...hubs.sums,
      ...hubs.rule.map((rule) => ({ of: rule.sites, low: rule.least, locality: true })),
    ];
    return sums.map(({ of, amounts, low, high, locality }) => {
      const by = new Float64Array(most);
      if (of) for (const site of of) by[site] = 1;
      else for (const [site, amount] of Object.entries(amounts)) by[Number(site)] = amount;
      return { by, low: low ?? -Infinity, high: high ?? Infinity, locality };
    });
  }

  /* 0: breaks the board's wishes; 1: keeps them; 2: keeps the locality rule, too. */
  Core.hubKeeps = ({ asked: sums }, sites) => {
    let level = 2;
    for (const { by, low, high, locality } of sums) {
      let total = 0;
      for (const site of sites) total += by[site];
      const slack = SLACK * Math.max(1, Math.abs(total));
      if (total >= low - slack && total <= high + slack) continue;
      if (!locality) return 0;
      level = 1;
    }
    return level;
  };

  /* Whether sets of so many are asked to keep the locality rule. */
  Core.hubRuled = ({ hubs }, size) =>
    hubs.rule.length > 0 && sumOf(hubs.rule.map((rule) => rule.least)) <= size;

  /* Every set of so many sites, measured; null where they are too many. */
  Core.hubListing = (field, size) => {
    const { own, columns, hubs, listings } = field;
    const count = Core.waysToChoose(hubs.sites.length, size);
    const many = own.length;
    if (size < 1 || !count || count > MOST_SETS || count * many > MOST_STEPS) return null;
    if (listings.has(size)) return listings.get(size);
    const out = { count, mean: new Float64Array(count), keeps: new Uint8Array(count) };
    const least = Array.from({ length: size }, () => new Float64Array(many).fill(Infinity));
    const chosen = new Array(size);
    let at = 0;
    const step = (depth, from) => {
      const above = least[depth];
      for (let k = from; k <= hubs.sites.length - (size - depth); k += 1) {
        const column = columns.get(hubs.sites[k]);
        chosen[depth] = hubs.sites[k];
        if (depth < size - 1) {
          const here = least[depth + 1];
          for (let i = 0; i < many; i += 1) here[i] = column[i] < above[i] ? column[i] : above[i];
          step(depth + 1, k + 1);
          continue;
        }
        let mean = 0;
        for (let i = 0; i < many; i += 1) mean += own[i] * (column[i] < above[i] ? column[i] : above[i]);
        out.mean[at] = mean;
        out.keeps[at] = Core.hubKeeps(field, chosen);
        at += 1;
      }
    };
    step(0, 0);
    listings.set(size, out);
    return out;
  };

  /* A fixed draw of sets that keep the rules, by their joint mean. */
  function sampledMeans(field, size, wanted) {
    const key = `sample ${size} ${wanted}`;
    if (field.listings.has(key)) return field.listings.get(key);
    let seed = 12345;
    const below = (most) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 4294967296) * most);
    };
    const means = [];
    for (let tries = 0; tries < SAMPLE_TRIES && means.length < SAMPLE; tries += 1) {
      const set = field.hubs.sites.slice();
      for (let i = 0; i < size; i += 1) {
        const j = i + below(set.length - i);
        [set[i], set[j]] = [set[j], set[i]];
      }
      const sites = set.slice(0, size);
      if (Core.hubKeeps(field, sites) >= wanted) means.push(meanOf(field, sites));
    }
    field.listings.set(key, means);
    return means;
  }

  /* Where a set stands among all of as many: under the locality rule, where there is one, and
   * without it; of a sample where they are too many to list. */
  Core.hubStanding = (field, sites) => {
    const key = `standing ${sites.slice().sort((a, b) => a - b)}`;
    if (!field.listings.has(key)) field.listings.set(key, standing(field, sites));
    return field.listings.get(key);
  };

  function standing(field, sites) {
    const size = sites.length;
    const keeps = Core.hubKeeps(field, sites);
    const own = meanOf(field, sites);
    const close = SAME * Math.max(1, own);
    const listing = Core.hubListing(field, size);
    const among = (wanted) => {
      if (!listing) {
        const means = sampledMeans(field, size, wanted);
        const longer = means.filter((mean) => mean > own + close).length;
        return { inside: keeps >= wanted, sample: means.length, longer: means.length ? longer / means.length : NaN };
      }
      let rank = 1;
      let sets = 0;
      for (let i = 0; i < listing.count; i += 1) {
        if (listing.keeps[i] < wanted) continue;
        sets += 1;
        if (listing.mean[i] < own - close) rank += 1;
      }
      return { inside: keeps >= wanted, sets, rank };
    };
    return { size, freely: among(1), ruled: Core.hubRuled(field, size) ? among(2) : null };
  }

  /* People of each offer who are nearer under the second of two plans, further, and neither. */
  Core.hubPair = (field, one, two) => {
    const a = Core.nearest(field.minutes, field.n, one);
    const b = Core.nearest(field.minutes, field.n, two);
    const changes = Core.change(a.minutes, b.minutes).map((c) => (Number.isNaN(c) ? 0 : c));
    const offers = field.hubs.offers.map(({ people }) => {
      const out = { nearer: 0, further: 0, same: 0 };
      people.forEach((c, i) => {
        out[changes[i] < -1 ? 'nearer' : changes[i] > 1 ? 'further' : 'same'] += c;
      });
      return out;
    });
    return { first: a, second: b, changes, offers };
  };
})(globalThis.Core);

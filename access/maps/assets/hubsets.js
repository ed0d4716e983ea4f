/* Sets of hubs: what one does for families, and where it stands among all sets of as many under the
 * study's rules; pure functions, as core.js. A set that leaves fewer people out of reach is the better
 * one, whatever its minutes: these are of the people whom it serves, as in the package. */
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

  /* The offers for the people of the most deprived fifth alone; none where that is not known. */
  function poorOffersOf({ offers, deprived }, n) {
    if (!deprived) return [];
    const inside = new Float64Array(n);
    for (const i of deprived) inside[i] = 1;
    const own = offers.map((offer) => ({ ...offer, people: offer.people.map((c, i) => c * inside[i]) }));
    const there = own.filter(({ people }) => sumOf(people) > 0);
    const whole = sumOf(there.map(({ share }) => share));
    return whole ? there.map((offer) => ({ ...offer, share: offer.share / whole })) : [];
  }

  /* What a minute adds to their own mean; null where that is not known. */
  function poorWeightsOf(hubs, n) {
    const offers = poorOffersOf(hubs, n);
    return offers.length ? weightsOf(offers, n) : null;
  }

  /* The question, made once: minutes to every site that could be a hub, and what they count for. By
   * bus the study's plans alone are known, as it measured them. */
  Core.hubField = (model, hubs) => {
    const { n } = model;
    if (hubs.fixed) return fixedField(model, hubs);
    const minutes = Core.minutesFor(model, hubs.mode, model.walkKmH);
    const weights = weightsOf(hubs.offers, n);
    const reached = new Uint8Array(n);
    for (const site of hubs.sites)
      for (let i = 0; i < n; i += 1) if (minutes[site * n + i] < Infinity) reached[i] = 1;
    // by whom no site is in reach of no set is told apart
    const offers = hubs.offers.map((offer) => ({ ...offer, people: offer.people.map((c, i) => c * reached[i]) }));
    const own = weightsOf(offers, n);
    const used = [];
    for (let i = 0; i < n; i += 1) if (own[i] > 0) used.push(i);
    const poor = poorWeightsOf(hubs, n);
    const poorOffers = poor ? poorOffersOf({ ...hubs, offers }, n) : [];
    const ownPoor = weightsOf(poorOffers, n);
    const columns = new Map(
      hubs.sites.map((site) => [site, Float64Array.from(used, (i) => minutes[site * n + i])]),
    );
    const whole = [...columns.values()].every((column) => column.every((m) => m < Infinity));
    const rowsOf = (offers) =>
      offers.map((offer) => {
        const all = weightsOf([offer], n);
        const row = Float64Array.from(used, (i) => all[i]);
        return { row, total: sumOf(row) };
      });
    return {
      n,
      hubs,
      asked: asked(hubs, model.sites.length),
      minutes,
      weights,
      poorOffers: poor && poorOffersOf(hubs, n),
      criteria: poor ? ['mean', 'deprived', 'worst'] : ['mean', 'worst'],
      columns,
      whole,
      shares: { mean: rowsOf(offers), ...(poor ? { deprived: rowsOf(poorOffers) } : {}) },
      own: Float64Array.from(used, (i) => own[i]),
      ownPoor: Float64Array.from(used, (i) => ownPoor[i]),
      listings: new Map(),
    };
  };

  /* Minutes to the nearest of some sites, and what they do for families. */
  Core.hubFigures = (field, sites) => {
    if (field.fixed) return field.fixed.get(keyOf(sites)).figures;
    const { n, hubs, minutes, weights, poorOffers: poor } = field;
    const near = Core.nearest(minutes, n, sites);
    const byOffer = hubs.offers.map(({ people }) => meanTrip(people, near.minutes));
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
    return {
      near,
      byOffer,
      joint: overShares(hubs.offers, byOffer),
      deprived: poor ? overShares(poor, poor.map(({ people }) => meanTrip(people, near.minutes))) : NaN,
      worst,
      reach,
      unserved,
    };
  };

  /* The mean of offers' means by their shares, of those that have one. */
  function overShares(offers, means) {
    let sum = 0;
    let part = 0;
    means.forEach((mean, k) => {
      if (Number.isNaN(mean)) return;
      sum += offers[k].share * mean;
      part += offers[k].share;
    });
    return part ? sum / part : NaN;
  }

  function meanTrip(weights, minutes) {
    let sum = 0;
    let all = 0;
    weights.forEach((w, i) => {
      if (!(w > 0) || minutes[i] === Infinity) return;
      sum += w * minutes[i];
      all += w;
    });
    return all ? sum / all : NaN;
  }

  const keyOf = (sites) => sites.slice().sort((a, b) => a - b).join();

  /* The study's plans as it measured them; of plans with the same places the first. */
  function fixedField(model, hubs) {
    const { n, before } = model;
    const people = hubs.offers.map((offer) => offer.people);
    const fixed = new Map();
    for (const { sites, figures, standing, near, near_of: of } of hubs.plans) {
      if (fixed.has(keyOf(sites))) continue;
      const ways = near.map((block) => Core.decodeMinutes(block, before));
      const byOffer = of.map((k) => ways[k]);
      const minutes = Float64Array.from({ length: n }, (_, i) => overOffers(byOffer, people, i));
      const known = (value) => (value === null ? NaN : value);
      fixed.set(keyOf(sites), {
        figures: Object.fromEntries(
          Object.entries(figures).map(([name, value]) => [name, name === 'reach' ? value : known(value)]),
        ),
        standing: { size: sites.length, ...standing },
        minutes,
        byOffer,
      });
    }
    const weights = weightsOf(hubs.offers, n);
    const poor = poorWeightsOf(hubs, n);
    return { n, hubs, weights, fixed, criteria: poor ? ['mean', 'deprived', 'worst'] : ['mean', 'worst'] };
  }

  /* An area's minutes over its people, where offers have times of setting out of their own. */
  function overOffers(byOffer, people, i) {
    if (byOffer.every((way) => way[i] === byOffer[0][i])) return byOffer[0][i];
    const total = people.reduce((sum, own) => sum + own[i], 0);
    return byOffer.reduce((sum, way, k) => {
      const share = total ? people[k][i] / total : 1 / byOffer.length;
      return share ? sum + share * way[i] : sum;
    }, 0);
  }

  /* What a set is ranked by: the joint mean, the most deprived fifth's own, the furthest place. */
  function valuesOf(field, sites) {
    const { own, ownPoor, columns } = field;
    const held = sites.map((site) => columns.get(site));
    const out = { mean: 0, deprived: 0, worst: 0 };
    const near = new Float64Array(own.length).fill(Infinity);
    for (const column of held)
      for (let i = 0; i < near.length; i += 1) if (column[i] < near[i]) near[i] = column[i];
    if (!field.whole) return ofServed(field, near);
    for (let i = 0; i < near.length; i += 1) {
      const m = near[i];
      out.mean += own[i] * m;
      out.deprived += ownPoor[i] * m;
      if (m > out.worst) out.worst = m;
    }
    return out;
  }

  /* The same of those whom a set serves, and the share that it leaves out. */
  function ofServed({ shares }, near) {
    const out = { mean: 0, deprived: 0, worst: 0, lost: { mean: 0, deprived: 0, worst: 0 } };
    for (const [name, rows] of Object.entries(shares)) {
      let sum = 0;
      let told = 0;
      let reached = 0;
      let all = 0;
      for (const { row, total } of rows) {
        let minutes = 0;
        let served = 0;
        for (let i = 0; i < row.length; i += 1)
          if (near[i] < Infinity) {
            minutes += row[i] * near[i];
            served += row[i];
          }
        all += total;
        reached += served;
        if (!(served > 0)) continue;
        sum += (total * minutes) / served;
        told += total;
      }
      out[name] = told ? sum / told : Infinity;
      out.lost[name] = Math.max(1 - reached / all, 0);
    }
    for (const m of near) if (m < Infinity && m > out.worst) out.worst = m;
    out.lost.worst = out.lost.mean;
    return out;
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
    const { own, ownPoor, columns, hubs, listings } = field;
    const count = Core.waysToChoose(hubs.sites.length, size);
    const many = own.length;
    if (size < 1 || !count || count > MOST_SETS || count * many > MOST_STEPS) return null;
    if (listings.has(size)) return listings.get(size);
    const out = { count, keeps: new Uint8Array(count) };
    const names = ['mean', 'deprived', 'worst'];
    for (const name of names) out[name] = new Float64Array(count);
    if (!field.whole) out.lost = Object.fromEntries(names.map((name) => [name, new Float64Array(count)]));
    const least = Array.from({ length: size }, () => new Float64Array(many).fill(Infinity));
    const near = new Float64Array(field.whole ? 0 : many);
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
        out.keeps[at] = Core.hubKeeps(field, chosen);
        if (!field.whole) {
          for (let i = 0; i < many; i += 1) near[i] = column[i] < above[i] ? column[i] : above[i];
          const found = ofServed(field, near);
          for (const name of names) [out[name][at], out.lost[name][at]] = [found[name], found.lost[name]];
          at += 1;
          continue;
        }
        let mean = 0;
        let deprived = 0;
        let worst = 0;
        for (let i = 0; i < many; i += 1) {
          const m = column[i] < above[i] ? column[i] : above[i];
          mean += own[i] * m;
          deprived += ownPoor[i] * m;
          if (m > worst) worst = m;
        }
        out.mean[at] = mean;
        out.deprived[at] = deprived;
        out.worst[at] = worst;
        at += 1;
      }
    };
    step(0, 0);
    listings.set(size, out);
    return out;
  };

  /* A fixed draw of sets that keep the rules, and what they are ranked by. */
  function sampledSets(field, size, wanted) {
    const key = `sample ${size} ${wanted}`;
    if (field.listings.has(key)) return field.listings.get(key);
    let seed = 12345;
    const below = (most) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 4294967296) * most);
    };
    const found = [];
    for (let tries = 0; tries < SAMPLE_TRIES && found.length < SAMPLE; tries += 1) {
      const set = field.hubs.sites.slice();
      for (let i = 0; i < size; i += 1) {
        const j = i + below(set.length - i);
        [set[i], set[j]] = [set[j], set[i]];
      }
      const sites = set.slice(0, size);
      if (Core.hubKeeps(field, sites) >= wanted) found.push(valuesOf(field, sites));
    }
    field.listings.set(key, found);
    return found;
  }

  /* Where a set stands among all of as many: under the locality rule, where there is one, and
   * without it; of a sample where they are too many to list. */
  Core.hubStanding = (field, sites) => {
    if (field.fixed) return field.fixed.get(keyOf(sites)).standing;
    const key = `standing ${sites.slice().sort((a, b) => a - b)}`;
    if (!field.listings.has(key)) field.listings.set(key, standing(field, sites));
    return field.listings.get(key);
  };

  function standing(field, sites) {
    const size = sites.length;
    const keeps = Core.hubKeeps(field, sites);
    const own = valuesOf(field, sites);
    const listing = Core.hubListing(field, size);
    const close = (name) => (own[name] < Infinity ? SAME * Math.max(1, own[name]) : 0);
    /* Below 0 where another set is better, above where it is worse: who is left out comes first. */
    const beside = (name, value, lost) => {
      const out = own.lost ? lost - own.lost[name] : 0;
      if (Math.abs(out) > SLACK) return out;
      return value < own[name] - close(name) ? -1 : value > own[name] + close(name) ? 1 : 0;
    };
    const each = (make) => Object.fromEntries(field.criteria.map((name) => [name, make(name)]));
    const among = (wanted) => {
      const inside = keeps >= wanted;
      if (!listing) {
        const drawn = sampledSets(field, size, wanted);
        const longer = (name) =>
          drawn.filter((set) => beside(name, set[name], set.lost && set.lost[name]) > 0).length;
        return { inside, sample: drawn.length, longer: each((name) => longer(name) / drawn.length) };
      }
      const rank = (name) => {
        const lost = listing.lost && listing.lost[name];
        let better = 0;
        for (let i = 0; i < listing.count; i += 1)
          if (listing.keeps[i] >= wanted && beside(name, listing[name][i], lost && lost[i]) < 0) better += 1;
        return better + 1;
      };
      return { inside, sets: listing.keeps.filter((kept) => kept >= wanted).length, ranks: each(rank) };
    };
    return { size, freely: among(1), ruled: Core.hubRuled(field, size) ? among(2) : null };
  }

  /* People of each offer who are nearer under the second of two plans, further, and neither. */
  Core.hubPair = (field, one, two) => {
    if (field.fixed) return fixedPair(field, field.fixed.get(keyOf(one)), field.fixed.get(keyOf(two)));
    const a = Core.nearest(field.minutes, field.n, one);
    const b = Core.nearest(field.minutes, field.n, two);
    const changes = changeOf(a.minutes, b.minutes);
    const offers = field.hubs.offers.map(({ people }) => movedOf(people, changes));
    return { first: a, second: b, changes, offers };
  };

  const changeOf = (a, b) => Core.change(a, b).map((c) => (Number.isNaN(c) ? 0 : c));

  function movedOf(people, changes) {
    const out = { nearer: 0, further: 0, same: 0 };
    people.forEach((c, i) => {
      out[changes[i] < -1 ? 'nearer' : changes[i] > 1 ? 'further' : 'same'] += c;
    });
    return out;
  }

  /* By bus which hub is nearest changes from minute to minute: none is named. */
  function fixedPair({ n, hubs }, one, two) {
    const near = ({ minutes }) => ({ minutes, site: new Int32Array(n).fill(-1) });
    const offers = hubs.offers.map(({ people }, k) =>
      movedOf(people, changeOf(one.byOffer[k], two.byOffer[k])),
    );
    return { first: near(one), second: near(two), changes: changeOf(one.minutes, two.minutes), offers };
  }
})(globalThis.Core);

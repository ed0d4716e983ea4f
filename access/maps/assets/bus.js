/* Buses: the nearest centre changes from minute to minute. So at each time of setting out the least
 * over the open centres is taken, then the percentile by nearest rank; pure functions, as core.js.
 * Where the page holds no times of setting out it knows the study's own options alone: of any
 * other set its minutes are NaN, "not known". */
(function (Core) {
  'use strict';

  const { buildModel, kept, modes, nearest, nearestOf, minutesFor } = Core;

  /* Site after site, area after area: minutes at every time of setting out. */
  function decodeRuns(window, model, steps) {
    const { runs, marks, sites } = window;
    const { n, walk } = model;
    const out = new Float32Array(sites.length * n * marks);
    const next = Core.numbersIn(runs);
    let to = 0;
    for (const site of sites) {
      for (let i = 0; i < n; i += 1) {
        const onFoot = walk[site * n + i];
        for (const end = to + marks; to < end; ) {
          const length = next();
          const ride = next();
          for (let wait = length - 1; wait >= 0; wait -= 1) {
            out[to] = ride ? (ride - 1) / steps + wait : onFoot;
            to += 1;
          }
        }
      }
    }
    return out;
  }

  function withBuses(model, bus) {
    model.bus = bus;
    if (!bus) return model;
    for (const window of bus.windows) {
      window.column = new Map(window.sites.map((site, k) => [site, k]));
      window.each = window.runs === null ? null : decodeRuns(window, model, bus.steps);
    }
    for (const own of bus.services) {
      if (own.home) own.home.minutes = Core.decodeMinutes(own.home.minutes, model.before);
      for (const option of own.options) {
        for (const name of ['bus', 'typical', 'home'])
          if (option[name]) option[name].minutes = Core.decodeMinutes(option[name].minutes, model.before);
      }
    }
    return model;
  }

  Core.buildModel = (payload) => {
    const model = buildModel(payload);
    if (payload.minutes.bus) model.busMatrix = Core.joined(payload.minutes.bus, model.before);
    return withBuses(model, payload.bus);
  };

  Core.modes = (model) => {
    const list = modes(model);
    if (model.bus || model.busMatrix) list.push('bus');
    return list;
  };

  /* A mode that buses have a part in, minute by minute. */
  Core.byMinute = (model, mode) =>
    Boolean(model.bus) && (mode === 'bus' || (mode === 'typical' && Boolean(model.drive && model.noCar)));

  const busOf = (model, service) => model.bus.services.find((own) => own.service === service.key);

  const optionOf = (own, open) => {
    const wanted = Array.from(open).sort((a, b) => a - b);
    return own.options.find(
      (option) =>
        option.open.length === wanted.length &&
        option.open.slice().sort((a, b) => a - b).every((site, k) => site === wanted[k]),
    );
  };

  /* Whether the page can work out buses for a set of open centres. */
  Core.busKnown = (model, service, open) => {
    const own = busOf(model, service);
    const window = model.bus.windows[own.window];
    if (!window.each) return Boolean(optionOf(own, open));
    return Array.from(open).every((site) => window.column.has(site));
  };

  /* One area: minutes at the percentile, the centre that is nearest in that minute, and the share
   * of minutes with no journey under the limit. */
  function worker(model, window, mode) {
    const { n, walk, drive, noCar, parking, bus } = model;
    const { marks, each, column } = window;
    const least = new Float64Array(marks);
    const sorted = new Float64Array(marks);
    const which = new Int32Array(marks);
    const rank = Math.ceil((bus.percentile / 100) * marks - 1e-9) - 1;
    return (area, sites) => {
      least.fill(Infinity);
      which.fill(-1);
      for (const site of sites) {
        const from = (column.get(site) * n + area) * marks;
        const p = mode === 'typical' ? noCar[area] : 1;
        const other = p < 1 ? Math.min(walk[site * n + area], drive[site * n + area] + parking) : 0;
        for (let m = 0; m < marks; m += 1) {
          const minutes = (p > 0 ? p * each[from + m] : 0) + (p < 1 ? (1 - p) * other : 0);
          if (minutes < least[m]) {
            least[m] = minutes;
            which[m] = site;
          }
        }
      }
      sorted.set(least);
      sorted.sort();
      const minutes = sorted[rank];
      // of those that tie with it in order the earliest that stands at the rank
      let before = 0;
      let none = 0;
      for (const value of least) {
        if (value < minutes) before += 1;
        if (value >= bus.limit) none += 1;
      }
      let at = 0;
      for (let left = rank - before; at < marks; at += 1) {
        if (least[at] !== minutes) continue;
        if (left === 0) break;
        left -= 1;
      }
      return { minutes, site: which[at], without: none / marks };
    };
  }

  function unknown(n) {
    return {
      minutes: new Float64Array(n).fill(NaN),
      site: new Int32Array(n).fill(-1),
      secondMinutes: new Float64Array(n).fill(NaN),
      secondSite: new Int32Array(n).fill(-1),
      without: new Float64Array(n).fill(NaN),
    };
  }

  /* Nearest open centre of every area by any mode. */
  Core.situation = (model, service, mode, speed, open) => {
    const { n } = model;
    if (!Core.byMinute(model, mode)) return nearest(minutesFor(model, mode, speed), n, open);
    const sites = Array.from(open).sort((a, b) => a - b);
    return kept(model, `by minute ${service.key} ${mode} ${sites}`, () => {
      const own = busOf(model, service);
      const window = model.bus.windows[own.window];
      const out = unknown(n);
      if (!Core.busKnown(model, service, sites)) return out;
      if (!window.each) {
        const { minutes, site, without } = optionOf(own, sites)[mode];
        const share = Float64Array.from(without, (thousandths) => thousandths / 1000);
        return { ...out, minutes, site: Int32Array.from(site), without: share };
      }
      const work = worker(model, window, mode);
      for (let i = 0; i < n; i += 1) {
        const found = work(i, sites);
        out.minutes[i] = found.minutes;
        out.site[i] = found.minutes < Infinity ? found.site : -1;
        out.without[i] = found.without;
      }
      return out;
    });
  };

  /* The same for one area; by bus with the share of minutes without a journey, and the way home
   * from the centre that is nearest on the way there. */
  Core.situationOf = (model, service, mode, speed, area, open) => {
    const { n } = model;
    if (!Core.byMinute(model, mode)) return nearestOf(minutesFor(model, mode, speed), n, area, open);
    const sites = Array.from(open).sort((a, b) => a - b);
    const lost = { site: -1, minutes: NaN, secondSite: -1, secondMinutes: NaN };
    if (!Core.busKnown(model, service, sites)) return lost;
    const own = busOf(model, service);
    const window = model.bus.windows[own.window];
    if (!window.each) {
      const option = optionOf(own, sites);
      const { minutes, site, without } = option[mode];
      const home = option.home && {
        minutes: option.home.minutes[area],
        without: option.home.without[area] / 1000,
      };
      return { ...lost, minutes: minutes[area], site: site[area], without: without[area] / 1000, home };
    }
    const work = worker(model, window, mode);
    const found = work(area, sites);
    if (!(found.minutes < Infinity)) return { ...lost, ...found, site: -1 };
    const rest = work(area, sites.filter((site) => site !== found.site));
    const second = rest.minutes < Infinity ? rest : { site: -1, minutes: Infinity };
    const pair = window.column.get(found.site) * n + area;
    const home = own.home && {
      minutes: own.home.minutes[pair],
      without: own.home.without[pair] / 1000,
    };
    return { ...found, secondSite: second.site, secondMinutes: second.minutes, home };
  };

  /* The value at a place in the order of `many` numbers, which it changes about. */
  function nth(values, many, place) {
    let low = 0;
    let high = many - 1;
    while (low < high) {
      const pivot = values[(low + high) >> 1];
      let i = low;
      let j = high;
      while (i <= j) {
        while (values[i] < pivot) i += 1;
        while (values[j] > pivot) j -= 1;
        if (i > j) break;
        [values[i], values[j]] = [values[j], values[i]];
        i += 1;
        j -= 1;
      }
      if (place <= j) high = j;
      else if (place >= i) low = i;
      else break;
    }
    return values[place];
  }

  const MOST_STEPS = 6e7; // ways times areas times times of setting out: about half a second

  /* How a set is measured centre by centre where buses have a part in it: the least at every time of
   * setting out, then the percentile; of areas with people alone. Null where the page does not hold
   * these times. */
  Core.minuteByMinute = (model, service, mode) => {
    const { n, walk, drive, noCar, parking, bus } = model;
    const { each, column, marks } = bus.windows[busOf(model, service).window];
    if (!each || !service.before.every((site) => column.has(site))) return null;
    return kept(model, `minute by minute ${service.key} ${mode}`, () => {
      const used = Array.from(service.counts.keys()).filter((i) => service.counts[i] > 0);
      const place = Math.ceil((bus.percentile / 100) * marks - 1e-9) - 1;
      const minutes = new Float64Array(n).fill(Infinity);
      const own = new Float64Array(marks);
      const measure = {
        size: used.length * marks,
        most: MOST_STEPS / (used.length * marks),
        add(above, here, site) {
          let to = 0;
          for (const area of used) {
            const from = (column.get(site) * n + area) * marks;
            const p = mode === 'typical' ? noCar[area] : 1;
            const car = p < 1 ? Math.min(walk[site * n + area], drive[site * n + area] + parking) : 0;
            const part = p < 1 ? (1 - p) * car : 0;
            const end = to + marks;
            if (p === 1)
              for (let at = from; to < end; to += 1, at += 1)
                here[to] = each[at] < above[to] ? each[at] : above[to];
            for (let at = from; to < end; to += 1, at += 1) {
              const least = (p > 0 ? p * each[at] : 0) + part;
              here[to] = least < above[to] ? least : above[to];
            }
          }
        },
        read(here) {
          used.forEach((area, k) => {
            own.set(here.subarray(k * marks, (k + 1) * marks));
            minutes[area] = nth(own, marks, place);
          });
          return minutes;
        },
      };
      const all = new Float64Array(measure.size).fill(Infinity);
      for (const site of service.before) measure.add(all, all, site);
      return { ...measure, reachable: Array.from(measure.read(all), (m) => m < Infinity) };
    });
  };

  /* The ways that the study ranked by a mode that buses have a part in; null of other numbers. */
  Core.rankedWays = (model, service, mode, keep) => {
    const found = busOf(model, service).ways.find((way) => way.mode === mode && way.keep === keep);
    if (!found) return null;
    return kept(model, `ranked ${service.key} ${mode} ${keep}`, () => {
      const count = found.sets.length;
      const rows = { count, keep, sets: found.sets };
      for (const name of [...Core.CRITERIA, 'unreached'])
        rows[name] = Float64Array.from({ length: count }, (_, i) =>
          found[name] ? (found[name][i] === null ? Infinity : found[name][i]) : NaN,
        );
      rows.at = new Map(found.sets.map((sites, i) => [sites.join(), i]));
      return rows;
    });
  };

  /* The times of setting out of a service, minutes after midnight: there, and home. */
  Core.busTimes = (model, service) => {
    const own = busOf(model, service);
    const window = model.bus.windows[own.window];
    return { from: window.from, to: window.from + window.marks, ends: own.ends };
  };
})(globalThis.Core);

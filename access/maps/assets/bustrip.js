/* A place's way by bus in words: when, how often there is none, and home after the session. */
(function (App) {
  'use strict';

  const trip = (service, place, open) =>
    App.core.situationOf(App.model, service, 'bus', App.state.speed, place.area, open);

  /* Whether a bus is of any use on the way: else one walks all the way. */
  App.rides = (way, area, open) =>
    way.minutes < App.core.nearestOf(App.model.walk, App.model.n, area, open).minutes - 0.05;

  /* For how many people there is mostly no way by bus, with some centres open. */
  App.mostlyWithout = (service, open) => {
    const { without } = App.core.situation(App.model, service, 'bus', App.state.speed, open);
    return service.counts.reduce((sum, count, i) => sum + (without[i] >= 0.5 ? count : 0), 0);
  };
  App.withoutWords = (service, open) => {
    if (!App.model.bus || !App.core.busKnown(App.model, service, open)) return null;
    const { from, to } = App.core.busTimes(App.model, service);
    return App.t('bus_without_all', {
      people: service.people,
      before: App.about(App.mostlyWithout(service, service.before)),
      after: App.about(App.mostlyWithout(service, open)),
      limit: App.model.bus.limit,
      from: App.clock(from),
      to: App.clock(to),
    });
  };

  /* By bus: when, how often there is none, and the way home from the centre of the way there. */
  App.busLines = (service, place) => {
    if (!App.model.bus) return [];
    const [b, a] = [service.before, service.after].map((open) => trip(service, place, open));
    const { from, to, ends } = App.core.busTimes(App.model, service);
    const { limit, day } = App.model.bus;
    const times = { from: App.clock(from), to: App.clock(to), day: App.day(day), ends: ends && App.clock(ends), limit };
    const shares = (one, two) => ({ ...times, before: App.portion(one), after: App.portion(two) });
    const out = [App.t('bus_when', times)];
    if (a.minutes < Infinity && !App.rides(a, place.area, service.after)) out.push(App.t('bus_no_quicker'));
    if (b.without > 0 || a.without > 0) out.push(App.t('bus_without', shares(b.without, a.without)));
    if (b.home && a.home && b.site >= 0 && a.site >= 0) {
      const values = { ...times, old: App.siteName(b.site), now: App.siteName(a.site) };
      const words = (m) => (m < Infinity ? App.nearly(m) : App.t('mostly_no_way'));
      const minutes = { before: words(b.home.minutes), after: words(a.home.minutes) };
      out.push(App.t(b.site === a.site ? 'bus_home_same' : 'bus_home', { ...values, ...minutes }));
      if (b.home.without > 0 || a.home.without > 0)
        out.push(App.t('bus_home_without', shares(b.home.without, a.home.without)));
    }
    return out;
  };

  /* The same in short, beside the answer. */
  App.busAnswer = (found, place) => {
    const { service } = found;
    if (!App.model.bus) return [];
    const a = trip(service, place, service.after);
    const { from, to, ends } = App.core.busTimes(App.model, service);
    const { limit } = App.model.bus;
    const out = [];
    if (a.minutes < Infinity && !App.rides(a, place.area, service.after)) out.push(App.t('bus_no_quicker'));
    else if (a.without > 0)
      out.push(
        App.t('bus_sure', { share: App.portion(a.without), limit, from: App.clock(from), to: App.clock(to) }),
      );
    if (a.home && a.home.minutes < Infinity)
      out.push(App.t('bus_sure_home', { ends: App.clock(ends), minutes: App.nearly(a.home.minutes) }));
    else if (a.home) out.push(App.t('bus_sure_no_home', { ends: App.clock(ends) }));
    return out;
  };
})((globalThis.App = globalThis.App || {}));

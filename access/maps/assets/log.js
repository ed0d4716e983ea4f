/* The log of options that people asked for: named, with a reason, saved as files, opened again.
 * It lives in this page only; nothing is sent anywhere and nothing is kept when the page closes. */
(function (App) {
  'use strict';

  const FORMAT = 'access-options';
  const LIMIT = { name: 120, reason: 2000 };
  const entries = [];
  let saved = true;
  let aside = 0;

  /* What an entry's figures were noted by: the way to travel, the walking speed and the limit. */
  const howOf = ({ mode, walk_km_h: speed, limit_minutes: limit }) => ({ mode, speed, limit });

  /* The figures of an option as an entry has it, whatever is chosen on the page now. */
  function figuresOf(option, entry) {
    const now = App.state;
    App.state = { ...now, ...howOf(entry) };
    try {
      return figuresNow(option);
    } finally {
      App.state = now;
    }
  }

  function figuresNow(option) {
    const out = {};
    for (const service of App.model.services) {
      if (!App.openIn(option, service).length) continue;
      const { figures, ranks, tied, ways, of } = App.optionFigures(option, service);
      const round = (v, d) => (Number.isFinite(v) ? Number(v.toFixed(d)) : null);
      out[service.key] = {
        mean_minutes: round(figures.mean, 1),
        weighted_mean_minutes: round(figures.weighted_mean, 1),
        p90_minutes: round(figures.p90, 1),
        worst_minutes: round(figures.worst, 1),
        share_beyond: round(figures.share_beyond, 3),
        rank_mean: ways ? ranks.mean : null,
        tied_mean: ways ? tied.mean : null,
        alternatives: ways ? of : null,
      };
    }
    return out;
  }

  const stamp = () => {
    const now = new Date();
    const two = (n) => String(n).padStart(2, '0');
    return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}:${two(now.getMinutes())}`;
  };

  function add() {
    const name =
      App.$('option-name').value.trim().slice(0, LIMIT.name) ||
      App.t('unnamed', { number: entries.length + 1 });
    const reason = App.$('option-reason').value.trim().slice(0, LIMIT.reason);
    const { option, mode, speed, limit } = App.state;
    entries.push({
      name,
      reason,
      noted: stamp(),
      mode,
      walk_km_h: speed,
      limit_minutes: limit,
      ...App.modifications(option),
      figures: figuresNow(option),
    });
    App.$('option-name').value = '';
    App.$('option-reason').value = '';
    saved = false;
    show();
    App.say(App.t('said_noted', { name, n: entries.length }));
  }

  function restore(entry) {
    const option = App.optionFrom(entry.close, entry.open);
    Object.assign(App.state, howOf(entry));
    App.changeOption((o) => Object.assign(o, option), App.t('said_restored', { name: entry.name }));
    App.render();
  }

  function drop(entry) {
    entries.splice(entries.indexOf(entry), 1);
    show();
    App.say(App.t('said_removed', { name: entry.name }));
    App.$('log-title').focus();
  }

  const indexOf = (id) => App.data.sites.findIndex((site) => site.id === id);

  /* What an option does to one service, in a line. */
  function serviceLine(entry, service) {
    const closed = entry.close.map(indexOf).filter((site) => service.before.includes(site));
    const figures = entry.figures[service.key];
    const does = closed.length
      ? App.t('log_close', { sites: App.list(closed.map(App.shortName)) })
      : App.t('log_close_none');
    if (!figures) return App.h('li', {}, App.h('strong', {}, `${service.title}: `), does);
    const rank = figures.rank_mean
      ? App.rankWords(figures.rank_mean, figures.tied_mean, figures.alternatives)
      : App.t('number_no_rank');
    const mean = App.min(figures.mean_minutes === null ? NaN : figures.mean_minutes, 1);
    return App.h(
      'li',
      {},
      App.h('strong', {}, `${service.title}: `),
      `${does} ${App.t('log_mean', { mean, mode: App.t(`mode_${entry.mode}`), rank })}`,
    );
  }

  function entryItem(entry) {
    const { name } = entry;
    const hubs = entry.open.map(indexOf);
    return App.h(
      'li',
      { className: 'entry' },
      App.h('h4', {}, name, ' ', App.h('span', { className: 'hint' }, entry.noted)),
      App.h('p', { className: 'reason' }, entry.reason || App.t('no_reason')),
      App.h(
        'ul',
        {},
        App.model.services.map((service) => serviceLine(entry, service)),
        hubs.length ? App.h('li', {}, App.t('log_open', { sites: App.list(hubs.map(App.siteName)) })) : null,
      ),
      App.h(
        'p',
        { className: 'entry-do' },
        App.button(App.t('restore'), () => restore(entry), 'link', {
          'aria-label': App.t('restore_named', { name }),
        }),
        App.button(App.t('remove'), () => drop(entry), 'link', {
          'aria-label': App.t('remove_named', { name }),
        }),
      ),
    );
  }

  function show() {
    const shown = entries.slice(aside);
    App.$('log-empty').hidden = shown.length > 0;
    App.$('log-aside').hidden = !aside;
    App.fill(App.$('log-aside'), App.t('log_aside', { n: aside }));
    for (const id of ['save-csv', 'save-json', 'print-log']) App.$(id).disabled = !entries.length;
    App.fill(App.$('log-rows'), shown.map(entryItem));
  }

  /* For the next person: what others noted is kept for the file, and is no longer shown. */
  App.setAside = () => {
    aside = entries.length;
    show();
  };

  /* ---- files ---- */

  App.logJson = () =>
    JSON.stringify(
      { format: FORMAT, version: 1, place: App.data.place, as_of: App.data.as_of, options: entries },
      null,
      2,
    );

  /* A cell that a spreadsheet must not take for a formula. */
  const cell = (value) => {
    const text = String(value ?? '');
    const safe = /^([\s\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/.test(text) && typeof value !== 'number' ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };

  App.logCsv = () => {
    const figures = [
      'mean_minutes',
      'weighted_mean_minutes',
      'p90_minutes',
      'worst_minutes',
      'share_beyond',
      'rank_mean',
      'tied_mean',
      'alternatives',
    ];
    const head = [
      'name',
      'reason',
      'noted',
      'mode',
      'walk_km_h',
      'limit_minutes',
      'close',
      'open',
      ...App.model.services.flatMap((s) => figures.map((f) => `${s.key}_${f}`)),
    ];
    const lines = entries.map((e) => [
      e.name,
      e.reason,
      e.noted,
      e.mode,
      e.walk_km_h,
      e.limit_minutes,
      App.idsTogether(e.close, ' '),
      App.idsTogether(e.open, ' '),
      ...App.model.services.flatMap((s) => figures.map((f) => (e.figures[s.key] ? e.figures[s.key][f] : ''))),
    ]);
    return `${[head, ...lines].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
  };

  function save(text, type, name) {
    const link = App.h('a', { href: URL.createObjectURL(new Blob([text], { type })), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    saved = true;
    App.say(App.t('said_saved', { file: name }));
  }

  const fileName = (ending) =>
    `${App.data.place.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-options.${ending}`;

  /* ---- a link to copy, and a file opened again ---- */

  async function copyLink() {
    const link = App.optionLink();
    App.$('link-text').hidden = false;
    App.$('link-text').value = link;
    App.$('link-text').select();
    try {
      await navigator.clipboard.writeText(link);
      App.say(App.t('said_copied'));
      App.fill(App.$('file-message'), App.t('said_copied'));
    } catch {
      App.fill(App.$('file-message'), App.t('copy_by_hand'));
      App.say(App.t('copy_by_hand'));
    }
  }

  /* Take the options of a saved file into the log, and show the first. */
  App.readOptions = (text) => {
    let file;
    try {
      file = JSON.parse(text);
    } catch {
      throw new Error(App.t('file_not_json'));
    }
    const listed = Array.isArray(file?.options) && file.options.length > 0;
    if (file?.format !== FORMAT || !listed || file.options.some((o) => !o || typeof o !== 'object'))
      throw new Error(App.t('file_wrong'));
    if (file.place != null && file.place !== App.data.place) // ids alone say nothing: C1 is a centre in many places
      throw new Error(App.t('file_elsewhere', { there: String(file.place).slice(0, LIMIT.name), here: App.data.place }));
    const texts = (list) => (Array.isArray(list) ? list.map(String) : []);
    const read = file.options.map((o) => {
      const close = texts(o.close);
      const open = texts(o.open);
      const option = App.optionFrom(close, open);
      const numbered = (name, value, otherwise) => (App.inRange(name, Number(value)) ? Number(value) : otherwise);
      const entry = {
        name: String(o.name || '').slice(0, LIMIT.name) || App.t('unnamed', { number: entries.length + 1 }),
        reason: String(o.reason || '').slice(0, LIMIT.reason),
        noted: String(o.noted || '').slice(0, 20),
        mode: App.core.modes(App.model).includes(o.mode) ? o.mode : 'walk',
        walk_km_h: numbered('speed', o.walk_km_h, App.data.walk_km_h),
        limit_minutes: numbered('limit', o.limit_minutes, App.data.threshold),
        close,
        open,
      };
      return { ...entry, figures: figuresOf(option, entry) };
    });
    entries.push(...read);
    show();
    restore(read[0]);
    App.say(App.t('said_opened', { n: read.length }));
  };

  App.wireLog = () => {
    show();
    App.$('note-form').addEventListener('submit', (event) => {
      event.preventDefault();
      add();
    });
    App.$('save-csv').addEventListener('click', () =>
      save(`\ufeff${App.logCsv()}`, 'text/csv', fileName('csv')),
    );
    App.$('save-json').addEventListener('click', () =>
      save(App.logJson(), 'application/json', fileName('json')),
    );
    App.$('print-log').addEventListener('click', () => {
      document.body.classList.add('log-only');
      globalThis.print();
    });
    App.$('copy-link').addEventListener('click', copyLink);
    App.$('open-file').addEventListener('change', async (event) => {
      const [file] = event.target.files;
      if (!file) return;
      try {
        App.readOptions(await file.text());
        App.fill(App.$('file-message'));
      } catch (error) {
        App.fill(App.$('file-message'), error.message);
        App.say(error.message);
      }
      event.target.value = '';
    });
    globalThis.addEventListener('beforeunload', (event) => {
      if (!saved && entries.length) event.preventDefault();
    });
  };
})((globalThis.App = globalThis.App || {}));

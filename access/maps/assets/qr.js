/* A QR code of a text: byte mode, error correction M, the smallest version that holds it
 * (ISO/IEC 18004). Pure: gives rows of true and false, or null where the text is too long. */
(function (root) {
  'use strict';

  // error correction words a block, and blocks, of level M; versions 1 to 40
  const WORDS = [
    10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  ];
  const BLOCKS = [
    1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31,
    33, 35, 37, 38, 40, 43, 45, 47, 49,
  ];

  /* How many modules of a version hold data and error correction. */
  function rawModules(version) {
    let out = (16 * version + 128) * version + 64;
    if (version >= 2) {
      const many = Math.floor(version / 7) + 2;
      out -= (25 * many - 10) * many - 55;
      if (version >= 7) out -= 36;
    }
    return out;
  }

  const rawWords = (version) => Math.floor(rawModules(version) / 8);
  const dataWords = (version) => rawWords(version) - WORDS[version - 1] * BLOCKS[version - 1];

  function alignments(version) {
    if (version === 1) return [];
    const many = Math.floor(version / 7) + 2;
    const size = version * 4 + 17;
    const step = Math.floor((version * 8 + many * 3 + 5) / (many * 4 - 4)) * 2;
    const out = [6];
    for (let at = size - 7; out.length < many; at -= step) out.splice(1, 0, at);
    return out;
  }

  function times(a, b) {
    let out = 0;
    for (let i = 7; i >= 0; i -= 1) {
      out = (out << 1) ^ ((out >>> 7) * 0x11d);
      out ^= ((b >>> i) & 1) * a;
    }
    return out;
  }

  function divisor(degree) {
    const out = new Array(degree - 1).fill(0).concat(1);
    let rootOf = 1;
    for (let i = 0; i < degree; i += 1) {
      for (let j = 0; j < degree; j += 1) {
        out[j] = times(out[j], rootOf);
        if (j + 1 < degree) out[j] ^= out[j + 1];
      }
      rootOf = times(rootOf, 2);
    }
    return out;
  }

  function remainder(data, by) {
    const out = by.map(() => 0);
    for (const word of data) {
      const factor = word ^ out.shift();
      out.push(0);
      by.forEach((value, i) => {
        out[i] ^= times(value, factor);
      });
    }
    return out;
  }

  function packed(bytes, version) {
    const bits = [];
    const put = (value, width) => {
      for (let i = width - 1; i >= 0; i -= 1) bits.push((value >>> i) & 1);
    };
    const room = dataWords(version) * 8;
    put(4, 4);
    put(bytes.length, version < 10 ? 8 : 16);
    for (const byte of bytes) put(byte, 8);
    put(0, Math.min(4, room - bits.length));
    put(0, (8 - (bits.length % 8)) % 8);
    for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) put(pad, 8);
    const out = [];
    for (let i = 0; i < bits.length; i += 8) out.push(bits.slice(i, i + 8).reduce((sum, bit) => sum * 2 + bit, 0));
    return out;
  }

  /* Data in blocks, each with its error correction, taken in turn. */
  function interleaved(data, version) {
    const blocks = BLOCKS[version - 1];
    const extra = WORDS[version - 1];
    const raw = rawWords(version);
    const short = blocks - (raw % blocks);
    const length = Math.floor(raw / blocks) - extra;
    const by = divisor(extra);
    const parts = [];
    for (let i = 0, at = 0; i < blocks; i += 1) {
      const own = data.slice(at, at + length + (i < short ? 0 : 1));
      at += own.length;
      parts.push({ own, check: remainder(own, by) });
    }
    const out = [];
    for (let i = 0; i <= length; i += 1) for (const { own } of parts) if (i < own.length) out.push(own[i]);
    for (let i = 0; i < extra; i += 1) for (const { check } of parts) out.push(check[i]);
    return out;
  }

  function check(value, bits, by) {
    let rest = value;
    for (let i = 0; i < bits; i += 1) rest = (rest << 1) ^ ((rest >>> (bits - 1)) * by);
    return (value << bits) | rest;
  }

  const MASKS = [
    (x, y) => (x + y) % 2 === 0,
    (x, y) => y % 2 === 0,
    (x) => x % 3 === 0,
    (x, y) => (x + y) % 3 === 0,
    (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
    (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
    (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
    (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
  ];

  /* The parts that stand still: finders, timing, alignment, version. */
  function fixed(version) {
    const size = version * 4 + 17;
    const dark = Array.from({ length: size }, () => new Array(size).fill(false));
    const taken = Array.from({ length: size }, () => new Array(size).fill(false));
    const set = (x, y, on) => {
      if (x < 0 || y < 0 || x >= size || y >= size) return;
      dark[y][x] = on;
      taken[y][x] = true;
    };
    for (let i = 0; i < size; i += 1) {
      set(6, i, i % 2 === 0);
      set(i, 6, i % 2 === 0);
    }
    const square = (cx, cy, reach, light) => {
      for (let dy = -reach; dy <= reach; dy += 1)
        for (let dx = -reach; dx <= reach; dx += 1)
          set(cx + dx, cy + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
    };
    for (const [x, y] of [
      [3, 3],
      [size - 4, 3],
      [3, size - 4],
    ])
      square(x, y, 4, [2, 4]);
    const at = alignments(version);
    at.forEach((x, i) =>
      at.forEach((y, j) => {
        const corner = (i === 0 && (j === 0 || j === at.length - 1)) || (i === at.length - 1 && j === 0);
        if (!corner) square(x, y, 2, [1]);
      }),
    );
    if (version >= 7) {
      const bits = check(version, 12, 0x1f25);
      for (let i = 0; i < 18; i += 1) {
        const a = size - 11 + (i % 3);
        const b = Math.floor(i / 3);
        set(a, b, ((bits >>> i) & 1) === 1);
        set(b, a, ((bits >>> i) & 1) === 1);
      }
    }
    drawFormat(set, size, 0);
    return { size, dark, taken, set };
  }

  function drawFormat(set, size, mask) {
    const bits = check(mask, 10, 0x537) ^ 0x5412; // level M is 0
    const bit = (i) => ((bits >>> i) & 1) === 1;
    for (let i = 0; i <= 5; i += 1) set(8, i, bit(i));
    set(8, 7, bit(6));
    set(8, 8, bit(7));
    set(7, 8, bit(8));
    for (let i = 9; i < 15; i += 1) set(14 - i, 8, bit(i));
    for (let i = 0; i < 8; i += 1) set(size - 1 - i, 8, bit(i));
    for (let i = 8; i < 15; i += 1) set(8, size - 15 + i, bit(i));
    set(8, size - 8, true);
  }

  function fill({ size, dark, taken }, words) {
    let i = 0;
    for (let right = size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      for (let step = 0; step < size; step += 1)
        for (let j = 0; j < 2; j += 1) {
          const x = right - j;
          const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
          if (taken[y][x] || i >= words.length * 8) continue;
          dark[y][x] = ((words[i >>> 3] >>> (7 - (i & 7))) & 1) === 1;
          i += 1;
        }
    }
  }

  /* Fewer is easier to read: runs, squares, shapes like finders, too dark or too light. */
  function penalty(rows) {
    const size = rows.length;
    let out = 0;
    const lines = [...rows, ...rows.map((_, x) => rows.map((row) => row[x]))];
    for (const line of lines) {
      const text = line.map(Number).join('');
      for (const run of text.match(/0{5,}|1{5,}/g) || []) out += run.length - 2;
      for (let i = 0; i + 11 <= size; i += 1)
        if (['10111010000', '00001011101'].includes(text.slice(i, i + 11))) out += 40;
    }
    let on = 0;
    for (let y = 0; y < size; y += 1)
      for (let x = 0; x < size; x += 1) {
        on += rows[y][x] ? 1 : 0;
        const v = rows[y][x];
        if (x + 1 < size && y + 1 < size && v === rows[y][x + 1] && v === rows[y + 1][x] && v === rows[y + 1][x + 1])
          out += 3;
      }
    return out + Math.floor(Math.abs((on / size / size) * 20 - 10)) * 10;
  }

  root.qrRows = (text) => {
    const bytes = Array.from(new TextEncoder().encode(text));
    let version = 1;
    while (version <= 40 && bytes.length + (version < 10 ? 2 : 3) > dataWords(version)) version += 1;
    if (version > 40) return null;
    const words = interleaved(packed(bytes, version), version);
    let best = null;
    MASKS.forEach((masked, mask) => {
      const code = fixed(version);
      fill(code, words);
      for (let y = 0; y < code.size; y += 1)
        for (let x = 0; x < code.size; x += 1) if (!code.taken[y][x] && masked(x, y)) code.dark[y][x] = !code.dark[y][x];
      drawFormat(code.set, code.size, mask);
      const score = penalty(code.dark);
      if (!best || score < best.score) best = { score, rows: code.dark };
    });
    return best.rows;
  };
})(globalThis);

/**
 * Answers clicks with the very code of the viewer, for scripts/clicks.py. A line of JSON asks: `volume` and `mask`
 * (files of int16 and of uint8, i fastest), `shape` and `spacing` (k, j, i), `clicks` ([k, j, i, 1 or 0], the newest
 * last), `box` ({low, high} or null). The mask's file is written anew, a line answers {"ms"},
 * milliseconds of processor time.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { runnerImport } from 'vite';

const { module: hints } = await runnerImport('/src/lib/hints.ts', { root: new URL('..', import.meta.url).pathname, logLevel: 'error' });
const { answer, cut, expectedCc, extentOf, regionOf } = hints;
let known = { path: '', voxels: new Int16Array(0) };

function volumeOf(path) {
  if (known.path === path) return known.voxels;
  const bytes = readFileSync(path);
  known = { path, voxels: new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
  return known.voxels;
}

function respond({ volume, mask: path, shape, spacing, clicks, box }) {
  const voxels = volumeOf(volume);
  const mask = new Uint8Array(readFileSync(path));
  const began = process.cpuUsage();
  const newest = clicks.at(-1);
  const add = newest[3] === 1;
  const region = regionOf([newest.slice(0, 3)], shape, spacing, box);
  const extent = extentOf(region);
  const inside = cut(mask, shape, region);
  const seeds = new Uint8Array(inside.length);
  const indexOf = ([k, j, i]) => {
    const at = [k, j, i].map((value, axis) => value - region.low[axis]);
    return at.some((value, axis) => value < 0 || value >= extent[axis]) ? -1 : (at[0] * extent[1] + at[1]) * extent[2] + at[2];
  };
  for (const click of clicks) if (indexOf(click) >= 0) seeds[indexOf(click)] = click[3] === 1 ? 1 : 2;
  const fresh = Int32Array.of(indexOf(newest));
  const expected = box === null ? null : expectedCc(box, spacing);
  const flips = answer({ values: cut(voxels, shape, region), shape: extent, spacing, inside, seeds, fresh, add, lasso: null, expectedCc: expected });
  for (let k = 0, n = 0; k < extent[0]; k += 1) {
    for (let j = 0; j < extent[1]; j += 1) {
      const row = ((k + region.low[0]) * shape[1] + j + region.low[1]) * shape[2] + region.low[2];
      for (let i = 0; i < extent[2]; i += 1, n += 1) if (flips[n] === 1) mask[row + i] = add ? 1 : 0;
    }
  }
  const { user, system } = process.cpuUsage(began);
  const ms = (user + system) / 1000;
  writeFileSync(path, mask);
  return { ms };
}

for await (const line of createInterface({ input: process.stdin })) process.stdout.write(`${JSON.stringify(respond(JSON.parse(line)))}\n`);

import { describe, expect, test } from 'vitest';
import type { ComparisonResults, EntryResult } from '../../api/types';
import { csvOf, figureOf, standing } from './comparison';

const mean = (value: number) => ({ mean: value, low: value - 0.1, high: value + 0.1 });

const entry = (name: string, rank: number, dice: number): EntryResult => ({
  name,
  rank,
  architecture: name,
  options: {},
  adversary: null,
  learning_rate: 0.002,
  batch: 1,
  minutes: 1,
  seed: 1,
  problem: null,
  mean_dice: dice,
  mean_dice_interval: mean(dice),
  surely_worse: false,
  difference: null,
  training: { minutes: 1, iterations: 9, parameters: 70 },
  seconds: 2,
  peak_mib: 300,
  scores: [],
  structures: {
    Parotid_L: { n: 3, missed: 1, dice: mean(dice), surface_dice: mean(dice), hd95_mm: { mean: 8, low: null, high: null } },
  },
});
const failed: EntryResult = {
  ...entry('atlas', 0, 0),
  rank: null,
  problem: { slug: 'failed', detail: 'no "way", sorry' },
  mean_dice: null,
  mean_dice_interval: null,
  training: null,
  seconds: null,
  peak_mib: null,
  structures: {},
};
const results: ComparisonResults = {
  schema: 1,
  structures: ['Parotid_L'],
  train: 4,
  evaluate: 'validation',
  cases: ['scan 1'],
  tolerance_mm: 3,
  spacing_mm: 3,
  patch: 64,
  missing: [],
  entries: [entry('unet3d', 1, 0.7), { ...entry('unet25d', 2, 0.4), surely_worse: true }, entry('other', 3, 0.6), failed],
};

describe('a comparison', () => {
  test('an entry is worse only where its interval lies below the best', () => {
    expect(results.entries.map(standing)).toEqual(['best', 'worse', 'notSurely', 'failed']);
  });

  test('a plot shows the mean or one measure of a structure', () => {
    const [best] = results.entries;
    if (best === undefined) throw new Error('no entry');
    expect(figureOf(best, 'mean')?.mean).toBe(0.7);
    expect(figureOf(best, { structure: 'Parotid_L', measure: 'hd95_mm' })?.mean).toBe(8);
    expect(figureOf(failed, { structure: 'Parotid_L', measure: 'dice' })).toBeNull();
  });

  test('the file has a line for each entry and structure, all of one width', () => {
    const lines = csvOf(results).trimEnd().split('\r\n');
    expect(lines).toHaveLength(1 + 4);
    expect(lines[1]).toMatch(/^1,unet3d,unet3d,0\.7,.*,Parotid_L,3,1,0\.7,/);
    expect(lines[4]).toContain('"no ""way"", sorry"');
    const plain = lines.filter((line) => !line.includes('"'));
    expect(new Set(plain.map((line) => line.split(',').length)).size).toBe(1);
  });
});

import { expect, test } from 'vitest';
import { branchesOf, heatOf, type SubtypesResults } from './subtypes';

test('a tree of scipy becomes brackets that do not cross', () => {
  const tree = [
    [0, 2, 1, 2],
    [1, 3, 2, 2],
    [4, 5, 4, 4],
  ];
  expect(branchesOf(tree)).toEqual([
    { left: 0, right: 1, leftFrom: 0, rightFrom: 0, at: 0.25 },
    { left: 2, right: 3, leftFrom: 0, rightFrom: 0, at: 0.5 },
    { left: 0.5, right: 2.5, leftFrom: 0.25, rightFrom: 0.5, at: 1 },
  ]);
});

test('the map has a row a feature, and the cluster of each patient above', () => {
  const found = {
    heat_map: {
      rows: ['B', 'A'],
      columns: ['f1', 'f2'],
      values: [
        [1, 2],
        [3, 4],
      ],
      row_tree: [[0, 1, 1, 2]],
      annotations: [{ column: 'stage', values: { A: 'II' } }],
    },
    patients: [
      { patient: 'A', role: 'train', subtype: 1 },
      { patient: 'B', role: 'train', subtype: null, candidate: 2 },
    ],
  } as unknown as SubtypesResults;
  const heat = heatOf(found, 'Subtype');
  expect(heat.rows).toEqual([
    [1, 3],
    [2, 4],
  ]);
  expect(heat.bars).toEqual([
    { name: 'Subtype', values: [2, 1] },
    { name: 'stage', values: [null, 'II'] },
  ]);
});

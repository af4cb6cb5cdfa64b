import { describe, expect, test } from 'vitest';
import type { Derivation, Expression, Structure } from '../../api/types';
import { translators } from '../../i18n';
import { formOf, NEW_STEP, NO_MARGIN, NO_OPERAND, readForm, sourcesOf, spread, words, type Form } from './expression';
import { dependsOn, followersOf, notFollowing } from './followers';

const even = (direction: 'grow' | 'shrink', mm: number) => ({
  direction, left: mm, right: mm, anterior: mm, posterior: mm, superior: mm, inferior: mm,
}); // prettier-ignore
const plain = (id: string) => ({ kind: 'structure' as const, structure_id: id, margin: null });
const ALL: Expression = {
  first: { kind: 'structure', structure_id: 'p', margin: even('shrink', 2.5) },
  steps: [
    { kind: 'subtract', operand: { kind: 'structure', structure_id: 'm', margin: { ...even('grow', 3), left: 0 } } },
    { kind: 'intersect', operand: { kind: 'isodose', dose_series_id: 'd', level: { unit: 'Gy', value: 20 }, margin: null } },
    { kind: 'union', operand: { kind: 'isodose', dose_series_id: 'd', level: { unit: '%', value: 95, prescription_gy: 70 }, margin: null } },
    { kind: 'crop', keep: 'outside', operand: plain('m'), mm: 3 },
    { kind: 'crop', keep: 'inside', operand: plain('b'), mm: 0 },
    { kind: 'margin', margin: even('grow', 1) },
  ],
};
const NAMES: Record<string, string> = { p: 'Parotid_L', m: 'Bone_Mandible', b: 'External' };
const nameOf = (id: string): string | null => NAMES[id] ?? null;

describe('form of a derivation', () => {
  test('whatever the server keeps can be edited and sent again as it was', () => {
    expect(readForm(formOf(ALL))).toEqual(ALL);
  });

  test('an open operand, a margin that is none or a missing prescription is not sent', () => {
    const first = { ...NO_OPERAND, source: 'structure p' };
    const isodose = { ...NO_OPERAND, source: 'isodose d', unit: '%' as const, level: '95' };
    const wrong: Form[] = [
      { first: NO_OPERAND, steps: [] },
      { first, steps: [NEW_STEP] },
      { first: { ...first, margin: { direction: 'grow', mm: '201', sides: null } }, steps: [] },
      { first: { ...first, margin: { direction: 'grow', mm: '3', sides: { ...spread('3'), left: 'x' } } }, steps: [] },
      { first: isodose, steps: [] },
      { first: { ...isodose, unit: 'Gy', level: '0' }, steps: [] },
      { first, steps: [{ ...NEW_STEP, kind: 'margin', margin: NO_MARGIN }] },
      { first, steps: [{ ...NEW_STEP, kind: 'outside', operand: first, mm: '-1' }] },
    ];
    expect(wrong.map(readForm)).toEqual(wrong.map(() => null));
  });

  test('a decimal comma is a point', () => {
    const margin = { direction: 'grow' as const, mm: '2,5', sides: null };
    expect(readForm({ first: { ...NO_OPERAND, source: 'structure p', margin }, steps: [] })?.first.margin).toEqual(even('grow', 2.5));
  });

  test('each structure that is named is a source', () => {
    expect(sourcesOf(ALL)).toEqual(['p', 'm', 'm', 'b']);
  });
});

describe('words of a derivation', () => {
  test('the margin of an operand stands with it, one of the result comes after a comma', () => {
    expect(words(ALL, nameOf, translators.en)).toBe(
      'Parotid_L shrunk by 2.5 mm, without Bone_Mandible grown by L 0 · R 3 · A 3 · P 3 · S 3 · I 3 mm, ' +
        'intersected with isodose 20 Gy, united with isodose 95 % of 70 Gy, ' +
        'more than 3 mm outside Bone_Mandible, inside External, then grown by 1 mm',
    );
  });

  test('a deleted structure is called one', () => {
    expect(words({ first: plain('gone'), steps: [] }, nameOf, translators.en)).toBe('a deleted structure');
  });

  test('a Japanese page says it in Japanese', () => {
    const minus: Expression = { first: plain('p'), steps: [{ kind: 'subtract', operand: plain('m') }] };
    expect(words(minus, nameOf, translators.ja)).toBe('Parotid_L → Bone_Mandible を差し引く');
  });
});

const structure = (id: string, source: string | null, status: Derivation['status'] = 'current'): Structure => {
  const derivation = source === null ? null : { expression: { first: plain(source), steps: [] }, status };
  return { id, derivation } as unknown as Structure;
};

describe('who follows whom', () => {
  const set = [structure('late', 'ring'), structure('ring', 'p'), structure('p', null), structure('m', null), structure('hand', 'p', 'overridden')];

  test('a source is followed directly and through others, and not by what stands overridden', () => {
    expect(followersOf(set, new Set(['p'])).map((one) => one.id)).toEqual(['late', 'ring']);
    expect(followersOf(set, new Set(['m']))).toEqual([]);
  });

  test('what is derived from a structure cannot be its source', () => {
    const able = set.filter((one) => !dependsOn(set, one, 'ring')).map((one) => one.id);
    expect(able).toEqual(['p', 'm', 'hand']);
  });

  test('what is stale is told apart', () => {
    expect(notFollowing([structure('a', 'p', 'stale'), ...set]).map((one) => one.id)).toEqual(['a']);
  });
});

import { expect, test } from 'vitest';
import type { Cohort } from '../../api/types';
import { conditionReady, draftOf, opsOf, typedCondition } from './conditions';

const column = (name: string, kind: 'number' | 'category') => ({ name, kind }) as Cohort['columns'][number];
const COHORT = { columns: [column('age', 'number'), column('stage', 'category')], endpoints: [] };

test('a number is sent as one, a text as text', () => {
  expect(typedCondition(COHORT, { column: 'age', op: '>=', typed: ' 18 ' })).toEqual({ column: 'age', op: '>=', value: 18 });
  expect(typedCondition(COHORT, { column: 'stage', op: '=', typed: '3' })).toEqual({ column: 'stage', op: '=', value: '3' });
  expect(typedCondition(COHORT, { column: 'stage', op: 'in', typed: 'II, III,' })).toEqual({ column: 'stage', op: 'in', value: ['II', 'III'] });
  expect(typedCondition(COHORT, { column: 'age', op: 'present', typed: '9' })).toEqual({ column: 'age', op: 'present' });
});

test('a half-typed value is not sent', () => {
  expect(conditionReady(COHORT, { column: 'age', op: '>', typed: 'old' })).toBe(false);
  expect(conditionReady(COHORT, { column: 'stage', op: '=', typed: ' ' })).toBe(false);
  expect(conditionReady(COHORT, { column: 'stage', op: 'missing', typed: '' })).toBe(true);
});

test('of an endpoint only whether it is known can be asked', () => {
  expect(opsOf(COHORT, 'overall survival')).toEqual(['present', 'missing']);
});

test('what is stored can be edited', () => {
  expect(draftOf({ column: 'stage', op: 'in', value: ['II', 'III'] }).typed).toBe('II, III');
});

import { describe, expect, test } from 'vitest';
import { address } from './client';
import { staleKeys } from './events';
import { keys } from './keys';
import { problemFrom } from './problem';

describe('problem', () => {
  test('members of problem+json become fields, others extensions', () => {
    const problem = problemFrom(
      412,
      JSON.stringify({
        type: '/problems/stale-revision',
        title: 'Changed',
        status: 412,
        detail: 'head is 4',
        instance: 'r1',
        head: 4,
      }),
    );
    expect(problem).toMatchObject({ status: 412, slug: 'stale-revision', title: 'Changed', detail: 'head is 4' });
    expect(problem.instance).toBe('r1');
    expect(problem.extensions).toEqual({ head: 4 });
  });

  test.each(['', '<html>Bad gateway</html>', '[1]', '"text"', '{}'])('a body like %j still has a status', (body) => {
    expect(problemFrom(502, body)).toMatchObject({ status: 502, slug: 'http-502', title: 'HTTP 502' });
  });
});

describe('address', () => {
  test('empty parameters are left out and the others are escaped', () => {
    expect(address('/jobs', { state: '', kind: null, q: 'a b&c', limit: 5 })).toBe('/api/jobs?q=a+b%26c&limit=5');
  });
});

describe('hints', () => {
  test('a structure set makes itself and the worklist stale', () => {
    const stale = staleKeys({ kind: 'structure-set', id: 's1' });
    expect(stale).toContainEqual(keys.structureSet('s1'));
    expect(stale).toContainEqual(keys.allStudies);
  });
});

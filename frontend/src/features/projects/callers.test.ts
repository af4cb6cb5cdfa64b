import { describe, expect, it } from 'vitest';
import { callerText, readCallers } from './callers';

describe('callers', () => {
  it('are a title, an address, or both', () => {
    expect(readCallers('CT1\n 10.1.2.0/24 \n\nTPS@10.1.2.3\nfe80::1\nCT.2')).toEqual([
      { title: 'CT1', address: null },
      { title: null, address: '10.1.2.0/24' },
      { title: 'TPS', address: '10.1.2.3' },
      { title: null, address: 'fe80::1' },
      { title: 'CT.2', address: null },
    ]);
  });

  it('are written as they are read', () => {
    const lines = ['CT1', '10.1.2.0/24', 'TPS@10.1.2.3'];
    expect(readCallers(lines.join('\n')).map(callerText)).toEqual(lines);
  });
});

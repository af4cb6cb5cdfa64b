import { describe, expect, it } from 'vitest';
import type { Objective, Protocol } from '../../api/types';
import { translators } from '../../i18n';
import { dvhOf, Histogram, type Dvh } from '../../lib/dvh';
import { isAbsent, linesOf, marksOf, neededOf, type Drawn, type Line, unjudged } from './objective-lines';
import { limitText, reasonText, valueText } from './score-card';

/** 100 voxels of 0.01 cm³ with one dose, and as many outside the dose grid as asked for. */
function uniform(gy: number, outside = 0): Dvh {
  const histogram = new Histogram(0, 100);
  for (let n = 0; n < 100; n += 1) histogram.change(gy, 0, 1);
  histogram.outside = outside;
  return dvhOf(histogram, 0.01);
}

const wish = (structures: string[], metric: string, limit: number, priority: 1 | 2 | 3, variation: number | null = null): Objective =>
  ({ structures, group: 'each', metric, comparison: 'at-most', limit, variation, priority, source: 'made for this test' }); // prettier-ignore

const PROTOCOL: Protocol = {
  id: 'x', title: { en: '', ja: '' }, note: { en: '', ja: '' },
  objectives: [wish(['Larynx', 'Heart'], 'mean', 44, 3), wish(['SpinalCord'], 'D0.03cc', 50, 1, 55), wish(['Brainstem'], 'D2cc', 54, 1)],
}; // prettier-ignore

const structure = (id: string, count = 100) => ({ id, name: `called ${id}`, colour: '#fff', count });
const DRAWN: Drawn = {
  structures: [structure('l1'), structure('l2'), structure('cord'), structure('stem'), structure('heart', 0), structure('flap')],
  records: [
    { id: 'l1', standard_name: 'Larynx' }, { id: 'l2', standard_name: 'Larynx' }, { id: 'cord', standard_name: 'SpinalCord' },
    { id: 'stem', standard_name: 'Brainstem' }, { id: 'heart', standard_name: 'Heart' }, { id: 'flap', standard_name: null },
  ],
}; // prettier-ignore
const COUNTED = new Map([
  ['now l1', uniform(40)], ['saved l1', uniform(30)], ['now l2', uniform(45, 100)], ['now cord', uniform(52)], ['now stem', uniform(20)],
]); // prettier-ignore

const found = linesOf(PROTOCOL, DRAWN, COUNTED, (id) => id === 'l1');
const idOf = ({ members }: Line): string | null => members[0].structure?.id ?? null;
const lineOf = (id: string | null): Line => {
  const line = found.find((one) => idOf(one) === id);
  if (line === undefined) throw new Error(String(id));
  return line;
};

describe('the lines of a score card', () => {
  it('are those of all structures of a name: what needs attention first, then by priority; what nobody drew comes last', () => {
    expect(found.map((line) => [line.members[0].wanted, idOf(line), line.now?.verdict])).toEqual([
      ['SpinalCord', 'cord', 'variation'], ['Brainstem', 'stem', 'unknown'], ['Larynx', 'l2', 'unknown'], ['Larynx', 'l1', 'pass'],
      ['Heart', null, 'unknown'],
    ]); // prettier-ignore
    expect(found.filter(isAbsent)).toEqual(found.slice(-1));
    expect(lineOf(null).now).toEqual({ verdict: 'unknown', value: null, reason: 'not-contoured' });
  });

  it('need the histograms of no other structures', () => {
    expect(neededOf(PROTOCOL, DRAWN)).toEqual({ ids: new Set(['l1', 'l2', 'cord', 'stem']), unions: [] });
    expect(neededOf(null, DRAWN)).toEqual({ ids: new Set(), unions: [] });
  });

  it('hold verdict, value and the saved value of a contour that differs', () => {
    expect(lineOf('l1').now?.verdict).toBe('pass');
    expect([lineOf('l1').now?.value, lineOf('l1').savedValue]).toEqual([40, 30]);
    expect(lineOf('cord').now?.verdict).toBe('variation');
    expect(lineOf('cord').savedValue).toBeNull();
    expect(linesOf(PROTOCOL, DRAWN, new Map(), () => true)[0]?.now).toBeNull();
    expect(linesOf(PROTOCOL, DRAWN, COUNTED, () => false).find((line) => idOf(line) === 'l1')?.savedValue).toBeNull();
  });

  it('are points of the chart where the curve is to pass, of one structure and not of its mean', () => {
    const wishes = [wish(['SpinalCord'], 'V20Gy', 30, 1), wish(['SpinalCord'], 'D0.1cc', 50, 1), wish(['SpinalCord'], 'mean', 40, 1)];
    const least: Objective = { ...wish(['SpinalCord'], 'D95', 60, 1), comparison: 'at-least' };
    const lines = linesOf({ ...PROTOCOL, objectives: [...wishes, least, ...PROTOCOL.objectives] }, DRAWN, COUNTED, () => false);
    expect(marksOf(lines, 'cord').map(({ gy, share, towards }) => [gy, share, towards])).toEqual([
      [20, 0.3, 'down'], [50, 0.1, 'left'], [60, 0.95, 'right'], [50, 0.03, 'left'],
    ]); // prettier-ignore
    expect(marksOf(lines, 'stem')).toEqual([]); // it is smaller than the volume asked for
    expect(marksOf(lines, null)).toEqual([]);
  });

  it('say their limits and reasons in words', () => {
    const reason = (id: string | null): string => {
      const line = lineOf(id);
      return line.now === null ? '' : reasonText(line.now, line, translators.en);
    };
    expect(['l2', 'stem', null, 'cord'].map(reason)).toEqual(['50 % in the dose grid', 'smaller than 2 cc', 'not contoured', '']);
    expect(limitText(lineOf('cord').objective, 'Gy')).toBe('≤ 50 (55) Gy');
    expect(limitText({ comparison: 'at-least', limit: 95, variation: null }, '%')).toBe('≥ 95 %');
    expect(valueText(12.3456, 'cc')).toBe('12.35 cc');
  });
});

describe('the line of a group', () => {
  const glands = ['Parotid_L', 'Parotid_R'];
  const spared: Objective = { ...wish(glands, 'mean', 20, 3), group: 'any', alternative: { group: 'union', limit: 25, variation: null } };
  const protocol = (objective = spared): Protocol => ({ ...PROTOCOL, objectives: [objective] });
  const drawn = (...names: string[]): Drawn => ({
    structures: names.map((name) => structure(name)),
    records: names.map((name) => ({ id: name, standard_name: name.split(' ')[0] ?? '' })),
  });
  const both = drawn(...glands);
  const lineAt = (left: Dvh, right: Dvh, union: Dvh, objective = spared): Line | undefined => {
    const counted = new Map([['now Parotid_L', left], ['now Parotid_R', right], ['now Parotid_L+Parotid_R', union]]); // prettier-ignore
    return linesOf(protocol(objective), both, counted, () => false)[0];
  };

  it('passes with one spared structure, or with all together, and else is that of the better one', () => {
    const told = (line: Line | undefined) => [line?.now?.verdict, line?.now?.value, line?.ways.map(({ judgement }) => judgement.verdict)];
    expect(told(lineAt(uniform(30), uniform(15), uniform(26)))).toEqual(['pass', 15, ['pass', 'fail']]);
    expect(told(lineAt(uniform(21), uniform(28), uniform(24)))).toEqual(['pass', 24, ['fail', 'pass']]);
    expect(told(lineAt(uniform(40), uniform(28), uniform(34)))).toEqual(['fail', 28, ['fail', 'fail']]);
    expect(lineAt(uniform(30), uniform(15), uniform(26))?.members.map(({ value }) => value)).toEqual([30, 15]);
    const upwards: Objective = { ...spared, comparison: 'at-least', alternative: null };
    expect(told(lineAt(uniform(18), uniform(19), uniform(0), upwards))).toEqual(['fail', 19, ['fail']]);
  });

  it('has its values and no verdict where the dose is not the whole plan’s', () => {
    const line = lineAt(uniform(30), uniform(15), uniform(26));
    const withheld = line && unjudged(line);
    expect(withheld?.now).toEqual({ verdict: 'unknown', value: 15, reason: 'part-of-plan' });
    expect(withheld?.ways.map(({ judgement }) => judgement.verdict)).toEqual(['unknown', 'unknown']);
    expect(withheld?.now && reasonText(withheld.now, withheld, translators.en)).toBe('not the whole plan’s dose');
    const [absent] = linesOf(protocol(), drawn(), new Map(), () => false);
    expect(absent && unjudged(absent).now?.reason).toBe('not-contoured');
  });

  it('is unknown where a part without dose might be what passes', () => {
    expect(lineAt(uniform(30), uniform(15, 100), uniform(26, 100))?.now).toMatchObject({ verdict: 'unknown', reason: 'partly-outside-dose' });
    expect(lineAt(uniform(15), uniform(15, 100), uniform(26, 100))?.now?.verdict).toBe('pass');
  });

  const spoken = (names: string[], gy: number, objective = spared): string[] => {
    const present = drawn(...names);
    const union = names.filter((name) => glands.includes(name)).join('+');
    const counted = new Map([...names, union].map((id) => [`now ${id}`, uniform(gy)])); // prettier-ignore
    const [line] = linesOf(protocol(objective), present, counted, () => false);
    if (!line?.now) return [];
    const ways = line.ways.map(({ judgement }) => `${judgement.verdict} ${judgement.value?.toFixed(0) ?? '-'}`);
    return [line.now.verdict, line.now.value?.toFixed(0) ?? '-', reasonText(line.now, line, translators.en), ...ways];
  };

  it('passes without one of its structures where another one alone keeps it', () => {
    expect(spoken(['Parotid_L'], 15)).toEqual(['pass', '15', '', 'pass 15', 'unknown -']);
    expect(spoken(['Parotid_R', 'Parotid_L', 'Parotid_L again'], 15)).toEqual(['pass', '15', '', 'pass 15', 'unknown -']);
  });

  it('cannot be said where the structure that is missing, or was drawn twice, might keep it, and says which', () => {
    expect(spoken(['Parotid_L'], 21)).toEqual(['unknown', '21', 'Parotid_R not contoured', 'unknown 21', 'unknown -']);
    expect(spoken([], 0)).toEqual(['unknown', '-', 'Parotid_L, Parotid_R not contoured', 'unknown -', 'unknown -']);
    const twice = ['Parotid_L', 'Parotid_R', 'Parotid_L again'];
    expect(spoken(twice, 21)).toEqual(['unknown', '21', 'drawn more than once: Parotid_L', 'unknown 21', 'unknown -']);
      });

  it('fails as one volume where what is there breaks it, whatever the rest gets', () => {
    const whole: Objective = { ...wish(glands, 'max', 60, 1), group: 'union' };
    expect(spoken(['Parotid_L'], 61, whole)).toEqual(['fail', '61', '', 'fail 61']);
    expect(spoken(['Parotid_L'], 59, whole)).toEqual(['unknown', '-', 'Parotid_R not contoured', 'unknown -']);
    const three = { ...whole, structures: [...glands, 'Larynx'] };
    expect(neededOf(protocol(three), both).unions).toEqual([glands]);
    expect(neededOf(protocol({ ...three, metric: 'mean' }), both).unions).toEqual([]);
  });

  it('counts as drawn by nobody only where none of its structures is there', () => {
    const lines = (names: string[]) => linesOf(protocol(), drawn(...names), new Map(), () => false).map(isAbsent);
    expect([lines([]), lines(['Parotid_L']), lines(['Parotid_L', 'Parotid_L again'])]).toEqual([[true], [false], [false]]);
  });

  it('is of the whole alone where that is drawn', () => {
    const lungs: Objective = { ...wish(['Lung_L', 'Lung_R'], 'mean', 20, 2), group: 'union', whole: 'Lungs' };
    const counted = new Map([['now Lungs', uniform(8)], ['now Lung_L', uniform(9)], ['now Lung_R', uniform(9)], ['now Lung_L+Lung_R', uniform(12)]]); // prettier-ignore
    const value = (...names: string[]) => linesOf(protocol(lungs), drawn(...names), counted, () => false).map(({ members, now }) => [members.length, now?.value]);
    expect(value('Lung_L', 'Lung_R')).toEqual([[2, 12]]);
    expect(value('Lung_L', 'Lung_R', 'Lungs')).toEqual([[1, 8]]);
    expect(neededOf(protocol(lungs), drawn('Lung_L', 'Lung_R', 'Lungs'))).toEqual({ ids: new Set(['Lungs']), unions: [] });
    expect(neededOf(protocol(lungs), drawn('Lung_L', 'Lung_R')).unions).toEqual([['Lung_L', 'Lung_R']]);
  });

  it('waits for all of its histograms, and asks for that of the union only where that is wanted', () => {
    const counted = new Map([['now Parotid_L', uniform(10)], ['now Parotid_R', uniform(10)]]); // prettier-ignore
    expect(linesOf(protocol(), both, counted, () => false)[0]?.now).toBeNull();
    expect(neededOf(protocol(), both)).toEqual({ ids: new Set(glands), unions: [glands] });
    expect(neededOf(protocol({ ...spared, alternative: null }), both).unions).toEqual([]);
    expect(neededOf(protocol(), drawn('Parotid_L')).unions).toEqual([]);
    expect(linesOf(protocol(), drawn('Parotid_L'), new Map(), () => false)[0]?.now).toBeNull();
  });
});

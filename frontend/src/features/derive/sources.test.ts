import { describe, expect, it } from 'vitest';
import type { Registration, Structure, StudyDetail } from '../../api/types';
import { translators } from '../../i18n';
import type { DoseSeries } from '../dose/use-dose';
import { choicesOf, namesOf, otherSetsOn, type SourceSet } from './sources';

const t = translators.en;
const GRID = { shape_kji: [4, 4, 4] };
const volume = (frame: string, grid: object = GRID) => ({ frame_of_reference_uid: frame, grid });

const drawn = (id: string, name: string, from: readonly string[] = []): Structure => {
  const [first, ...others] = from.map((one) => ({ kind: 'structure' as const, structure_id: one, margin: null }));
  const derivation =
    first === undefined
      ? null
      : {
          expression: { first, steps: others.map((operand) => ({ kind: 'union' as const, operand })) }, status: 'current' as const,
          sources: from.map((one) => ({ structure_id: one, name: `old ${one}`, used: 1, head: one === 'gone' ? null : 1 })),
        }; // prettier-ignore
  return { id, name, head: { number: 1 }, derivation } as unknown as Structure;
};

const own: SourceSet = { label: null, structures: [drawn('p', 'Parotid_L'), drawn('prv', 'PRV', ['p', 'gone'])] };
const other: SourceSet = { label: 'Rinkaku AI', structures: [drawn('b', 'Bones'), drawn('ring', 'Ring', ['prv'])] };

describe('sources of a derived structure', () => {
  it('are of all sets on the voxels of this image', () => {
    const study = {
      series: [
        { id: 'ct', volume: volume('1') }, { id: 'same', volume: volume('1') }, { id: 'mr', volume: volume('2') },
        { id: 'coarse', volume: volume('1', { shape_kji: [2, 2, 2] }) }, { id: 'rt', volume: null },
      ],
      structure_sets: ['ct', 'ct', 'same', 'mr', 'coarse', 'rt'].map((series_id, n) => ({ id: String(n), series_id })),
    } as unknown as StudyDetail; // prettier-ignore
    expect(otherSetsOn(study, 'ct', '0')).toEqual(['1', '2']);
    expect(otherSetsOn(study, 'rt', null)).toEqual(['5']);
  });

  it('are called by the set that they are in, and what is gone by what it was called', () => {
    const nameOf = namesOf([own, other], drawn('x', 'X', ['gone']), t);
    expect(['p', 'b', 'gone', 'nobody'].map(nameOf)).toEqual(['Parotid_L', 'Bones · Rinkaku AI', 'old gone', null]);
  });

  it('are no structures that follow the one whose derivation is changed, in whatever set', () => {
    const values = (record: Structure | null): string[] => choicesOf([own, other], [], record, t).map((one) => one.value);
    expect(values(null)).toEqual(['structure p', 'structure prv', 'structure b', 'structure ring']);
    expect(values(own.structures[1] ?? null)).toEqual(['structure p', 'structure b', 'structure gone']);
    const labels = choicesOf([own, other], [], own.structures[1] ?? null, t).map((one) => one.label);
    expect(labels.at(-1)).toBe('old gone (deleted)');
  });

  it('are doses also where a registration moved them, and say so', () => {
    const registration = { label: 'MR to PET', sop_instance_uid: '1', content_date: '', further: [{ label: 'PET to CT', sop_instance_uid: '2', content_date: '' }] } as unknown as Registration; // prettier-ignore
    const doses = [
      { id: 'd', number: 4, description: '', registration: null }, { id: 'e', number: 5, description: 'earlier', registration },
    ] as unknown as DoseSeries[]; // prettier-ignore
    expect(choicesOf([], doses, null, t)).toEqual([
      { value: 'isodose d', label: 'Isodose: RTDOSE 4' },
      { value: 'isodose e', label: 'Isodose: earlier (by registration MR to PET → PET to CT)' },
    ]);
  });
});

import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { PlannedDose, RegisteredDose, Registration, Series } from '../../api/types';
import { translators } from '../../i18n';
import { BitMask, unionOf } from '../../lib/bits';
import { FieldSampler } from '../../lib/field';
import type { GridGeometry } from '../../lib/planes';
import { Editor } from '../../viewer/editor';
import { NO_DOSE, referenceGy } from '../../viewer/dose-view';
import { Scene } from '../../viewer/scene';
import { Volume } from '../../viewer/volume';
import { curvesOf } from './curves';
import { DvhBook, type SavedWork } from './dvh-book';
import { coveredText, grayText, percentText } from './dvh-table';
import { planOf, prescriptionOf, readPrescription, rememberPrescription } from './prescription';
import { registrationKey, registrationText } from './registration';
import { partText, sumText } from './summation';
import { dosesOf, inOrder } from './use-dose';

const SHAPE = [10, 40, 50] as const;
const GRID: GridGeometry = {
  shape_kji: SHAPE, spacing_ijk_mm: [1, 1, 3], origin_lps_mm: [0, 0, 0], direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}; // prettier-ignore
/** The dose of a column is its number in gray. */
const VOXELS = Float32Array.from({ length: 10 * 40 * 50 }, (_, n) => n % 50);

class Work implements SavedWork {
  saved: { tag: object; number: number; mask: () => BitMask } | null = null;
  private listeners = new Set<() => void>();
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  savedOf(id: string) {
    return id === 'a' ? this.saved : null;
  }
  tell(): void {
    for (const listener of this.listeners) listener();
  }
}

let scene: Scene;
let editor: Editor;
let work: Work;
let book: DvhBook;

const block = (from: number, end: number): BitMask => {
  const mask = new BitMask([...SHAPE]);
  for (let i = from; i < end; i += 1) mask.write(5, 20, i, true);
  return mask;
};
/** Every count here is over after a few turns of the timers. */
const counted = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setTimeout(resolve, 4));
};
const mean = (key: string): number | undefined => book.state.get(key)?.meanGy;

beforeEach(() => {
  scene = new Scene(new Volume({ grid: GRID, dtype: 'int16', unit: 'HU', slope: 1, window: { low: 0, high: 400 } }));
  editor = new Editor(scene);
  work = new Work();
  book = new DvhBook(scene, editor, work);
  const structure = { name: 'Larynx', colour: '#fff', visible: true, locked: false, opacity: 0 };
  const masks = { a: block(10, 21), b: block(30, 41) };
  const structures = Object.entries(masks).map(([id, mask]) => ({ ...structure, id, mask, count: mask.count }));
  const field = { digest: 'dose', sampler: new FieldSampler({ grid: GRID, voxels: VOXELS, slope: 1 }, GRID) };
  scene.set({ canEdit: true, activeId: 'a', brushMm: 4, structures, dose: { ...NO_DOSE, seriesId: 'dose', field } });
  return book.open();
});

describe('histograms of what is on the screen', () => {
  it('are counted by themselves and follow a stroke at once, its undoing and a new mask', async () => {
    await counted();
    expect([mean('now a'), mean('now b')]).toEqual([15, 35]);
    editor.begin('brush', 'axial');
    editor.brushTo([45, 20]);
    expect(mean('now a')).toBe(15); // not before the stroke has ended
    editor.end();
    expect(mean('now a')).toBeCloseTo((11 * 15 + 13 * 45) / 24, 6);
    editor.undo();
    expect(mean('now a')).toBe(15);
    scene.changeStructure('b', { mask: block(0, 3), count: 3 });
    await counted();
    expect(mean('now b')).toBe(1);
  });

  it('are right when the stroke began before they were counted, and when it was given up', async () => {
    editor.begin('brush', 'axial');
    editor.brushTo([45, 20]);
    await counted();
    editor.end();
    await counted();
    expect(mean('now a')).toBeCloseTo((11 * 15 + 13 * 45) / 24, 6);
    editor.begin('eraser', 'axial');
    editor.brushTo([45, 20]);
    editor.cancel();
    editor.begin('eraser', 'axial');
    editor.brushTo([45, 20]);
    editor.end();
    expect(mean('now a')).toBe(15);
  });

  it('leave hidden structures alone, and begin anew with another dose', async () => {
    scene.changeStructure('b', { visible: false });
    await counted();
    expect(mean('now b')).toBeUndefined();
    book.include(new Set(['b']));
    await counted();
    expect(mean('now b')).toBe(35); // a score card needs it
    book.include(new Set());
    const voxels = VOXELS.map((gy) => 2 * gy);
    scene.changeDose({ field: { digest: 'other', sampler: new FieldSampler({ grid: GRID, voxels, slope: 1 }, GRID) } });
    expect(book.state.size).toBe(0);
    await counted();
    expect(mean('now a')).toBe(30);
  });

  it('of structures together are of one volume, which follows every edit of any of them', async () => {
    scene.changeStructure('b', { mask: block(18, 30), count: 12 });
    book.include(new Set(), [['a', 'b']]);
    await counted();
    expect(mean('now a+b')).toBe(19.5); // 10 to 29, each once
    expect(book.state.get('now a+b')?.totalCc).toBeCloseTo(20 * 0.003, 9);
    editor.begin('brush', 'axial');
    editor.brushTo([29, 20]);
    editor.end();
    const union = unionOf([scene.find('a')?.mask ?? block(0, 0), scene.find('b')?.mask ?? block(0, 0)]);
    expect(book.state.get('now a+b')?.totalCc).toBeCloseTo(union.count * 0.003, 9);
    expect(union.count).toBeGreaterThan(20);
    editor.undo();
    expect(mean('now a+b')).toBe(19.5);
    editor.begin('eraser', 'axial');
    editor.brushTo([20, 20]); // what both hold stays while one of them does
    editor.end();
    const erased = unionOf([scene.find('a')?.mask ?? block(0, 0), scene.find('b')?.mask ?? block(0, 0)]);
    expect(book.state.get('now a+b')?.totalCc).toBeCloseTo(erased.count * 0.003, 9);
    editor.undo();
    scene.changeStructure('b', { mask: block(0, 0), count: 0 });
    await counted();
    expect(mean('now a')).toBe(15);
    scene.changeStructure('b', { mask: block(21, 31), count: 10 });
    await counted();
    expect(mean('now a+b')).toBe(20);
    scene.changeStructure('b', { mask: block(21, 32), count: 11 });
    editor.begin('brush', 'axial');
    editor.brushTo([45, 20]);
    await counted();
    editor.cancel();
    scene.changeStructure('b', { visible: true });
    await counted();
    expect(mean('now a+b')).toBe(20.5); // what was given up is not in it
  });

  it('stand beside the saved revision where that differs, and beside one that is compared', async () => {
    work.saved = { tag: {}, number: 3, mask: () => block(0, 11) };
    work.tell();
    scene.set({ comparison: { structureId: 'b', mask: block(40, 49), colour: '#123456', label: '' } });
    await counted();
    expect([mean('saved a'), mean('compared b')]).toEqual([5, 44]);
    const curves = curvesOf(scene.state, book.state, (id) => work.savedOf(id)?.number ?? null);
    expect(curves.map(({ key, revision }) => [key, revision])).toEqual([
      ['now a', null], ['saved a', 3], ['now b', null], ['compared b', null],
    ]); // prettier-ignore
    expect(curves.map(({ colour }) => colour)).toEqual(['#fff', '#fff', '#fff', '#123456']);
    work.saved = { tag: {}, number: 4, mask: () => block(20, 23) };
    work.tell();
    await counted();
    expect(mean('saved a')).toBe(21);
  });
});

describe('numbers', () => {
  it('of a prescription are gray, with a point or a comma, and nothing else', () => {
    expect(['70', ' 66.5 ', '1,8'].map(readPrescription)).toEqual([70, 66.5, 1.8]);
    expect(['', '  ', '0', '-5', '9000', '70 Gy', 'NaN'].map(readPrescription)).toEqual(Array(7).fill(null));
  });

  it('refer to the prescription, else to the maximum', () => {
    expect(referenceGy(scene.state.dose)).toBe(49);
    expect(referenceGy({ ...scene.state.dose, prescriptionGy: 40 })).toBe(40);
    expect(referenceGy({ ...NO_DOSE, prescriptionGy: 40 })).toBeNull();
  });

  it('say nothing where there is none, and 100 % only of all', () => {
    expect([grayText(12.345), grayText(NaN), percentText(0.1234), percentText(NaN)]).toEqual(['12.35', '–', '12.3', '–']);
    expect([coveredText(1), coveredText(0.9999), coveredText(0)]).toEqual(['100', '99', '0']);
  });
});

describe('what counts as 100 %', () => {
  const planned = (series_id: string, prescription_gy: number | null, summation = 'PLAN'): PlannedDose =>
    ({ series_id, prescription_gy, summation, plan_label: 'SIB 70/56' }) as PlannedDose;

  it('is what the plan prescribes, of the dose of one whole plan', () => {
    const doses = [planned('a', 70), planned('b', null), planned('c', 70, 'BEAM'), planned('d', 7000)];
    expect(planOf(doses, 'a')).toEqual({ label: 'SIB 70/56', gy: 70 });
    expect(['b', 'c', 'd', 'unknown', null].map((id) => planOf(doses, id))).toEqual(Array(5).fill(null));
  });

  it('is what a person typed before what the plan says, also where that is the maximum', () => {
    const kept = new Map<string, string>();
    const localStorage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => kept.set(key, text) };
    vi.stubGlobal('window', { localStorage });
    const plan = { label: 'SIB', gy: 70 };
    expect([prescriptionOf('a', plan), prescriptionOf('a', null)]).toEqual([70, null]);
    rememberPrescription('a', 66);
    expect([prescriptionOf('a', plan), prescriptionOf('b', plan)]).toEqual([66, 70]);
    rememberPrescription('a', null);
    expect(prescriptionOf('a', plan)).toBeNull();
    vi.unstubAllGlobals();
  });
});

describe('doses of a study', () => {
  const series = (id: string, modality: string, unit: string, frame: string): Series =>
    ({ id, modality, volume: { unit, frame_of_reference_uid: frame } }) as unknown as Series;

  it('are those in gray on the image’s frame of reference', () => {
    const all = [
      series('ct', 'CT', 'HU', '1.2'), series('dose', 'RTDOSE', 'Gy', '1.2'), series('other', 'RTDOSE', 'Gy', '1.3'),
      { ...series('refused', 'RTDOSE', 'Gy', '1.2'), volume: null },
    ]; // prettier-ignore
    const study = { series: all, registered_doses: [] };
    expect(dosesOf(study, '1.2').map((one) => one.id)).toEqual(['dose']);
    expect(dosesOf(study, '1.9')).toEqual([]);
  });

  it('are also those that a registration brings to it, with its name', () => {
    const registration = { sop_instance_uid: '1.2.840.12345678', label: '', content_date: '20260103', further: [], disagreement_mm: null };
    const brought = {
      series_id: 'other', modality: 'RTDOSE', volume: { unit: 'Gy', frame_of_reference_uid: '1.2', digest: 'd' }, registration,
    } as unknown as RegisteredDose; // prettier-ignore
    const study = { series: [series('other', 'RTDOSE', 'Gy', '1.3')], registered_doses: [brought] };
    const [shown] = dosesOf(study, '1.2');
    expect([shown?.id, shown?.volume.digest]).toEqual(['other', 'd 1.2.840.12345678']);
    expect(registrationText(brought.registration, 'dose', translators.en)).toBe('Shown by registration …12345678 of 2026-01-03.');
    expect(dosesOf(study, '1.3').map((one) => one.registration)).toEqual([null]);
  });

  it('name every registration of a chain, and how far another one is off', () => {
    const first = { sop_instance_uid: '1.1', label: 'MR to PT', content_date: '20260103' };
    const further = [{ sop_instance_uid: '1.2', label: 'PT to CT', content_date: '20260201' }];
    const chain: Registration = { ...first, further, frame_of_reference_uid: '1.3', matrix: [], disagreement_mm: 1.5 };
    expect(registrationText(chain, 'viewer', translators.en)).toBe(
      'These contours come from other images, moved here by a chain of 2 registrations: MR to PT of 2026-01-03 → PT to CT of 2026-02-01.' +
        ' Another registration is up to 1.5 mm off it.',
    );
    expect(registrationKey(chain)).toBe('1.1 1.2');
    expect(registrationKey({ ...chain, further: [] })).toBe('1.1');
  });

  it('are offered as the server puts them, those of the image before moved ones, and those of parts of a plan say so', () => {
    const registration = { sop_instance_uid: '2.25.7' } as RegisteredDose['registration'];
    const dose = (id: string, moved = false) => ({ ...series(id, 'RTDOSE', 'Gy', '1.2'), registration: moved ? registration : null }) as ReturnType<typeof dosesOf>[number];
    const kind = (series_id: string, summation: string): PlannedDose => ({ series_id, summation, is_whole_plan: summation === 'PLAN' }) as PlannedDose;
    const shown = inOrder([dose('unknown'), dose('beam'), dose('old', true), dose('plan')], [kind('old', 'PLAN'), kind('plan', 'PLAN'), kind('beam', 'BEAM')]);
    expect(shown.map((one) => one.id)).toEqual(['plan', 'beam', 'unknown', 'old']);
    const t = translators.en;
    expect(shown.map((one) => sumText(one.kind, t))).toEqual(['Whole plan', 'Beam', 'Sum not told', 'Whole plan']);
    expect(partText(kind('beam', 'BEAM'), t)).toBe('Beam only, not the whole plan');
    expect(sumText({ summation: 'SOMETHING' }, t)).toBe('SOMETHING');
  });
});

import { describe, expect, it } from 'vitest';
import type { StructureSet, StudyDetail, StudyMap } from '../../api/types';
import { planesOf } from '../../lib/planes';
import { mapOverlay, mapSampler, NO_MAP, peakOf, type MapView } from '../../viewer/map-view';
import { legendValues, valueText } from './map-text';
import { askedMap, changedSince, mapsOver } from './use-map';

const IMAGE = {
  shape_kji: [8, 16, 16],
  spacing_ijk_mm: [1, 1, 2],
  origin_lps_mm: [0, 0, 0],
  direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
} as const;
/** Two voxels a side of 4 mm in the middle of the image. */
const OWN = { ...IMAGE, shape_kji: [2, 2, 2], spacing_ijk_mm: [4, 4, 4], origin_lps_mm: [5.5, 5.5, 5] } as const;

const map = (change: Partial<StudyMap>): StudyMap =>
  ({ analysis_id: 'a', kind: 'grad-cam', series_id: 'ct', revisions: [], ...change }) as StudyMap;

describe('a map over the image', () => {
  it('is drawn where its own grid lies, and nowhere else', () => {
    const sampler = mapSampler(OWN as never, new Float32Array(8).fill(0.5), IMAGE);
    const slice = new Float32Array(256);
    sampler.slice(planesOf(IMAGE).axial, 3, slice);
    const known = [...slice].flatMap((value, at) => (Number.isNaN(value) ? [] : [[at % 16, Math.floor(at / 16)]]));
    expect([known[0], known.at(-1), known.length]).toEqual([[4, 4], [11, 11], 64]);
    sampler.slice(planesOf(IMAGE).axial, 0, slice);
    expect(slice.every(Number.isNaN)).toBe(true);
  });

  it('has a wash while it is shown, and an outline where it tells what is significant', () => {
    const values = mapSampler(OWN as never, new Float32Array(8).fill(0.5), IMAGE);
    const field = { key: 'a grad-cam', values, significant: null };
    const view: MapView = { ...NO_MAP, key: field.key, field };
    expect(mapOverlay(view)).toBeNull();
    const shown = mapOverlay({ ...view, shown: true });
    expect([shown?.wash?.of, shown?.lines]).toEqual([values, null]);
    const outlined = mapOverlay({ ...view, shown: true, field: { ...field, significant: values } });
    expect([outlined?.lines?.of, outlined?.lines?.levels]).toEqual([values, [0.5]]);
    const keys = [shown, mapOverlay({ ...view, shown: true, threshold: 0.5 }), mapOverlay({ ...view, shown: true, opacity: 1 })];
    expect(new Set(keys.map((one) => one?.key)).size).toBe(3);
  });

  it('is largest where it is furthest from 0, whatever its grid', () => {
    const voxels = new Float32Array(8).fill(0.2);
    voxels[6] = -0.9; // k 1, j 1, i 0
    expect(peakOf(mapSampler(OWN as never, voxels, IMAGE), IMAGE)).toEqual([4.5, 9.5, 5.5]);
  });

  it('of nothing has no colours', () => {
    const values = mapSampler(OWN as never, new Float32Array(8), IMAGE);
    expect(mapOverlay({ ...NO_MAP, shown: true, range: { low: 0, high: 0 }, field: { key: 'a', values, significant: null } })).toBeNull();
  });
});

describe('which maps', () => {
  const series = [
    { id: 'ct', volume: { frame_of_reference_uid: '1.2' } },
    { id: 'pt', volume: { frame_of_reference_uid: '1.2' } },
    { id: 'mr', volume: { frame_of_reference_uid: '' } },
    { id: 'old', volume: null },
  ] as unknown as StudyDetail['series'];

  it('lie on the image, or in its frame of reference', () => {
    const maps = ['ct', 'mr', 'old'].map((series_id) => map({ series_id }));
    expect(mapsOver(maps, series, 'pt').map((one) => one.series_id)).toEqual(['ct']);
    expect(mapsOver(maps, series, 'mr').map((one) => one.series_id)).toEqual(['mr']);
  });

  it('the address asks for', () => {
    const maps = [map({ kind: 'occlusion' }), map({}), map({ analysis_id: 'b' })];
    const asked = (text: string): StudyMap | null | undefined => askedMap(new URLSearchParams(text), maps);
    expect(asked('analysis=a&cohort=c&map=grad-cam')).toBe(maps[1]);
    expect(asked('analysis=b')).toBe(maps[2]);
    expect(asked('analysis=b&map=occlusion')).toBeUndefined();
    expect(asked('set=x')).toBeNull();
  });

  it('are of an older contour', () => {
    const made = map({ revisions: [{ structure: 'GTV', structure_set_id: null, structure_id: 's', revision: 2 }, { structure: 'Lung', structure_set_id: null, structure_id: 'l', revision: 1 }] });
    const set = { structures: [{ id: 's', head: { number: 4 } }, { id: 'l', head: { number: 1 } }] } as unknown as StructureSet;
    expect(changedSince(made, set)).toEqual([{ structure: 'GTV', revision: 2, head: 4 }]);
    expect(changedSince(made, null)).toEqual([]);
  });
});

describe('numbers of a map', () => {
  it('have two digits of the end of the range, and a sign where they may have either', () => {
    const signed = { low: -0.004, high: 0.002 };
    expect(legendValues(signed).map((value) => valueText(value, signed))).toEqual(['+0.0040', '+0.0020', '0', '−0.0020', '−0.0040']);
    const counts = { low: 0, high: 1 };
    expect(legendValues(counts).map((value) => valueText(value, counts))).toEqual(['1.0', '0.8', '0.6', '0.4', '0.2', '0']);
    expect(valueText(123.4, { low: 0, high: 500 })).toBe('123');
  });
});

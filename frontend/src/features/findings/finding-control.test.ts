import { describe, expect, it, vi } from 'vitest';
import type { Finding, FindingState } from '../../lib/findings';
import { Scene } from '../../viewer/scene';
import { Volume } from '../../viewer/volume';
import { commandOf } from '../labels/keymap';
import { FINDING_KEYS, findingCommandOf, markFindings, pressFinding, runFinding, unmarkFindings, type Judge, type Stage } from './finding-control';

const GRID = {
  shape_kji: [10, 20, 30],
  spacing_ijk_mm: [1, 1, 3],
  origin_lps_mm: [-15, -10, 100],
  direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
} as const;

const finding = (id: string, z: number, state: FindingState = 'open'): Finding => ({ id, position_mm: [-5, 2, z], score: 0.9, state });

function stage(items: readonly Finding[]): Stage & { centred: ReturnType<typeof vi.fn>; scene: Scene } {
  const scene = new Scene(new Volume({ grid: GRID, dtype: 'int16', unit: 'HU', slope: 1, window: { low: 0, high: 1 } }));
  scene.set({ findings: { ...scene.state.findings, items } });
  const centred = vi.fn();
  return { scene, views: new Map([['axial', { centre: centred }], ['coronal', { centre: centred }]] as const), centred };
}

/** A judge that changes the list as its user would. */
function judging(scene: Scene): Judge {
  return (id, state) => {
    const { findings } = scene.state;
    scene.set({ findings: { ...findings, items: findings.items.map((one) => (one.id === id ? { ...one, state } : one)) } });
  };
}

const press = (key: string, control = false): Parameters<typeof findingCommandOf>[0] => ({ key, ctrlKey: control, metaKey: false, altKey: false });

describe('keys of findings', () => {
  it('mean nothing else in the viewer', () => {
    for (const key of Object.values(FINDING_KEYS)) {
      expect(commandOf({ key, ctrlKey: false, metaKey: false, shiftKey: false })).toBeNull();
    }
    expect(findingCommandOf(press('8'))).toBe('next');
    expect(findingCommandOf(press('8', true))).toBeNull();
    expect(findingCommandOf(press('b'))).toBeNull();
  });

  it('bring the next finding to the middle of every plane', () => {
    const on = stage([finding('a', 106), finding('b', 118)]);
    runFinding('next', on, null);
    expect([on.scene.state.findings.selectedId, ...on.scene.state.crosshair]).toEqual(['a', 2, 12, 10]);
    runFinding('next', on, null);
    expect([on.scene.state.findings.selectedId, ...on.scene.state.crosshair]).toEqual(['b', 6, 12, 10]);
    expect(on.centred).toHaveBeenCalledTimes(4);
  });

  it('accept and dismiss, and go on to what nobody has judged', () => {
    const on = stage([finding('a', 106), finding('b', 109, 'dismissed'), finding('c', 112)]);
    const judge = judging(on.scene);
    runFinding('next', on, judge);
    runFinding('accept', on, judge);
    expect(on.scene.state.findings.selectedId).toBe('c');
    runFinding('dismiss', on, judge);
    expect(on.scene.state.findings.items.map((one) => one.state)).toEqual(['accepted', 'dismissed', 'dismissed']);
    expect(on.scene.state.findings.selectedId).toBe('c');
  });

  it('said again take the word back, and the finding stays in view', () => {
    const on = stage([finding('a', 106, 'accepted'), finding('b', 109)]);
    const judge = judging(on.scene);
    runFinding('next', on, judge);
    runFinding('accept', on, judge);
    expect(on.scene.state.findings.items[0]?.state).toBe('open');
    expect(on.scene.state.findings.selectedId).toBe('a');
  });

  it('judge nothing where nobody may, or nothing is selected', () => {
    const on = stage([finding('a', 106)]);
    runFinding('accept', on, judging(on.scene));
    runFinding('next', on, null);
    runFinding('dismiss', on, null);
    expect(on.scene.state.findings.items[0]?.state).toBe('open');
  });
});

describe('two lists of findings on one scene', () => {
  const lesions = [finding('lesion', 106)];
  const regions = [finding('1', 109)];
  const both = () => {
    const on = stage([]);
    const judges = { lesion: vi.fn(), region: vi.fn() };
    markFindings(on.scene, null, lesions, String);
    markFindings(on.scene, null, regions, String);
    const all = (key: string) => [pressFinding(press(key), on, lesions, judges.lesion), pressFinding(press(key), on, regions, judges.region)];
    return { on, judges, all };
  };

  it('judge with a key only what is marked', () => {
    const { on, judges, all } = both();
    expect(all('8')).toEqual([false, true]);
    expect(on.scene.state.findings.selectedId).toBe('1');
    expect(all('9')).toEqual([false, true]);
    expect(judges.region).toHaveBeenCalledExactlyOnceWith('1', 'accepted');
    expect(judges.lesion).not.toHaveBeenCalled();
  });

  it('leave the marks of the other alone when one changes or is put away', () => {
    const { on } = both();
    markFindings(on.scene, lesions, [finding('lesion', 106, 'accepted')], String);
    unmarkFindings(on.scene, lesions);
    expect(on.scene.state.findings.items).toBe(regions);
    unmarkFindings(on.scene, regions);
    expect(on.scene.state.findings.items).toEqual([]);
    markFindings(on.scene, lesions, lesions, String);
    expect(on.scene.state.findings.items).toBe(lesions);
  });
});

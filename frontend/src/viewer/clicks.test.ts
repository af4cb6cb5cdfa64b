import { beforeEach, describe, expect, it } from 'vitest';
import { BitMask, type Triple } from '../lib/bits';
import { answer } from '../lib/hints';
import { Clicks, type Answerer, type Hint } from './clicks';
import { Editor } from './editor';
import { NO_HINTS, Scene } from './scene';
import { Volume } from './volume';

const SHAPE = [20, 40, 50] as const;
const MIDDLE: Triple = [10, 20, 25];
let scene: Scene;
let editor: Editor;
let clicks: Clicks;
let asked: number;
let begun = 0;

const atOnce: Answerer = {
  begin: () => (begun += 1),
  ask: async (request) => {
    asked += 1;
    return answer(request);
  },
  end: () => undefined,
};

/** A bright ball of 8 mm radius in the middle. */
function volume(): Volume {
  const made = new Volume({
    grid: { shape_kji: SHAPE, spacing_ijk_mm: [1, 1, 2], origin_lps_mm: [0, 0, 0], direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] },
    dtype: 'int16', unit: 'HU', slope: 1, window: { low: 0, high: 400 },
  }); // prettier-ignore
  made.data.forEach((_, at) => {
    const [k, j, i] = [Math.floor(at / 2000), Math.floor(at / 50) % 40, at % 50];
    const inside = Math.hypot(2 * (k - MIDDLE[0]), j - MIDDLE[1], i - MIDDLE[2]) <= 8;
    made.data[at] = (inside ? 100 : 0) + ((at * 7) % 5);
  });
  made.arrived.fill(1);
  made.loaded = SHAPE[0];
  return made;
}

function begin(answerer: Answerer): void {
  [asked, begun] = [0, 0];
  scene = new Scene(volume());
  editor = new Editor(scene);
  clicks = new Clicks(scene, editor, answerer);
  clicks.open();
  const structure = { name: 'GTV', colour: '#fff', visible: true, locked: false, opacity: 0, count: 0 };
  scene.set({
    canEdit: true, activeId: 'a', tool: 'smart',
    structures: ['a', 'b'].map((id) => ({ ...structure, id, mask: new BitMask(SHAPE) })),
  }); // prettier-ignore
}

beforeEach(() => begin(atOnce));

const click = (at: Triple, add = true): Hint => ({ voxels: [at], add, lasso: null });
const count = (): number => scene.active?.mask.count ?? -1;
const has = ([k, j, i]: Triple): boolean => scene.active?.mask.get(k, j, i) ?? false;

describe('a session of clicks', () => {
  it('draws into the active structure; each answer is one step of undo that takes its hint along', async () => {
    expect(await clicks.give(click(MIDDLE))).toBeNull();
    const first = count();
    expect(first).toBeGreaterThan(600); // the ball has 1072 voxels
    expect(first).toBeLessThan(1800);
    await clicks.give(click([10, 20, 20], false));
    expect(has([10, 20, 20])).toBe(false);
    expect(count()).toBeLessThan(first);
    expect(scene.state.hints.said.map((one) => one.add)).toEqual([true, false]);
    editor.undo();
    expect(count()).toBe(first);
    expect(scene.state.hints.said).toHaveLength(1);
    editor.redo();
    expect(has([10, 20, 20])).toBe(false);
    expect(scene.state.hints.said).toHaveLength(2);
    editor.undo();
    editor.undo();
    expect(count()).toBe(0);
    expect(scene.state.hints.said).toHaveLength(0);
  });

  it('Esc takes everything back to where it began, as one step; Enter keeps it', async () => {
    scene.active?.mask.write(2, 2, 2, true);
    await clicks.give(click(MIDDLE));
    await clicks.give(click([10, 20, 20], false));
    const drawn = count();
    clicks.drop();
    expect(count()).toBe(1);
    expect(scene.state.hints).toBe(NO_HINTS);
    editor.undo();
    expect(count()).toBe(drawn);
    await clicks.give(click([10, 20, 20]));
    clicks.keep();
    const kept = count();
    clicks.drop();
    expect(count()).toBe(kept);
    expect(clicks.active).toBe(false);
  });

  it('starts from what is drawn and does not touch it elsewhere', async () => {
    for (let i = 20; i < 31; i += 1) scene.active?.mask.write(10, 20, i, true);
    scene.active?.mask.write(1, 1, 1, true);
    await clicks.give(click([10, 24, 25]));
    expect(has([10, 24, 25]) && has([10, 20, 30]) && has([1, 1, 1])).toBe(true);
  });

  it('ends, and what it drew stays, with another edit, structure or tool', async () => {
    await clicks.give(click(MIDDLE));
    editor.begin('brush', 'axial');
    editor.brushTo([5, 5]);
    editor.end();
    const drawn = count();
    expect(clicks.active).toBe(false);
    clicks.drop();
    expect(count()).toBe(drawn);
    await clicks.give(click(MIDDLE));
    scene.set({ activeId: 'b' });
    expect(clicks.active).toBe(false);
    await clicks.give(click(MIDDLE));
    scene.set({ tool: 'brush' });
    expect(clicks.active).toBe(false);
    expect(count()).toBeGreaterThan(0);
  });

  it('answers clicks that come faster than answers one after the other', async () => {
    await Promise.all([clicks.give(click(MIDDLE)), clicks.give(click([10, 20, 20], false)), clicks.give(click([10, 26, 25], false))]);
    expect(asked).toBe(3);
    expect(has(MIDDLE)).toBe(true);
    expect(has([10, 20, 20]) || has([10, 26, 25])).toBe(false);
  });

  it('draws nothing that was asked before Esc', async () => {
    const late = clicks.give(click(MIDDLE));
    clicks.drop();
    expect(await late).toBeNull();
    expect(count()).toBe(0);
  });
});

describe('the worker', () => {
  it('is begun when the tool is chosen, before anything is asked', () => {
    expect(begun).toBeGreaterThan(0); // `begin` chose the tool
    scene.set({ tool: 'brush' });
    const before = begun;
    scene.set({ activeId: 'b' });
    expect(begun).toBe(before);
    scene.set({ tool: 'smart' });
    expect([begun, asked]).toEqual([before + 1, 0]);
  });
});

describe('the box', () => {
  it('limits answers, as deep as wide until another plane says how deep, and a click without a drag ends it', async () => {
    clicks.limit(scene.planes.axial, 10, [22, 17], [28, 23]);
    expect(scene.state.hints.box).toEqual({ low: [9, 17, 22], high: [13, 24, 29] });
    clicks.limit(scene.planes.coronal, 20, [20, 5], [30, 15]);
    expect(scene.state.hints.box).toEqual({ low: [5, 17, 20], high: [16, 24, 31] });
    await clicks.give(click(MIDDLE));
    const box = scene.active?.mask.tightBox();
    expect(box?.low[1]).toBeGreaterThanOrEqual(17);
    expect(box?.high[1]).toBeLessThanOrEqual(24);
    clicks.unlimit();
    expect(scene.state.hints.box).toBeNull();
  });
});

describe('what is not answered', () => {
  it('a place outside the image, one that is still loading, and what the brush may not draw on either', async () => {
    expect(await clicks.give(click([10, 20, 50]))).toBe('outside');
    expect(await clicks.give(click([-1, 0, 0]))).toBe('outside');
    scene.volume.arrived[12] = 0;
    expect(await clicks.give(click(MIDDLE))).toBe('not-loaded');
    scene.volume.arrived[12] = 1;
    scene.changeStructure('a', { locked: true });
    expect(await clicks.give(click(MIDDLE))).toBe('locked');
    scene.set({ canEdit: false });
    expect(await clicks.give(click(MIDDLE))).toBe('read-only');
    expect(asked).toBe(0);
    expect(clicks.active).toBe(false);
  });

  it('a click in the air around the patient, for structures that are not air; what lies there is taken away all the same', async () => {
    scene.volume.data.forEach((value, at) => (scene.volume.data[at] = value >= 100 ? 40 : -1000));
    expect(await clicks.give(click([10, 2, 2]))).toBe('air');
    expect([asked, count()]).toEqual([0, 0]);
    expect(await clicks.give(click(MIDDLE))).toBeNull();
    scene.active?.mask.write(10, 2, 2, true);
    expect(await clicks.give(click([10, 2, 2], false))).toBeNull();
    expect(has([10, 2, 2])).toBe(false);
    scene.changeStructure('a', { name: 'Sinus_Maxilry_L' });
    expect(await clicks.give(click([10, 2, 2]))).toBeNull();
    expect(has([10, 2, 2])).toBe(true);
  });

  it('on the border of the image the click itself is obeyed', async () => {
    await clicks.give(click([0, 0, 0]));
    expect(has([0, 0, 0])).toBe(true);
  });

  it('a structure that was locked while the answer was made stays as it is', async () => {
    const late = clicks.give(click(MIDDLE));
    scene.changeStructure('a', { locked: true });
    expect(await late).toBe('locked');
    expect(count()).toBe(0);
    expect(scene.state.hints.said).toHaveLength(0);
  });

  it('a worker that fails leaves the structure as it was and says so; the next click is answered', async () => {
    let broken = true;
    begin({ ...atOnce, ask: (request) => (broken ? Promise.reject(new Error('no worker')) : atOnce.ask(request)) });
    expect(await clicks.give(click(MIDDLE))).toBe('failed');
    expect(count()).toBe(0);
    broken = false;
    expect(await clicks.give(click(MIDDLE))).toBeNull();
    expect(count()).toBeGreaterThan(0);
  });
});

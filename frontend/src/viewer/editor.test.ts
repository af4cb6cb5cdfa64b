import { beforeEach, describe, expect, it } from 'vitest';
import { BitMask } from '../lib/bits';
import { Editor } from './editor';
import { Scene } from './scene';
import { Volume, middleOut } from './volume';

const SHAPE = [20, 40, 50] as const;
let scene: Scene;
let editor: Editor;

/** HU rises by 10 from column to column. */
async function volume(): Promise<Volume> {
  const made = new Volume({
    grid: { shape_kji: SHAPE, spacing_ijk_mm: [1, 1, 3], origin_lps_mm: [0, 0, 0], direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] },
    dtype: 'int16', unit: 'HU', slope: 1, window: { low: 0, high: 400 },
  }); // prettier-ignore
  const slice = Int16Array.from({ length: SHAPE[1] * SHAPE[2] }, (_, n) => 10 * (n % SHAPE[2]));
  const bytes = new Uint8Array(slice.buffer);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const _ of middleOut(SHAPE[0])) controller.enqueue(bytes);
      controller.close();
    },
  });
  await made.fill(body, () => undefined);
  return made;
}

beforeEach(async () => {
  scene = new Scene(await volume());
  editor = new Editor(scene);
  const structure = { name: 'Brainstem', colour: '#fff', visible: true, locked: false, opacity: 0, count: 0 };
  scene.set({
    canEdit: true, activeId: 'a', brushMm: 6,
    structures: ['a', 'b'].map((id) => ({ ...structure, id, mask: new BitMask(SHAPE) })),
  }); // prettier-ignore
});

const count = (): number => scene.active?.mask.count ?? -1;

function stroke(tool: 'brush' | 'eraser' | 'threshold', ...points: [number, number][]): void {
  editor.begin(tool, 'axial');
  for (const point of points) editor.brushTo(point);
  editor.end();
}

describe('strokes', () => {
  it('draws a disk of the brush’s diameter in the slice that is shown', () => {
    stroke('brush', [25, 20]);
    expect(count()).toBe(29); // voxel centres within 3 mm on a 1 mm grid
    expect(scene.active?.mask.tightBox()).toEqual({ low: [10, 17, 22], high: [11, 24, 29] });
    expect(scene.active?.count).toBe(29);
  });

  it('draws a ball over neighbouring slices when asked to', () => {
    scene.set({ ball: true });
    stroke('brush', [25, 20]);
    expect(scene.active?.mask.tightBox()?.low[0]).toBe(9);
    expect(scene.active?.mask.tightBox()?.high[0]).toBe(12);
  });

  it('is one step of undo however often the pointer moved, and redo gives the same voxels', () => {
    stroke('brush', [10, 10], [20, 10], [20, 30]);
    const drawn = count();
    stroke('eraser', [20, 10]);
    const left = count();
    expect(left).toBeLessThan(drawn);
    editor.undo();
    expect(count()).toBe(drawn);
    editor.undo();
    expect(count()).toBe(0);
    editor.redo();
    editor.redo();
    expect(count()).toBe(left);
    expect(editor.history.nextRedo('a')).toBeNull();
  });

  it('keeps to the range of the threshold brush', () => {
    scene.set({ threshold: { low: 250, high: 260 } });
    stroke('threshold', [25, 20]);
    expect(scene.active?.mask.tightBox()).toEqual({ low: [10, 17, 25], high: [11, 24, 27] });
  });

  it('stays inside the image at its edge', () => {
    stroke('brush', [0, 0], [49, 39]);
    expect(scene.active?.mask.tightBox()).toEqual({ low: [10, 0, 0], high: [11, 40, 50] });
  });

  it('draws in a sagittal slice too', () => {
    editor.begin('brush', 'sagittal');
    editor.brushTo([20, 10]);
    editor.end();
    expect(scene.active?.mask.tightBox()).toEqual({ low: [9, 17, 25], high: [12, 24, 26] });
  });

  it('adds and cuts the inside of a line drawn by hand', () => {
    editor.begin('contour', 'axial');
    editor.fillPolygon([[9.5, 9.5], [20.5, 9.5], [20.5, 20.5], [9.5, 20.5]]);
    editor.end();
    expect(count()).toBe(121);
    editor.begin('cut', 'axial');
    editor.fillPolygon([[9.5, 9.5], [14.5, 9.5], [14.5, 20.5], [9.5, 20.5]]);
    editor.end();
    expect(count()).toBe(66);
  });
});

describe('a stroke that is given up', () => {
  it('leaves nothing behind, not even a step of undo', () => {
    stroke('brush', [25, 20]);
    editor.begin('brush', 'axial');
    editor.brushTo([35, 20]);
    editor.cancel();
    editor.end();
    expect(count()).toBe(29);
    editor.undo();
    expect(count()).toBe(0);
  });
});

describe('an edit', () => {
  it('made by the server is undone like a stroke', () => {
    stroke('brush', [25, 20]);
    const grown = new BitMask(SHAPE);
    for (let j = 0; j < 30; j += 1) grown.write(3, j, 5, true);
    expect(editor.replace('a', grown, 'grow')).toBe(59);
    expect(count()).toBe(30);
    editor.undo();
    expect(count()).toBe(29);
  });

  it.each([
    ['read-only', { canEdit: false }],
    ['no-structure', { activeId: null }],
    ['hidden', { showContours: false }],
  ] as const)('is refused: %s', (why, change) => {
    scene.set(change);
    expect(editor.refusal()).toBe(why);
    stroke('brush', [25, 20]);
    expect(scene.find('a')?.mask.count).toBe(0);
  });

  it('is refused on a locked structure', () => {
    scene.changeStructure('a', { locked: true });
    expect(editor.refusal()).toBe('locked');
    stroke('brush', [25, 20]);
    expect(count()).toBe(0);
  });

  it('is not taken back while its structure is locked, nor when another one is in hand', () => {
    stroke('brush', [25, 20]);
    scene.changeStructure('a', { locked: true });
    expect(editor.undo()).toBe('locked');
    scene.set({ activeId: 'b' });
    expect(editor.undo()).toBeNull();
    expect(scene.find('a')?.mask.count).toBe(29);
  });

  it('tells whoever keeps drafts, also when it is undone', () => {
    const heard: string[] = [];
    editor.onEdit((id, tool) => heard.push(`${id} ${tool}`));
    stroke('brush', [25, 20]);
    editor.undo();
    expect(heard).toEqual(['a brush', 'a brush']);
  });

  it('leaves the other structures alone, although they may overlap', () => {
    stroke('brush', [25, 20]);
    scene.set({ activeId: 'b' });
    stroke('brush', [25, 20]);
    stroke('eraser', [25, 20]);
    expect(scene.find('a')?.mask.count).toBe(29);
    expect(scene.find('b')?.mask.count).toBe(0);
  });
});

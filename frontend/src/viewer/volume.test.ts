import { describe, expect, it } from 'vitest';
import { planesOf } from '../lib/planes';
import { renderSlice } from './slice-image';
import { Volume, middleOut, type VolumeDescription } from './volume';

const DESCRIPTION: VolumeDescription = {
  grid: { shape_kji: [5, 3, 4], spacing_ijk_mm: [1, 1, 2], origin_lps_mm: [0, 0, 0], direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] },
  dtype: 'int16',
  unit: 'HU',
  slope: 2,
  window: { low: 0, high: 255 },
};

/** The voxels as the server sends them, in pieces of odd length. */
function answer(pieces: number[]): ReadableStream<Uint8Array> {
  const slices = middleOut(5).flatMap((k) => Array.from({ length: 12 }, (_, n) => 100 * k + n));
  const bytes = new Uint8Array(Int16Array.from(slices).buffer);
  return new ReadableStream({
    start(controller) {
      let at = 0;
      for (const length of pieces) {
        controller.enqueue(bytes.slice(at, at + length));
        at += length;
      }
      controller.close();
    },
  });
}

describe('a volume that arrives from the middle outwards', () => {
  it('orders the slices as the server does', () => {
    expect(middleOut(5)).toEqual([2, 3, 1, 4, 0]);
    expect(middleOut(4)).toEqual([2, 3, 1, 0]);
    expect(middleOut(1)).toEqual([0]);
  });

  it('puts every voxel in its place, wherever the pieces were cut', async () => {
    const volume = new Volume(DESCRIPTION);
    let batches = 0;
    await volume.fill(answer([7, 1, 50, 61, 1]), () => (batches += 1));
    expect(batches).toBe(5);
    expect(volume.complete).toBe(true);
    for (let k = 0; k < 5; k += 1) expect(volume.valueAt(k, 1, 2)).toBe(2 * (100 * k + 6));
    expect(volume.valueAt(5, 0, 0)).toBeNull();
  });

  it('shows the middle slice first and nothing where nothing has arrived', async () => {
    const volume = new Volume(DESCRIPTION);
    await expect(volume.fill(answer([30]), () => undefined)).rejects.toThrow('ended early');
    const { axial, coronal } = planesOf(DESCRIPTION.grid);
    const pixels = new Uint32Array(12);
    renderSlice(volume, axial, 2, { low: 0, high: 1000 }, pixels);
    expect((pixels[6] ?? 0) & 0xff).toBe(Math.floor((2 * 206 * 255) / 1000));
    renderSlice(volume, axial, 3, { low: -1000, high: 1000 }, pixels);
    expect(new Set(pixels)).toEqual(new Set([0xff000000]));
    const side = new Uint32Array(20);
    renderSlice(volume, coronal, 1, { low: -1000, high: 1000 }, side);
    expect([0, 1, 2, 3, 4].map((k) => ((side[4 * k] ?? 0) & 0xff) > 0)).toEqual([false, false, true, false, false]);
  });

  it('reads a stream of bytes into memory of its own, and ends it when it is too long', async () => {
    const bytes = new Uint8Array(await new Response(answer([120])).arrayBuffer());
    let ended = false;
    const body = (length: number): ReadableStream<Uint8Array> => {
      let at = 0;
      return new ReadableStream({
        type: 'bytes',
        pull(controller) {
          const view = controller.byobRequest?.view;
          if (!(view instanceof Uint8Array)) throw new Error('read without memory');
          const part = bytes.subarray(at % 120, Math.min((at % 120) + 50, 120, (at % 120) + length - at));
          view.set(part);
          at += part.length;
          controller.byobRequest?.respond(part.length);
          if (at === length) controller.close();
        },
        cancel: () => void (ended = true),
      });
    };
    const volume = new Volume(DESCRIPTION);
    await volume.fill(body(120), () => undefined);
    expect([0, 1, 2, 3, 4].map((k) => volume.valueAt(k, 1, 2))).toEqual([12, 212, 412, 612, 812]);
    expect(ended).toBe(false);
    await expect(volume.fill(body(240), () => undefined)).rejects.toThrow('more voxels');
    expect(ended).toBe(true);
  });

  it('refuses more voxels than the grid has', async () => {
    const volume = new Volume({ ...DESCRIPTION, grid: { ...DESCRIPTION.grid, shape_kji: [3, 3, 4] } });
    await expect(volume.fill(answer([120]), () => undefined)).rejects.toThrow('more voxels');
  });
});

import { describe, expect, it } from 'vitest';
import { BitMask, type Triple } from './bits';
import { MaskFormatError, decodeMask, encodeMask, fromBase64, toBase64 } from './mask';
import vectors from './mask.vectors.json';

/** `mask.vectors.json` was written by `rt/masks.py: encode_mask`. */
const shapeOf = (numbers: number[]): Triple => [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];

describe.each(vectors)('wire form: $name', ({ shape, count, voxels, mask }) => {
  it('is read as Python wrote it', () => {
    const decoded = decodeMask(fromBase64(mask), shapeOf(shape));
    expect(decoded.count).toBe(count);
    const [, nj, ni] = shapeOf(shape);
    const first: number[] = [];
    decoded.forEachRun((k, j, i, length) => {
      for (let n = 0; n < length && first.length < 40; n += 1) first.push((k * nj + j) * ni + i + n);
    });
    expect(first).toEqual(voxels);
  });

  it('is written as Python writes it, byte for byte', () => {
    expect(toBase64(encodeMask(decodeMask(fromBase64(mask), shapeOf(shape))))).toBe(mask);
  });
});

it('writes the tightest box although the mask holds room to grow', () => {
  const drawn = new BitMask([30, 60, 70]);
  drawn.write(10, 20, 30, true);
  drawn.write(11, 20, 31, true);
  drawn.write(25, 50, 60, true);
  drawn.write(25, 50, 60, false);
  const read = decodeMask(encodeMask(drawn), [30, 60, 70]);
  expect(read.box).toEqual({ low: [10, 20, 30], high: [12, 21, 32] });
  expect(read.count).toBe(2);
});

describe('a damaged mask is refused', () => {
  const good = encodeMask(BitMask.over([2, 2, 9], { low: [0, 0, 0], high: [2, 2, 9] }, new Uint8Array(5).fill(255)));
  const changed = (at: number, value: number): Uint8Array => good.map((byte, n) => (n === at ? value : byte));
  it.each([
    ['cut off', good.subarray(0, 30)],
    ['another magic', changed(0, 0)],
    ['another grid', changed(4, 3)],
    ['a box outside', changed(28, 3)],
    ['a smaller box', changed(28, 1)],
    ['no zlib stream', changed(40, 0)],
  ])('%s', (_name, bytes) => {
    expect(() => decodeMask(bytes, [2, 2, 9])).toThrow(MaskFormatError);
  });
});

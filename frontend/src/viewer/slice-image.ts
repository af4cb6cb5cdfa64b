import type { Plane } from '../lib/planes';
import type { Volume } from './volume';

export type Window = { readonly low: number; readonly high: number };

const OPAQUE = 0xff000000;

/**
 * Grey values of one slice, windowed: one RGBA pixel (as a little-endian number) per voxel, columns fastest. Black
 * where slices have not arrived; their voxels are not looked at, for memory that is read costs as much as it holds.
 */
export function renderSlice(volume: Volume, plane: Plane, slice: number, window: Window, out: Uint32Array): void {
  const shape = volume.grid.shape_kji;
  const strides = [shape[1] * shape[2], shape[2], 1];
  const [du, dv] = [strides[plane.columns] ?? 1, strides[plane.rows] ?? 1];
  const [nu, nv] = [shape[plane.columns], shape[plane.rows]];
  const { data, arrived } = volume;
  const gain = 255 / Math.max(1e-6, window.high - window.low);
  const scale = volume.description.slope * gain;
  const shift = -window.low * gain;
  const first = slice * (strides[plane.across] ?? 0);
  for (let v = 0, n = 0; v < nv; v += 1) {
    if (missing(arrived, plane.rows === 0 ? v : plane.across === 0 ? slice : null)) {
      out.fill(OPAQUE, n, n + nu);
      n += nu;
      continue;
    }
    let at = first + v * dv;
    for (let u = 0; u < nu; u += 1, n += 1, at += du) {
      const value = (data[at] ?? 0) * scale + shift;
      const grey = value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
      out[n] = OPAQUE | (grey * 0x010101);
    }
  }
  for (let n = 0; plane.columns === 0 && !volume.complete && n < nu * nv; n += 1) if (arrived[n % nu] !== 1) out[n] = OPAQUE;
}

const missing = (arrived: Uint8Array, k: number | null): boolean => k !== null && arrived[k] !== 1;

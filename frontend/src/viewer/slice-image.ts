import type { Plane } from '../lib/planes';
import type { Volume } from './volume';

export type Window = { readonly low: number; readonly high: number };

const OPAQUE = 0xff000000;

/** Grey values of one slice, windowed: one RGBA pixel (as a little-endian number) per voxel, columns fastest. */
export function renderSlice(volume: Volume, plane: Plane, slice: number, window: Window, out: Uint32Array): void {
  const shape = volume.grid.shape_kji;
  const strides = [shape[1] * shape[2], shape[2], 1];
  const [du, dv] = [strides[plane.columns] ?? 1, strides[plane.rows] ?? 1];
  const [nu, nv] = [shape[plane.columns], shape[plane.rows]];
  const { data } = volume;
  const gain = 255 / Math.max(1e-6, window.high - window.low);
  const scale = volume.description.slope * gain;
  const shift = -window.low * gain;
  const first = slice * (strides[plane.across] ?? 0);
  const { arrived } = volume;
  for (let v = 0, n = 0; v < nv; v += 1) {
    let at = first + v * dv;
    for (let u = 0; u < nu; u += 1, n += 1, at += du) {
      const value = (data[at] ?? 0) * scale + shift;
      const grey = value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
      out[n] = OPAQUE | (grey * 0x010101);
    }
  }
  if (!volume.complete) blacken(plane, slice, arrived, [nu, nv], out);
}

/** Black where slices have not arrived. */
function blacken(plane: Plane, slice: number, arrived: Uint8Array, [nu, nv]: [number, number], out: Uint32Array): void {
  if (plane.across === 0 && arrived[slice] !== 1) out.fill(OPAQUE);
  for (let v = 0; plane.rows === 0 && v < nv; v += 1) {
    if (arrived[v] !== 1) out.fill(OPAQUE, v * nu, (v + 1) * nu);
  }
  for (let n = 0; plane.columns === 0 && n < nu * nv; n += 1) if (arrived[n % nu] !== 1) out[n] = OPAQUE;
}

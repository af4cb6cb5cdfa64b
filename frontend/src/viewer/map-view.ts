/** How a map of an analysis is shown over the image: which, how strongly, from what value on. */
import { FieldSampler } from '../lib/field';
import type { Triple } from '../lib/bits';
import { toPatient, toVoxel, type GridGeometry } from '../lib/planes';
import { colourMap, endOf, type Range } from './map-colours';
import type { Overlay } from './overlay-layer';

/** A map that has been loaded, sampled on the image's grid; `key` names it. */
export type MapField = { readonly key: string; readonly values: FieldSampler; readonly significant: FieldSampler | null };

export type MapView = {
  /** Of the map that is chosen; null where the study has none for this image. */
  readonly key: string | null;
  readonly range: Range;
  readonly field: MapField | null;
  readonly shown: boolean;
  /** Of the colours, 0 to 1. */
  readonly opacity: number;
  /** What is nearer to 0 than this share of the end of the range has no colour. */
  readonly threshold: number;
};

export const NO_MAP: MapView = { key: null, range: { low: 0, high: 1 }, field: null, shown: false, opacity: 0.45, threshold: 0.2 };

const OUTLINE = '#ffffff';

/** Voxels (k slowest, i fastest) of a map on its own grid, to be shown on that of the image. */
export const mapSampler = (grid: GridGeometry, voxels: Float32Array, image: GridGeometry): FieldSampler =>
  new FieldSampler({ grid, voxels, slope: 1 }, image);

/** The voxel of the image where the map is furthest from 0. */
export function peakOf({ field: { voxels, grid } }: FieldSampler, image: GridGeometry): Triple {
  let peak = 0;
  voxels.forEach((value, at) => {
    if (Math.abs(value) > Math.abs(voxels[peak] ?? 0)) peak = at;
  });
  const [, nj, ni] = grid.shape_kji;
  return toVoxel(image, toPatient(grid, [Math.floor(peak / (nj * ni)), Math.floor(peak / ni) % nj, peak % ni]));
}

/** The map as it is drawn; null where it is not to be seen. */
export function mapOverlay({ field, range, shown, opacity, threshold }: MapView): Overlay | null {
  if (field === null || !shown || endOf(range) <= 0) return null;
  const { values, significant } = field;
  return {
    key: `${field.key} ${range.low} ${range.high} ${opacity} ${threshold}`,
    wash: { of: values, opacity, colour: (found, out) => colourMap(found, range, threshold, out) },
    lines: significant === null ? null : { of: significant, levels: [0.5], colours: [OUTLINE] },
  };
}

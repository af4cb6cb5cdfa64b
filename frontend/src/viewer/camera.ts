/** From voxel indices of a slice to pixels of a view and back: screen = scale * index + shift, per direction. */
import type { Plane } from '../lib/planes';
import type { Point, Spacing } from '../lib/raster';

export type Size = { readonly width: number; readonly height: number };
/** `centre` in voxel indices (columns, rows); `zoom` in screen pixels per millimetre. */
export type Camera = { readonly centre: Point; readonly zoom: number };
export type Transform = { a: number; d: number; e: number; f: number };
/** Voxels of a slice, columns and rows, the ends exclusive. */
export type Rectangle = { readonly low: Point; readonly high: Point };

const MARGIN = 0.94;
export const ZOOM_LIMITS = { low: 0.2, high: 60 } as const;

/** The whole rectangle in the view, with a small margin. */
export function fitCamera({ low, high }: Rectangle, spacing: Spacing, size: Size): Camera {
  const across = (high[0] - low[0]) * spacing[0];
  const down = (high[1] - low[1]) * spacing[1];
  const zoom = MARGIN * Math.min(size.width / across, size.height / down);
  return { centre: [(low[0] + high[0] - 1) / 2, (low[1] + high[1] - 1) / 2], zoom: Math.max(zoom, 0.01) };
}

export function transformOf(camera: Camera, plane: Plane, spacing: Spacing, size: Size): Transform {
  const a = camera.zoom * spacing[0] * (plane.flipU ? -1 : 1);
  const d = camera.zoom * spacing[1] * (plane.flipV ? -1 : 1);
  return { a, d, e: size.width / 2 - a * camera.centre[0], f: size.height / 2 - d * camera.centre[1] };
}

export const toScreen = ({ a, d, e, f }: Transform, [u, v]: Point): Point => [a * u + e, d * v + f];
export const toSlice = ({ a, d, e, f }: Transform, [x, y]: Point): Point => [(x - e) / a, (y - f) / d];

/** Moved by pixels of the screen. */
export function panned(camera: Camera, transform: Transform, dx: number, dy: number): Camera {
  return { ...camera, centre: [camera.centre[0] - dx / transform.a, camera.centre[1] - dy / transform.d] };
}

/** Zoomed by a factor so that the point under the pointer stays. */
export function zoomed(camera: Camera, transform: Transform, at: Point, factor: number): Camera {
  const zoom = Math.min(ZOOM_LIMITS.high, Math.max(ZOOM_LIMITS.low, camera.zoom * factor));
  const kept = 1 - camera.zoom / zoom;
  const [u, v] = toSlice(transform, at);
  return { zoom, centre: [camera.centre[0] + (u - camera.centre[0]) * kept, camera.centre[1] + (v - camera.centre[1]) * kept] };
}

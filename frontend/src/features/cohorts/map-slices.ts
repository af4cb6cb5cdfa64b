/** How a map on the mean organ is cut into slices: a finer grid for a smooth picture, and where its pixels lie. */
import type { Triple } from '../../lib/bits';
import { FieldSampler } from '../../lib/field';
import { planesOf, spacingKji, type GridGeometry, type Plane } from '../../lib/planes';
import { fitCamera, transformOf, type Size, type Transform } from '../../viewer/camera';
import { mapSampler } from '../../viewer/map-view';

/** Volumes of the mean organ, sampled on the finer grid. */
export type OrganMap = {
  readonly grid: GridGeometry;
  readonly map: FieldSampler;
  readonly mask: FieldSampler;
  readonly significant: FieldSampler;
};

/** Pixels along a voxel: the mean organ has some thirty voxels along a side. */
const FINER = 4;

/** The same box in voxels of a `factor`th of the side. */
export function finer(grid: GridGeometry, factor = FINER): GridGeometry {
  const shift = (1 / factor - 1) / 2;
  const [di, dj, dk] = grid.spacing_ijk_mm;
  const along = grid.direction.map((row) => shift * ((row[0] ?? 0) * di + (row[1] ?? 0) * dj + (row[2] ?? 0) * dk));
  const [x, y, z] = grid.origin_lps_mm;
  const [nk, nj, ni] = grid.shape_kji;
  return {
    shape_kji: [nk * factor, nj * factor, ni * factor],
    spacing_ijk_mm: [di / factor, dj / factor, dk / factor],
    origin_lps_mm: [x + (along[0] ?? 0), y + (along[1] ?? 0), z + (along[2] ?? 0)],
    direction: grid.direction,
  };
}

/** The map on the finer grid (LPS axes, as the mean organ has), 0 outside of the organ's outline: no colour spills over it. */
function inside(map: FieldSampler, mask: FieldSampler, grid: GridGeometry): FieldSampler {
  const [nk, nj, ni] = grid.shape_kji;
  const { axial } = planesOf(grid);
  const voxels = new Float32Array(nk * nj * ni);
  const organ = new Float32Array(nj * ni);
  for (let k = 0; k < nk; k += 1) {
    const slice = voxels.subarray(k * nj * ni, (k + 1) * nj * ni);
    map.slice(axial, k, slice);
    mask.slice(axial, k, organ);
    organ.forEach((share, at) => {
      if (share < 0.5) slice[at] = 0;
    });
  }
  return mapSampler(grid, voxels, grid);
}

/** Volumes (k slowest, i fastest) on the grid of the mean organ. */
export function organMap(organ: GridGeometry, volumes: Record<'map' | 'mask' | 'significant', Float32Array>): OrganMap {
  const grid = finer(organ);
  const sampled = (voxels: Float32Array): FieldSampler => mapSampler(organ, voxels, grid);
  const mask = sampled(volumes.mask);
  return { grid, map: inside(sampled(volumes.map), mask, grid), mask, significant: sampled(volumes.significant) };
}

/** Where the pixels of a plane's slices lie in a picture that shows the whole box. */
export function placeOf(grid: GridGeometry, plane: Plane, size: Size): Transform {
  const spacing = spacingKji(grid);
  const across = [spacing[plane.columns], spacing[plane.rows]] as const;
  const box = { low: [0, 0], high: [grid.shape_kji[plane.columns], grid.shape_kji[plane.rows]] } as const;
  return transformOf(fitCamera(box, across, size), plane, across, size);
}

/** With one slice changed, and kept inside the grid. */
export function movedTo(grid: GridGeometry, voxel: Triple, axis: 0 | 1 | 2, slice: number): Triple {
  const moved: [number, number, number] = [...voxel];
  moved[axis] = Math.min(grid.shape_kji[axis] - 1, Math.max(0, Math.round(slice)));
  return moved;
}

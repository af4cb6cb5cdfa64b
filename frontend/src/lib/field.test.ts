import { describe, expect, it } from 'vitest';
import type { Triple } from './bits';
import { FieldSampler, indexMap, type FieldGrid } from './field';
import { planesOf, toPatient, type GridGeometry } from './planes';

const UPRIGHT = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
const [C, S] = [Math.cos(0.3), Math.sin(0.3)];
const ABOUT_HEAD = [[C, -S, 0], [S, C, 0], [0, 0, 1]];
const TILTED = [[C, -S * C, S * S], [S, C * C, -C * S], [0, S, C]];
/** Frames of the dose from left to right: k is the patient's L, i its S. */
const SAGITTAL = [[0, 0, 1], [0, 1, 0], [1, 0, 0]];

const grid = (shape: Triple, spacing: Triple, origin: Triple, direction: number[][] = UPRIGHT): GridGeometry => ({
  shape_kji: [...shape], spacing_ijk_mm: [...spacing], origin_lps_mm: [...origin], direction,
}); // prettier-ignore

const IMAGE = grid([6, 20, 24], [1.1, 0.9, 3], [-11, -8, 4]);

/** A dose that is linear in patient coordinates: trilinear interpolation gives it back exactly. */
const linear = ([x, y, z]: Triple): number => 30 + 0.4 * x - 0.7 * y + 0.25 * z;

function dose(geometry: GridGeometry, of: (position: Triple) => number = linear): FieldGrid {
  const [nk, nj, ni] = geometry.shape_kji;
  const voxels = new Float32Array(nk * nj * ni);
  for (let k = 0, n = 0; k < nk; k += 1)
    for (let j = 0; j < nj; j += 1) for (let i = 0; i < ni; i += 1, n += 1) voxels[n] = of(toPatient(geometry, [k, j, i]));
  return { grid: geometry, voxels, slope: 1 };
}

/** How many voxels of the image lie between the dose's centres, in all planes; these and those half a dose voxel beyond must be right. */
function checked(geometry: GridGeometry): number {
  const sampler = new FieldSampler(dose(geometry), IMAGE);
  const [nk, nj, ni] = IMAGE.shape_kji;
  let known = 0;
  for (const plane of Object.values(planesOf(IMAGE))) {
    const [nu, nv] = [IMAGE.shape_kji[plane.columns], IMAGE.shape_kji[plane.rows]];
    const out = new Float32Array(nu * nv);
    for (let slice = 0; slice < IMAGE.shape_kji[plane.across]; slice += 1) {
      sampler.slice(plane, slice, out);
      out.forEach((gy, n) => {
        const voxel: [number, number, number] = [0, 0, 0];
        [voxel[plane.across], voxel[plane.columns], voxel[plane.rows]] = [slice, n % nu, Math.floor(n / nu)];
        const at = indexMap(IMAGE, geometry);
        const place = [0, 1, 2].map((axis) => (at.at[axis] ?? 0) + voxel.reduce((sum, v, step) => sum + v * (at.steps[step]?.[axis] ?? 0), 0));
        const beyond = place.map((value, axis) => Math.max(-value, value - (geometry.shape_kji[axis] ?? 0) + 1));
        if (beyond.every((voxels) => voxels < 0.0005)) {
          known += 1;
          expect(gy).toBeCloseTo(linear(toPatient(IMAGE, voxel)), 3);
        } else if (beyond.every((voxels) => voxels < 0.499)) {
          const nearest = place.map((value, axis) => Math.min((geometry.shape_kji[axis] ?? 1) - 1, Math.max(0, value)));
          expect(gy).toBeCloseTo(linear(toPatient(geometry, [nearest[0] ?? 0, nearest[1] ?? 0, nearest[2] ?? 0])), 3);
        } else if (beyond.some((voxels) => voxels > 0.501)) expect(gy).toBeNaN();
      });
    }
  }
  return known / (nk * nj * ni);
}

describe('dose on the grid of an image', () => {
  it('is exact for a linear dose on the same grid, and known everywhere', () => {
    expect(checked(IMAGE)).toBe(3);
  });

  it('is exact on a coarser grid that begins elsewhere, that of the outermost centres in the half voxel around them, and unknown beyond', () => {
    const known = checked(grid([4, 6, 7], [2.5, 2.5, 4], [-9.3, -6.1, 5.5]));
    expect(known).toBeGreaterThan(0.5);
    expect(known).toBeLessThan(3);
  });

  it('is exact on grids that are turned about the head, tilted, or stored from left to right', () => {
    expect(checked(grid([5, 12, 12], [2.5, 2.5, 4], [-9, -9, 3], ABOUT_HEAD))).toBeGreaterThan(0.5);
    expect(checked(grid([8, 12, 12], [2.5, 2.5, 3], [-9, -9, 2], TILTED))).toBeGreaterThan(0.5);
    expect(checked(grid([8, 6, 6], [2.9, 3, 3.3], [-10, -7, 4], SAGITTAL))).toBeGreaterThan(1);
  });

  it('weights the eight neighbours between centres', () => {
    const corner = (at: Triple): number => (at.every((mm) => mm === 1) ? 8 : 0);
    const sampler = new FieldSampler(dose(grid([2, 2, 2], [1, 1, 1], [0, 0, 0]), corner), grid([1, 1, 1], [1, 1, 1], [0.5, 0.5, 0.25]));
    expect(sampler.at([0, 0, 0])).toBeCloseTo(8 * 0.5 * 0.5 * 0.25);
    expect(sampler.most).toBe(8);
  });

  it('takes stored numbers times their slope', () => {
    const stored = { grid: IMAGE, voxels: new Int16Array(6 * 20 * 24).fill(200), slope: 0.25 };
    expect(new FieldSampler(stored, IMAGE).at([3, 4, 5])).toBe(50);
  });

  it('gives a dose of one plane to what lies within half a voxel of it', () => {
    const sampler = new FieldSampler(dose(grid([1, 20, 24], [1.1, 0.9, 4], [-11, -8, 8]), () => 12), IMAGE);
    expect([0, 1, 2, 3].map((k) => sampler.at([k, 4, 5]))).toEqual([NaN, 12, 12, NaN]);
  });

  it('is unknown at every voxel where the grids do not meet', () => {
    const sampler = new FieldSampler(dose(grid([4, 6, 7], [2.5, 2.5, 4], [300, 0, 0])), IMAGE);
    const out = new Float32Array(24 * 20);
    sampler.slice(planesOf(IMAGE).axial, 3, out);
    expect(out.every(Number.isNaN)).toBe(true);
  });
});

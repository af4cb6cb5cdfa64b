/**
 * The three anatomical planes of a grid. Whatever the order and sense of the voxel axes, each plane takes the
 * axis that is nearest to its patient axis: axial slices run along head-feet, right of the patient is on the
 * left of the picture, anterior on top (axial) or on the left (sagittal), head on top (sagittal, coronal).
 */
import type { Triple } from './bits';

export type PlaneName = 'axial' | 'sagittal' | 'coronal';
export const PLANES: readonly PlaneName[] = ['axial', 'sagittal', 'coronal'];
export type Axis = 0 | 1 | 2;
/** What geometry a grid has; the JSON of `rt.geometry.Grid`. */
export type GridGeometry = {
  readonly shape_kji: readonly [number, number, number];
  readonly spacing_ijk_mm: readonly [number, number, number];
  readonly origin_lps_mm: readonly [number, number, number];
  readonly direction: readonly (readonly number[])[];
};
/** Axes are indices into (k, j, i). `columns` and `rows` run right and down on screen, reversed where flipped. */
export type Plane = {
  name: PlaneName;
  across: Axis;
  columns: Axis;
  rows: Axis;
  flipU: boolean;
  flipV: boolean;
  /** Whether the next slice towards the head (left, anterior for the others: as the list says) has a lower index. */
  flipSlices: boolean;
  /** Patient directions at the left, right, top, bottom of the picture. */
  letters: readonly [string, string, string, string];
};

const PATIENT = { L: 0, P: 1, S: 2 } as const;
const OPPOSITE: Record<string, string> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };

/** Spacing in millimetres along k, j, i. */
export const spacingKji = (grid: GridGeometry): Triple => {
  const [i, j, k] = grid.spacing_ijk_mm;
  return [k, j, i];
};

/** Volume of one voxel in cm³. */
export const voxelCc = (grid: GridGeometry): number => grid.spacing_ijk_mm.reduce((a, b) => a * b, 1) / 1000;

const cosine = (grid: GridGeometry, patient: number, axis: Axis): number => grid.direction[patient]?.[2 - axis] ?? 0;

/** For L, P, S the voxel axis nearest to it, each axis once: the best of the six assignments. */
function nearestAxes(grid: GridGeometry): [Axis, Axis, Axis] {
  const orders: [Axis, Axis, Axis][] = [
    [2, 1, 0], [2, 0, 1], [1, 2, 0], [1, 0, 2], [0, 1, 2], [0, 2, 1],
  ]; // prettier-ignore
  const fit = (order: [Axis, Axis, Axis]): number =>
    order.reduce<number>((sum, axis, patient) => sum + Math.abs(cosine(grid, patient, axis)), 0);
  return orders.reduce((best, order) => (fit(order) > fit(best) + 1e-9 ? order : best));
}

/** The axial, sagittal and coronal plane of a grid. */
export function planesOf(grid: GridGeometry): Record<PlaneName, Plane> {
  const [left, posterior, superior] = nearestAxes(grid);
  const backwards = (patient: number, axis: Axis): boolean => cosine(grid, patient, axis) < 0;
  const flipL = backwards(PATIENT.L, left);
  const flipP = backwards(PATIENT.P, posterior);
  const flipS = backwards(PATIENT.S, superior);
  return {
    axial: {
      name: 'axial', across: superior, columns: left, rows: posterior,
      flipU: flipL, flipV: flipP, flipSlices: flipS, letters: ['R', 'L', 'A', 'P'],
    },
    sagittal: {
      name: 'sagittal', across: left, columns: posterior, rows: superior,
      flipU: flipP, flipV: !flipS, flipSlices: flipL, letters: ['A', 'P', 'H', 'F'],
    },
    coronal: {
      name: 'coronal', across: posterior, columns: left, rows: superior,
      flipU: flipL, flipV: !flipS, flipSlices: flipP, letters: ['R', 'L', 'H', 'F'],
    },
  }; // prettier-ignore
}

/** Patient position (LPS, mm) of a voxel position (k, j, i). */
export function toPatient(grid: GridGeometry, [k, j, i]: Triple): Triple {
  const [si, sj, sk] = grid.spacing_ijk_mm;
  const along = [i * si, j * sj, k * sk];
  const coordinate = (row: number): number =>
    along.reduce((sum, mm, column) => sum + (grid.direction[row]?.[column] ?? 0) * mm, grid.origin_lps_mm[row] ?? 0);
  return [coordinate(0), coordinate(1), coordinate(2)];
}

/** Voxel position (k, j, i; a centre is a whole number) of a patient position (LPS, mm); the inverse of `toPatient`. */
export function toVoxel(grid: GridGeometry, position: Triple): Triple {
  const [si, sj, sk] = grid.spacing_ijk_mm;
  const away = position.map((mm, patient) => mm - (grid.origin_lps_mm[patient] ?? 0));
  const along = (column: 0 | 1 | 2): number => away.reduce((sum, mm, row) => sum + mm * (grid.direction[row]?.[column] ?? 0), 0);
  return [along(2) / sk, along(1) / sj, along(0) / si];
}

const POSITIVE = ['L', 'P', 'H'] as const;

/** `H 60.0`, or `F 60.0` for what is negative along the patient axis. */
function describeCoordinate(mm: number, patient: 0 | 1 | 2): string {
  const positive = POSITIVE[patient];
  return `${mm >= 0 ? positive : (OPPOSITE[positive] ?? positive)} ${Math.abs(mm).toFixed(1)}`;
}

/** `L 12.3 P 4.5 H 60.0` of a patient position. */
export const describePosition = (position: Triple): string =>
  `${([0, 1, 2] as const).map((patient) => describeCoordinate(position[patient], patient)).join('  ')} mm`;

const ACROSS = { sagittal: 0, coronal: 1, axial: 2 } as const;

/** Where the slice of a plane through a voxel lies: `H 60.0 mm` of an axial one. */
export function describeSlice(grid: GridGeometry, plane: Plane, voxel: Triple): string {
  const on: [number, number, number] = [...voxel];
  on[plane.across] = Math.round(voxel[plane.across]);
  const patient = ACROSS[plane.name];
  return `${describeCoordinate(toPatient(grid, on)[patient], patient)} mm`;
}

/** The voxel (k, j, i) of column u, row v of a slice. */
export function voxelAt(plane: Plane, slice: number, u: number, v: number): [number, number, number] {
  const voxel: [number, number, number] = [0, 0, 0];
  voxel[plane.across] = slice;
  voxel[plane.columns] = u;
  voxel[plane.rows] = v;
  return voxel;
}

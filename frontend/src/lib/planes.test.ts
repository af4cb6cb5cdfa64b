import { describe, expect, it } from 'vitest';
import { describePosition, describeSlice, planesOf, toPatient, toVoxel, voxelCc, type GridGeometry } from './planes';

const grid = (direction: number[][]): GridGeometry => ({
  shape_kji: [10, 20, 30],
  spacing_ijk_mm: [0.9, 1.1, 2.5],
  origin_lps_mm: [-100, -50, 7],
  direction,
});
const HFS = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];

describe('planes', () => {
  it('shows a head-first supine CT with the patient right on the left and the head on top', () => {
    const { axial, sagittal, coronal } = planesOf(grid(HFS));
    expect([axial.across, axial.columns, axial.rows, axial.flipU, axial.flipV]).toEqual([0, 2, 1, false, false]);
    expect([sagittal.across, sagittal.columns, sagittal.rows, sagittal.flipU, sagittal.flipV]).toEqual([2, 1, 0, false, true]);
    expect([coronal.across, coronal.columns, coronal.rows, coronal.flipU, coronal.flipV]).toEqual([1, 2, 0, false, true]);
  });

  it('turns a prone patient upright', () => {
    const { axial } = planesOf(grid([[-1, 0, 0], [0, -1, 0], [0, 0, 1]]));
    expect([axial.flipU, axial.flipV]).toEqual([true, true]);
  });

  it('finds the planes of a sagittal acquisition', () => {
    const { axial, sagittal } = planesOf(grid([[0, 0, 1], [1, 0, 0], [0, -1, 0]]));
    expect(sagittal.across).toBe(0);
    expect([sagittal.columns, sagittal.rows, sagittal.flipV]).toEqual([2, 1, false]);
    expect([axial.across, axial.flipSlices]).toEqual([1, true]);
  });

  it('uses every axis once on an oblique grid', () => {
    const c = Math.SQRT1_2;
    const { axial } = planesOf(grid([[c, -c, 0], [c, c, 0], [0, 0, 1]]));
    expect(new Set([axial.across, axial.columns, axial.rows]).size).toBe(3);
  });

  it('maps voxels to patient millimetres', () => {
    const position = toPatient(grid(HFS), [2, 10, 100]);
    expect(position[0]).toBeCloseTo(-10);
    expect(position[1]).toBeCloseTo(-39);
    expect(position[2]).toBeCloseTo(12);
    expect(describePosition(position)).toBe('R 10.0  A 39.0  H 12.0 mm');
    expect(voxelCc(grid(HFS))).toBeCloseTo(0.002475);
  });

  it('says where a slice lies along its patient axis', () => {
    const { axial, sagittal, coronal } = planesOf(grid(HFS));
    expect(describeSlice(grid(HFS), axial, [1.6, 10, 100])).toBe('H 12.0 mm');
    expect(describeSlice(grid(HFS), sagittal, [2, 10, 100])).toBe('R 10.0 mm');
    expect(describeSlice(grid(HFS), coronal, [2, 10, 100])).toBe('A 39.0 mm');
    const prone = grid([[-1, 0, 0], [0, -1, 0], [0, 0, 1]]);
    expect(describeSlice(prone, planesOf(prone).coronal, [0, 10, 0])).toBe('A 61.0 mm');
  });

  it('finds the voxel of a patient position, whatever the direction of the grid', () => {
    const tilted = grid([[0, 0.6, 0.8], [1, 0, 0], [0, 0.8, -0.6]]);
    const there = toVoxel(tilted, toPatient(tilted, [3.25, 7, 11.5]));
    expect(there.map((axis) => axis.toFixed(9))).toEqual(['3.250000000', '7.000000000', '11.500000000']);
  });
});

/** How the dose is shown: which, as what, and what counts as 100 %. */
import { FieldSampler } from '../lib/field';
import type { GridGeometry } from '../lib/planes';
import { colourDoses, doseColour, LEVELS } from './dose-colours';
import type { Overlay } from './overlay-layer';
import type { Volume } from './volume';

/** A dose distribution that has been loaded, sampled on the image's grid; `digest` names its voxels. */
export type DoseField = { readonly digest: string; readonly sampler: FieldSampler };

export type DoseView = {
  /** The series that is shown; null where the study has no dose for this image. */
  readonly seriesId: string | null;
  readonly field: DoseField | null;
  readonly wash: boolean;
  readonly lines: boolean;
  readonly dvh: boolean;
  /** Of the wash, 0 to 1. */
  readonly opacity: number;
  /** Below this share of the reference there is no wash. */
  readonly threshold: number;
  /** What a person says was prescribed, or the plan; null: the largest dose is 100 %. */
  readonly prescriptionGy: number | null;
};

export const NO_DOSE: DoseView = {
  seriesId: null,
  field: null,
  wash: false,
  lines: false,
  dvh: false,
  opacity: 0.5,
  threshold: 0.1,
  prescriptionGy: null,
};

/** A loaded RTDOSE on the grid of the image. */
export function fieldOf(digest: string, { data, description }: Volume, image: GridGeometry): DoseField {
  return { digest, sampler: new FieldSampler({ grid: description.grid, voxels: data, slope: description.slope }, image) };
}

/** The dose that is 100 %: the prescription, else the largest dose; null where there is none. */
export function referenceGy({ field, prescriptionGy }: DoseView): number | null {
  const gy = prescriptionGy ?? field?.sampler.most ?? 0;
  return field !== null && gy > 0 ? gy : null;
}

/** Whether anything of the dose is to be seen, so that it has to be loaded. */
export const isDoseWanted = ({ wash, lines, dvh }: DoseView): boolean => wash || lines || dvh;

const COLOURS = LEVELS.map(doseColour);

/** The dose as it is drawn; null where nothing of it is to be seen in the planes. */
export function doseOverlay(dose: DoseView): Overlay | null {
  const reference = referenceGy(dose);
  const { field, wash, lines, opacity, threshold } = dose;
  if (field === null || reference === null || !(wash || lines)) return null;
  const of = field.sampler;
  return {
    key: `${field.digest} ${reference} ${wash ? `${opacity} ${threshold}` : ''} ${lines}`,
    wash: wash ? { of, opacity, colour: (values, out) => colourDoses(values, reference, threshold * reference, out) } : null,
    lines: lines ? { of, levels: LEVELS.map((share) => share * reference), colours: COLOURS } : null,
  };
}

/** Questions to a histogram in the canonical form of `rt/dose_metrics.py`: `mean`, `D95`, `D0.03cc`, `V20Gy`, `V20Gycc`. */
import { doseAt, doseAtCc, shareAt, type Dvh } from './dvh';

export type MetricKind = 'mean' | 'min' | 'max' | 'dose-at-percent' | 'dose-at-cc' | 'percent-at-gy' | 'cc-at-gy';
export type Metric = {
  readonly kind: MetricKind;
  /** The x of D_x or V_x, in %, cm³ or Gy. */
  readonly number: number;
  /** Of the answer. */
  readonly unit: 'Gy' | '%' | 'cc';
  /** Letter and index as ICRU 83 prints them. */
  readonly letter: 'D' | 'V';
  readonly index: string;
};

const WRITTEN = /^(?:(mean|min|max)|D([\d.]+)(cc)?|V([\d.]+)Gy(cc)?)$/;

/** The question that a text asks; null where it asks none. */
export function parseMetric(text: string): Metric | null {
  const found = WRITTEN.exec(text);
  if (found === null) return null;
  const [, word, dose, doseCc, volume, volumeCc] = found;
  if (word !== undefined) return { kind: word as 'mean' | 'min' | 'max', number: 0, unit: 'Gy', letter: 'D', index: word };
  const number = Number(dose ?? volume);
  if (!Number.isFinite(number)) return null;
  if (dose === undefined) {
    const unit = volumeCc === undefined ? '%' : 'cc';
    return { kind: unit === '%' ? 'percent-at-gy' : 'cc-at-gy', number, unit, letter: 'V', index: `${number}Gy` };
  }
  if (doseCc !== undefined) return { kind: 'dose-at-cc', number, unit: 'Gy', letter: 'D', index: `${number}cc` };
  return { kind: 'dose-at-percent', number, unit: 'Gy', letter: 'D', index: `${number}%` };
}

/** The answer, of the part within the dose grid; NaN when the structure has less than the volume asked for. */
export function metricOf({ kind, number }: Metric, dvh: Dvh): number {
  switch (kind) {
    case 'mean':
      return dvh.meanGy;
    case 'min':
      return dvh.minGy;
    case 'max':
      return dvh.maxGy;
    case 'dose-at-percent':
      return doseAt(dvh, number / 100);
    case 'dose-at-cc':
      return doseAtCc(dvh, number);
    case 'percent-at-gy':
      return 100 * shareAt(dvh, number);
    case 'cc-at-gy':
      return shareAt(dvh, number) * dvh.insideCc;
  }
}

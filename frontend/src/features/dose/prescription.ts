/**
 * What counts as 100 % of a dose: what a person typed, else what its plan prescribes, else the largest dose.
 * What was typed, and the protocol that the dose is held against, are remembered in this browser for each dose.
 */
import type { PlannedDose } from '../../api/types';

const STORED = 'rinkaku.prescription.';
const PROTOCOL = 'rinkaku.protocol.';
export const PRESCRIPTION_GY = { low: 0.1, high: 300 } as const;

/** The prescription that a text says; null where it says none. */
export function readPrescription(text: string): number | null {
  const gy = Number(text.trim().replace(',', '.'));
  return text.trim() !== '' && gy >= PRESCRIPTION_GY.low && gy <= PRESCRIPTION_GY.high ? gy : null;
}

export type Plan = { readonly label: string; readonly gy: number };

/** The prescription of the plan that a dose is the whole of; null for a beam's or several plans' dose, or where none is known. */
export function planOf(doses: readonly PlannedDose[], seriesId: string | null): Plan | null {
  const dose = doses.find((one) => one.series_id === seriesId);
  const gy = readPrescription(String(dose?.prescription_gy ?? ''));
  return dose?.summation === 'PLAN' && gy !== null ? { label: dose.plan_label ?? '', gy } : null;
}

/** The prescription of a dose, in gray; null: its maximum is 100 %, by a person's choice or because no plan says another. */
export function prescriptionOf(seriesId: string, plan: Plan | null): number | null {
  const typed = window.localStorage.getItem(STORED + seriesId);
  return typed === null ? (plan?.gy ?? null) : readPrescription(typed);
}

/** Null: a person wants the maximum. */
export const rememberPrescription = (seriesId: string, gy: number | null): void =>
  window.localStorage.setItem(STORED + seriesId, String(gy ?? ''));

/** The id of the protocol; null for none. */
export const recalledProtocol = (seriesId: string): string | null => window.localStorage.getItem(PROTOCOL + seriesId);

export function rememberProtocol(seriesId: string, id: string | null): void {
  if (id === null) window.localStorage.removeItem(PROTOCOL + seriesId);
  else window.localStorage.setItem(PROTOCOL + seriesId, id);
}

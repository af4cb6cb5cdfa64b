/** What a person said was prescribed, remembered in this browser for each dose. */
const STORED = 'rinkaku.prescription.';
export const PRESCRIPTION_GY = { low: 0.1, high: 300 } as const;

/** The prescription that a text says; null where it says none. */
export function readPrescription(text: string): number | null {
  const gy = Number(text.trim().replace(',', '.'));
  return text.trim() !== '' && gy >= PRESCRIPTION_GY.low && gy <= PRESCRIPTION_GY.high ? gy : null;
}

export const recalledPrescription = (seriesId: string): number | null =>
  readPrescription(window.localStorage.getItem(STORED + seriesId) ?? '');

export function rememberPrescription(seriesId: string, gy: number | null): void {
  if (gy === null) window.localStorage.removeItem(STORED + seriesId);
  else window.localStorage.setItem(STORED + seriesId, String(gy));
}

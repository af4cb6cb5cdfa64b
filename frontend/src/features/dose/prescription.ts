/** What a person said was prescribed, and the protocol it is held against, remembered in this browser for each dose. */
const STORED = 'rinkaku.prescription.';
const PROTOCOL = 'rinkaku.protocol.';
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

/** The id of the protocol; null for none. */
export const recalledProtocol = (seriesId: string): string | null => window.localStorage.getItem(PROTOCOL + seriesId);

export function rememberProtocol(seriesId: string, id: string | null): void {
  if (id === null) window.localStorage.removeItem(PROTOCOL + seriesId);
  else window.localStorage.setItem(PROTOCOL + seriesId, id);
}

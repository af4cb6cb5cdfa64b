/** A table of text as a file holds it, read only to show it: what counts is what the server reads. */

/** Rows of cells (RFC 4180: quoted cells hold delimiters, line ends and doubled quotes); empty lines are left out. */
export function parseCsv(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  const endRow = (): void => {
    row.push(cell);
    if (row.some((one) => one !== '')) rows.push(row);
    row = [];
    cell = '';
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quoted) {
      if (char === '"' && text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else if (char === '"') quoted = false;
      else cell += char;
    } else if (char === '"' && cell === '') quoted = true;
    else if (char === delimiter) {
      row.push(cell);
      cell = '';
    } else if (char === '\n' || char === '\r') {
      if (char === '\r' && text[at + 1] === '\n') at += 1;
      endRow();
    } else cell += char;
  }
  if (cell !== '' || row.length > 0) endRow();
  return rows;
}

/** The bytes as the server takes a file in a JSON body. */
export function toBase64(bytes: Uint8Array): string {
  const CHUNK = 0x8000;
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

/** Markers as they are typed, separated by commas; the empty cell is missing anyway. */
export const splitMarkers = (typed: string): string[] =>
  typed
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

/** `yes=1, no=0` of a coding. */
export const codingText = (coding: Readonly<Record<string, number>>): string =>
  Object.entries(coding)
    .map(([text, number]) => `${text}=${number}`)
    .join(', ');

/** What `codingText` wrote; null where a part is no pair. */
export function parseCoding(typed: string): Record<string, number> | null {
  const coding: Record<string, number> = {};
  for (const part of splitMarkers(typed)) {
    const cut = part.lastIndexOf('=');
    const text = part.slice(0, cut).trim();
    const number = Number(part.slice(cut + 1));
    if (cut < 1 || text === '' || part.slice(cut + 1).trim() === '' || !Number.isFinite(number)) return null;
    coding[text] = number;
  }
  return coding;
}

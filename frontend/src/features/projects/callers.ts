import type { DicomCaller } from '../../api/types';

const looksLikeAddress = (text: string): boolean => /^[0-9a-fA-F:.]+(\/\d+)?$/.test(text) && /[.:]/.test(text);

/** Callers as one writes them, one in a line: TITLE, address, or TITLE@address. */
export function readCallers(text: string): DicomCaller[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').map((line) => {
    const at = line.lastIndexOf('@');
    if (at > 0) return { title: line.slice(0, at), address: line.slice(at + 1) };
    return looksLikeAddress(line) ? { title: null, address: line } : { title: line, address: null };
  });
}

/** The line that `readCallers` reads. */
export const callerText = ({ title, address }: DicomCaller): string => [title, address].filter(Boolean).join('@');

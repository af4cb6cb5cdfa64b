/** What the fields of a crop hold, as typed. */
export type CropFields = {
  structures: string;
  join: string;
  without: string;
  isodose: string;
  margin: string;
};

export type Crop = {
  structures: string[];
  any_of: boolean;
  without: string[];
  isodose_gy: number | null;
  margin_mm: number;
};

export const NO_CROP: CropFields = { structures: '', join: 'all', without: '', isodose: '', margin: '' };

/** Names between commas, Japanese ones too. */
const names = (text: string): string[] =>
  text
    .split(/[,、，]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** The crop that the fields ask for; null when they are empty.  What is no region is refused by the server. */
export function cropOf({ structures, join, without, isodose, margin }: CropFields): Crop | null {
  if ([structures, without, isodose, margin].every((text) => text.trim() === '')) return null;
  return {
    structures: names(structures),
    any_of: join === 'any',
    without: names(without),
    isodose_gy: isodose.trim() === '' ? null : Number(isodose),
    margin_mm: Number(margin),
  };
}

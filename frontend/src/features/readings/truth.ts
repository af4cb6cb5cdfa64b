/** Truth of cases as a table: `study_id,x_mm,y_mm,z_mm,radius_mm`, one line a lesion, patient LPS. */

export type Lesion = { position_mm: [number, number, number]; radius_mm: number };
export type Truth = { lesions: ReadonlyMap<string, Lesion[]>; wrongLine: number | null };

const HEADER = 'study_id,x_mm,y_mm,z_mm,radius_mm';

/** Lesions by study; `wrongLine` is the first line that is none. */
export function readTruth(text: string, studies: ReadonlySet<string>): Truth {
  const lesions = new Map<string, Lesion[]>();
  const [head = '', ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (head.replaceAll(' ', '') !== HEADER) return { lesions, wrongLine: 1 };
  for (const [n, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const [id = '', ...cells] = line.split(',').map((cell) => cell.trim());
    const [x, y, z, radius] = cells.map((cell) => (cell === '' ? Number.NaN : Number(cell)));
    const all = [x, y, z, radius];
    const wrong = cells.length !== 4 || !studies.has(id) || !all.every((one) => Number.isFinite(one)) || (radius ?? 0) <= 0;
    if (wrong || x === undefined || y === undefined || z === undefined || radius === undefined) return { lesions, wrongLine: n + 2 };
    lesions.set(id, [...(lesions.get(id) ?? []), { position_mm: [x, y, z], radius_mm: radius }]);
  }
  return { lesions, wrongLine: null };
}

/**
 * Lines of equal value on a slice by marching squares: straight pieces inside cells of four neighbouring samples,
 * linear between them. Where one of the four is unknown (NaN) there is no line.
 */

/** Ends of the pieces in a cell by its corners TL 8, TR 4, BR 2, BL 1 (set: not below the level); edges T 0, R 1, B 2, L 3. */
const PIECES: readonly (readonly number[])[] = [
  [], [3, 2], [2, 1], [3, 1], [1, 0], [3, 0, 1, 2], [2, 0], [3, 0],
  [0, 3], [0, 2], [0, 1, 2, 3], [0, 1], [1, 3], [1, 2], [2, 3], [],
]; // prettier-ignore
/** The same where a saddle's middle is below the level: its two high corners are apart. */
const APART: Readonly<Record<number, readonly number[]>> = { 5: [3, 2, 1, 0], 10: [0, 3, 2, 1] };

/** For each level u0, v0, u1, v1, ... of the pieces of its lines; positions are sample indices (columns, rows). */
export function isoSegments(values: Float32Array, width: number, levels: readonly number[]): Float32Array<ArrayBuffer>[] {
  const found: number[][] = levels.map(() => []);
  const height = Math.floor(values.length / width);
  for (let v = 0; v + 1 < height; v += 1) {
    for (let u = 0, at = v * width; u + 1 < width; u += 1, at += 1) {
      const tl = values[at] ?? NaN;
      const tr = values[at + 1] ?? NaN;
      const bl = values[at + width] ?? NaN;
      const br = values[at + width + 1] ?? NaN;
      const low = Math.min(tl, tr, bl, br);
      const high = Math.max(tl, tr, bl, br);
      if (!(low < high)) continue;
      for (let n = 0; n < levels.length; n += 1) {
        const level = levels[n] ?? NaN;
        if (low < level && level <= high) crossCell(found[n] ?? [], u, v, [tl, tr, br, bl], level);
      }
    }
  }
  return found.map((one) => Float32Array.from(one));
}

type Corners = readonly [tl: number, tr: number, br: number, bl: number];

function crossCell(out: number[], u: number, v: number, [tl, tr, br, bl]: Corners, level: number): void {
  const code = (tl >= level ? 8 : 0) | (tr >= level ? 4 : 0) | (br >= level ? 2 : 0) | (bl >= level ? 1 : 0);
  const apart = (tl + tr + br + bl) / 4 < level ? APART[code] : undefined;
  for (const edge of apart ?? PIECES[code] ?? []) {
    if (edge === 0) out.push(u + (level - tl) / (tr - tl), v);
    else if (edge === 1) out.push(u + 1, v + (level - tr) / (br - tr));
    else if (edge === 2) out.push(u + (level - bl) / (br - bl), v + 1);
    else out.push(u, v + (level - tl) / (bl - tl));
  }
}

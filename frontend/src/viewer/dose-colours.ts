/**
 * The colours of dose, bound to shares of the reference and not to the largest dose: what is yellow got 95 %, what
 * is red too much, in every patient. They run from cold to warm and grow lighter up to the prescription, so that
 * more looks like more; none is white or grey, which are bone and tissue.
 */
type Anchor = readonly [share: number, red: number, green: number, blue: number];

const ANCHORS: readonly Anchor[] = [
  [0, 62, 44, 132],
  [0.2, 66, 92, 232],
  [0.5, 24, 172, 224],
  [0.8, 48, 200, 112],
  [0.9, 168, 220, 56],
  [0.95, 255, 220, 40],
  [1, 255, 138, 24],
  [1.07, 240, 36, 52],
  [1.15, 220, 32, 168],
];

/** Isodoses that are drawn and named, as shares of the reference, the highest first. */
export const LEVELS = [1.07, 1, 0.95, 0.9, 0.8, 0.5, 0.2] as const;

function mixed(share: number): readonly [number, number, number] {
  const next = ANCHORS.findIndex(([at]) => at > share);
  const [from, to] = next < 0 ? [ANCHORS.at(-1), ANCHORS.at(-1)] : [ANCHORS[Math.max(0, next - 1)], ANCHORS[next]];
  if (from === undefined || to === undefined) return [0, 0, 0];
  const t = to[0] === from[0] ? 0 : Math.min(1, Math.max(0, (share - from[0]) / (to[0] - from[0])));
  const part = (n: 1 | 2 | 3): number => Math.round(from[n] + t * (to[n] - from[n]));
  return [part(1), part(2), part(3)];
}

/** The colour of a share of the reference dose, for CSS. */
export const doseColour = (share: number): string => `rgb(${mixed(share).join(' ')})`;

/** Where the table of colours ends, as a share of the reference; the last colour goes on. */
const TABLE_END = 1.25;
const TABLE_STEPS = 1000;
const OPAQUE = 0xff000000;

/** One RGBA pixel (as a little-endian number) per step of the share. */
const TABLE = Uint32Array.from({ length: TABLE_STEPS + 1 }, (_, step) => {
  const [red, green, blue] = mixed((step / TABLE_STEPS) * TABLE_END);
  return OPAQUE | (blue << 16) | (green << 8) | red;
});

/** Colours doses in gray; what is below `lowest` gray, and what has no dose (NaN), stays clear. */
export function colourDoses(doses: Float32Array, referenceGy: number, lowest: number, out: Uint32Array): void {
  const gain = TABLE_STEPS / (TABLE_END * referenceGy);
  for (let n = 0; n < doses.length; n += 1) {
    const gy = doses[n] ?? NaN;
    out[n] = gy >= lowest && gy > 0 ? (TABLE[Math.min(TABLE_STEPS, Math.max(0, gy * gain)) | 0] ?? 0) : 0;
  }
}

/**
 * The air around the patient: what a click there would grow is no structure. It is told in the slice of the image
 * by what is as dark as air and hangs together with the slice's border; air within the body does not.
 */
import type { Triple } from './bits';

/** As in rt/regions.py: air and the foam of a couch are below, fat and the walls of the lungs above. */
const AIR_HU = -300;
/** Where values have no scale: a part of the way from the least to the 99th percentile of the slice. */
const DARK = 0.05;
const BRIGHT = 0.99;
/** Every so many voxels of a slice are enough to know its bright end. */
const ASKED = 7;

/** Structures that are air or open to it, by their names in TG-263. */
const OF_AIR = /^(trachea|carina|bronchus|airway|lungs?|sinus|cavity_(nasal|oral)|nasopharynx|oropharynx|laryngl_pharynx|pharynx|larynx|ear_)(?=$|_|[a-z])/i;

/** Whether a structure may well begin in air. */
export const isOfAir = (name: string): boolean => OF_AIR.test(name);

type Voxels = Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
export type Image = { readonly data: Voxels; readonly shape: Triple; readonly unit: string; readonly slope: number };

/** Whether most of these voxels lie in the air around the patient. */
export function inOuterAir(image: Image, voxels: readonly Triple[]): boolean {
  const [, nj, ni] = image.shape;
  const outside = new Map<number, Uint8Array>();
  let found = 0;
  for (const [k, j, i] of voxels) {
    const slice = outside.get(k) ?? outerAirOf(image.data.subarray(k * nj * ni, (k + 1) * nj * ni), image);
    outside.set(k, slice);
    found += slice[j * ni + i] ?? 0;
  }
  return 2 * found > voxels.length;
}

/** 1 for the voxels of a slice in the outer air. */
function outerAirOf(values: Voxels, { shape: [, nj, ni], unit, slope }: Image): Uint8Array {
  const limit = unit === 'HU' ? AIR_HU / slope : darkest(values);
  const air = new Uint8Array(values.length);
  const waiting: number[] = [];
  const reach = (at: number): void => {
    if (air[at] === 1 || !((values[at] ?? 0) < limit)) return;
    air[at] = 1;
    waiting.push(at);
  };
  for (let i = 0; i < ni; i += 1) [i, (nj - 1) * ni + i].forEach(reach);
  for (let j = 0; j < nj; j += 1) [j * ni, j * ni + ni - 1].forEach(reach);
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const i = at % ni;
    if (i > 0) reach(at - 1);
    if (i < ni - 1) reach(at + 1);
    if (at >= ni) reach(at - ni);
    if (at < values.length - ni) reach(at + ni);
  }
  return air;
}

function darkest(values: Voxels): number {
  const some = Float32Array.from({ length: Math.ceil(values.length / ASKED) }, (_, n) => values[n * ASKED] ?? 0).sort();
  const least = some[0] ?? 0;
  return least + DARK * ((some[Math.floor(BRIGHT * some.length)] ?? least) - least);
}

/**
 * A small thing that stands out sharply all around (a lens, a seed, a small node), found by its half-maximum: the
 * level midway between what lies under the click and what lies around the thing, asked again until it stands.
 * `growth` looks for organs: its neighbourhoods of a click are larger than such a thing and blur it away.
 */
import type { Triple } from './bits';
import { around, blurred, placeOf, stridesOf, type Picture } from './picture';

/** How far from the click the thing may reach, and what is looked at around it. */
const REACH_MM = 13;
const BLUR_MM = 0.8;
const CORE_MM = 1.2;
/** What lies around it: this far off, so that its own blurred border is left out. */
const NEAR_MM = 1.5;
const FAR_MM = 4;
const ROUNDS = 4;
const LEAST_VOXELS = 4;
/** Levels within the thing and around it: the part that must agree that it ends all around. */
const INSIDE = 0.7;
const AROUND = 0.95;
/** A shell of fewer voxels says nothing. */
const LEAST_AROUND = 20;

/** Half the cube that is looked at. */
export const WINDOW_MM = REACH_MM + FAR_MM + 0.5;

/** The voxels of the small thing under the click; null where there is none that stands out all around. */
export function smallThing(picture: Picture, click: number): Int32Array | null {
  const { values } = blurred(picture, BLUR_MM);
  const soft = { ...picture, values };
  let inner = coreOf(soft, click);
  let outer = middleOf(values);
  let thing: Int32Array | null = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    const sign = Math.sign(inner - outer);
    thing = sign === 0 ? null : connected(soft, click, (inner + outer) / 2, sign);
    if (thing === null) return null;
    const ring = shellOf(soft, thing);
    if (ring.length < LEAST_AROUND) return null;
    inner = levelOf(values, thing, sign > 0 ? INSIDE : 1 - INSIDE);
    outer = levelOf(values, ring, 0.5);
    const against = levelOf(values, ring, sign > 0 ? AROUND : 1 - AROUND);
    if (round === ROUNDS - 1 && sign * ((inner + outer) / 2 - against) <= 0) return null;
  }
  return thing !== null && thing.length >= LEAST_VOXELS ? thing : null;
}

function coreOf(picture: Picture, click: number): number {
  let [sum, count] = [0, 0];
  around(picture, click, CORE_MM, (at) => {
    sum += picture.values[at] ?? 0;
    count += 1;
  });
  return sum / count;
}

const middleOf = (values: Float32Array): number => Float32Array.from(values).sort()[values.length >> 1] ?? 0;

function levelOf(values: Float32Array, places: Int32Array, share: number): number {
  const sorted = Float32Array.from(places, (at) => values[at] ?? 0).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** What hangs together with the click beyond a level; null where it reaches too far or to the border of the window. */
function connected({ values, shape, spacing }: Picture, click: number, level: number, sign: number): Int32Array | null {
  const beyond = (at: number): boolean => sign * ((values[at] ?? 0) - level) > 0;
  if (!beyond(click)) return null;
  const strides = stridesOf(shape);
  const centre = placeOf(click, shape);
  const seen = new Uint8Array(values.length);
  const found = [click];
  seen[click] = 1;
  for (let n = 0; n < found.length; n += 1) {
    const at = found[n] ?? 0;
    const place = placeOf(at, shape);
    const far = Math.hypot(...([0, 1, 2] as const).map((axis) => (place[axis] - centre[axis]) * spacing[axis]));
    if (far > REACH_MM) return null;
    for (const axis of [0, 1, 2] as const) {
      if (place[axis] === 0 || place[axis] === shape[axis] - 1) return null;
      for (const next of [at - strides[axis], at + strides[axis]]) {
        if (seen[next] === 1 || !beyond(next)) continue;
        seen[next] = 1;
        found.push(next);
      }
    }
  }
  return Int32Array.from(found);
}

/** The voxels between two boxes around every voxel of the thing. */
function shellOf({ shape, spacing, values }: Picture, thing: Int32Array): Int32Array {
  const near = new Uint8Array(values.length);
  for (const at of thing) near[at] = 1;
  const inner = widened(near, shape, spacing, NEAR_MM);
  const outer = widened(near, shape, spacing, FAR_MM);
  const found: number[] = [];
  outer.forEach((one, at) => {
    if (one === 1 && inner[at] === 0) found.push(at);
  });
  return Int32Array.from(found);
}

function widened(marks: Uint8Array, shape: Triple, spacing: Triple, mm: number): Uint8Array {
  let from = marks;
  for (const axis of [0, 1, 2] as const) {
    const reach = Math.max(mm === FAR_MM ? 1 : 0, Math.round(mm / spacing[axis]));
    const stride = stridesOf(shape)[axis];
    const to = from.slice();
    from.forEach((one, at) => {
      if (one === 0) return;
      const place = Math.floor(at / stride) % shape[axis];
      for (let n = Math.max(-reach, -place); n <= Math.min(reach, shape[axis] - 1 - place); n += 1) to[at + n * stride] = 1;
    });
    from = to;
  }
  return from;
}

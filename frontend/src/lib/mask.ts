/**
 * The wire form of a mask (docs/contracts.md), the same bytes as `rt/masks.py`: a header of 40 bytes,
 * then the bits of the tightest box as a zlib stream of level 6.
 */
import { deflate, inflate } from 'pako';
import { BitMask, type Triple } from './bits';

const MAGIC = 0x314d4b52; // "RKM1", little-endian
const HEADER_BYTES = 40;
const ZLIB_LEVEL = 6;

export class MaskFormatError extends Error {
  override name = 'MaskFormatError';
}

/** Header and zlib stream of a mask; equal masks have equal bytes. */
export function encodeMask(mask: BitMask): Uint8Array<ArrayBuffer> {
  const packed = mask.packed();
  const stream = deflate(packed?.bits ?? new Uint8Array(0), { level: ZLIB_LEVEL });
  const bytes = new Uint8Array(HEADER_BYTES + stream.length);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, MAGIC, true);
  const edges = packed === null ? [0, 0, 0, 0, 0, 0] : [...packed.box.low, ...packed.box.high];
  [...mask.shape, ...edges].forEach((value, n) => header.setUint32(4 + 4 * n, value, true));
  bytes.set(stream, HEADER_BYTES);
  return bytes;
}

/** The mask of its wire form on a grid of `shape`; MaskFormatError says what is wrong with anything else. */
export function decodeMask(bytes: Uint8Array, shape: Triple): BitMask {
  if (bytes.length < HEADER_BYTES) throw new MaskFormatError('shorter than its header');
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (header.getUint32(0, true) !== MAGIC) throw new MaskFormatError('does not begin with RKM1');
  const number = (n: number): number => header.getUint32(4 + 4 * n, true);
  if (shape.some((value, axis) => value !== number(axis))) throw new MaskFormatError('is on another grid');
  const low: Triple = [number(3), number(4), number(5)];
  const high: Triple = [number(6), number(7), number(8)];
  if (high.every((value) => value === 0)) return new BitMask(shape);
  const extent = high.map((value, axis) => value - (low[axis] ?? 0));
  const inside = high.every((value, axis) => value <= (shape[axis] ?? 0)) && extent.every((value) => value > 0);
  if (!inside) throw new MaskFormatError('has a box outside its grid');
  const count = extent.reduce((product, value) => product * value, 1);
  const bits = inflated(bytes.subarray(HEADER_BYTES));
  if (bits.length !== (count + 7) >> 3) throw new MaskFormatError('has another number of bits than its box');
  return BitMask.over(shape, { low, high }, bits);
}

function inflated(stream: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(inflate(stream));
  } catch {
    throw new MaskFormatError('does not hold a zlib stream');
  }
}

const CHUNK = 0x8000;

/** Base64 of bytes. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

/** Bytes of base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

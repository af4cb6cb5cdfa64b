/**
 * The voxels of an image series in the order of the file (k slowest), filled while they arrive. The server sends
 * the middle slice first and then its neighbours in turn, so that there is a picture at once.
 */
import type { GridGeometry } from '../lib/planes';

export type VolumeDescription = {
  grid: GridGeometry;
  dtype: 'int16' | 'float32';
  unit: string;
  slope: number;
  window: { low: number; high: number };
};

/** Slice indices from the middle outwards: m, m + 1, m - 1, m + 2, ... */
export function middleOut(count: number): number[] {
  const middle = Math.floor(count / 2);
  const order = [middle];
  for (let step = 1; order.length < count; step += 1) {
    if (middle + step < count) order.push(middle + step);
    if (middle - step >= 0) order.push(middle - step);
  }
  return order.slice(0, count);
}

export class Volume {
  readonly description: VolumeDescription;
  readonly data: Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  /** How many slices have arrived, and which (1 each): the others are drawn black. */
  loaded = 0;
  readonly arrived: Uint8Array;

  constructor(description: VolumeDescription) {
    this.description = description;
    const [nk, nj, ni] = description.grid.shape_kji;
    this.data = description.dtype === 'int16' ? new Int16Array(nk * nj * ni) : new Float32Array(nk * nj * ni);
    this.arrived = new Uint8Array(nk);
  }

  get grid(): GridGeometry {
    return this.description.grid;
  }

  get complete(): boolean {
    return this.loaded === this.grid.shape_kji[0];
  }

  /** Value at a voxel in the volume's unit; null outside. */
  valueAt(k: number, j: number, i: number): number | null {
    const [nk, nj, ni] = this.grid.shape_kji;
    if (j < 0 || i < 0 || k >= nk || j >= nj || i >= ni || this.arrived[k] !== 1) return null;
    return (this.data[(k * nj + j) * ni + i] ?? 0) * this.description.slope;
  }

  /** Copies the bytes of an answer into their slices as they come; `arrived` hears of every batch. */
  async fill(body: ReadableStream<Uint8Array>, arrived: () => void): Promise<void> {
    const [nk, nj, ni] = this.grid.shape_kji;
    const bytes = new Uint8Array(this.data.buffer);
    const sliceBytes = nj * ni * this.data.BYTES_PER_ELEMENT;
    const order = middleOut(nk);
    let received = 0;
    for await (const value of pieces(body)) {
      for (let taken = 0; taken < value.length; ) {
        const within = received % sliceBytes;
        const part = value.subarray(taken, taken + sliceBytes - within);
        const slice = order[Math.floor(received / sliceBytes)];
        if (slice === undefined) throw new RangeError('more voxels than the grid has');
        bytes.set(part, slice * sliceBytes + within);
        taken += part.length;
        received += part.length;
        if (received % sliceBytes === 0) this.arrived[slice] = 1;
      }
      this.loaded = Math.floor(received / sliceBytes);
      arrived();
    }
    if (received !== nk * sliceBytes) throw new RangeError('the volume ended early');
  }
}

/** Memory that an answer is read into: about what a browser has ready at a time. */
const PIECE_BYTES = 1 << 20;

/** What arrives, piece by piece; a piece is valid until the next one. Whoever stops early ends the answer. */
async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const into = readerInto(body);
  if (into !== null) yield* reused(into);
  else yield* fresh(body.getReader());
}

async function* fresh(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    end(reader);
  }
}

/** Reads into the same memory again and again: new memory for each piece would cost as much time as its copying. */
async function* reused(reader: ReadableStreamBYOBReader): AsyncGenerator<Uint8Array> {
  let memory = new ArrayBuffer(PIECE_BYTES);
  try {
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(memory));
      if (done) return;
      yield value;
      memory = value.buffer;
    }
  } finally {
    end(reader);
  }
}

const end = (reader: ReadableStreamGenericReader): void => void reader.cancel().catch(() => undefined);

/** Null where the browser's answers (or a test's) are no streams of bytes. */
function readerInto(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: 'byob' });
  } catch {
    return null;
  }
}

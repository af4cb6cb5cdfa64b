/**
 * One overlay of one plane, between the image and the contours: a field of values as a colour wash, and lines of equal
 * value of it or of another field. A dose and a map of an analysis are both drawn by this.
 */
import type { FieldSampler } from '../lib/field';
import { isoSegments } from '../lib/isolines';
import type { PlaneView } from './plane-view';

/** Which slice is drawn, and where. */
type SliceView = Pick<PlaneView, 'plane' | 'slice' | 'frame'>;

export type Wash = {
  readonly of: FieldSampler;
  /** 0 to 1. */
  readonly opacity: number;
  /** One RGBA pixel (a little-endian number) per value; NaN is where the field is not known. */
  readonly colour: (values: Float32Array, out: Uint32Array) => void;
};
/** Levels with the colour of each, the first drawn on top. */
export type Lines = { readonly of: FieldSampler; readonly levels: readonly number[]; readonly colours: readonly string[] };
export type Overlay = {
  /** What the picture depends on, beside slice and camera. */
  readonly key: string;
  readonly wash: Wash | null;
  readonly lines: Lines | null;
};

const LINE = 1.3;
/** Around the lines, so that they are seen on bone and in the wash. */
const HALO = 3.2;
const HALO_COLOUR = '#00000070';

/** A field on the slice that is shown, and its lines at these levels. */
type Sampled = { of: FieldSampler; slice: number; values: Float32Array; traced: { levels: string; segments: Float32Array[] } | null };
type Picture = { pixels: ImageData; words: Uint32Array; buffer: OffscreenCanvas };

export class OverlayLayer {
  private readonly width: number;
  private readonly height: number;
  private picture: Picture | null = null;
  /** Of at most two fields: the one washed and the one that lines are of. */
  private sampled: Sampled[] = [];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  draw(context: CanvasRenderingContext2D, view: SliceView, { wash, lines }: Overlay): void {
    if (wash !== null) this.drawWash(context, view, wash);
    if (lines !== null) this.drawLines(context, view, lines);
  }

  private sample(of: FieldSampler, { plane, slice }: SliceView): Sampled {
    const known = this.sampled.find((one) => one.of === of);
    if (known?.slice === slice) return known;
    const values = known?.values ?? new Float32Array(this.width * this.height);
    of.slice(plane, slice, values);
    const fresh: Sampled = { of, slice, values, traced: null };
    this.sampled = [fresh, ...this.sampled.filter((one) => one !== known)].slice(0, 2);
    return fresh;
  }

  private get canvas(): Picture {
    if (this.picture === null) {
      const pixels = new ImageData(this.width, this.height);
      this.picture = { pixels, words: new Uint32Array(pixels.data.buffer), buffer: new OffscreenCanvas(this.width, this.height) };
    }
    return this.picture;
  }

  private drawWash(context: CanvasRenderingContext2D, view: SliceView, { of, opacity, colour }: Wash): void {
    const { pixels, words, buffer } = this.canvas;
    colour(this.sample(of, view).values, words);
    const into = buffer.getContext('2d');
    if (into === null) return;
    into.putImageData(pixels, 0, 0);
    const { transform: t, ratio } = view.frame;
    context.setTransform(t.a * ratio, 0, 0, t.d * ratio, t.e * ratio, t.f * ratio);
    context.imageSmoothingEnabled = true;
    context.globalAlpha = opacity;
    context.drawImage(buffer, -0.5, -0.5);
    context.globalAlpha = 1;
    context.resetTransform();
  }

  private drawLines(context: CanvasRenderingContext2D, view: SliceView, { of, levels, colours }: Lines): void {
    const sampled = this.sample(of, view);
    const named = levels.join();
    if (sampled.traced?.levels !== named) {
      sampled.traced = { levels: named, segments: isoSegments(sampled.values, this.width, levels) };
    }
    const { transform: t, ratio } = view.frame;
    const [a, d, e, f] = [t.a * ratio, t.d * ratio, t.e * ratio, t.f * ratio];
    context.lineCap = 'round';
    [...sampled.traced.segments.entries()].reverse().forEach(([n, segments]) => {
      context.beginPath();
      for (let at = 0; at < segments.length; at += 4) {
        context.moveTo(a * (segments[at] ?? 0) + e, d * (segments[at + 1] ?? 0) + f);
        context.lineTo(a * (segments[at + 2] ?? 0) + e, d * (segments[at + 3] ?? 0) + f);
      }
      context.strokeStyle = HALO_COLOUR;
      context.lineWidth = HALO * ratio;
      context.stroke();
      context.strokeStyle = colours[n] ?? '#ffffff';
      context.lineWidth = LINE * ratio;
      context.stroke();
    });
  }
}

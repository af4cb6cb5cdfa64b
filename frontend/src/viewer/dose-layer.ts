/** Colour wash and isodose lines of one plane, between the image and the contours. */
import { isoSegments } from '../lib/isolines';
import { colourDoses, doseColour, LEVELS } from './dose-colours';
import { referenceGy, type DoseField } from './dose-view';
import type { PlaneView } from './plane-view';
import type { Scene } from './scene';

const LINE = 1.3;
/** Around the lines, so that they are seen on bone and in the wash. */
const HALO = 3.2;
const HALO_COLOUR = '#00000070';

export class DoseLayer {
  private readonly doses: Float32Array;
  private readonly pixels: ImageData;
  private readonly words: Uint32Array;
  private readonly buffer: OffscreenCanvas;
  private sampled: { field: DoseField; slice: number } | null = null;
  private traced: { referenceGy: number; segments: Float32Array[] } | null = null;

  constructor(width: number, height: number) {
    this.doses = new Float32Array(width * height);
    this.pixels = new ImageData(width, height);
    this.words = new Uint32Array(this.pixels.data.buffer);
    this.buffer = new OffscreenCanvas(width, height);
  }

  /** What the picture depends on, beside slice and camera. */
  key({ state: { dose } }: Scene): string {
    const shown = dose.field !== null && (dose.wash || dose.lines);
    if (!shown) return 'none';
    const wash = dose.wash ? `${dose.opacity} ${dose.threshold}` : '';
    return `${dose.field?.digest} ${referenceGy(dose)} ${wash} ${dose.lines}`;
  }

  draw(context: CanvasRenderingContext2D, view: PlaneView, { state: { dose } }: Scene): void {
    const reference = referenceGy(dose);
    if (dose.field === null || reference === null || !(dose.wash || dose.lines)) return;
    this.sample(dose.field, view);
    if (dose.wash) this.drawWash(context, view, reference, dose.threshold, dose.opacity);
    if (dose.lines) this.drawLines(context, view, reference);
  }

  private sample(field: DoseField, view: PlaneView): void {
    const { slice } = view;
    if (this.sampled?.field === field && this.sampled.slice === slice) return;
    field.sampler.slice(view.plane, slice, this.doses);
    this.sampled = { field, slice };
    this.traced = null;
  }

  private drawWash(context: CanvasRenderingContext2D, view: PlaneView, reference: number, threshold: number, opacity: number): void {
    colourDoses(this.doses, reference, threshold * reference, this.words);
    const buffer = this.buffer.getContext('2d');
    if (buffer === null) return;
    buffer.putImageData(this.pixels, 0, 0);
    const { transform: t, ratio } = view.frame;
    context.setTransform(t.a * ratio, 0, 0, t.d * ratio, t.e * ratio, t.f * ratio);
    context.imageSmoothingEnabled = true;
    context.globalAlpha = opacity;
    context.drawImage(this.buffer, -0.5, -0.5);
    context.globalAlpha = 1;
    context.resetTransform();
  }

  private drawLines(context: CanvasRenderingContext2D, view: PlaneView, reference: number): void {
    if (this.traced?.referenceGy !== reference) {
      const levels = LEVELS.map((share) => share * reference);
      this.traced = { referenceGy: reference, segments: isoSegments(this.doses, this.pixels.width, levels) };
    }
    const { transform: t, ratio } = view.frame;
    const [a, d, e, f] = [t.a * ratio, t.d * ratio, t.e * ratio, t.f * ratio];
    context.lineCap = 'round';
    [...this.traced.segments.entries()].reverse().forEach(([n, segments]) => {
      context.beginPath();
      for (let at = 0; at < segments.length; at += 4) {
        context.moveTo(a * (segments[at] ?? 0) + e, d * (segments[at + 1] ?? 0) + f);
        context.lineTo(a * (segments[at + 2] ?? 0) + e, d * (segments[at + 3] ?? 0) + f);
      }
      context.strokeStyle = HALO_COLOUR;
      context.lineWidth = HALO * ratio;
      context.stroke();
      context.strokeStyle = doseColour(LEVELS[n] ?? 0);
      context.lineWidth = LINE * ratio;
      context.stroke();
    });
  }
}

/**
 * One plane on the screen: canvases above each other, each drawn only when what it shows has changed.
 * The image changes with slice, window and camera; dose and map with how they are shown; the contours with the masks;
 * the marks with the pointer.
 */
import type { Box, Triple } from '../lib/bits';
import { spacingKji, type Plane, type PlaneName } from '../lib/planes';
import type { Point, Spacing } from '../lib/raster';
import { fitCamera, panned, toSlice, transformOf, zoomed, type Camera, type Rectangle, type Size, type Transform } from './camera';
import { ContourCache, drawContours } from './contours';
import { doseOverlay } from './dose-view';
import { mapOverlay } from './map-view';
import { drawMarks } from './marks';
import { OverlayLayer, type Overlay } from './overlay-layer';
import type { Scene, SceneState } from './scene';
import { renderSlice } from './slice-image';

const FOCUS_SHARE = 0.5;
const FOCUS_MOST = 5;

/** What lies between the image and the contours, the lowest first. */
const OVERLAYS: readonly { name: string; of: (state: SceneState) => Overlay | null }[] = [
  { name: 'dose', of: ({ dose }) => doseOverlay(dose) },
  { name: 'map', of: ({ map }) => mapOverlay(map) },
];

type Layer = { canvas: HTMLCanvasElement; context: CanvasRenderingContext2D; drawn: string };
export type Frame = { size: Size; transform: Transform; ratio: number };

export class PlaneView {
  readonly plane: Plane;
  readonly spacing: Spacing;
  /** From one slice to the next. */
  readonly acrossMm: number;
  /** A line being drawn by hand, in voxel indices of the slice. */
  sketch: Point[] = [];
  /** What that line is: the edge of a region, a scribble, or two corners of a box. */
  sketched: 'edge' | 'scribble' | 'box' = 'edge';
  /** Whether it takes away. */
  sketchCuts = false;
  /** Pointer position in voxel indices of the slice, or null when it is elsewhere. */
  hover: Point | null = null;
  private readonly scene: Scene;
  private readonly host: HTMLElement;
  private readonly image: Layer;
  private readonly overlays: readonly { layer: Layer; picture: OverlayLayer; of: (state: SceneState) => Overlay | null }[];
  private readonly contours: Layer;
  private readonly marks: Layer;
  private readonly pixels: ImageData;
  private readonly words: Uint32Array;
  private readonly buffer: OffscreenCanvas;
  private readonly cache = new ContourCache();
  private camera: Camera | null = null;
  private fitted: { body: Box; rectangle: Rectangle } | null = null;
  private size: Size = { width: 0, height: 0 };
  private requested = 0;
  private readonly release: (() => void)[] = [];
  /** How long the last drawing took, in milliseconds, for the bench. */
  cost = 0;

  constructor(host: HTMLElement, scene: Scene, name: PlaneName) {
    this.host = host;
    this.scene = scene;
    this.plane = scene.planes[name];
    const spacing = spacingKji(scene.volume.grid);
    this.spacing = [spacing[this.plane.columns], spacing[this.plane.rows]];
    this.acrossMm = spacing[this.plane.across];
    const [width, height] = this.extent;
    this.pixels = new ImageData(width, height);
    this.words = new Uint32Array(this.pixels.data.buffer);
    this.buffer = new OffscreenCanvas(width, height);
    this.image = this.layer('image', false);
    this.overlays = OVERLAYS.map(({ name, of }) => ({ layer: this.layer(name, true), picture: new OverlayLayer(width, height), of }));
    this.contours = this.layer('contours', true);
    this.marks = this.layer('marks', true);
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(host);
    this.release.push(() => observer.disconnect(), scene.onRepaint(() => this.request()));
    this.resize();
  }

  dispose(): void {
    for (const release of this.release) release();
    cancelAnimationFrame(this.requested);
    for (const { canvas } of this.layers) canvas.remove();
  }

  private get layers(): readonly Layer[] {
    return [this.image, ...this.overlays.map(({ layer }) => layer), this.contours, this.marks];
  }

  private get extent(): Point {
    const shape = this.scene.volume.grid.shape_kji;
    return [shape[this.plane.columns], shape[this.plane.rows]];
  }

  private layer(name: string, alpha: boolean): Layer {
    const canvas = document.createElement('canvas');
    canvas.dataset['layer'] = name;
    this.host.append(canvas);
    const context = canvas.getContext('2d', { alpha });
    if (context === null) throw new Error('this browser cannot draw on a canvas');
    return { canvas, context, drawn: '' };
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio;
    const before = this.size;
    this.size = { width, height };
    for (const layer of this.layers) {
      layer.canvas.width = Math.round(width * ratio);
      layer.canvas.height = Math.round(height * ratio);
      layer.drawn = '';
    }
    if (this.camera !== null && before.height > 0) {
      const factor = Math.min(width / before.width, height / before.height);
      this.camera = { ...this.camera, zoom: this.camera.zoom * factor };
    }
    this.draw();
  }

  private request(): void {
    if (this.requested === 0) {
      this.requested = requestAnimationFrame(() => {
        this.requested = 0;
        this.draw();
      });
    }
  }

  private get currentCamera(): Camera {
    return this.camera ?? this.fit;
  }

  /** On the body as the slice cut it that was shown when the body was found or the view reset. */
  private get fit(): Camera {
    const { body } = this.scene.state;
    if (this.fitted?.body !== body) this.fitted = { body, rectangle: this.scene.bodyOn(this.plane.name) };
    return fitCamera(this.fitted.rectangle, this.spacing, this.size);
  }

  get frame(): Frame {
    const transform = transformOf(this.currentCamera, this.plane, this.spacing, this.size);
    return { size: this.size, transform, ratio: window.devicePixelRatio };
  }

  get slice(): number {
    return this.scene.sliceOf(this.plane.name);
  }

  /** Voxel indices (columns, rows) under a position of the page. */
  pointAt(clientX: number, clientY: number): Point {
    const rect = this.host.getBoundingClientRect();
    return toSlice(this.frame.transform, [clientX - rect.left, clientY - rect.top]);
  }

  pan(dx: number, dy: number): void {
    this.camera = panned(this.currentCamera, this.frame.transform, dx, dy);
    this.request();
  }

  zoomAt(clientX: number, clientY: number, factor: number): void {
    const rect = this.host.getBoundingClientRect();
    const at: Point = [clientX - rect.left, clientY - rect.top];
    this.camera = zoomed(this.currentCamera, this.frame.transform, at, factor);
    this.request();
  }

  /** Zoomed about the middle of the view. */
  zoom(factor: number): void {
    const rect = this.host.getBoundingClientRect();
    this.zoomAt(rect.left + rect.width / 2, rect.top + rect.height / 2, factor);
  }

  /**
   * Brings the crosshair to the middle; with an extent (voxels) also near enough to fill a good part of the view. A
   * view that shows the whole body goes on doing so.
   */
  centre(extent: Triple | null): void {
    if (extent === null && this.camera === null) return;
    const { crosshair } = this.scene.state;
    const centre: Point = [crosshair[this.plane.columns], crosshair[this.plane.rows]];
    const { fit } = this;
    let { zoom } = this.currentCamera;
    if (extent !== null) {
      const across = extent[this.plane.columns] * this.spacing[0];
      const down = extent[this.plane.rows] * this.spacing[1];
      zoom = FOCUS_SHARE * Math.min(this.size.width / across, this.size.height / down);
      zoom = Math.max(fit.zoom, Math.min(zoom, FOCUS_MOST * fit.zoom));
    }
    this.camera = extent !== null && zoom <= fit.zoom ? null : { centre, zoom };
    this.request();
  }

  reset(): void {
    this.camera = null;
    this.fitted = null;
    this.request();
  }

  private draw(): void {
    if (this.size.width === 0) return;
    const began = performance.now();
    const { transform } = this.frame;
    const view = `${transform.a} ${transform.d} ${transform.e} ${transform.f} ${this.slice}`;
    const { window: values, slicesLoaded } = this.scene.state;
    this.redraw(this.image, `${view} ${values.low} ${values.high} ${slicesLoaded}`, () => this.drawImage());
    for (const { layer, picture, of } of this.overlays) {
      const overlay = of(this.scene.state);
      this.redraw(layer, overlay === null ? 'none' : `${view} ${overlay.key}`, () => {
        if (overlay !== null) picture.draw(layer.context, this, overlay);
      });
    }
    const shown = this.scene.state.showContours ? this.contourKey() : 'none';
    this.redraw(this.contours, `${view} ${shown}`, () => drawContours(this.contours.context, this, this.scene, this.cache));
    this.marks.drawn = '';
    this.redraw(this.marks, view, () => drawMarks(this.marks.context, this, this.scene));
    this.cost = performance.now() - began;
  }

  private contourKey(): string {
    const { structures, activeId, comparison } = this.scene.state;
    const parts = structures.map((one) => `${one.id}${one.mask.version}${one.visible}${one.colour}${one.opacity}`);
    const compared = comparison === null ? '' : `${comparison.label}${comparison.structureId}${comparison.mask.version}`;
    return `${parts.join()} ${activeId} ${compared}`;
  }

  private redraw(layer: Layer, key: string, paint: () => void): void {
    if (layer.drawn === key) return;
    layer.drawn = key;
    layer.context.resetTransform();
    layer.context.clearRect(0, 0, layer.canvas.width, layer.canvas.height);
    paint();
  }

  private drawImage(): void {
    const { transform, ratio } = this.frame;
    renderSlice(this.scene.volume, this.plane, this.slice, this.scene.state.window, this.words);
    const buffer = this.buffer.getContext('2d', { alpha: false });
    if (buffer === null) return;
    buffer.putImageData(this.pixels, 0, 0);
    const { context } = this.image;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'low';
    context.setTransform(transform.a * ratio, 0, 0, transform.d * ratio, transform.e * ratio, transform.f * ratio);
    context.drawImage(this.buffer, -0.5, -0.5);
  }
}

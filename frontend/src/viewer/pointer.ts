/**
 * What the mouse (or pen) does in a view. Left does what the tool says, right drags the window, middle or Space
 * pans, the wheel scrolls, with Shift it sizes the brush and with Ctrl it zooms; Shift turns adding into cutting.
 * With the smart tool right takes away.
 */
import { voxelAt } from '../lib/planes';
import type { Clicks } from './clicks';
import type { EditTool, Editor, Refusal } from './editor';
import type { PlaneView } from './plane-view';
import { BRUSH_LIMITS_MM, EDIT_TOOLS, type Scene, type ToolName } from './scene';
import { SmartDrag } from './smart-drag';

type Tools = { readonly editor: Editor; readonly clicks: Clicks };
type Drag = { kind: 'navigate' | 'window' | 'pan' | 'zoom' | 'brush' | 'sketch' | 'smart' | 'none'; x: number; y: number; tool: ToolName };

const ZOOM_STEP = 1.15;
const WINDOW_PER_PIXEL = 1 / 400;
const WHEEL_STEP = 60;

/** The next handy brush size above or below. */
export function nextBrush(mm: number, direction: 1 | -1): number {
  const step = mm + direction * 0.01 < 10 ? 1 : mm + direction * 0.01 < 30 ? 2 : 5;
  return Math.min(BRUSH_LIMITS_MM.high, Math.max(BRUSH_LIMITS_MM.low, Math.round(mm + direction * step)));
}

const INVERSE: Partial<Record<ToolName, EditTool>> = {
  brush: 'eraser',
  eraser: 'brush',
  threshold: 'eraser',
  contour: 'cut',
  cut: 'contour',
};

export class PointerControl {
  private readonly host: HTMLElement;
  private readonly view: PlaneView;
  private readonly scene: Scene;
  private readonly editor: Editor;
  private readonly smart: SmartDrag;
  private readonly refused: (why: Refusal) => void;
  private readonly abort = new AbortController();
  private drag: Drag | null = null;
  private wheelRest = 0;

  constructor(host: HTMLElement, view: PlaneView, { editor, clicks }: Tools, scene: Scene, refused: (why: Refusal) => void) {
    this.host = host;
    this.view = view;
    this.scene = scene;
    this.editor = editor;
    this.refused = refused;
    this.smart = new SmartDrag(view, scene, clicks, refused);
    const { signal } = this.abort;
    host.addEventListener('pointerdown', (event) => this.down(event), { signal });
    host.addEventListener('pointermove', (event) => this.move(event), { signal });
    host.addEventListener('pointerup', (event) => this.up(event), { signal });
    host.addEventListener('pointercancel', (event) => this.up(event), { signal });
    host.addEventListener('pointerleave', () => this.leave(), { signal });
    host.addEventListener('wheel', (event) => this.wheel(event), { signal, passive: false });
    window.addEventListener('keydown', (event) => this.escape(event), { signal });
    host.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
  }

  dispose(): void {
    this.abort.abort();
  }

  /** Gives up what is being drawn. */
  private escape(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || (this.drag?.kind !== 'sketch' && this.drag?.kind !== 'brush' && this.drag?.kind !== 'smart')) return;
    this.view.sketch = [];
    this.editor.cancel();
    this.drag.kind = 'none';
    event.stopImmediatePropagation(); // what was drawn before is not meant
    this.scene.repaint();
  }

  private down(event: PointerEvent): void {
    if (this.drag !== null) return;
    this.host.setPointerCapture(event.pointerId);
    const { tool } = this.scene.state;
    const drag: Drag = { kind: 'navigate', x: event.clientX, y: event.clientY, tool };
    this.drag = drag;
    if (event.button === 1 || (event.button === 0 && tool === 'pan')) drag.kind = 'pan';
    else if (tool === 'smart') this.beginSmart(event, drag);
    else if (event.button === 2 || tool === 'window') drag.kind = 'window';
    else if (tool === 'zoom') drag.kind = 'zoom';
    else if (event.altKey || !EDIT_TOOLS.has(tool)) this.navigate(event);
    else this.beginEdit(event, drag);
    event.preventDefault();
    this.host.focus({ preventScroll: true });
  }

  private beginEdit(event: PointerEvent, drag: Drag): void {
    const refusal = this.editor.refusal();
    if (refusal !== null) {
      this.drag = null;
      this.refused(refusal);
      return;
    }
    const { tool } = this.scene.state;
    const chosen = (event.shiftKey ? INVERSE[tool] : undefined) ?? (tool as EditTool);
    drag.tool = tool;
    this.view.sketched = 'edge';
    this.editor.begin(chosen, this.view.plane.name);
    if (chosen !== tool) this.scene.set({ tool: chosen });
    if (chosen === 'contour' || chosen === 'cut') {
      drag.kind = 'sketch';
      this.view.sketchCuts = chosen === 'cut';
      this.view.sketch = [this.view.pointAt(event.clientX, event.clientY)];
    } else {
      drag.kind = 'brush';
      this.editor.brushTo(this.view.pointAt(event.clientX, event.clientY));
    }
  }

  private beginSmart(event: PointerEvent, drag: Drag): void {
    const refusal = this.editor.refusal();
    if (refusal !== null) {
      this.drag = null;
      this.refused(refusal);
      return;
    }
    drag.kind = 'smart';
    this.smart.begin(event);
  }

  private move(event: PointerEvent): void {
    const point = this.view.pointAt(event.clientX, event.clientY);
    this.view.hover = point;
    const [u, v] = [Math.round(point[0]), Math.round(point[1])];
    const dx = event.clientX - (this.drag?.x ?? 0);
    const dy = event.clientY - (this.drag?.y ?? 0);
    if (this.drag !== null) {
      this.drag.x = event.clientX;
      this.drag.y = event.clientY;
    }
    switch (this.drag?.kind) {
      case 'navigate': return this.navigate(event);
      case 'pan': return this.view.pan(dx, dy);
      case 'window': return this.shiftWindow(dx, dy);
      case 'zoom': return this.view.zoom(1.01 ** -dy);
      case 'brush': return this.strokeTo(event);
      case 'sketch': return this.sketchTo(event);
      case 'smart': return this.smart.move(point);
      default: this.scene.set({ pointer: voxelAt(this.view.plane, this.view.slice, u, v) });
    } // prettier-ignore
  }

  private strokeTo(event: PointerEvent): void {
    for (const one of event.getCoalescedEvents()) this.editor.brushTo(this.view.pointAt(one.clientX, one.clientY));
    this.editor.brushTo(this.view.pointAt(event.clientX, event.clientY));
  }

  private sketchTo(event: PointerEvent): void {
    this.view.sketch.push(this.view.pointAt(event.clientX, event.clientY));
    this.scene.repaint();
  }

  private up(event: PointerEvent): void {
    const { drag } = this;
    if (drag === null) return;
    this.drag = null;
    if (this.host.hasPointerCapture(event.pointerId)) this.host.releasePointerCapture(event.pointerId);
    if (drag.kind === 'smart') return this.smart.end();
    if (drag.kind === 'sketch') {
      this.editor.fillPolygon(this.view.sketch);
      this.view.sketch = [];
    }
    this.editor.end();
    if (this.scene.state.tool !== drag.tool && EDIT_TOOLS.has(drag.tool)) this.scene.set({ tool: drag.tool });
    this.scene.repaint();
  }

  private leave(): void {
    this.view.hover = null;
    this.scene.set({ pointer: null });
  }

  private navigate(event: PointerEvent): void {
    const [u, v] = this.view.pointAt(event.clientX, event.clientY);
    this.scene.lookAt(voxelAt(this.view.plane, this.scene.state.crosshair[this.view.plane.across], u, v));
  }

  /** Right is wider, up is brighter. */
  private shiftWindow(dx: number, dy: number): void {
    const { low, high } = this.scene.state.window;
    const width = high - low;
    const least = this.scene.volume.description.dtype === 'int16' ? 1 : 0.01;
    const wider = Math.max(least, width + dx * Math.max(width, 100 * least) * WINDOW_PER_PIXEL);
    const level = (low + high) / 2 + dy * Math.max(width, 100 * least) * WINDOW_PER_PIXEL;
    this.scene.set({ window: { low: level - wider / 2, high: level + wider / 2 } });
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const amount = event.deltaY === 0 ? event.deltaX : event.deltaY;
    if (event.ctrlKey || event.metaKey) {
      this.view.zoomAt(event.clientX, event.clientY, amount < 0 ? ZOOM_STEP : 1 / ZOOM_STEP);
      return;
    }
    if (event.shiftKey) {
      this.scene.set({ brushMm: nextBrush(this.scene.state.brushMm, amount < 0 ? 1 : -1) });
      return;
    }
    const notches = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? amount / WHEEL_STEP : amount;
    this.wheelRest = Math.abs(notches) >= 1 ? 0 : this.wheelRest + notches;
    const steps = Math.abs(notches) >= 1 ? Math.sign(notches) : Math.trunc(this.wheelRest);
    if (steps !== 0) {
      this.wheelRest = 0;
      this.scene.scroll(this.view.plane.name, steps);
    }
  }
}

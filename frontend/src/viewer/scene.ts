/**
 * What the three views show and what the tools do: one immutable state that the page and the views read, and the
 * volume and masks that it points to. `set` tells everybody; `repaint` only asks the views to draw again,
 * sixty times a second if need be, without waking the page.
 */
import type { BitMask, Box, Triple } from '../lib/bits';
import { percentScore, type Finding } from '../lib/findings';
import { planesOf, type Plane, type PlaneName } from '../lib/planes';
import { BodyFinder } from './body';
import type { Rectangle } from './camera';
import { NO_DOSE, type DoseView } from './dose-view';
import { NO_MAP, type MapView } from './map-view';
import type { Window } from './slice-image';
import type { Volume } from './volume';

export const TOOLS = ['navigate', 'window', 'pan', 'zoom', 'brush', 'eraser', 'threshold', 'contour', 'cut', 'smart'] as const;
export type ToolName = (typeof TOOLS)[number];
export const EDIT_TOOLS: ReadonlySet<ToolName> = new Set(['brush', 'eraser', 'threshold', 'contour', 'cut', 'smart']);
export const BRUSH_TOOLS: ReadonlySet<ToolName> = new Set(['brush', 'eraser', 'threshold']);

export type ShownStructure = {
  readonly id: string;
  readonly name: string;
  readonly colour: string;
  readonly visible: boolean;
  readonly locked: boolean;
  /** Of the fill, 0 to 1; the outline is always solid. */
  readonly opacity: number;
  readonly mask: BitMask;
  /** Voxels in the mask when the state was made. */
  readonly count: number;
};
/** A read-only mask drawn dashed above the others, to compare with. */
export type Comparison = {
  readonly structureId: string;
  readonly mask: BitMask;
  readonly colour: string;
  readonly label: string;
};
export type Layout = 'all' | PlaneName;
/** What a drag with the smart tool is. */
export const SMART_WAYS = ['scribble', 'box', 'lasso'] as const;
export type SmartWay = (typeof SMART_WAYS)[number];
/** What a person has told the smart tool: points of the structure and of what is beside it, and the box to stay in. */
export type Hints = {
  readonly said: readonly { readonly voxels: readonly Triple[]; readonly add: boolean }[];
  readonly box: Box | null;
};
export const NO_HINTS: Hints = { said: [], box: null };
/** Point findings that are marked, and the one that is looked at. */
export type Findings = {
  readonly items: readonly Finding[];
  readonly selectedId: string | null;
  readonly scoreText: (score: number) => string;
};
export const NO_FINDINGS: Findings = { items: [], selectedId: null, scoreText: percentScore };

export type SceneState = {
  readonly tool: ToolName;
  readonly window: Window;
  readonly crosshair: Triple;
  readonly showCrosshair: boolean;
  readonly showContours: boolean;
  readonly structures: readonly ShownStructure[];
  readonly activeId: string | null;
  readonly comparison: Comparison | null;
  readonly dose: DoseView;
  readonly map: MapView;
  readonly findings: Findings;
  readonly brushMm: number;
  readonly ball: boolean;
  readonly threshold: Window;
  /** What grow, shrink and smooth use. */
  readonly marginMm: number;
  readonly smartWay: SmartWay;
  readonly hints: Hints;
  readonly layout: Layout;
  readonly canEdit: boolean;
  readonly slicesLoaded: number;
  /** Where the patient is; another one when the views are to be fitted anew. */
  readonly body: Box;
  /** Where the pointer is, or null. */
  readonly pointer: Triple | null;
};

/** Diameter of the brush. */
export const BRUSH_LIMITS_MM = { low: 1, high: 100 } as const;

/** Milliseconds between two pictures while slices arrive: drawing each batch would take the time to receive them. */
const TELL_MS = 200;

export class Scene {
  readonly volume: Volume;
  readonly planes: Record<PlaneName, Plane>;
  state: SceneState;
  private readonly finder: BodyFinder;
  private listeners = new Set<() => void>();
  private painters = new Set<() => void>();
  private told = 0;

  constructor(volume: Volume) {
    this.volume = volume;
    this.planes = planesOf(volume.grid);
    this.finder = new BodyFinder(volume);
    const [nk, nj, ni] = volume.grid.shape_kji;
    this.state = {
      tool: 'navigate',
      window: volume.description.window,
      crosshair: [Math.floor(nk / 2), Math.floor(nj / 2), Math.floor(ni / 2)],
      showCrosshair: true,
      showContours: true,
      structures: [],
      activeId: null,
      comparison: null,
      dose: NO_DOSE,
      map: NO_MAP,
      findings: NO_FINDINGS,
      brushMm: 10,
      ball: false,
      threshold: { low: -50, high: 150 },
      marginMm: 3,
      smartWay: 'scribble',
      hints: NO_HINTS,
      layout: 'all',
      canEdit: false,
      slicesLoaded: 0,
      body: this.finder.box,
      pointer: null,
    };
  }

  set(change: Partial<SceneState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
    this.repaint();
  }

  changeDose(change: Partial<DoseView>): void {
    this.set({ dose: { ...this.state.dose, ...change } });
  }

  changeMap(change: Partial<MapView>): void {
    this.set({ map: { ...this.state.map, ...change } });
  }

  repaint(): void {
    for (const painter of this.painters) painter();
  }

  /** More of the volume is here; drawn when there is something to see, then a few times a second. */
  arrived(): void {
    const now = performance.now();
    if (this.state.slicesLoaded > 0 && !this.volume.complete && now - this.told < TELL_MS) return;
    this.told = now;
    this.set({ slicesLoaded: this.volume.loaded, body: this.finder.box });
  }

  /** The outline of the body was loaded. */
  outlined(mask: BitMask): void {
    this.finder.outlined(mask);
    this.set({ body: this.finder.box });
  }

  /** The body as the slice that a plane shows cuts it. */
  bodyOn(plane: PlaneName): Rectangle {
    return this.finder.on(this.planes[plane], this.sliceOf(plane));
  }

  /** For the page. An arrow, because `useSyncExternalStore` compares it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** For the views. */
  onRepaint(painter: () => void): () => void {
    this.painters.add(painter);
    return () => this.painters.delete(painter);
  }

  get active(): ShownStructure | null {
    return this.state.structures.find((structure) => structure.id === this.state.activeId) ?? null;
  }

  find(id: string): ShownStructure | null {
    return this.state.structures.find((structure) => structure.id === id) ?? null;
  }

  changeStructure(id: string, change: Partial<ShownStructure>): void {
    this.set({
      structures: this.state.structures.map((one) => (one.id === id ? { ...one, ...change } : one)),
    });
  }

  /** Moves the crosshair to a voxel position, kept inside the grid. */
  lookAt(position: Triple): void {
    const shape = this.volume.grid.shape_kji;
    const inside = (axis: 0 | 1 | 2): number => Math.min(shape[axis] - 1, Math.max(0, position[axis]));
    this.set({ crosshair: [inside(0), inside(1), inside(2)] });
  }

  /** Index of the slice that a plane shows. */
  sliceOf(plane: PlaneName): number {
    return Math.round(this.state.crosshair[this.planes[plane].across]);
  }

  /** Steps through the slices of a plane: forwards is towards the feet, the left or the back of the patient. */
  scroll(plane: PlaneName, steps: number): void {
    const { across, flipSlices } = this.planes[plane];
    const towardsHead = plane === 'axial' ? -1 : 1;
    const next: [number, number, number] = [...this.state.crosshair];
    next[across] = Math.round(next[across]) + steps * (flipSlices ? -1 : 1) * towardsHead;
    this.lookAt(next);
  }

  /** Shows the middle slice of a structure, where it is largest along the head-feet axis. */
  goTo(id: string): void {
    const mask = this.find(id)?.mask;
    if (mask !== undefined) this.lookAtMiddle(mask);
  }

  /** Shows the middle slices of what a mask holds. */
  lookAtMiddle(mask: BitMask): void {
    const box = mask.tightBox();
    if (box === null) return;
    const middle = (axis: 0 | 1 | 2): number => Math.floor((box.low[axis] + box.high[axis] - 1) / 2);
    this.lookAt([middle(0), middle(1), middle(2)]);
  }
}

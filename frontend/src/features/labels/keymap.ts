/** Every key of the viewer: what it does is `Command`, what it says is its phrase; the help sheet is made of this. */
import type { Key } from '../../i18n';

export type Command =
  | 'tool.navigate' | 'tool.window' | 'tool.pan' | 'tool.zoom'
  | 'tool.brush' | 'tool.eraser' | 'tool.threshold' | 'tool.contour' | 'tool.cut' | 'tool.smart'
  | 'smart.keep' | 'smart.drop'
  | 'brush.larger' | 'brush.smaller' | 'brush.ball'
  | 'slice.next' | 'slice.previous' | 'slice.next10' | 'slice.previous10'
  | 'structure.next' | 'structure.previous' | 'structure.unchecked' | 'structure.goto' | 'structure.visible' | 'structure.lock' | 'structure.solo'
  | 'map'
  | 'dose.wash' | 'dose.lines' | 'dose.dvh' | 'dose.plan'
  | 'contours' | 'fill' | 'crosshair' | 'reset' | 'layout'
  | 'preset.1' | 'preset.2' | 'preset.3' | 'preset.4' | 'preset.5' | 'preset.6'
  | 'op.interpolate' | 'op.fill-holes' | 'op.remove-islands' | 'op.smooth' | 'op.grow' | 'op.shrink'
  | 'undo' | 'redo' | 'save' | 'accept' | 'approve' | 'return' | 'history' | 'derive' | 'help'; // prettier-ignore

export type Binding<C = Command> = { readonly command: C; readonly keys: readonly string[]; readonly label: Key };
export type Group<C = Command> = { readonly title: Key; readonly bindings: readonly Binding<C>[] };

const bind = (command: Command, label: Key, ...keys: string[]): Binding => ({ command, label, keys });

export const KEYMAP: readonly Group[] = [
  {
    title: 'viewer.keys.draw',
    bindings: [
      bind('tool.brush', 'viewer.tool.brush', 'b'),
      bind('tool.eraser', 'viewer.tool.eraser', 'e'),
      bind('tool.threshold', 'viewer.tool.threshold', 't'),
      bind('tool.contour', 'viewer.tool.contour', 'd'),
      bind('tool.cut', 'viewer.tool.cut', 'x'),
      bind('tool.smart', 'viewer.tool.smart', 'Shift+C'),
      bind('smart.keep', 'viewer.key.smart-keep', 'Enter'),
      bind('smart.drop', 'viewer.key.smart-drop', 'Escape'),
      bind('brush.smaller', 'viewer.key.smaller', '['),
      bind('brush.larger', 'viewer.key.larger', ']'),
      bind('brush.ball', 'viewer.ball', 'o'),
      bind('undo', 'viewer.undo', 'Ctrl+z', 'u'),
      bind('redo', 'viewer.redo', 'Ctrl+y', 'Ctrl+Shift+z'),
    ],
  },
  {
    title: 'viewer.keys.operations',
    bindings: [
      bind('op.interpolate', 'viewer.op.interpolate', 'i'),
      bind('op.fill-holes', 'viewer.op.fill-holes', 'h'),
      bind('op.remove-islands', 'viewer.op.remove-islands', 'k'),
      bind('op.smooth', 'viewer.op.smooth', 'm'),
      bind('op.grow', 'viewer.op.grow', '+'),
      bind('op.shrink', 'viewer.op.shrink', '-'),
    ],
  },
  {
    title: 'viewer.keys.look',
    bindings: [
      bind('tool.navigate', 'viewer.tool.navigate', 'v'),
      bind('tool.window', 'viewer.tool.window', 'w'),
      bind('tool.pan', 'viewer.tool.pan', 'p'),
      bind('tool.zoom', 'viewer.tool.zoom', 'z'),
      bind('slice.previous', 'viewer.key.previous', 'ArrowUp'),
      bind('slice.next', 'viewer.key.next', 'ArrowDown'),
      bind('slice.previous10', 'viewer.key.previous10', 'PageUp'),
      bind('slice.next10', 'viewer.key.next10', 'PageDown'),
      bind('crosshair', 'viewer.crosshair', 'c'),
      bind('map', 'map.key', 'Shift+M'),
      bind('layout', 'viewer.key.layout', 'f'),
      bind('reset', 'viewer.reset', 'r'),
    ],
  },
  {
    title: 'dose.keys',
    bindings: [
      bind('dose.wash', 'dose.key.wash', 'Shift+D'),
      bind('dose.lines', 'dose.key.lines', 'Shift+I'),
      bind('dose.dvh', 'dose.key.dvh', 'Shift+H'),
      bind('dose.plan', 'dose.key.plan', 'Shift+P'),
    ],
  },
  {
    title: 'viewer.keys.window',
    bindings: [
      bind('preset.1', 'viewer.preset.brain', '1'),
      bind('preset.2', 'viewer.preset.soft', '2'),
      bind('preset.3', 'viewer.preset.neck', '3'),
      bind('preset.4', 'viewer.preset.lung', '4'),
      bind('preset.5', 'viewer.preset.bone', '5'),
      bind('preset.6', 'viewer.preset.all', '6'),
    ],
  },
  {
    title: 'viewer.keys.structures',
    bindings: [
      bind('structure.previous', 'viewer.key.structure-previous', 'Shift+ArrowUp', ','),
      bind('structure.next', 'viewer.key.structure-next', 'Shift+ArrowDown', '.'),
      bind('structure.unchecked', 'viewer.key.structure-unchecked', 'n'),
      bind('structure.goto', 'viewer.goto', 'g'),
      bind('structure.visible', 'viewer.key.visible', 's'),
      bind('structure.solo', 'viewer.key.solo', 'Shift+S'),
      bind('structure.lock', 'viewer.key.lock', 'l'),
      bind('contours', 'viewer.key.contours', 'q'),
      bind('fill', 'viewer.key.fill', 'Shift+Q'),
      bind('accept', 'viewer.accept', 'a'),
      bind('approve', 'review.approve.one', 'Shift+A'),
      bind('return', 'review.return.one', 'Shift+R'),
      bind('history', 'viewer.history', 'y'),
      bind('derive', 'derive.key', 'j'),
      bind('save', 'viewer.save', 'Ctrl+s'),
      bind('help', 'viewer.help', '?'),
    ],
  },
];

const ALL = KEYMAP.flatMap((group) => group.bindings);

/** The name of the pressed keys, as the map writes them. */
export function pressed(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): string {
  const control = event.ctrlKey || event.metaKey ? 'Ctrl+' : '';
  const named = event.key.length > 1;
  const letter = /^[a-z]$/i.test(event.key);
  if (letter) return `${control}${event.shiftKey ? 'Shift+' : ''}${event.shiftKey && control === '' ? event.key.toUpperCase() : event.key.toLowerCase()}`;
  return `${control}${named && event.shiftKey ? 'Shift+' : ''}${event.key}`;
}

/** What the pressed keys mean, or null. */
export function commandOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): Command | null {
  const name = pressed(event);
  return ALL.find((binding) => binding.keys.includes(name))?.command ?? null;
}

/** Whether keys go into a text or a dialog, and mean nothing to the pictures. */
export const isWriting = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('input:not([type=range]):not([type=checkbox]), textarea, select, dialog') !== null;

/** The first key of a command as it is printed on tooltips. */
export const keyOf = (command: Command): string => printed(ALL.find((one) => one.command === command)?.keys[0] ?? '');

const SIGNS: Record<string, string> = { ArrowUp: '↑', ArrowDown: '↓', PageUp: 'PgUp', PageDown: 'PgDn' };

/** A key as it is printed: `Ctrl+Z`, `↑`. */
export const printed = (key: string): string =>
  key
    .split(/\+(?=.)/)
    .map((part) => SIGNS[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join('+');

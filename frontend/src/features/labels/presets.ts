/** Windows that people know by name, in HU; other units get shares of their own range. */
import type { Key } from '../../i18n';
import type { Window } from '../../viewer/slice-image';

export type Preset = { readonly key: Key; readonly window: Window };

export const CT_PRESETS: readonly Preset[] = [
  { key: 'viewer.preset.brain', window: { low: 0, high: 80 } },
  { key: 'viewer.preset.soft', window: { low: -160, high: 240 } },
  { key: 'viewer.preset.neck', window: { low: -75, high: 175 } },
  { key: 'viewer.preset.lung', window: { low: -1350, high: 150 } },
  { key: 'viewer.preset.bone', window: { low: -500, high: 1500 } },
  { key: 'viewer.preset.all', window: { low: -1024, high: 2000 } },
];

/** The presets of an image: those of CT, or shares of the image's own window. */
export function presetsFor(unit: string, own: Window): readonly Preset[] {
  if (unit === 'HU') return CT_PRESETS;
  const width = own.high - own.low;
  return [
    { key: 'viewer.preset.own', window: own },
    { key: 'viewer.preset.all', window: { low: own.low, high: own.low + 2 * width } },
  ];
}

/**
 * Colours, spacing and type of the whole product. A calm dark ground that does not
 * compete with the image, one accent, three signals. CSS reads them as custom properties
 * (`--ground`, `--text`, ...) that `applyTokens` sets once on the document.
 */
export const colour = {
  ground: '#0c1015',
  surface: '#12181f',
  raised: '#1a222b',
  hover: '#222c37',
  line: '#28323d',
  lineStrong: '#3a4754',
  text: '#d7dee6',
  textMuted: '#93a1af',
  textFaint: '#748391',
  accent: '#4fb3bf',
  accentStrong: '#7fd3dc',
  onAccent: '#06181b',
  good: '#6fbf8b',
  warn: '#e0ac4f',
  bad: '#e2757a',
  focus: '#8ad7ff',
  image: '#000000',
} as const;

export const space = { xs: '2px', s: '4px', m: '8px', l: '12px', xl: '20px' } as const;

export const size = {
  font: '13px',
  fontSmall: '11.5px',
  fontLarge: '16px',
  control: '28px',
  radius: '5px',
} as const;

export const font = {
  sans: 'Inter, "Segoe UI", "Noto Sans", "Noto Sans CJK JP", "DejaVu Sans", system-ui, sans-serif',
  mono: '"JetBrains Mono", "DejaVu Sans Mono", ui-monospace, monospace',
} as const;

const kebab = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/** Sets every token as a CSS custom property: `textMuted` -> `--text-muted`, `space.m` -> `--space-m`. */
export function applyTokens(root: HTMLElement): void {
  for (const [name, value] of Object.entries(colour)) root.style.setProperty(`--${kebab(name)}`, value);
  for (const [name, value] of Object.entries(space)) root.style.setProperty(`--space-${name}`, value);
  for (const [name, value] of Object.entries(size)) root.style.setProperty(`--${kebab(name)}`, value);
  for (const [name, value] of Object.entries(font)) root.style.setProperty(`--font-${name}`, value);
}

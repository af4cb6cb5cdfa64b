const PATHS = {
  again: 'M2.600 3v3.600h3.600M3 6.400a5.600 5.600 0 1 1-.4 2.800',
  alert: 'M8 1.8 14.6 13.6H1.4ZM8 6v4M8 11.6v.6',
  check: 'M2.8 8.4 6.4 12 13.4 4.6',
  close: 'M3.6 3.6l8.8 8.8M12.4 3.6l-8.8 8.8',
  down: 'M4 6l4 4 4-4',
  up: 'M4 10l4-4 4 4',
  left: 'M10 4 6 8l4 4',
  right: 'M6 4l4 4-4 4',
  file: 'M4 1.8h5l3 3v9.4H4ZM9 1.8v3h3',
  folder: 'M1.8 4h4.4l1.4 1.6h6.6v7H1.8Z',
  log: 'M3 4h10M3 8h10M3 12h6',
  more: 'M8 3.4v.2M8 7.9v.2M8 12.4v.2',
  question: 'M5.4 6a2.6 2.6 0 1 1 3.9 2.3c-.9.5-1.3 1-1.3 1.9M8 12.6v.2',
  search: 'M7 2.4a4.6 4.6 0 1 1 0 9.2 4.6 4.6 0 0 1 0-9.2M10.4 10.4l3.6 3.6',
  trash: 'M2.6 4.4h10.8M6 4.4V2.6h4v1.8M4 4.4l.7 9h6.6l.7-9',
  undo: 'M5.4 3 2.4 6l3 3M2.6 6h6.8a4 4 0 0 1 0 8H6',
  upload: 'M8 10.4V2.6M4.8 5.6 8 2.4l3.2 3.2M2.4 10.4v3.2h11.2v-3.2',
  user: 'M8 2.2a2.9 2.9 0 1 1 0 5.8 2.9 2.9 0 0 1 0-5.8M2.6 14c.5-3 2.6-4.4 5.4-4.4s4.9 1.4 5.4 4.4',
} as const;

export type IconName = keyof typeof PATHS;

type DrawingProps = { path: string; size: number; units: number };

/** A line drawing; it says nothing by itself, so the control around it has a name. */
export function LineDrawing({ path, size, units }: DrawingProps) {
  return (
    <svg
      width={size}
      height={size}
      viewBox={`0 0 ${units} ${units}`}
      fill="none"
      stroke="currentColor"
      strokeWidth={1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden
    >
      <path d={path} />
    </svg>
  );
}

export const Icon = ({ name, size = 15 }: { name: IconName; size?: number }) => (
  <LineDrawing path={PATHS[name]} size={size} units={16} />
);

/** Short notes at the corner of the page: what has just been done, or why it could not be. */
import { useSyncExternalStore } from 'react';
import { useT } from '../i18n';
import { IconButton, classes } from './controls';
import css from './feedback.module.css';
import { Icon } from './icons';

type Tone = 'good' | 'warn' | 'bad';
type Toast = { id: number; text: string; tone: Tone };

const STAY_MS = 6000;
const MOST = 4;
let toasts: readonly Toast[] = [];
let next = 0;
const listeners = new Set<() => void>();

const change = (now: readonly Toast[]): void => {
  toasts = now;
  for (const listener of listeners) listener();
};

const dismiss = (id: number): void => change(toasts.filter((toast) => toast.id !== id));

function show(text: string, tone: Tone): void {
  const id = next;
  next += 1;
  change([...toasts.filter((toast) => toast.tone === 'bad'), { id, text, tone }].slice(-MOST));
  if (tone !== 'bad') setTimeout(() => dismiss(id), STAY_MS);
}

/** Shows a note in place of the last; a bad one stays until it is dismissed. */
export const notify = (text: string, bad = false): void => show(text, bad ? 'bad' : 'good');

/** Says why something was not done; it passes like a good note, but does not look like one. */
export const caution = (text: string): void => show(text, 'warn');

/** Puts every note away. */
export const dismissAll = (): void => change([]);

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  const t = useT();
  return (
    <div className={css.toasts} aria-live="polite">
      {shown.map((toast) => (
        <div key={toast.id} className={classes(css.toast, css[`toast-${toast.tone}`])}>
          <p>{toast.text}</p>
          <IconButton small name={t('common.dismiss')} onClick={() => dismiss(toast.id)}>
            <Icon name="close" />
          </IconButton>
        </div>
      ))}
    </div>
  );
}

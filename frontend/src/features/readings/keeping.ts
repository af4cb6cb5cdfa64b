/** Saves a reading as it grows, tells the server that somebody reads, and stops its clock while the page is hidden. */
import { useEffect, useRef, useState } from 'react';
import { api } from '../../api/client';
import type { ReaderMark } from './marks';

const SAVE_MS = 700;
const HEARTBEAT_MS = 20_000;

export type Seen = { readonly confidence: number | null; readonly marks: readonly ReaderMark[] };

/** `failed` while what was last seen is not on the server. */
export function useKeeping(path: string, seen: Seen, ended: boolean): { failed: boolean } {
  const [failed, setFailed] = useState(false);
  const latest = useRef(seen);
  useEffect(() => {
    latest.current = seen;
  }, [seen]);
  useEffect(() => {
    if (ended) return undefined;
    const save = (): void => {
      api.put(path, latest.current).then(
        () => setFailed(false),
        () => setFailed(true),
      );
    };
    const soon = window.setTimeout(save, SAVE_MS);
    const beat = window.setInterval(save, HEARTBEAT_MS);
    return () => {
      window.clearTimeout(soon);
      window.clearInterval(beat);
    };
  }, [path, seen, ended]);
  useEffect(() => {
    if (ended) return undefined;
    const turn = (): void => {
      const hidden = document.visibilityState === 'hidden';
      api.put(path, latest.current, { keepalive: hidden }).then(
        () => api.post(`${path}/${hidden ? 'pause' : 'open'}`, {}, { keepalive: hidden }),
        () => setFailed(true),
      );
    };
    document.addEventListener('visibilitychange', turn);
    return () => document.removeEventListener('visibilitychange', turn);
  }, [path, ended]);
  return { failed };
}

/** Saves a reading as it grows, tells the server that somebody reads, and stops its clock while the page is hidden. */
import { useEffect, useRef, useState } from 'react';
import { api } from '../../api/client';
import type { Reading } from '../../api/types';
import type { ReaderMark } from './marks';

const SAVE_MS = 700;
const HEARTBEAT_MS = 20_000;

export type Seen = { readonly confidence: number | null; readonly marks: readonly ReaderMark[] };
/** `kept`: the server has it; `lost`: it could not be sent. */
type Hear = { kept: (answer: Reading) => void; lost: () => void };

const underway = new Set<Promise<unknown>>();

function tell<T>(saying: Promise<T>): Promise<T> {
  underway.add(saying);
  const over = (): void => void underway.delete(saying);
  saying.then(over, over);
  return saying;
}

/** Once everything that was told is answered: what is asked for then is not older, and nothing comes after the end. */
export const told = async (): Promise<void> => void (await Promise.allSettled(underway));

/** What the server has of one reading; nothing is sent that it has already. */
export class Keeper {
  private readonly path: string;
  private hear: Hear | null = null;
  private latest: Seen;
  private onServer: Seen;

  constructor(path: string, first: Seen) {
    this.path = path;
    this.latest = first;
    this.onServer = first;
  }

  listen(hear: Hear): void {
    this.hear = hear;
  }

  change(seen: Seen): void {
    this.latest = seen;
  }

  save(keepalive = false): void {
    const sent = this.latest;
    if (sent === this.onServer) return;
    tell(api.put<Reading>(this.path, sent, { keepalive })).then(
      (answer) => {
        this.onServer = sent;
        this.hear?.kept(answer);
      },
      () => this.hear?.lost(),
    );
  }

  /** The clock goes while the page is seen and stands while it is not, whether or not the marks could be saved. */
  turn(visible: boolean): void {
    this.save(!visible);
    tell(api.post(`${this.path}/${visible ? 'open' : 'pause'}`, {}, { keepalive: !visible })).catch(() => undefined);
  }
}

const isVisible = (): boolean => document.visibilityState !== 'hidden';

/** `failed` while what was last seen is not on the server; `kept` hears what it has. */
export function useKeeping(path: string, seen: Seen, ended: boolean, kept: (answer: Reading) => void): { failed: boolean } {
  const [failed, setFailed] = useState(false);
  const over = useRef(ended);
  const [keeper] = useState(() => new Keeper(path, seen));
  useEffect(() => {
    over.current = ended;
    keeper.listen({
      kept: (answer) => {
        setFailed(false);
        kept(answer);
      },
      lost: () => setFailed(true),
    });
  }, [keeper, ended, kept]);
  useEffect(() => {
    keeper.change(seen);
    if (ended) return undefined;
    const soon = window.setTimeout(() => keeper.save(), SAVE_MS);
    return () => window.clearTimeout(soon);
  }, [keeper, seen, ended]);
  useEffect(() => {
    if (ended) return undefined;
    const turn = (): void => keeper.turn(isVisible());
    const beat = (): void => {
      if (isVisible()) turn();
    };
    beat();
    const beats = window.setInterval(beat, HEARTBEAT_MS);
    document.addEventListener('visibilitychange', turn);
    return () => {
      window.clearInterval(beats);
      document.removeEventListener('visibilitychange', turn);
    };
  }, [keeper, ended]);
  useEffect(
    () => () => {
      if (!over.current) keeper.save(true);
    },
    [keeper],
  );
  return { failed };
}

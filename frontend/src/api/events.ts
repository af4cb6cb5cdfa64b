/**
 * The one event stream of the page. An event is a hint to fetch again, never the truth; hints that
 * arrive together are answered together.
 */
import type { QueryClient, QueryKey } from '@tanstack/react-query';
import { keys } from './keys';

export type Hint = { kind: EventKind; id: string };
export const EVENT_KINDS = ['job', 'study', 'structure-set', 'run', 'comparison', 'drift', 'detection', 'analysis', 'prediction'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

const COALESCE_MS = 300;
const RECONNECT_MS = 5000;

/** What a hint makes stale. */
export function staleKeys(hint: Hint): QueryKey[] {
  switch (hint.kind) {
    case 'job':
      return [keys.allJobs, keys.jobLog(hint.id), keys.allStudies, ['study']];
    case 'study':
      return [keys.allStudies, keys.study(hint.id), ['doses'], ['plans']];
    case 'structure-set':
      return [keys.structureSet(hint.id), keys.allStudies, ['revisions'], ['effort'], ['drift']];
    case 'drift':
      return [['drift']];
    case 'detection':
      return [keys.detections(hint.id)];
    case 'analysis':
    case 'prediction':
      return [['study-maps']];
    case 'comparison':
      return [['comparisons']];
    case 'run':
      return [['runs'], ['run'], keys.networks, ['deployments']]; // each run is shown beside what is in use
  }
}

const idOf = (data: string): string => {
  try {
    const parsed: unknown = JSON.parse(data);
    if (typeof parsed === 'object' && parsed !== null && 'id' in parsed) return String(parsed.id);
  } catch {
    return '';
  }
  return '';
};

/**
 * Opens the stream; the returned function closes it. `onState` hears whether it is connected. A stream
 * that the server refuses may mean that the session has ended, so that is asked again.
 */
export function connectEvents(client: QueryClient, onState: (connected: boolean) => void): () => void {
  let source: EventSource | null = null;
  let timer: number | undefined;
  let retry: number | undefined;
  let closed = false;
  const pending = new Map<string, QueryKey>();

  const flush = (): void => {
    timer = undefined;
    for (const queryKey of pending.values()) void client.invalidateQueries({ queryKey });
    pending.clear();
  };
  const receive = (kind: EventKind) => (event: MessageEvent<string>) => {
    for (const key of staleKeys({ kind, id: idOf(event.data) })) pending.set(JSON.stringify(key), key);
    timer ??= window.setTimeout(flush, COALESCE_MS);
  };
  const open = (): void => {
    if (closed) return;
    source = new EventSource('/api/events');
    source.addEventListener('open', () => onState(true));
    source.addEventListener('error', () => {
      onState(false);
      if (source?.readyState !== EventSource.CLOSED) return;
      void client.invalidateQueries({ queryKey: keys.session });
      retry = window.setTimeout(open, RECONNECT_MS);
    });
    for (const kind of EVENT_KINDS) source.addEventListener(kind, receive(kind));
  };
  open();
  return () => {
    closed = true;
    window.clearTimeout(timer);
    window.clearTimeout(retry);
    source?.close();
  };
}

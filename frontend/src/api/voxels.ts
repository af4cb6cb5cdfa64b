/**
 * The voxels of a series as a stream, the middle slice first. One series may be asked for ahead, before anybody shows
 * it: of an answer that nobody reads only what the connection holds is sent, and unless it is taken soon, it is given up.
 */
import { api } from './client';

type Ahead = { readonly seriesId: string; readonly abort: AbortController; readonly answer: Promise<Response>; readonly timer: number };

/** How long an answer waits to be taken: a page is built in less, and a press of the mouse that opens nothing costs no more. */
const WAIT_MS = 3000;

let ahead: Ahead | null = null;

const ask = (seriesId: string, signal: AbortSignal): Promise<Response> =>
  api.stream(`/series/${seriesId}/volume`, { query: { order: 'middle-out' }, signal });

/** Asks for voxels that will be wanted in a moment; those asked for ahead before are given up. */
export function askAhead(seriesId: string): void {
  if (ahead?.seriesId === seriesId) return;
  giveUp();
  const abort = new AbortController();
  const answer = ask(seriesId, abort.signal);
  answer.catch(() => undefined); // whoever takes it hears of it
  ahead = { seriesId, abort, answer, timer: window.setTimeout(giveUp, WAIT_MS) };
}

function giveUp(): void {
  if (ahead === null) return;
  window.clearTimeout(ahead.timer);
  ahead.abort.abort();
  ahead = null;
}

/** The answer with the voxels of a series; the signal ends it wherever it stands. */
export function voxels(seriesId: string, signal: AbortSignal): Promise<Response> {
  if (ahead?.seriesId !== seriesId || signal.aborted) return ask(seriesId, signal);
  const { abort, answer, timer } = ahead;
  window.clearTimeout(timer);
  ahead = null;
  signal.addEventListener('abort', () => abort.abort());
  return answer;
}

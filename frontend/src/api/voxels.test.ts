import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { askAhead, voxels } from './voxels';

type Asked = { path: string; signal: AbortSignal };
let asked: Asked[] = [];

beforeEach(() => {
  asked = [];
  vi.useFakeTimers();
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('fetch', (path: string, { signal }: RequestInit) => {
    if (signal) asked.push({ path, signal });
    return Promise.resolve(new Response(path));
  });
});
afterEach(() => {
  vi.runAllTimers();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const forViewer = (seriesId: string, abort = new AbortController()): Promise<Response> => voxels(seriesId, abort.signal);

it('takes the answer that was asked for ahead, once', async () => {
  askAhead('ct');
  askAhead('ct');
  expect(await (await forViewer('ct')).text()).toBe('/api/series/ct/volume?order=middle-out');
  expect(asked).toHaveLength(1);
  await forViewer('ct');
  expect(asked).toHaveLength(2);
});

it('ends the answer that was taken when the viewer is left, however long it has been there', async () => {
  const viewer = new AbortController();
  askAhead('ct');
  await forViewer('ct', viewer);
  vi.advanceTimersByTime(60_000);
  expect(asked[0]?.signal.aborted).toBe(false);
  viewer.abort();
  expect(asked[0]?.signal.aborted).toBe(true);
});

it('gives up what nobody takes, and what another study takes the place of', async () => {
  askAhead('ct');
  askAhead('mr');
  expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  vi.advanceTimersByTime(60_000);
  expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  await forViewer('mr');
  expect(asked).toHaveLength(3);
  expect(asked[2]?.signal.aborted).toBe(false);
});

it('leaves what is asked for ahead to the series that it is of', async () => {
  askAhead('ct');
  expect(await (await forViewer('dose')).text()).toContain('/dose/');
  expect(await (await forViewer('ct')).text()).toContain('/ct/');
  expect(asked).toHaveLength(2);
});

it('tells the viewer of a failure', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
  askAhead('ct');
  await expect(forViewer('ct')).rejects.toMatchObject({ status: 0 });
});

import { describe, expect, test } from 'vitest';
import { Problem } from '../../api/problem';
import type { FileOutcome } from '../../api/types';
import { sentShare, tally, UploadQueue, withRefusals, type Batch, type Picked, type SendOptions } from './queue';

const outcome = (name: string, kind: FileOutcome['outcome']): FileOutcome => ({
  name,
  outcome: kind,
  slug: null,
  detail: null,
  sop_instance_uid: null,
  findings: [],
});

const picked = (...paths: string[]): Picked[] => paths.map((path) => ({ path, file: new Blob(['1234']) }));

type Call = { path: string; options: SendOptions; answer: (outcomes: FileOutcome[]) => void; fail: (e: Error) => void };

/** A server in memory: each sent file waits until the test answers it. */
class Server {
  calls: Call[] = [];
  opened: string[] = [];
  completed: string[] = [];

  open = (projectId: string): Promise<string> => {
    this.opened.push(projectId);
    return Promise.resolve(`import-${this.opened.length}`);
  };

  send = (_: string, { path }: Picked, options: SendOptions): Promise<FileOutcome[]> =>
    new Promise((answer, reject) => {
      options.signal.addEventListener('abort', () => reject(new Error('aborted')));
      this.calls.push({ path, options, answer, fail: reject });
    });

  complete = (importId: string) => {
    this.completed.push(importId);
    return Promise.resolve({ studies: [], stored: 0, duplicate: 0, refused: 0, refusals: [] });
  };

  call(path: string): Call {
    const found = this.calls.findLast((call) => call.path === path);
    if (found === undefined) throw new Error(`${path} was not sent`);
    return found;
  }
}

/** Resolves when the batch satisfies the condition. */
const until = (queue: UploadQueue, condition: (batch: Batch) => boolean): Promise<void> =>
  new Promise((resolve) => {
    const check = (): void => {
      if (!condition(queue.snapshot())) return;
      stop();
      resolve();
    };
    const stop = queue.subscribe(check);
    queueMicrotask(check);
  });

/** Lets everything that is ready to go on go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe('upload queue', () => {
  test('sends no more files at once than it is wide', async () => {
    const server = new Server();
    const queue = new UploadQueue(server, 2);
    queue.add('p', picked('a', 'b', 'c'));
    await settle();
    expect(server.calls.map(({ path }) => path)).toEqual(['a', 'b']);
    server.call('a').answer([outcome('a', 'stored')]);
    await settle();
    expect(server.calls.map(({ path }) => path)).toEqual(['a', 'b', 'c']);
  });

  test('opens one import and completes it once when all is through', async () => {
    const server = new Server();
    const queue = new UploadQueue(server, 3);
    queue.add('p', picked('a', 'b'));
    await settle();
    server.call('a').answer([outcome('a', 'stored')]);
    server.call('b').answer([outcome('b', 'duplicate')]);
    await until(queue, ({ summary }) => summary !== null);
    expect(server.opened).toEqual(['p']);
    expect(server.completed).toEqual(['import-1']);
    expect(tally(queue.snapshot().items)).toMatchObject({ files: 2, settled: 2, stored: 1, duplicate: 1 });
  });

  test('a failing file does not stop the others and can be sent again alone', async () => {
    const server = new Server();
    const queue = new UploadQueue(server, 2);
    queue.add('p', picked('bad', 'good'));
    await settle();
    server.call('bad').fail(new Problem({ status: 507, slug: 'storage-full', title: 'Full' }));
    server.call('good').answer([outcome('good', 'stored')]);
    await until(queue, ({ summary }) => summary !== null);
    expect(tally(queue.snapshot().items)).toMatchObject({ failed: 1, stored: 1 });
    queue.resume();
    await settle();
    expect(server.calls.map(({ path }) => path)).toEqual(['bad', 'good', 'bad']);
    server.call('bad').answer([outcome('bad', 'stored')]);
    await until(queue, ({ summary }) => summary !== null);
    expect(tally(queue.snapshot().items)).toMatchObject({ failed: 0, stored: 2 });
    expect(server.completed).toEqual(['import-1', 'import-2']);
  });

  test('cancelling stops what is being sent, drops what waits and closes the import', async () => {
    const server = new Server();
    const queue = new UploadQueue(server, 1);
    queue.add('p', picked('a', 'b'));
    await settle();
    queue.cancel();
    await until(queue, ({ summary }) => summary !== null);
    expect(server.call('a').options.signal.aborted).toBe(true);
    expect(server.calls).toHaveLength(1);
    expect(queue.snapshot().items.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    expect(server.completed).toEqual(['import-1']);
  });

  test('progress counts bytes over all files', async () => {
    const server = new Server();
    const queue = new UploadQueue(server, 2);
    queue.add('p', picked('a', 'b'));
    await settle();
    server.call('a').options.onProgress(2);
    expect(sentShare(queue.snapshot().items)).toBe(0.25);
    server.call('a').answer([outcome('a', 'stored')]);
    await settle();
    expect(sentShare(queue.snapshot().items)).toBe(0.5);
  });

  test('a zip counts each file inside it', async () => {
    const server = new Server();
    const queue = new UploadQueue(server, 1);
    queue.add('p', picked('all.zip'));
    await settle();
    server.call('all.zip').answer([outcome('1', 'stored'), outcome('2', 'stored'), outcome('3', 'refused')]);
    await until(queue, ({ summary }) => summary !== null);
    expect(tally(queue.snapshot().items)).toMatchObject({ files: 1, stored: 2, refused: 1 });
  });

  test('a failing completion is told, not swallowed', async () => {
    const server = new Server();
    const failure = new Problem({ status: 503, slug: 'unavailable', title: 'Away' });
    const queue = new UploadQueue({ ...server, complete: () => Promise.reject(failure) }, 1);
    queue.add('p', picked('a'));
    await settle();
    server.call('a').answer([outcome('a', 'stored')]);
    await until(queue, ({ error }) => error !== null);
    expect(queue.snapshot().error).toBe(failure);
  });
});

test('a file that turns out not to belong to images that came later is shown as refused', () => {
  const stored: FileOutcome = { ...outcome('a.zip/rs', 'stored'), sop_instance_uid: '1.2' };
  const item = { key: 1, path: 'a.zip', size: 1, sent: 1, state: 'done' as const, outcomes: [stored, outcome('b', 'stored')], error: null };
  const refusal: FileOutcome = { ...stored, name: 'cut', outcome: 'refused', slug: 'wrong-reference', detail: 'x' };
  const [first] = withRefusals([item], [refusal]);
  expect(first?.outcomes).toEqual([{ ...refusal, name: 'a.zip/rs' }, item.outcomes[1]]);
  expect(tally([first ?? item]).refused).toBe(1);
});

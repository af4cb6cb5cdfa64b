/**
 * The only place that talks to the server. Answers are typed by the caller from the interface's
 * types; everything that is not a success is thrown as a `Problem`. A 401 outside the login calls the
 * handler that shows the login page.
 */
import { Problem, problemFrom, unreachable } from './problem';

export type Query = Record<string, string | number | boolean | null | undefined>;
export type Options = {
  query?: Query;
  signal?: AbortSignal | undefined;
  ifMatch?: string;
  idempotencyKey?: string;
  keepalive?: boolean;
};
export type Tagged<T> = { value: T; etag: string | null };

const ORIGIN_HEADER = { 'X-Requested-With': 'rinkaku' };
let onUnauthorized: () => void = () => undefined;

/** What to do when the session has ended. */
export function setUnauthorizedHandler(handler: () => void): void {
  onUnauthorized = handler;
}

/** The address of a resource under `/api`; empty and absent parameters are left out. */
export function address(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') parameters.set(name, String(value));
  }
  const suffix = parameters.toString();
  return `/api${path}${suffix === '' ? '' : `?${suffix}`}`;
}

async function send(method: string, path: string, body: unknown, options: Options): Promise<Response> {
  const headers: Record<string, string> = { ...ORIGIN_HEADER, Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.ifMatch !== undefined) headers['If-Match'] = options.ifMatch;
  if (options.idempotencyKey !== undefined) headers['Idempotency-Key'] = options.idempotencyKey;
  let response: Response;
  try {
    response = await fetch(address(path, options.query), {
      method,
      headers,
      credentials: 'same-origin',
      signal: options.signal ?? null,
      keepalive: options.keepalive ?? false,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
  if (response.ok) return response;
  const problem = problemFrom(response.status, await response.text());
  if (response.status === 401 && path !== '/session') onUnauthorized();
  throw problem;
}

async function tagged<T>(response: Response): Promise<Tagged<T>> {
  const value = response.status === 204 ? undefined : await response.json();
  return { value: value as T, etag: response.headers.get('ETag') };
}

async function call<T>(method: string, path: string, body: unknown, options: Options): Promise<T> {
  return (await tagged<T>(await send(method, path, body, options))).value;
}

export const api = {
  get: <T>(path: string, options: Options = {}): Promise<T> => call<T>('GET', path, undefined, options),
  post: <T>(path: string, body?: unknown, options: Options = {}): Promise<T> =>
    call<T>('POST', path, body ?? {}, options),
  put: <T>(path: string, body: unknown, options: Options = {}): Promise<T> => call<T>('PUT', path, body, options),
  patch: <T>(path: string, body: unknown, options: Options = {}): Promise<T> =>
    call<T>('PATCH', path, body, options),
  delete: (path: string, options: Options = {}): Promise<void> => call<void>('DELETE', path, undefined, options),
  /** As `post`, with the ETag of the answer. */
  postTagged: async <T>(path: string, body: unknown, options: Options = {}): Promise<Tagged<T>> =>
    tagged<T>(await send('POST', path, body, options)),
  /** The answer's bytes and ETag. */
  bytes: async (path: string, options: Options = {}): Promise<Tagged<Uint8Array<ArrayBuffer>>> => {
    const response = await send('GET', path, undefined, options);
    return { value: new Uint8Array(await response.arrayBuffer()), etag: response.headers.get('ETag') };
  },
  /** The raw answer, for bodies that are read as they arrive. */
  stream: (path: string, options: Options = {}): Promise<Response> => send('GET', path, undefined, options),
  /** The answer as text. */
  text: async (path: string, options: Options = {}): Promise<string> =>
    (await send('GET', path, undefined, options)).text(),
};

export type UploadOptions = {
  query?: Query;
  signal: AbortSignal;
  onProgress: (sent: number) => void;
  method?: 'PUT' | 'POST';
};

/** Sends the bytes of one file; `onProgress` receives the bytes that have left. */
export function upload<T>(path: string, file: Blob, options: UploadOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    request.open(options.method ?? 'PUT', address(path, options.query));
    request.setRequestHeader('X-Requested-With', ORIGIN_HEADER['X-Requested-With']);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.addEventListener('progress', (event) => options.onProgress(event.loaded));
    request.addEventListener('load', () => {
      if (request.status >= 200 && request.status < 300) {
        resolve(JSON.parse(request.responseText) as T);
        return;
      }
      if (request.status === 401) onUnauthorized();
      reject(problemFrom(request.status, request.responseText));
    });
    request.addEventListener('error', () => reject(unreachable()));
    request.addEventListener('abort', () => reject(new Problem({ status: 0, slug: 'cancelled', title: 'Cancelled' })));
    request.addEventListener('loadend', () => options.signal.removeEventListener('abort', abort));
    options.signal.addEventListener('abort', abort);
    if (options.signal.aborted) reject(new Problem({ status: 0, slug: 'cancelled', title: 'Cancelled' }));
    else request.send(file);
  });
}

/** An error the server reported (RFC 9457) or a failure to reach it, with words for a person. */
export class Problem extends Error {
  readonly status: number;
  readonly slug: string;
  readonly title: string;
  readonly detail: string;
  readonly instance: string;
  readonly extensions: Record<string, unknown>;

  constructor(fields: {
    status: number;
    slug: string;
    title: string;
    detail?: string;
    instance?: string;
    extensions?: Record<string, unknown>;
  }) {
    super(fields.detail === undefined || fields.detail === '' ? fields.title : fields.detail);
    this.name = 'Problem';
    this.status = fields.status;
    this.slug = fields.slug;
    this.title = fields.title;
    this.detail = fields.detail ?? '';
    this.instance = fields.instance ?? '';
    this.extensions = fields.extensions ?? {};
  }
}

const KNOWN = new Set(['type', 'title', 'status', 'detail', 'instance']);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A problem from the status and body text of an answer, whatever the body is. */
export function problemFrom(status: number, body: string): Problem {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    parsed = null;
  }
  if (!isRecord(parsed)) return new Problem({ status, slug: `http-${status}`, title: `HTTP ${status}` });
  const slug = text(parsed['type']).split('/').pop() ?? '';
  return new Problem({
    status,
    slug: slug === '' || slug === 'about:blank' ? `http-${status}` : slug,
    title: text(parsed['title']) || `HTTP ${status}`,
    detail: text(parsed['detail']),
    instance: text(parsed['instance']),
    extensions: Object.fromEntries(Object.entries(parsed).filter(([key]) => !KNOWN.has(key))),
  });
}

/** The server could not be reached, or the request was cut off. */
export const unreachable = (): Problem =>
  new Problem({ status: 0, slug: 'unreachable', title: 'The server cannot be reached' });

export const isProblem = (error: unknown): error is Problem => error instanceof Problem;

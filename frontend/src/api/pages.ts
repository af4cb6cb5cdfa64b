import { api, type Query } from './client';
import type { Page } from './types';

const LIMIT = 200;
const MOST_PAGES = 50;

/** Every item of a list that is short by nature (users, members, tokens, networks). */
export async function all<T>(path: string, query: Query = {}): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer: Page<T> = await api.get<Page<T>>(path, { query: { ...query, limit: LIMIT, cursor } });
    items.push(...answer.items);
    cursor = answer.next_cursor ?? null;
    if (cursor === null) break;
  }
  return items;
}

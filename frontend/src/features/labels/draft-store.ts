/** Unsaved work kept in this browser (IndexedDB), so that a killed tab or a lost network costs seconds, not work. */

export type StoredDraft = {
  structureId: string;
  userId: string;
  base: number;
  mask: Uint8Array<ArrayBuffer>;
  seconds: number;
  savedAt: string;
};

const DATABASE = 'rinkaku';
const STORE = 'drafts';

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ['userId', 'structureId'] });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be opened'));
  });
}

let database: Promise<IDBDatabase> | null = null;

async function inStore<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  database ??= opened();
  const transaction = (await database).transaction(STORE, mode);
  const request = act(transaction.objectStore(STORE));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB refused'));
    transaction.onerror = () => reject(transaction.error ?? new Error('IndexedDB refused'));
  });
}

export const putDraft = (draft: StoredDraft): Promise<IDBValidKey> => inStore('readwrite', (store) => store.put(draft));

export const getDraft = (userId: string, structureId: string): Promise<StoredDraft | undefined> =>
  inStore<StoredDraft | undefined>('readonly', (store) => store.get([userId, structureId]));

export const deleteDraft = (userId: string, structureId: string): Promise<undefined> =>
  inStore('readwrite', (store) => store.delete([userId, structureId]));

/** The page's one upload queue. */
import { useSyncExternalStore } from 'react';
import { api, upload } from '../../api/client';
import type { FileOutcome, ImportSummary } from '../../api/types';
import { UploadQueue, type Batch } from './queue';

const AT_ONCE = 3;

export const uploads = new UploadQueue(
  {
    open: async (projectId) => (await api.post<{ id: string }>(`/projects/${projectId}/imports`)).id,
    send: async (importId, picked, options) => {
      const path = `/imports/${importId}/files`;
      const query = { name: picked.path };
      return (await upload<{ files: FileOutcome[] }>(path, picked.file, { query, ...options })).files;
    },
    complete: (importId) => api.post<ImportSummary>(`/imports/${importId}/complete`),
  },
  AT_ONCE,
);

export const useUploads = (): Batch => useSyncExternalStore(uploads.subscribe, uploads.snapshot);

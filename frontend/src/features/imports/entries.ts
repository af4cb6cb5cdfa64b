/** Files of a drop or a file dialog, folders walked through, each with its path. */
import type { Picked } from './queue';

const LITTER = new Set(['.ds_store', 'thumbs.db', 'desktop.ini']);

const isLitter = (path: string): boolean => LITTER.has((path.split('/').pop() ?? '').toLowerCase());

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

const readBatch = (reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> =>
  new Promise((resolve, reject) => reader.readEntries(resolve, reject));

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** A folder is read in pieces (browsers give at most 100 entries at a time). */
async function walk(entry: FileSystemEntry, into: Picked[]): Promise<void> {
  if (isFile(entry)) {
    into.push({ path: entry.fullPath.replace(/^\//, ''), file: await fileOf(entry) });
  } else if (isFolder(entry)) {
    const reader = entry.createReader();
    for (let batch = await readBatch(reader); batch.length > 0; batch = await readBatch(reader)) {
      for (const child of batch) await walk(child, into);
    }
  }
}

/** Everything in a drop. The items must be read before the event ends, so call it from the handler itself. */
export async function droppedFiles(transfer: DataTransfer): Promise<Picked[]> {
  const entries = [...transfer.items]
    .filter((item) => item.kind === 'file')
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  const picked: Picked[] = [];
  for (const entry of entries) await walk(entry, picked);
  return picked.filter(({ path }) => !isLitter(path));
}

/** Files of an input; those of a folder input carry their path. */
export const chosenFiles = (files: FileList | null): Picked[] =>
  [...(files ?? [])]
    .map((file) => ({ path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath, file }))
    .filter(({ path }) => !isLitter(path));

import type { Structure } from '../../api/types';
import { recordOf, useWorkspace } from '../labels/workspace';

/** Names of structures by id, also of those of another set that a derivation names. */
export function useNameOf(record: Structure | null): (id: string) => string | null {
  const { set } = useWorkspace();
  return (id) => recordOf(set, id)?.name ?? record?.derivation?.sources.find((one) => one.structure_id === id)?.name ?? null;
}

/** Who is logged in, and in which project they work. */
import { skipToken, useQuery, type QueryClient } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Me, Membership, Role, SessionStatus } from '../../api/types';

export type Session = { me: Me; project: Membership | null; chooseProject: (id: string) => void };

export const SessionContext = createContext<Session | null>(null);

/** The session; only inside the pages that are shown after login. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('useSession outside the logged-in pages');
  return session;
}

async function fetchMe({ client }: { client: QueryClient }): Promise<Me | null> {
  const { me } = await api.get<SessionStatus>('/session/status');
  if (me === null) expireSession(client);
  return me;
}

export const useMe = () => useQuery({ queryKey: keys.session, queryFn: fetchMe, staleTime: Infinity });

export type Permission = 'import' | 'annotate' | 'review' | 'export' | 'train' | 'administer';

/** What each role may do; the server decides, this only hides what it would refuse. */
const PERMISSIONS: Record<Role, readonly Permission[]> = {
  administrator: ['import', 'annotate', 'review', 'export', 'train', 'administer'],
  clinician: ['import', 'annotate', 'review', 'export'],
  annotator: ['import', 'annotate'],
  reviewer: ['review'],
  reader: [],
};

export const may = (role: Role | undefined, permission: Permission): boolean =>
  role !== undefined && PERMISSIONS[role].includes(permission);

/** Shows the login page and forgets what the person has seen. */
export function endSession(client: QueryClient): void {
  client.setQueryData(keys.session, null);
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.session[0] });
}

/** The server does not know the person any more: the login page says so. */
export function expireSession(client: QueryClient): void {
  if (!client.getQueryData<Me | null>(keys.session)) return;
  endSession(client);
  client.setQueryData(keys.sessionExpired, true);
}

/** True from when a session expired until somebody logs in. */
export const useExpired = (): boolean =>
  useQuery({ queryKey: keys.sessionExpired, queryFn: skipToken, initialData: false, gcTime: Infinity }).data === true;

const duties = new Set<() => Promise<void>>();

/** What must reach the server while it still knows the person; the returned function takes it back. */
export function beforeLogOut(duty: () => Promise<void>): () => void {
  duties.add(duty);
  return () => void duties.delete(duty);
}

export async function logOut(): Promise<void> {
  await Promise.all([...duties].map((duty) => duty()));
  await api.delete('/session');
}

const STORED = 'rinkaku.project';

export const storedProject = (): string | null => window.localStorage.getItem(STORED);

export const storeProject = (id: string): void => window.localStorage.setItem(STORED, id);

/** The remembered project if one still belongs to it, else the first. */
export const pickProject = (projects: readonly Membership[], id: string | null): Membership | null =>
  projects.find((project) => project.id === id) ?? projects[0] ?? null;

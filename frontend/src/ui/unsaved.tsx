/** Forms whose changes are lost when the page is left: whoever leaves is asked first, whichever way they go. */
import { useEffect, useId, useSyncExternalStore } from 'react';
import { useBlocker } from 'react-router';
import { useT } from '../i18n';
import { Confirm } from './dialog';

type Act = () => void;

const holders = new Set<string>();
const listeners = new Set<() => void>();
let waiting: Act | null = null;

function wait(act: Act | null): void {
  waiting = act;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Does what takes the page away; asks first when something on it is not saved. */
export function leaving(act: Act): void {
  if (holders.size === 0) act();
  else wait(act);
}

const warn = (event: BeforeUnloadEvent): void => event.preventDefault();

/** While `changed`, leaving the page asks. */
export function useUnsaved(changed: boolean): void {
  const id = useId();
  useEffect(() => {
    if (!changed) return undefined;
    holders.add(id);
    window.addEventListener('beforeunload', warn);
    return () => {
      holders.delete(id);
      window.removeEventListener('beforeunload', warn);
    };
  }, [changed, id]);
}

/** The question; once on the page. */
export function LeaveDialog() {
  const t = useT();
  const act = useSyncExternalStore(subscribe, () => waiting);
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => holders.size > 0 && nextLocation.pathname !== currentLocation.pathname,
  );
  if (act === null && blocker.state !== 'blocked') return null;
  const stay = (): void => {
    wait(null);
    blocker.reset?.();
  };
  const leave = (): void => {
    wait(null);
    if (blocker.state === 'blocked') blocker.proceed();
    else act?.();
  };
  return (
    <Confirm title={t('common.unsaved')} action={t('common.leave')} danger pending={false} error={null} onConfirm={leave} onClose={stay}>
      <p>{t('common.unsavedHint')}</p>
    </Confirm>
  );
}

/**
 * One tab of a person edits a structure set at a time: two of them would share one draft, and whichever saves would
 * throw away what the other has drawn. The browser's Web Locks decide who it is and forget a tab that dies; where
 * there are none (a page without HTTPS) nobody is kept from editing.
 */
import { useCallback, useEffect, useRef, useState } from 'react';

/** `asking` for an instant; `elsewhere` while another tab of this person has the set. */
export type EditingTab = 'asking' | 'here' | 'elsewhere';

const CHANNEL = 'rinkaku-editing';
/** A page that has just been left gives its lock back a moment later. */
const AGAIN_MS = 300;
/** How long a tab may take to send its drafts before its lock is taken from it. */
const GIVE_MS = 5000;
type Word = { readonly kind: 'give' | 'given'; readonly name: string };

/** Asks for the lock and keeps it until `release`; false when another tab has it. */
async function hold(name: string, release: Promise<void>, lost: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    const keep = (lock: Lock | null): Promise<void> | undefined => {
      resolve(lock !== null);
      return lock === null ? undefined : release;
    };
    navigator.locks.request(name, { ifAvailable: true }, keep).catch(lost);
  });
}

/** Asks the other tab to send its drafts and let go; takes the lock by force when it does not answer. */
async function takeFrom(name: string): Promise<void> {
  const channel = new BroadcastChannel(CHANNEL);
  const given = new Promise<boolean>((resolve) => {
    channel.onmessage = ({ data }: MessageEvent<Word>) => data.kind === 'given' && data.name === name && resolve(true);
    window.setTimeout(() => resolve(false), GIVE_MS);
  });
  channel.postMessage({ kind: 'give', name } satisfies Word);
  if (!(await given)) await navigator.locks.request(name, { steal: true }, () => undefined);
  channel.close();
}

/** Whether this tab edits the set, and how to make it the one that does; `give` sends the drafts before it no longer is. */
export function useEditingTab(setId: string | null, userId: string, give: () => Promise<void>): [EditingTab, () => Promise<void>] {
  const [tab, setTab] = useState<EditingTab>(() => ('locks' in navigator ? 'asking' : 'here'));
  const name = `${CHANNEL}:${userId}:${setId ?? ''}`;
  const giving = useRef(give);
  useEffect(() => {
    giving.current = give;
  }, [give]);
  useEffect(() => {
    if (setId === null || !('locks' in navigator)) return undefined;
    let open = true;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const say = (next: EditingTab): void => {
      if (open) setTab(next);
    };
    const ask = (last: boolean): void => {
      if (!open) return;
      void hold(name, released, () => say('elsewhere')).then((held) => {
        if (held) say('here');
        else if (last) say('elsewhere');
        else window.setTimeout(() => ask(true), AGAIN_MS);
      });
    };
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }: MessageEvent<Word>) => {
      if (data.kind !== 'give' || data.name !== name) return;
      say('elsewhere');
      void giving.current().finally(() => {
        release();
        channel.postMessage({ kind: 'given', name } satisfies Word);
      });
    };
    ask(false);
    return () => {
      open = false;
      release();
      channel.close();
    };
  }, [name, setId]);
  /** The page begins anew, with the drafts that the other tab has sent. */
  const take = useCallback(async () => {
    await takeFrom(name);
    window.location.reload();
  }, [name]);
  return [setId === null ? 'here' : tab, take];
}

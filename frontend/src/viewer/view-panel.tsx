import { useEffect, useRef } from 'react';
import type { PlaneName } from '../lib/planes';
import type { Clicks } from './clicks';
import type { Editor, Refusal } from './editor';
import { PlaneView } from './plane-view';
import { PointerControl } from './pointer';
import type { Scene } from './scene';

type Props = {
  scene: Scene;
  editor: Editor;
  clicks: Clicks;
  plane: PlaneName;
  label: string;
  className: string | undefined;
  cursor: string;
  onRefused: (why: Refusal) => void;
  onView: (plane: PlaneName, view: PlaneView | null) => void;
};

/** The canvases of one plane, with the mouse. */
export function ViewPanel({ scene, editor, clicks, plane, label, className, cursor, onRefused, onView }: Props) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null) return undefined;
    const view = new PlaneView(host.current, scene, plane);
    const pointer = new PointerControl(host.current, view, { editor, clicks }, scene, onRefused);
    onView(plane, view);
    return () => {
      onView(plane, null);
      pointer.dispose();
      view.dispose();
    };
  }, [scene, editor, clicks, plane, onRefused, onView]);
  return <div ref={host} className={className} style={{ cursor }} role="img" aria-label={label} tabIndex={-1} data-plane={plane} />;
}

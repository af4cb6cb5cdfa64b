import { useSyncExternalStore } from 'react';
import type { Scene, SceneState } from './scene';

/** A part of the scene's state; the component is drawn again only when that part changes. */
export const useScene = <T>(scene: Scene, pick: (state: SceneState) => T): T =>
  useSyncExternalStore(scene.subscribe, () => pick(scene.state));

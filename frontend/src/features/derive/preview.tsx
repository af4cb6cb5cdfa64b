/** What a derivation gives, drawn dashed in the views and told in cubic centimetres before anything is kept. */
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../../api/client';
import type { DerivationPreview, Expression, Structure } from '../../api/types';
import { useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { decodeMask, fromBase64 } from '../../lib/mask';
import { Icon } from '../../ui/icons';
import type { Comparison } from '../../viewer/scene';
import { useScene } from '../../viewer/use-scene';
import { focus } from '../labels/commands';
import { volumeText } from '../labels/structure-list';
import { useWorkspace } from '../labels/workspace';
import css from './derive.module.css';

/** White, as a comparison is drawn, would be lost on bone. */
const PREVIEW_COLOUR = '#ff5cf0';
/** Stands for a structure that is not there yet. */
const NOT_YET = 'preview';

export type Looking = {
  /** Null until there is something to look at, and when it is not drawn any more. */
  readonly shown: DerivationPreview | null;
  readonly pending: boolean;
  readonly error: Error | null;
  readonly look: (expression: Expression) => void;
  /** Takes it from the views. */
  readonly end: () => void;
};

/** Asks what an expression gives and draws it; nothing of it is left in the views when the dialog is gone. */
export function usePreview(record: Structure | null, name: string): Looking {
  const t = useT();
  const { session, scene, views } = useWorkspace();
  const [drawn, setDrawn] = useState<{ preview: DerivationPreview; comparison: Comparison } | null>(null);
  const comparison = useScene(scene, (state) => state.comparison);
  const asked = useMutation({
    mutationFn: (expression: Expression) =>
      api.post<DerivationPreview>(`/structure-sets/${session.setId}/derived-structures/preview`, { expression, structure_id: record?.id ?? null }),
    onSuccess: (preview) => {
      const mask = decodeMask(fromBase64(preview.mask), scene.volume.grid.shape_kji);
      const label = t('derive.preview.of', { name: name.trim() === '' ? t('derive.title.new') : name.trim() });
      const made: Comparison = { structureId: record?.id ?? NOT_YET, mask, colour: PREVIEW_COLOUR, label };
      scene.set({ comparison: made, showContours: true });
      focus({ scene, views }, mask);
      setDrawn({ preview, comparison: made });
    },
  });
  const mine = drawn?.comparison ?? null;
  useEffect(
    () => () => {
      if (mine !== null && scene.state.comparison === mine) scene.set({ comparison: null });
    },
    [scene, mine],
  );
  return {
    shown: drawn !== null && comparison === drawn.comparison ? drawn.preview : null,
    pending: asked.isPending,
    error: asked.error,
    look: (expression) => asked.mutate(expression),
    end: () => setDrawn(null),
  };
}

/** The volume that would come out, and what is odd about it. */
export function PreviewNote({ shown }: { shown: DerivationPreview }) {
  const t = useT();
  return (
    <div className={css.preview} role="status" aria-label={t('derive.preview')}>
      <b>{t('derive.preview.cc', { cc: volumeText(shown.volume_cc) })}</b>
      <span>{t('derive.preview.hint')}</span>
      {shown.plausibility.map((one) => (
        <span key={one.slug + one.detail} className={css.doubt}>
          <Icon name="alert" size={13} /> {slugText(one, t)}
        </span>
      ))}
    </div>
  );
}

/** What a derivation gives, drawn dashed in the views and told in cubic centimetres before anything is kept. */
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../../api/client';
import type { DerivationPreview, Expression, Structure } from '../../api/types';
import { useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { decodeMask, fromBase64 } from '../../lib/mask';
import { Icon } from '../../ui/icons';
import { focus } from '../labels/commands';
import { volumeText } from '../labels/structure-list';
import { useWorkspace } from '../labels/workspace';
import css from './derive.module.css';

const PREVIEW_COLOUR = '#ffffff';
/** Stands for a structure that is not there yet. */
const NOT_YET = 'preview';

export type Looking = {
  /** Null until there is something to look at. */
  readonly shown: DerivationPreview | null;
  readonly pending: boolean;
  readonly error: Error | null;
  readonly look: (expression: Expression) => void;
  /** Takes it from the views. */
  readonly end: () => void;
};

/** Asks what an expression gives and draws it; nothing of it is left in the views when the dialog is gone. */
export function usePreview(record: Structure | null): Looking {
  const t = useT();
  const { session, scene, views } = useWorkspace();
  const structureId = record?.id ?? NOT_YET;
  const label = t('derive.preview.of', { name: record?.name ?? t('derive.title.new') });
  const clear = (): void => {
    if (scene.state.comparison?.label === label) scene.set({ comparison: null });
  };
  const asked = useMutation({
    mutationFn: (expression: Expression) =>
      api.post<DerivationPreview>(`/structure-sets/${session.setId}/derived-structures/preview`, { expression, structure_id: record?.id ?? null }),
    onSuccess: ({ mask: text }) => {
      const mask = decodeMask(fromBase64(text), scene.volume.grid.shape_kji);
      scene.set({ comparison: { structureId, mask, colour: PREVIEW_COLOUR, label }, showContours: true });
      focus({ scene, views }, mask);
    },
  });
  useEffect(
    () => () => {
      if (scene.state.comparison?.label === label) scene.set({ comparison: null });
    },
    [scene, label],
  );
  return {
    shown: asked.data ?? null,
    pending: asked.isPending,
    error: asked.error,
    look: (expression) => asked.mutate(expression),
    end: () => {
      clear();
      asked.reset();
    },
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

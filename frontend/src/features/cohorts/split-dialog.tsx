import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Cohort } from '../../api/types';
import { useT } from '../../i18n';
import { Button, SelectField, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { Badge, Caution, ErrorNote } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout } from '../../ui/layout';
import css from './cohorts.module.css';
import { cohortPath } from './queries';

type SplitProps = { projectId: string; cohort: Cohort };

function SplitDialog({ projectId, cohort, onClose }: SplitProps & { onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const [percent, setPercent] = useState('25');
  const [seed, setSeed] = useState('0');
  const [endpoint, setEndpoint] = useState('');
  const fraction = Number(percent) / 100;
  const wrong = !(fraction > 0 && fraction < 1);
  const whole = /^\d{1,9}$/.test(seed);
  const fix = useMutation({
    mutationFn: () =>
      api.post(`${cohortPath(projectId, cohort.id)}/split`, {
        seed: Number(seed),
        test_fraction: fraction,
        stratify: endpoint === '' ? null : endpoint,
      }),
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: keys.cohort(cohort.id) }),
        client.invalidateQueries({ queryKey: keys.cohorts(projectId) }),
      ]);
      onClose();
    },
  });
  const inTest = Math.round(cohort.included * fraction);
  return (
    <Dialog title={t('cohort.split.title')} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          fix.mutate();
        }}
      >
        <p className={layout.muted}>{t('cohort.split.what')}</p>
        <Caution>{t('cohort.split.once')}</Caution>
        <div className={css.pair}>
          <TextField
            label={t('cohort.split.percent')}
            type="number"
            min={1}
            max={99}
            value={percent}
            onChange={setPercent}
            problem={wrong ? t('cohort.split.percentWrong') : undefined}
            hint={wrong ? undefined : t('cohort.split.counts', { test: inTest, train: cohort.included - inTest })}
          />
          <TextField
            label={t('cohort.seed')}
            hint={t('cohort.seedHint')}
            inputMode="numeric"
            value={seed}
            onChange={setSeed}
            problem={whole ? undefined : t('cohort.seedWrong')}
          />
        </div>
        <SelectField
          label={t('cohort.split.stratify')}
          value={endpoint}
          choices={[
            { value: '', label: t('cohort.split.stratifyNone') },
            ...cohort.endpoints.map(({ name, events }) => ({ value: name, label: t('cohort.endpointEvents', { name, n: events }) })),
          ]}
          onChange={setEndpoint}
        />
        {fix.error !== null && <ErrorNote error={fix.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" look="primary" disabled={wrong || !whole || fix.isPending}>
            {t('cohort.split.fix')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** How the cohort is split, or the way to do so, once. */
export function SplitButton({ projectId, cohort, manage }: SplitProps & { manage: boolean }) {
  const t = useT();
  const [open, setOpen] = useState(false);
  const { split } = cohort;
  if (split !== null && split !== undefined) {
    const said = { train: split.train, test: split.test, seed: split.seed, time: formatTime(split.fixed_at) };
    return (
      <Badge tone="good" title={t('cohort.split.fixedHint', said)}>
        {t('cohort.split.fixed', said)}
      </Badge>
    );
  }
  if (!manage) return <span className={layout.muted}>{t('cohort.split.none')}</span>;
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('cohort.split.title')}</Button>
      {open && <SplitDialog projectId={projectId} cohort={cohort} onClose={() => setOpen(false)} />}
    </>
  );
}

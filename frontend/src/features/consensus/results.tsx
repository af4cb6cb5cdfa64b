import { useCallback, useEffect, useMemo, useState } from 'react';
import { api } from '../../api/client';
import type { Consensus, ConsensusResults } from '../../api/types';
import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import type { Finding, FindingState } from '../../lib/findings';
import { toPatient } from '../../lib/planes';
import { Button, Select } from '../../ui/controls';
import { notify } from '../../ui/toast';
import { mapSampler, NO_MAP } from '../../viewer/map-view';
import { useScene } from '../../viewer/use-scene';
import { FindingPanel } from '../findings/finding-panel';
import { useWorkspace } from '../labels/workspace';
import { AgreementTable } from './agreement-table';
import css from './consensus.module.css';
import { useAct, useResults } from './queries';

type Method = 'staple' | 'majority';
type Region = ConsensusResults['regions'][number];
type Decision = { number: number; take: boolean | null };
/** Whether regions are being decided; other lists of findings are put away meanwhile. */
export type Deciding = { readonly deciding: boolean; readonly onDeciding: (deciding: boolean) => void };
type Props = { task: Consensus; results: ConsensusResults };

const STATES: Record<FindingState, boolean | null> = { open: null, accepted: true, dismissed: false };
const stateOf = ({ take }: Region): FindingState => (take === null || take === undefined ? 'open' : take ? 'accepted' : 'dismissed');
const millilitres = (ml: number): string => `${ml < 1 ? ml.toFixed(2) : ml.toFixed(1)} mL`;

/** Where the readers differ, over the image. */
function DisagreementMap({ task }: { task: Consensus }) {
  const t = useT();
  const { scene } = useWorkspace();
  const key = `consensus ${task.id}`;
  const shown = useScene(scene, ({ map }) => map.shown && map.key === key);
  const show = async (): Promise<void> => {
    const { value } = await api.bytes(`/consensus/${task.id}/map`);
    const { grid } = scene.volume;
    const values = mapSampler(grid, new Float32Array(value.buffer), grid);
    scene.set({ map: { ...NO_MAP, key, range: { low: 0, high: 1 }, field: { key, values, significant: null }, shown: true } });
  };
  const turn = (): void => {
    if (shown) scene.changeMap({ shown: false });
    else show().catch((error: unknown) => notify(problemText(error, t), true));
  };
  return (
    <Button small aria-pressed={shown} title={t('consensus.map.hint')} onClick={turn}>
      {t('consensus.map')}
    </Button>
  );
}

/** Regions of disagreement, largest first: one key takes a region in or leaves it out, the next one is centred. */
function Regions({ task, results }: Props) {
  const t = useT();
  const { scene, views, mayReview } = useWorkspace();
  const { mutate } = useAct(task, ({ number, take }: Decision) => api.put(`/consensus/${task.id}/regions/${number}`, { take }));
  const decide = useCallback((id: string, state: FindingState) => mutate({ number: Number(id), take: STATES[state] }), [mutate]);
  const findings = useMemo(
    () =>
      results.regions.map((one): Finding => {
        const [k, j, i] = one.centre_kji;
        return { id: String(one.number), position_mm: toPatient(scene.volume.grid, [k, j, i]), score: one.volume_ml, state: stateOf(one) };
      }),
    [results.regions, scene],
  );
  const selected = useScene(scene, (state) => state.findings.selectedId);
  const region = results.regions.find((one) => String(one.number) === selected);
  const names = task.readers.filter(({ user }) => region?.included_by.includes(user.id)).map(({ user }) => user.display_name);
  return (
    <>
      <div className={css.regions}>
        <FindingPanel scene={scene} views={views} title={t('consensus.regions')} findings={findings} scoreText={millilitres}
          onJudge={mayReview ? decide : null} />
      </div>
      {region !== undefined && <p role="status" className={css.note}>{t('consensus.drewBy', { names: names.join(', ') })}</p>}
      <p className={css.note}>{t('consensus.small', { ml: results.left_out_ml.toFixed(2) })}</p>
    </>
  ); // prettier-ignore
}

/** The consensus becomes a revision that names its parents. */
function Adopt({ task, results }: Props) {
  const t = useT();
  const { set } = useWorkspace();
  const [method, setMethod] = useState<Method>('staple');
  const head = set?.structures.find((one) => one.id === task.structure_id)?.head?.number ?? 0;
  const adopt = useAct(task, () => api.post(`/consensus/${task.id}/adopt`, { method }, { ifMatch: `"${head}"` }));
  return (
    <div className={css.row}>
      <Select name={t('consensus.method')} value={method} onChange={(value) => setMethod(value as Method)}
        choices={[
          { value: 'staple', label: `STAPLE · ${millilitres(results.staple.volume_ml)}` },
          { value: 'majority', label: `${t('consensus.majority')} · ${millilitres(results.majority_ml)}` },
        ]} />
      <Button small look="primary" disabled={adopt.isPending} onClick={() => adopt.mutate(undefined)}>
        {t('consensus.adopt')}
      </Button>
    </div>
  ); // prettier-ignore
}

/** Agreement, the map of disagreement, and the way from regions to a revision. */
export function Results({ task, deciding, onDeciding }: { task: Consensus } & Deciding) {
  const t = useT();
  const { mayReview } = useWorkspace();
  useEffect(() => () => onDeciding(false), [onDeciding]);
  const results = useResults(task).data;
  if (results === undefined) return null;
  return (
    <>
      <AgreementTable task={task} results={results} />
      {!results.staple.converged && <p role="status">{t('consensus.unconverged')}</p>}
      <div className={css.row}>
        <DisagreementMap task={task} />
        <Button small aria-pressed={deciding} onClick={() => onDeciding(!deciding)}>
          {t('consensus.decide', { n: results.regions.length })}
        </Button>
      </div>
      {deciding && <Regions task={task} results={results} />}
      {mayReview && <Adopt task={task} results={results} />}
      {task.adopted !== null && <p className={css.note}>{t('consensus.adopted', { n: task.adopted })}</p>}
    </>
  );
}

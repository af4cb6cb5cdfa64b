import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { TreatmentPlan } from '../../api/types';
import { useT, type Key } from '../../i18n';
import { Dialog } from '../../ui/dialog';
import { Badge, EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import layout from '../../ui/layout.module.css';
import { useScene } from '../../viewer/use-scene';
import { useWorkspace } from '../labels/workspace';
import { beamRows, beamsGy, energyText, fractionText, gantryText, numberText, plansFirst, referenceText } from './plan-text';
import css from './plan.module.css';

type Plan = TreatmentPlan['plan'];
const TONES = { APPROVED: 'good', UNAPPROVED: 'warn', REJECTED: 'bad' } as const;
const orDash = (text: string): string => (text === '' ? '–' : text);

type TableProps = { title: string; heads: readonly Key[]; rows: readonly { key: string; faint?: boolean; cells: readonly string[] }[] };

function Table({ title, heads, rows }: TableProps): ReactNode {
  const t = useT();
  return (
    <div className={layout.scroll}>
      <table className={css.table} aria-label={title}>
        <caption>{title}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {t(head)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, faint = false, cells }) => (
            <tr key={key} className={faint ? css.faint : undefined}>
              {cells.map((cell, n) => (
                <td key={heads[n]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Prescriptions({ plan, names }: { plan: Plan; names: TreatmentPlan['roi_names'] }) {
  const t = useT();
  if (plan.dose_references.length === 0) return <p className={css.none}>{t('plan.no-prescription')}</p>;
  const rows = plan.dose_references.map((one, n) => {
    const kind = one.kind === 'TARGET' ? t('plan.target') : one.kind === 'ORGAN_AT_RISK' ? t('plan.organ') : orDash(one.kind);
    return {
      key: String(n),
      cells: [
        referenceText(one, names, (n) => t('plan.roi', { n })), kind,
        numberText(one.prescribed_gy, ' Gy'), fractionText(one, plan), numberText(one.minimum_gy, ' Gy'), numberText(one.maximum_gy, ' Gy'),
      ],
    }; // prettier-ignore
  });
  const heads = ['plan.reference', 'plan.kind', 'plan.prescribed', 'plan.fractionation', 'plan.minimum', 'plan.maximum'] as const;
  return <Table title={t('plan.prescription')} heads={heads} rows={rows} />;
}

function Beams({ plan }: { plan: Plan }) {
  const t = useT();
  if (plan.beams.length === 0) return plan.brachy === null ? <p className={css.none}>{t('plan.no-beams')}</p> : null;
  const several = plan.fraction_groups.length > 1;
  const machines = new Set(plan.beams.map((beam) => orDash(beam.machine)));
  const rows = beamRows(plan).map(({ beam, group, dose, meterset }, n) => ({
    key: String(n),
    faint: beam.delivery !== '' && beam.delivery !== 'TREATMENT',
    cells: [
      `${beam.number ?? '–'} ${beam.name}`.trim(), ...(several ? [String(group?.number ?? '–')] : []),
      beam.delivery === 'TREATMENT' ? orDash(beam.kind) : `${beam.kind} ${beam.delivery}`.trim() || '–',
      energyText(beam), gantryText(beam), numberText(beam.collimator_deg, '°'), numberText(beam.couch_deg, '°'), numberText(meterset), numberText(dose, ' Gy'),
      ...(machines.size > 1 ? [orDash(beam.machine)] : []),
    ],
  })); // prettier-ignore
  const heads: Key[] = [
    'plan.beam', ...(several ? (['plan.group'] as const) : []), 'plan.kind', 'plan.energy', 'plan.gantry', 'plan.collimator', 'plan.couch', 'plan.meterset', 'plan.beam-dose',
    ...(machines.size > 1 ? (['plan.machine'] as const) : []),
  ]; // prettier-ignore
  const [machine = '–', ...others] = machines;
  return (
    <>
      {machine !== '–' && others.length === 0 && <p>{t('plan.one-machine', { machine })}</p>}
      <Table title={t('plan.beams')} heads={heads} rows={rows} />
    </>
  );
}

function Brachytherapy({ plan: { brachy } }: { plan: Plan }) {
  const t = useT();
  if (brachy === null) return null;
  const rows = brachy.setups.map((setup, n) => ({
    key: String(n),
    cells: [
      `${setup.number ?? '–'} ${setup.name}`.trim(), orDash(setup.kind), String(setup.channels),
      numberText(setup.total_reference_air_kerma, ' µGy'), numberText(setup.dose_gy, ' Gy'),
    ],
  })); // prettier-ignore
  const heads = ['plan.setup', 'plan.kind', 'plan.channels', 'plan.air-kerma', 'plan.setup-dose'] as const;
  const what = [brachy.treatment_type, brachy.technique, ...brachy.isotopes, ...brachy.machines].filter((one) => one !== '');
  return (
    <>
      <p>{t('plan.brachy', { what: what.length === 0 ? '–' : what.join(' · ') })}</p>
      {rows.length > 0 && <Table title={t('plan.setups')} heads={heads} rows={rows} />}
    </>
  );
}

function Fractions({ plan }: { plan: Plan }) {
  const t = useT();
  if (plan.fraction_groups.length === 0) return <p className={css.none}>{t('plan.no-fractions')}</p>;
  return plan.fraction_groups.map((group, n) => (
    <p key={group.number ?? `#${n}`}>
      {plan.fraction_groups.length > 1 && <b>{t('plan.group.of', { n: group.number ?? '–' })} </b>}
      {t('plan.fractions', { fractions: group.fractions ?? '–', beams: group.beams ?? '–', setups: group.brachy_setups ?? '–' })}
      {beamsGy(group) !== null && ` · ${t('plan.beams-dose', { gy: numberText(beamsGy(group)) })}`}
    </p>
  ));
}

function OnePlan({ one: { plan, roi_names: names }, ofDose }: { one: TreatmentPlan; ofDose: boolean }) {
  const t = useT();
  const { label, name, description, intent, approval, written } = plan;
  const tone = approval in TONES ? TONES[approval as keyof typeof TONES] : 'plain';
  const said = [name === label ? '' : name, description, intent, written].filter((text) => text !== '');
  return (
    <section className={css.plan} aria-label={label} data-testid="plan">
      <header>
        <h3>{label === '' ? t('plan.unnamed') : label}</h3>
        <Badge tone={tone}>{approval === '' ? t('plan.approval.none') : approval in TONES ? t(`plan.approval.${approval as keyof typeof TONES}`) : approval}</Badge>
        {ofDose && <Badge tone="accent">{t('plan.of-dose')}</Badge>}
      </header>
      {said.length > 0 && <p className={css.said}>{said.join(' · ')}</p>}
      <Fractions plan={plan} />
      <Prescriptions plan={plan} names={names} />
      <Beams plan={plan} />
      <Brachytherapy plan={plan} />
    </section>
  );
}

/** The treatment plans of the study, that of the dose on the screen first. */
export function PlanDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const { scene, study } = useWorkspace();
  const doseId = useScene(scene, (state) => state.dose.seriesId);
  const plans = useQuery({
    queryKey: keys.plans(study.id),
    queryFn: () => api.get<{ items: TreatmentPlan[] }>(`/studies/${study.id}/plans`),
    staleTime: Infinity,
  });
  const items = plansFirst(plans.data?.items ?? [], doseId);
  return (
    <Dialog title={t('plan.title')} wide onClose={onClose}>
      {plans.isPending && <Loading />}
      {plans.isError && <ErrorNote error={plans.error} retry={() => void plans.refetch()} />}
      {plans.isSuccess && items.length === 0 && <EmptyState title={t('plan.none')} />}
      {items.map((one) => (
        <OnePlan key={one.sop_instance_uid} one={one} ofDose={doseId !== null && one.dose_series_ids.includes(doseId)} />
      ))}
    </Dialog>
  );
}

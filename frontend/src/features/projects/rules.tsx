import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { Network, Project, Rule } from '../../api/types';
import { useT } from '../../i18n';
import { named } from '../../i18n/problems';
import { IconButton, Select } from '../../ui/controls';
import { Caution, EmptyState, ErrorNote } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { layout, Section, TableHead } from '../../ui/layout';
import { notify } from '../../ui/toast';
import { replaced, without } from './editing';
import { EditFoot } from './edit-foot';
import css from './project.module.css';

const MODALITIES = ['CT', 'MR', 'PT'] as const;
const REGIONS = ['head-neck', 'brain', 'any'] as const;

/** A rule for a network, on the images that it reads. */
const ruleFor = ({ name, versions: [newest] }: Network): Rule =>
  newest?.modality === 'MR'
    ? { modality: 'MR', region: 'brain', network: name, enabled: true }
    : { modality: 'CT', region: 'head-neck', network: name, enabled: true };

type RowProps = {
  rule: Rule;
  networks: readonly Network[];
  manage: boolean;
  onChange: (part: Partial<Rule>) => void;
  onRemove: () => void;
};

function Row({ rule, networks, manage, onChange, onRemove }: RowProps) {
  const t = useT();
  const titles = new Map(networks.map(({ name, title }) => [name, title]));
  const names = [...new Set([...titles.keys(), rule.network])];
  const read = networks.find(({ name }) => name === rule.network)?.versions[0]?.modality;
  return (
    <tr>
      <td>
        <Select
          name={t('project.modality')}
          value={rule.modality}
          disabled={!manage}
          choices={MODALITIES.map((value) => ({ value, label: value }))}
          onChange={(modality) => onChange({ modality })}
        />
      </td>
      <td>
        <Select
          name={t('project.region')}
          value={rule.region}
          disabled={!manage}
          choices={REGIONS.map((value) => ({ value, label: t(`region.${value}`) }))}
          onChange={(region) => onChange({ region: REGIONS.find((one) => one === region) ?? 'any' })}
        />
      </td>
      <td>
        <Select
          name={t('project.network')}
          value={rule.network}
          disabled={!manage}
          choices={names.map((value) => ({ value, label: named('network', value, t, titles.get(value)) }))}
          onChange={(network) => {
            const chosen = networks.find(({ name }) => name === network);
            onChange(chosen === undefined ? { network } : { ...ruleFor(chosen), enabled: rule.enabled });
          }}
        />
        {read !== undefined && read !== rule.modality && (
          <Caution>{t('project.wrongModality', { modality: read })}</Caution>
        )}
      </td>
      <td className={css.centre}>
        <input
          type="checkbox"
          aria-label={t('project.ruleOn')}
          checked={rule.enabled}
          disabled={!manage}
          onChange={(event) => onChange({ enabled: event.target.checked })}
        />
      </td>
      {manage && (
        <td className={layout.actions}>
          <IconButton small name={t('project.removeRule')} onClick={onRemove}>
            <Icon name="trash" />
          </IconButton>
        </td>
      )}
    </tr>
  );
}

function RuleTable({ rules, networks, manage, onRules }: {
  rules: readonly Rule[];
  networks: readonly Network[];
  manage: boolean;
  onRules: (rules: Rule[]) => void;
}) {
  const t = useT();
  return (
    <table className={`${layout.table} ${css.cells}`}>
      <TableHead
        columns={(['modality', 'region', 'network', 'ruleOn'] as const).map((name) => t(`project.${name}`))}
        actions={manage}
      />
      <tbody>
        {rules.map((rule, index) => (
          <Row
            key={index}
            rule={rule}
            networks={networks}
            manage={manage}
            onChange={(part) => onRules(replaced(rules, index, part))}
            onRemove={() => onRules(without(rules, index))}
          />
        ))}
      </tbody>
    </table>
  );
}

/** Which network draws by itself after import, and on what. */
export function Rules({ project, manage }: { project: Project; manage: boolean }) {
  const t = useT();
  const client = useQueryClient();
  const networks = useQuery({ queryKey: keys.networks, queryFn: () => all<Network>('/networks') });
  const [rules, setRules] = useState<readonly Rule[]>(project.rules);
  const save = useMutation({
    mutationFn: () => api.patch<Project>(`/projects/${project.id}`, { rules }),
    onSuccess: (changed) => {
      client.setQueryData(keys.project(project.id), changed);
      notify(t('common.saved'));
    },
  });
  const known = networks.data ?? [];
  const changed = JSON.stringify(rules) !== JSON.stringify(project.rules);
  const first = known.find(({ name }) => !rules.some((rule) => rule.network === name)) ?? known[0];
  return (
    <Section title={t('project.rules')} note={t('project.rulesNote')}>
      {rules.length === 0 && (
        <EmptyState title={t('project.noRules')}>
          <p>{t('project.noRulesHint')}</p>
        </EmptyState>
      )}
      {rules.length > 0 && <RuleTable rules={rules} networks={known} manage={manage} onRules={setRules} />}
      {(save.error ?? networks.error) !== null && (
        <div className={css.problem}>
          <ErrorNote error={save.error ?? networks.error} />
        </div>
      )}
      {manage && (
        <EditFoot
          add={t('project.addRule')}
          onAdd={first === undefined ? null : () => setRules([...rules, ruleFor(first)])}
          changed={changed}
          pending={save.isPending}
          onRevert={() => setRules(project.rules)}
          onSave={() => save.mutate()}
        />
      )}
    </Section>
  );
}

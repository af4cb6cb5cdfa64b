import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Deployment, Network, NetworkVersion } from '../../api/types';
import { useT } from '../../i18n';
import { named } from '../../i18n/problems';
import { Button } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { Badge, EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { notify } from '../../ui/toast';
import { useSession } from '../login/session';
import { CompareVersions } from './compare-versions';
import { Exchange, ExportVersion } from './exchange';
import { Promote } from './promote';
import { signatureIn, useDeployments, useMemberNames, useNetworks, versionInUse, versionName } from './queries';
import { Sign, SignedOff } from './signature';
import css from './training.module.css';
import { VersionCard } from './version-card';

type VersionsProps = { projectId: string; network: Network; inUse: NetworkVersion | undefined; manage: boolean; review: boolean };

/** The structures that no network saw: said where people decide whether to rely on it. */
function ByRule({ version }: { version: NetworkVersion }) {
  const t = useT();
  const of = (rule: string): string => version.structures.filter((name) => version.by_rule[name] === rule).join(', ');
  return (['placed', 'sided'] as const)
    .filter((rule) => of(rule) !== '')
    .map((rule) => (
      <div key={rule} className={layout.muted}>
        {t(`training.byRule.${rule}`, { names: of(rule) })}
      </div>
    ));
}

function Versions({ projectId, network, inUse, manage, review }: VersionsProps) {
  const t = useT();
  const { me } = useSession();
  const [card, setCard] = useState<NetworkVersion | null>(null);
  return (
    <>
      <table className={layout.table}>
        <TableHead
          columns={(['version', 'origin', 'structures', 'created', 'weights', 'signed'] as const).map((name) => t(`training.column.${name}`))}
          actions
        />
        <tbody>
          {network.versions.map((version) => (
            <tr key={version.id} className={version.id === inUse?.id ? css.current : ''}>
              <td>v{version.version}</td>
              <td className={layout.wrap}>
                {t(`training.origin.${version.origin}`)}
                {version.source !== null && (
                  <div className={css.note}>
                    {t(`training.source.${version.source.kind}`, { name: version.source.name })}. {t('training.notMeasured')}
                  </div>
                )}
              </td>
              <td className={layout.wrap}>
                {version.structures.join(', ')}
                <ByRule version={version} />
              </td>
              <td className={layout.muted}>{formatTime(version.created_at)}</td>
              <td className={css.hash} title={version.sha256}>
                <code>{version.sha256.slice(0, 12)}</code>
              </td>
              <td>
                <SignedOff projectId={projectId} version={version} />
              </td>
              <td className={layout.actions}>
                {review && signatureIn(version, projectId) === undefined && <Sign projectId={projectId} version={version} />}{' '}
                <Button small look="quiet" onClick={() => setCard(version)}>
                  {t('training.card')}
                </Button>{' '}
                {me.user.is_administrator && <ExportVersion version={version} />}
                {version.id === inUse?.id ? (
                  <Badge tone="good">{t('training.inUse')}</Badge>
                ) : (
                  manage && <Promote projectId={projectId} version={version} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {card !== null && <VersionCard projectId={projectId} version={card} onClose={() => setCard(null)} />}
    </>
  );
}

function Rollback({ projectId, network }: { projectId: string; network: string }) {
  const t = useT();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const rollback = useMutation({
    mutationFn: () => api.post<Deployment>(`/projects/${projectId}/deployments/rollback`, { network }),
    onSuccess: ({ version }) => {
      setAsking(false);
      notify(t('training.promoted', { version: versionName(version) }));
      return client.invalidateQueries({ queryKey: keys.deployments(projectId) });
    },
  });
  return (
    <>
      <Button small onClick={() => setAsking(true)}>
        {t('training.rollback')}
      </Button>
      {asking && (
        <Confirm
          title={t('training.rollbackTitle', { network })}
          action={t('training.rollback')}
          pending={rollback.isPending}
          error={rollback.error}
          onConfirm={() => rollback.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t('training.rollbackWhat')}</p>
        </Confirm>
      )}
    </>
  );
}

function History({ projectId, deployments }: { projectId: string; deployments: readonly Deployment[] }) {
  const t = useT();
  const nameOf = useMemberNames(projectId);
  if (deployments.length === 0) return <p className={css.note}>{t('training.noHistory')}</p>;
  return (
    <table className={layout.table}>
      <thead>
        <tr>
          <th scope="col">{t('training.column.version')}</th>
          <th scope="col">{t('training.column.promotedBy')}</th>
          <th scope="col">{t('training.column.promotedAt')}</th>
          <th scope="col">{t('training.column.state')}</th>
        </tr>
      </thead>
      <tbody>
        {deployments.map((deployment) => (
          <tr key={`${deployment.version.id} ${deployment.promoted_at}`}>
            <td>
              {versionName(deployment.version)} <SignedOff projectId={projectId} version={deployment.version} />
            </td>
            <td>{nameOf(deployment.promoted_by)}</td>
            <td className={layout.muted}>{formatTime(deployment.promoted_at)}</td>
            <td>{deployment.active ? <Badge tone="good">{t('training.inUse')}</Badge> : t('training.past')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type TabProps = { projectId: string; manage: boolean; review: boolean };

export function NetworksTab({ projectId, manage, review }: TabProps) {
  const t = useT();
  const { me } = useSession();
  const networks = useNetworks();
  const deployments = useDeployments(projectId);
  if (networks.isPending || deployments.isPending) return <Loading />;
  if (networks.isError) return <ErrorNote error={networks.error} retry={() => void networks.refetch()} />;
  if (deployments.isError) return <ErrorNote error={deployments.error} retry={() => void deployments.refetch()} />;
  if (networks.data.length === 0) return <EmptyState title={t('training.noNetworks')} />;
  return (
    <>
      {networks.data.map((network) => {
        const promoted = deployments.data.some(({ network: name }) => name === network.name);
        return (
          <Section
            key={network.name}
            title={named('network', network.name, t, network.title)}
            note={network.name}
            actions={manage && promoted && <Rollback projectId={projectId} network={network.name} />}
          >
            <Versions
              projectId={projectId}
              network={network}
              inUse={versionInUse(network, deployments.data)}
              manage={manage}
              review={review}
            />
          </Section>
        );
      })}
      <CompareVersions projectId={projectId} networks={networks.data} />
      {me.user.is_administrator && <Exchange />}
      <Section title={t('training.history')} note={t('training.historyNote')}>
        <History projectId={projectId} deployments={deployments.data} />
      </Section>
    </>
  );
}

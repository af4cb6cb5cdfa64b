import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { NetworkVersion } from '../../api/types';
import { useT } from '../../i18n';
import { Button, TextField } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { Badge } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { notify } from '../../ui/toast';
import { signatureIn, versionName } from './queries';

type Props = { projectId: string; version: NetworkVersion };

/** Who signed a version off for this project, or that nobody did. */
export function SignedOff({ projectId, version }: Props) {
  const t = useT();
  const signature = signatureIn(version, projectId);
  if (signature === undefined) return <Badge tone="warn">{t('training.unsigned')}</Badge>;
  const said = { who: signature.signer_name, when: formatTime(signature.at) };
  return (
    <Badge tone="good" title={signature.remark === '' ? t('training.signedBy', said) : signature.remark}>
      {t('training.signedBy', said)}
    </Badge>
  );
}

/** Signs a version off, after saying what that means. */
export function Sign({ projectId, version }: Props) {
  const t = useT();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [remark, setRemark] = useState('');
  const sign = useMutation({
    mutationFn: () => api.post(`/projects/${projectId}/network-versions/${version.id}/signature`, { remark }),
    onSuccess: async () => {
      setAsking(false);
      notify(t('training.signed', { version: versionName(version) }));
      await client.invalidateQueries({ queryKey: keys.networks });
      await client.invalidateQueries({ queryKey: keys.deployments(projectId) });
    },
  });
  return (
    <>
      <Button small onClick={() => setAsking(true)}>
        {t('training.sign')}
      </Button>
      {asking && (
        <Confirm
          title={t('training.signTitle', { version: versionName(version) })}
          action={t('training.sign')}
          pending={sign.isPending}
          error={sign.error}
          onConfirm={() => sign.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t('training.signWhat')}</p>
          <TextField label={t('training.signRemark')} value={remark} maxLength={1000} onChange={setRemark} />
        </Confirm>
      )}
    </>
  );
}

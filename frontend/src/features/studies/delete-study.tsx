import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { StudyRow } from '../../api/types';
import { useT } from '../../i18n';
import { Confirm } from '../../ui/dialog';
import { formatDate, formatPersonName } from '../../ui/format';
import { notify } from '../../ui/toast';

export function DeleteStudy({ study, onClose }: { study: StudyRow; onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.delete(`/studies/${study.id}`),
    onSuccess: () => {
      notify(t('worklist.deleted'));
      onClose();
      return client.invalidateQueries({ queryKey: keys.allStudies });
    },
  });
  const name = formatPersonName(study.patient_name) || t('worklist.noName');
  return (
    <Confirm
      title={t('worklist.deleteTitle')}
      action={t('worklist.deleteAction')}
      danger
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>{t('worklist.deleteWhat', { name, id: study.patient_id || '–', date: formatDate(study.study_date) })}</p>
      <p>{t('worklist.deleteWarning', { instances: study.instance_count, structures: study.structures.total + study.structures.imported })}</p>
    </Confirm>
  );
}

import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Template } from '../../api/types';
import { useT } from '../../i18n';
import { TextField } from '../../ui/controls';
import { LONGEST_NAME, NameOffer } from './name-offer';
import { NameList } from './structure-names';
import { useWorkspace } from './workspace';

type Props = { name: string; onChange: (name: string) => void };

/** The name of a structure to be; those of the project's template and of TG-263 are offered. */
export function NameField({ name, onChange }: Props) {
  const t = useT();
  const { study, set } = useWorkspace();
  const template = useQuery({
    queryKey: keys.template(study.project_id),
    queryFn: () => api.get<Template>(`/projects/${study.project_id}/template`),
  });
  const taken = new Set(set?.structures.map((one) => one.name));
  return (
    <>
      <TextField
        label={t('viewer.structure.name')}
        hint={t('names.hint')}
        value={name}
        maxLength={LONGEST_NAME}
        autoComplete="off"
        list="structure-names"
        onChange={onChange}
      />
      <NameList id="structure-names" template={template.data?.structures.map((one) => one.name) ?? []} taken={taken} />
      <NameOffer typed={name.trim()} taken={taken} onChoose={onChange} />
    </>
  );
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { Candidate, Member, Role } from '../../api/types';
import { useT } from '../../i18n';
import { Button, IconButton, Select } from '../../ui/controls';
import { ErrorNote, Loading } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { layout, Section } from '../../ui/layout';
import css from './project.module.css';

const ROLES: readonly Role[] = ['administrator', 'clinician', 'annotator', 'reviewer', 'reader'];

const asRole = (value: string): Role => ROLES.find((role) => role === value) ?? 'reader';

type MemberChange = { userId: string; role: Role | null };

/** Gives or takes a role; null takes the person out. */
function useMemberChange(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ userId, role }: MemberChange): Promise<void> => {
      const path = `/projects/${projectId}/members/${userId}`;
      if (role === null) await api.delete(path);
      else await api.put<Member>(path, { role });
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.members(projectId) }),
        client.invalidateQueries({ queryKey: keys.candidates(projectId) }),
      ]),
  });
}

type AddProps = { projectId: string; pending: boolean; onAdd: (change: MemberChange) => void };

function AddMember({ projectId, pending, onAdd }: AddProps) {
  const t = useT();
  const candidates = useQuery({
    queryKey: keys.candidates(projectId),
    queryFn: () => all<Candidate>(`/projects/${projectId}/candidates`),
  });
  const [userId, setUserId] = useState('');
  const [role, setRole] = useState<Role>('clinician');
  if (candidates.isPending) return <Loading />;
  if (candidates.isError) return <ErrorNote error={candidates.error} retry={() => void candidates.refetch()} />;
  if (candidates.data.length === 0) return <p className={css.foot}>{t('project.everybody')}</p>;
  return (
    <div className={css.foot}>
      <Select
        name={t('project.person')}
        value={userId}
        choices={[
          { value: '', label: t('project.choosePerson') },
          ...candidates.data.map(({ id, username, display_name }) => ({
            value: id,
            label: `${display_name} (${username})`,
          })),
        ]}
        onChange={setUserId}
      />
      <Select
        name={t('project.role')}
        value={role}
        choices={ROLES.map((value) => ({ value, label: t(`role.${value}`) }))}
        onChange={(value) => setRole(asRole(value))}
      />
      <Button
        disabled={userId === '' || pending}
        onClick={() => {
          onAdd({ userId, role });
          setUserId('');
        }}
      >
        {t('project.addMember')}
      </Button>
    </div>
  );
}

export function Members({ projectId, manage }: { projectId: string; manage: boolean }) {
  const t = useT();
  const members = useQuery({
    queryKey: keys.members(projectId),
    queryFn: () => all<Member>(`/projects/${projectId}/members`),
  });
  const change = useMemberChange(projectId);
  if (members.isPending) return <Loading />;
  if (members.isError) return <ErrorNote error={members.error} retry={() => void members.refetch()} />;
  return (
    <Section title={t('project.members')} note={t('project.membersNote')}>
      {change.error !== null && (
        <div className={css.problem}>
          <ErrorNote error={change.error} />
        </div>
      )}
      <table className={layout.table}>
        <tbody>
          {members.data.map(({ user, role }) => (
            <tr key={user.id}>
              <td>
                {user.display_name} <span className={layout.muted}>{user.username}</span>
              </td>
              <td className={css.kind}>
                <Select
                  name={`${t('project.role')}: ${user.display_name}`}
                  value={role}
                  disabled={!manage || change.isPending}
                  choices={ROLES.map((value) => ({ value, label: t(`role.${value}`) }))}
                  onChange={(value) => change.mutate({ userId: user.id, role: asRole(value) })}
                />
              </td>
              {manage && (
                <td className={layout.actions}>
                  <IconButton
                    small
                    name={t('project.removeMember', { name: user.display_name })}
                    disabled={change.isPending}
                    onClick={() => change.mutate({ userId: user.id, role: null })}
                  >
                    <Icon name="trash" />
                  </IconButton>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {manage && (
        <AddMember projectId={projectId} pending={change.isPending} onAdd={(wanted) => change.mutate(wanted)} />
      )}
    </Section>
  );
}

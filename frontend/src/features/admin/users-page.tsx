import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { User } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Badge, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, PageLayout, Section, TableHead } from '../../ui/layout';
import { UserForm } from './user-form';

function UserTable({ users, onEdit }: { users: readonly User[]; onEdit: (user: User) => void }) {
  const t = useT();
  return (
    <table className={layout.table}>
      <TableHead
        columns={[t('users.displayName'), t('login.username'), t('users.kind'), t('users.state'), t('account.created')]}
        actions
      />
      <tbody>
        {users.map((user) => (
          <tr key={user.id}>
            <td>{user.display_name}</td>
            <td>{user.username}</td>
            <td>{t(user.is_administrator ? 'users.isAdministrator' : 'users.isMember')}</td>
            <td>
              <Badge tone={user.active ? 'good' : 'plain'}>{t(user.active ? 'users.active' : 'users.inactive')}</Badge>
            </td>
            <td className={layout.muted}>{formatTime(user.created_at)}</td>
            <td className={layout.actions}>
              <Button small aria-label={`${t('common.edit')}: ${user.display_name}`} onClick={() => onEdit(user)}>
                {t('common.edit')}
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function UsersPage() {
  const t = useT();
  const users = useQuery({ queryKey: keys.users, queryFn: () => all<User>('/users') });
  const [form, setForm] = useState<{ user: User | null } | null>(null);
  return (
    <PageLayout
      title={t('nav.users')}
      actions={
        <Button look="primary" onClick={() => setForm({ user: null })}>
          {t('users.new')}
        </Button>
      }
    >
      <Section title={t('users.list')} note={t('users.note')}>
        {users.isPending && <Loading />}
        {users.isError && <ErrorNote error={users.error} retry={() => void users.refetch()} />}
        {users.isSuccess && <UserTable users={users.data} onEdit={(user) => setForm({ user })} />}
      </Section>
      {form !== null && <UserForm user={form.user} onClose={() => setForm(null)} />}
    </PageLayout>
  );
}

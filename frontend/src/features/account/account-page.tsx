import { useT } from '../../i18n';
import { LanguageSwitch } from '../../ui/language-switch';
import { PageLayout, Section } from '../../ui/layout';
import { layout } from '../../ui/layout';
import { useSession } from '../login/session';
import css from './account.module.css';
import { PasswordForm } from './password-form';
import { Tokens } from './tokens';

function Identity() {
  const t = useT();
  const { me } = useSession();
  return (
    <Section title={me.user.display_name} note={me.user.username} padded>
      {me.projects.length > 0 && (
        <table className={layout.table}>
          <tbody>
            {me.projects.map((project) => (
              <tr key={project.id}>
                <td>{project.name}</td>
                <td className={layout.muted}>{t(`role.${project.role}`)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className={layout.row}>
        <span>{t('shell.language')}</span>
        <LanguageSwitch />
      </div>
      <p className={layout.muted}>{t('account.version', { version: me.version })}</p>
    </Section>
  );
}

export function AccountPage() {
  const t = useT();
  return (
    <PageLayout title={t('nav.account')}>
      <div className={css.columns}>
        <div className={css.stack}>
          <Identity />
          <PasswordForm />
        </div>
        <Tokens />
      </div>
    </PageLayout>
  );
}

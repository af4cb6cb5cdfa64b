import { useT } from '../../i18n';
import { LanguageSwitch } from '../../ui/language-switch';
import { layout, PageLayout, Section } from '../../ui/layout';
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
        <ul className={css.projects}>
          {me.projects.map((project) => (
            <li key={project.id}>
              <span>{project.name}</span>
              <span className={layout.muted}>{t(`role.${project.role}`)}</span>
            </li>
          ))}
        </ul>
      )}
      <div className={css.language}>
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

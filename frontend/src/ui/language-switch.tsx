import { setLanguage, useLanguage, useT, type Language } from '../i18n';
import css from './language-switch.module.css';

const NAMES: { code: Language; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'ja', name: '日本語' },
];

export function LanguageSwitch() {
  const language = useLanguage();
  const t = useT();
  return (
    <div className={css.switch} role="group" aria-label={t('shell.language')}>
      {NAMES.map(({ code, name }) => (
        <button key={code} type="button" lang={code} aria-pressed={language === code} onClick={() => setLanguage(code)}>
          {name}
        </button>
      ))}
    </div>
  );
}

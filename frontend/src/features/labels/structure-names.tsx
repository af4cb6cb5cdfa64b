import type { Key } from '../../i18n';
import { useT } from '../../i18n';
import regions from './structure-names.json';

export type Offer = { readonly name: string; readonly from: Key };

/** Names for a structure: what the project's template wants first, then TG-263 by region; each once, none that is taken. */
export function offers(template: readonly string[], taken: ReadonlySet<string>): Offer[] {
  const standard = Object.entries(regions).flatMap(([region, names]) =>
    names.map((name) => ({ name, from: `names.${region as keyof typeof regions}` as const })),
  );
  const seen = new Set(taken);
  return [...template.map((name) => ({ name, from: 'names.template' as const })), ...standard].filter(({ name }) => {
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

/** The list under a name's field; any other name may be typed. */
export function NameList({ id, template, taken }: { id: string; template: readonly string[]; taken: ReadonlySet<string> }) {
  const t = useT();
  return (
    <datalist id={id}>
      {offers(template, taken).map(({ name, from }) => (
        <option key={name} value={name}>
          {t(from)}
        </option>
      ))}
    </datalist>
  );
}

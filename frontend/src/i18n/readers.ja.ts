import type { readersEn } from './readers.en';

/** 読影実験が受け付けないもの。 */
export const readersJa: Record<keyof typeof readersEn, string> = {
  'slug.reading-refused': '読影結果が実験または他の読影結果と矛盾しています',
  'slug.too-few-readers': '比較に必要な読影者が足りません',
  'slug.nothing-called': '陽性と判定した症例がない読影者がいるため、その割合は計算できません',
  'slug.no-variation': '読影結果にばらつきがないため、比較できません',
};

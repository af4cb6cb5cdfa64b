import type { subtypesEn } from './subtypes.en';

/** Why patients are not put into subtypes, in Japanese. */
export const subtypesJa: Record<keyof typeof subtypesEn, string> = {
  'slug.no-features-left': '絞り込みの結果、特徴量が足りません',
  'slug.feature-not-number': '数値でない特徴量があります',
  'slug.scaling-group': 'この群では特徴量を標準化できません',
  'slug.no-subtypes': '有意なクラスターがありません',
  'slug.no-shared-patients': '2つの表に共通する患者がいません',
};

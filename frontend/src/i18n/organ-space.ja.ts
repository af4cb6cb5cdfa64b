import type { organSpaceEn } from './organ-space.en';

/** What the common space of an organ refuses, in Japanese. */
export const organSpaceJa: Record<keyof typeof organSpaceEn, string> = {
  'slug.bad-organ-space': '臓器を共通空間に対応づけられません',
  'slug.empty-surface': '構造が空か、表面をもつには小さすぎます',
  'slug.disconnected-surface': '構造が複数の部分に分かれています',
  'slug.opposite-sides': '左右の臓器が混在しています。どちら側に反転してそろえるかを指定してください',
  'slug.folded-warp': '患者への変形が折り重なっています',
  'slug.poor-overlap': '変形した臓器の重なりが不十分です',
  'slug.dose-unknown': '線量がないか、臓器全体に届いていません',
  'slug.too-few-organs': '共通空間を作るには臓器の数が足りません',
  'slug.no-template': '平均臓器があるのは線量・転帰マップだけです',
  'slug.bad-points': '点群が表面になっていません',
};

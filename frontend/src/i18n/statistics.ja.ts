import type { statisticsEn } from './statistics.en';

/** What an analysis of a cohort refuses, in Japanese. */
export const statisticsJa: Record<keyof typeof statisticsEn, string> = {
  'slug.bad-analysis': 'このコホートではこの解析はできません',
  'slug.bad-analysis-config': '解析の設定では答えが定まりません',
  'slug.unknown-column': 'コホートにその列またはエンドポイントがありません',
  'slug.too-few-events': 'イベント数が足りません',
  'slug.too-few-patients': '患者数が足りません',
  'slug.one-class': 'すべての患者の転帰が同じです',
  'slug.missing-values': '欠測値があります',
  'slug.constant-column': 'すべての患者で値が同じ列があります',
  'slug.collinear-columns': '同じ内容の列があり、区別できません',
  'slug.separation': 'ある列がイベントを完全に分離しているため、効果の推定値が有限になりません',
  'slug.fit-not-converged': '当てはめが収束しませんでした',
  'slug.no-icc': '特徴量の再現性が不明です',
  'slug.low-icc': '特徴量の再現性が足りません',
  'slug.other-outcome-model': '保存されたモデルはこれらの列に合いません',
  'slug.bad-dose-map': 'これらの患者からは線量・転帰マップを作成できません',
  'slug.empty-organ': '臓器にボクセルがありません',
  'slug.no-dose-variation': '臓器の線量がすべての患者で同じです',
  'slug.constant-outcome': '転帰の値がすべての患者で同じです',
  'slug.study-mismatch': '線量・臓器・転帰のデータが整合しません',
};

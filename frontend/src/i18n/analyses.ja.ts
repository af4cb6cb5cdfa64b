import type { analysesEn } from './analyses.en';

/** What the server says of analyses, in Japanese. */
export const analysesJa: Record<keyof typeof analysesEn, string> = {
  'jobKind.analyse': '解析',
  'object.analysis': '解析',
  'action.analyses.analysis.started': '解析を開始',
  'action.analyses.analysis.deleted': '解析を削除',
  'slug.analysis-not-done': '解析が終わっていないか、失敗しています',
  'slug.analysis-under-way': '解析が待機中または実行中です。先に中止してください',
  'slug.nothing-to-predict': 'この解析は患者を区別しないため、予測できません',
  'slug.patient-learnt-from': 'この解析はこの患者から学習しているため、予測になりません',
  'jobKind.predict': '予測',
  'object.prediction': '予測',
  'action.analyses.prediction.started': '予測を開始',
  'slug.wrong-value': '値が列の種類に合いません',
  'jobKind.dose-map': '線量・転帰マップ',
  'jobKind.train-outcome': '転帰予測モデルの学習',
  'jobKind.predict-outcome': '転帰予測モデルによる予測',
  'slug.no-features': 'モデルに必要な特徴量が入力されておらず、患者の輪郭からも計算できません',
  'slug.no-region': '患者の画像がないか、モデルが見る領域が描かれていません',
  'slug.wrong-endpoint': '解析に必要な種類のエンドポイントではありません',
  'slug.same-person': '同一人物が複数の患者 ID でコホートに含まれている可能性があります',
  'slug.filter-uses-outcome': 'フィルターが転帰によって患者を選んでいます',
  'slug.split-later': '分割は後から固定されました。解析は現在のテスト患者からも学習しています',
};

import type { cardEn } from './card.en';

/** The fixed texts of model cards in Japanese. */
export const cardJa: Record<keyof typeof cardEn, string> = {
  'card.title.head-neck-oar': '# CT 頭頸部リスク臓器、バージョン {version}',
  'card.title': '# {title}、バージョン {version}',
  'card.notClinical': '**臨床使用不可。** 輪郭はすべて提案であり、資格のある人が確認・修正します。',
  'card.draws': '## 描くストラクチャ',
  'card.structures': '{names}（TG-263）',
  'card.data': '## データ',
  'card.data.openkbp':
    'OpenKBP Grand Challenge（Babierら、Medical Physics 2021、MITライセンス）：頭頸部癌の治療計画CTと臨床で使われた輪郭。128×128×128ボクセル、約3.9×3.9×2.5 mm。ある患者で描かれていないストラクチャは「不明」として損失と成績から除外。臓器のごく一部しか含まない学習用輪郭8件も除外。',
  'card.data.approved': 'このプロジェクトの承認済みの版。データセット「{name}」、SHA-256 `{hash}`。',
  'card.split.openkbp':
    '学習は pt_1～pt_200（CTのある169例）。閾値の選択と以下の成績はすべて pt_201～pt_240（CTのある33例）による。閾値7個を選んだ分だけ成績はやや良く出ている（重みの学習には未使用）。チャレンジのテスト症例は入手できなかった。学習は2パッチずつ約2万反復を2回に分け、共用CPU 2コアで実施。1回目は当時の体輪郭検出が一部を欠落させた画像で行った。',
  'card.split.unwatched':
    '学習 {train} 件、学習中の検証なし。成績は固定テスト {test} 件によるもので、その患者がここで学習に使われたことはありません。',
  'card.split':
    '学習 {train} 件、学習中の検証 {validation} 件。成績は固定テスト {test} 件によるもので、その患者がここで学習に使われたことはありません。',
  'card.figures': '## 成績',
  'card.dice': 'ストラクチャ平均 Dice：**{dice}**。各画像の元の格子上で計算。平均 ± 標準偏差（中央値、四分位）。',
  'card.worst': '## 成績の悪い症例',
  'card.limits': '## 限界',
  'card.limits.openkbp':
    '単一コホート、単一部位で、輪郭の画素は約4 mm。細い臓器（食道、脊髄）の精度はこれに制限される。食道の描画範囲は患者により異なる。それ以外（全身CT、小児、喉頭・下顎切除後、強い歯科金属アーチファクト）での性能は不明。妥当性チェックは、臓器の欠落、複数部分、左右の入れ替わり、学習範囲外の体積、撮影範囲による切断を検出する。成績に含めたまま残した不良な検証データ：pt_221（輪郭がCTと不一致）、pt_203（CTが分断）、pt_215・pt_216（はるかに広い領域を脊髄と命名）。',
  'card.limits.finetuned':
    '1プロジェクトの少数の患者で追加学習したものです。修正していないストラクチャも変わっている可能性があります。学習の実行画面で、前のバージョンとのストラクチャごとの比較を確認してください。',
  'card.recipe': '## 推論の方法',
  'card.recipe.text':
    '{network}、LPS座標で {mm} mm 立方のボクセル、{low}～{high} HU、{patch} ボクセルの窓、左右反転像との平均、最大の部分のみを採用。ストラクチャごとの閾値：{thresholds}。',
  'card.cell.structure': 'ストラクチャ',
  'card.cell.n': '例数',
  'card.cell.dice': 'Dice',
  'card.cell.surface': '表面 Dice（3 mm）',
  'card.cell.hd95': 'HD95 (mm)',
  'card.cell.missed': '未検出',
  'card.cell.case': '症例',
  'card.cell.plausibility': '妥当性チェック',
  'card.cell.nothing': '描画なし',
  'card.cell.flagged': '警告あり',
  'card.cell.unflagged': '警告なし',
};

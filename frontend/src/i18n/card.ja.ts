import type { cardEn } from './card.en';

/** The fixed texts of model cards in Japanese. */
export const cardJa: Record<keyof typeof cardEn, string> = {
  'card.title.head-neck-oar': '# CT 頭頸部リスク臓器、バージョン {version}',
  'card.title': '# {title}、バージョン {version}',
  'card.notClinical': '**臨床使用不可。** 輪郭はすべて提案であり、資格のある人が確認・修正します。',
  'card.title.head-mr': '# MRI 頭部（撮像法を問わない）、バージョン {version}',
  'card.sided': '頭部の正中面で左右を判別：{names}。',
  'card.placed': '**画像からではなく解剖学的な規則で配置：{names}。**',
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
  'card.robustness': '寝台・固定具・歯科金属（中等度）・視野の縮小・1〜6 mm のスライス・ノイズの模擬では、検証 9 例の平均 Dice の低下はいずれも .01 未満でした（`docs/robustness.md`）。ただし個々の臓器では大きく、分断された画像の脊髄は寝台で .2、円形視野で切れた下顎骨は .4 低下し、警告も出ませんでした。実際の歯科アーチファクトは試していません。モデル自身が低い成績（Dice .8 未満）を予想する輪郭には印が付きます。',
  'card.worst': '## 成績の悪い症例',
  'card.limits': '## 限界',
  'card.limits.openkbp':
    '単一コホート、単一部位で、輪郭の画素は約4 mm。細い臓器（食道、脊髄）の精度はこれに制限される。食道の描画範囲は患者により異なる。それ以外（全身CT、小児、喉頭・下顎切除後、強い歯科金属アーチファクト）での性能は不明。妥当性チェックは、臓器の欠落、複数部分、左右の入れ替わり、学習範囲外の体積、撮影範囲による切断を検出する。成績に含めたまま残した不良な検証データ：pt_221（輪郭がCTと不一致）、pt_203（CTが分断）、pt_215・pt_216（はるかに広い領域を脊髄と命名）。',
  'card.limits.rehearsed':
    '1プロジェクトの少数の患者で追加学習したものです。修正していないストラクチャは前のバージョンの出力を保つように学習しましたが、変わっている可能性があります。学習の実行画面で、前のバージョンとのストラクチャごとの比較を確認してください。',
  'card.limits.unrehearsed':
    '1プロジェクトの少数の患者で追加学習したものです。修正していないストラクチャは特別な扱いをしていないため、変わっている可能性があります。学習の実行画面で、前のバージョンとのストラクチャごとの比較を確認してください。',
  'card.recipe': '## 推論の方法',
  'card.foreign.names': '## 元の名称',
  'card.foreign.origin': '## 由来',
  'card.foreign.from': '取り込み：{kind}「{name}」、SHA-256 `{hash}`。',
  'card.foreign.unknown': '不明：ここでは測定していません。',
  'card.recipe.text':
    '{network}、LPS座標で {mm} mm 立方のボクセル、{low}～{high} HU、{patch} ボクセルの窓、左右反転像との平均、最大の部分のみを採用。ストラクチャごとの閾値：{thresholds}。',
  'card.data.heads':
    '全頭部のラベルマップ 16 例（SynthSeg の学習用マップ、Billot et al.、Medical Image Analysis 2023、Apache-2.0）。実際の MRI は学習に使っていません。学習画像はすべてマップから生成し、コントラスト（半数は T1 様、その多くは造影後）、形状、最大 7.5 mm のスライス厚、コイル感度むら、ノイズ、撮影範囲、造影される病変を無作為に変えています。',
  'card.split.heads':
    'マップ 1～13 で学習し、しきい値もそこから決めました。成績は学習に使っていないマップ 14～16 によるもので、それぞれを {scans} として 1 回ずつ生成しました。意図的に難しくしてあり、実際の MRI ではありません。画像に写っていないもの（頭蓋を除いた画像の眼球など）は数えていません。{history}',
  'card.limits.heads':
    '成績は 3 人分の生成画像によるものだけです。眼球と視神経の左右は正中面で判別します。**水晶体と下垂体は画像からではなく解剖学的な規則で配置します**：水晶体は眼球の前方、下垂体は視交叉の 11 mm 下。これらに成績はありません。Intracranial は脳幹の最下スライスで終わります。大きな腫瘍、切除腔、小児、金属では検証していません。TG-263 にない名前（Intracranial、WhiteMatter、GreyMatter、CSF）は一般の語です。',
  'card.limits.headsLesions':
    '{lesions}成績は 3 人分の生成画像によるものだけです。眼球と視神経の左右は正中面で判別します。**水晶体と下垂体は画像からではなく解剖学的な規則で配置します**：水晶体は眼球の前方、下垂体は視交叉の 11 mm 下。これらに成績はありません。Intracranial は脳幹の最下スライスで終わります。大きな腫瘍、切除腔、小児、金属では検証していません。TG-263 にない名前（Intracranial、WhiteMatter、GreyMatter、CSF）は一般の語です。',
  'card.recipe.mr':
    '{network}、LPS {mm} mm 立方、MR は前景の {share} 分位値で割る、{patch} ボクセルの窓、左右反転像との平均、最大の連結成分のみ、ストラクチャごとのしきい値：{thresholds}。',
  'card.closer':
    '2 段目の {network} が、1 段目で見つけた眼球の周囲を {mm} mm 立方で見直し、{names} を描きます。',
  'card.easy':
    '表の画像は視神経の多くを隠しています（厚いスライス、筋が神経と同じ明るさの眼窩）。同じ頭部の易しい画像（{scans}、実際と同じく眼窩が脂肪で満ちたもの）での平均 Dice：{figures}。',
  'card.cell.structure': 'ストラクチャ',
  'card.cell.own': '元の名称',
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
  'card.outcome.title': '# 転帰予測ネットワーク：{name}',
  'card.outcome.notClinical': '**臨床使用不可。** 一つのコホートでの研究用に作成され、他では検証されていません。',
  'card.outcome.reads': '## 入力',
  'card.outcome.data': '学習患者 {train} 人（イベントあり {events} 人）、取り分けた患者 {test} 人、除外 {out} 人。',
  'card.outcome.figures': '各患者は、その患者を学習していないネットワークで予測しました（{folds} 分割、各 {members} モデル）。区間は 95% で、患者の抽出による偶然を表し、再学習による変動は含みません。',
  'card.outcome.paired': '同じ患者での対応のある比較：{tests}',
  'card.outcome.limits': '成績は各分割で学習したネットワークのもので、全学習患者で学習した最終ネットワークのものではありません。他の病院・装置・治療での性能は不明で、学習患者から離れた患者には印が付きます。マップはネットワークがイベントの根拠とした部分を示し、原因を示すものではありません。',
  'card.outcome.seen.image.shown': '{modality}、画像。領域：{region}。一辺 {size} ボクセル（{spacing} mm）、領域外は表示。{kind} ネットワーク。',
  'card.outcome.seen.image.blanked': '{modality}、画像。領域：{region}。一辺 {size} ボクセル（{spacing} mm）、領域外は消去。{kind} ネットワーク。',
  'card.outcome.seen.dose.shown': '{modality}、画像と線量。領域：{region}。一辺 {size} ボクセル（{spacing} mm）、領域外は表示。{kind} ネットワーク。',
  'card.outcome.seen.dose.blanked': '{modality}、画像と線量。領域：{region}。一辺 {size} ボクセル（{spacing} mm）、領域外は消去。{kind} ネットワーク。',
  'card.cell.model': 'モデル',
  'card.cell.network': 'ネットワーク',
  'card.cell.clinical': '臨床変数',
  'card.cell.features': '画像特徴量',
  'card.cell.combined': 'ネットワークと臨床変数',
  'card.cell.concordance': 'C 指数',
  'card.cell.sensitivity': '感度',
  'card.cell.specificity': '特異度',
  'card.cell.accuracy': '正診率',
  'card.cell.brier': 'Brier スコア',
};

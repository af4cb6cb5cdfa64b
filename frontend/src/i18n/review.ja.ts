import type { reviewEn } from './review.en';

/** Words of assessment and review in Japanese. */
export const reviewJa: Record<keyof typeof reviewEn, string> = {
  'review.own.drew': '自分が描いた部分があります。',
  'review.own.accepted': '自分が「修正不要」としたAI輪郭です。',
  'review.own.submitted': '自分が提出しました。',
  'review.own.why':
    '別のアカウントをもつ同僚の承認が必要です。お一人で使用している場合は、管理者が「ユーザー」画面で2人目のアカウントを追加してください。',
  'review.accept.network': '{name} はAIモデルの輪郭ではないため、「修正不要」の対象ではありません',
  'review.accept.corrected': '{name} は人が描き直しています。「修正不要」にできるのは変更のないAI輪郭だけです',
  'review.accept.approved': '{name} はすでに承認済みです',
  'review.accept.already': '{name} はすでに「修正不要」です',
  'review.absent': '空（存在しないと宣言）',
  'review.unanswered': '差し戻し後、変更されていません',
  'review.unknown': '不明：輪郭がないため、レビュー・データセット・書き出しに含まれません',
  'review.left-out': '不明のため含まれないもの（却下・未検出、または閉じた輪郭なし）：{names}',
  'review.declare': 'この画像にない',
  'review.declare.hint': 'このストラクチャが画像内に存在しないことを宣言します',
  'review.declare.sure':
    '{name} がこの画像に存在しないと宣言しますか？空の輪郭が正解としてレビューを通り、AIの学習に使われます。AIが描けなかっただけの場合は、輪郭を描くか、却下のままにしてください。',
  'review.declared': '{name} を「存在しない」としました',
  'review.reject.sure':
    '{name} のAI輪郭を却下しますか？輪郭は取り除かれ（履歴には残ります）、誰かが描くまで「不明」として扱われます。提出・書き出し・学習には含まれません。',
  'review.withdraw': '{name} は {who} が承認済みです（{when}）。保存すると承認が取り消されます。',
  'review.withdraw.title': '承認を取り消しますか？',
  'review.withdraw.action': '保存して承認を取り消す',
  'review.withdrawn': '{who} が第 {n} 版で取り消し',
  'review.approve.one': 'このストラクチャを承認',
  'review.return.one': 'このストラクチャをコメント付きで差し戻す',
  'review.named': '当時の名称 {name}',
  'review.approved': '{name} を承認しました',
  'review.approved.by': '{who} が承認（{when}）',
  'review.nothing': 'このストラクチャは、あなたの承認待ちではありません',
  'review.state': 'レビュー：{state}',
  'review.assessment': 'AI輪郭：{assessment}',
  'review.legend': '一覧の記号',
  'review.legend.state': '枠：レビューの状態　空 下書き · ? 承認待ち · ✓ 承認済み · ↩ 差し戻し',
  'review.legend.assessment': '枠なし：AI輪郭の評価　✓ 修正不要 · ✎ 修正済み · ✕ 却下 · 三角 要確認 · 丸 未保存',
};

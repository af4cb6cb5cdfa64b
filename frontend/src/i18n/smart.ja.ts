import type { smartEn } from './smart.en';

/** Words of the smart tool in Japanese. */
export const smartJa: Record<keyof typeof smartEn, string> = {
  'viewer.tool.smart': 'スマートクリック',
  'viewer.edit.smart': 'スマートクリック',
  'viewer.smart.way': 'ドラッグの意味',
  'viewer.smart.hint': '左クリック・ドラッグ：ストラクチャの内側 · 右（または Alt）：外側 · Shift+ドラッグ：範囲を限るボックス',
  'viewer.smart.scribble': '点と線',
  'viewer.smart.box': 'ボックス',
  'viewer.smart.lasso': '投げ縄',
  'viewer.smart.keep': '確定',
  'viewer.smart.drop': '破棄',
  'viewer.key.smart-keep': 'クリックの結果を確定',
  'viewer.key.smart-drop': 'クリックの結果を破棄',
  'viewer.refused.outside': '画像の外側です',
  'viewer.refused.not-loaded': 'この部分の画像を読み込み中です。少し待ってからやり直してください。',
  'viewer.refused.air': '患者の外側の空気です。ここからは広げません。ストラクチャの中をクリックしてください。空気中に描くには、投げ縄かブラシを使います。',
  'viewer.refused.failed': 'クリックに応答できませんでした。ストラクチャは元のままです',
  'viewer.help.smart': 'スマートクリック：左で追加、右（または Alt）で除去 · ドラッグ：線 · Shift+ドラッグ：範囲を限るボックス',
};

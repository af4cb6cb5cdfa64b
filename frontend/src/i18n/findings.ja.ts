/** 点状所見の一覧の日本語。 */
import type { findingsEn } from './findings.en';

export const findingsJa: Record<keyof typeof findingsEn, string> = {
  'findings.keys': '一覧の候補・所見',
  'findings.none': '確認する所見はありません',
  'findings.judged': '判定済み {n}／{count}',
  'findings.previous': '前へ',
  'findings.next': '次へ',
  'findings.accept': '採用',
  'findings.dismiss': '却下',
  'findings.state.open': '未判定',
  'findings.state.accepted': '採用済み',
  'findings.state.dismissed': '却下済み',
};

import type { detectEn } from './detect.en';

/** Suspected lesions and what readers say of them, in Japanese. */
export const detectJa: Record<keyof typeof detectEn, string> = {
  'jobKind.detect': '病変の検出',
  'action.detections.detection.started': '病変の検出を開始',
  'action.detections.candidate.opened': '病変候補を未判定に戻す',
  'action.detections.candidate.accepted': '病変候補を採用',
  'action.detections.candidate.dismissed': '病変候補を棄却',
  'object.candidate': '病変候補',
  'object.detection': '病変の検出',
  'slug.no-detector': '該当する検出モデルが導入されていません',
};

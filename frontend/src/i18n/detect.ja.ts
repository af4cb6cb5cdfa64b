import type { detectEn } from './detect.en';

/** Suspected lesions and what readers say of them, in Japanese. */
export const detectJa: Record<keyof typeof detectEn, string> = {
  'detect.title': '病変の疑い',
  'detect.search': '病変を検出',
  'detect.again': '再検出',
  'detect.hint': 'AIモデルが脊椎転移の疑いのある部位を示します。判定は1か所ずつ行ってください',
  'detect.running': '病変を検出中… {n} %',
  'detect.faint': '疑いの弱い {n} か所も表示',
  'detect.changed': '検出中に画像が変わったため、もう一度検出します。',
  'detect.note': '{name} v{version}：合成病変で学習しており、実際の転移例では学習していません。印がない部位が正常とは限りません。',
  'jobKind.detect': '病変の検出',
  'action.detections.detection.started': '病変の検出を開始',
  'action.detections.candidate.opened': '病変候補を未判定に戻す',
  'action.detections.candidate.accepted': '病変候補を採用',
  'action.detections.candidate.dismissed': '病変候補を棄却',
  'object.candidate': '病変候補',
  'object.detection': '病変の検出',
  'slug.no-detector': '該当する検出モデルが導入されていません',
};

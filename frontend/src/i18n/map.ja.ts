/** 画像に重ねる解析マップの日本語。 */
import type { mapEn } from './map.en';

export const mapJa: Record<keyof typeof mapEn, string> = {
  'map.title': 'マップ',
  'map.show': '表示',
  'map.key': '画像に重ねる解析マップ',
  'map.peak': '最大点',
  'map.peak.hint': 'マップが最大の位置を全断面で表示',
  'map.choose': 'マップの選択',
  'map.opacity': '不透明度',
  'map.opacity.hint': 'マップの不透明度',
  'map.threshold': '下限',
  'map.threshold.hint': 'マップのこの値より小さいところは着色しません',
  'map.kind.grad-cam': 'Grad-CAM',
  'map.kind.occlusion': '遮蔽',
  'map.kind.dose-map': '線量アウトカムマップ',
  'map.meaning.grad-cam': 'イベントを支持する部位（1：この患者での最大）',
  'map.meaning.occlusion': '隠すと予測が下がる部位（1：この患者での最大）',
  'map.meaning.dose-map': 'この部位 1 Gy あたりのアウトカムの変化（0 未満：線量が増えると減る）',
  'map.legend': 'マップの色',
  'map.significant': '有意な領域',
  'map.here': 'マップ {value}',
  'map.none': 'この画像のマップをもつ解析はありません',
  'map.missing': '指定されたマップはこの画像にはありません',
  'map.loading': 'マップを読み込み中…',
  'map.failed': 'マップを読み込めませんでした',
  'map.outdated': '{structure} はその後変更されています：マップはリビジョン {revision}、現在は {head}',
};

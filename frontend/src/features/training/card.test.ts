import { describe, expect, test } from 'vitest';
import shipped from '../../../../models/weights/head-neck-oar/1/CARD.md?raw';
import { translators } from '../../i18n';
import { cardText } from './card';

const japanese = cardText(shipped, translators.ja);
/** English sentences that are left: three words in a row that are no names of structures or places. */
const ENGLISH = /[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}/;

describe('model cards', () => {
  test('an English page shows the card as it is written', () => {
    expect(shipped.startsWith(cardText(shipped, translators.en))).toBe(true);
  });

  test('the pictures that a shipped card ends with are left to the page', () => {
    expect(shipped).toContain('](pictures/worst.png)');
    expect(cardText(shipped, translators.en)).not.toContain('pictures/');
    expect(cardText(shipped, translators.en)).toContain('## How it predicts');
  });

  test('no English sentence of the shipped card is left on a Japanese page', () => {
    expect(japanese.split('\n').filter((line) => ENGLISH.test(line))).toEqual([]);
  });

  test('the figures stay', () => {
    expect(japanese).toContain('# CT 頭頸部リスク臓器、バージョン 1');
    expect(japanese).toContain('**0.724**');
    expect(japanese).toContain('| Brainstem | 28 | 0.755 ± 0.194 (0.831, 0.759–0.854) |');
    expect(japanese).toContain('| pt_221 | Brainstem | 0.00 | 描画なし | 警告あり |');
  });

  test('what was trained here is told with its numbers, and what nobody translated stays', () => {
    const trained = [
      '# Prostate, version 7',
      'Approved revisions of this project, snapshot “May {n}”, SHA-256 `ab`.',
      '3 scans trained, none was watched during training, the figures are of 2 locked test scans whose patients never trained a network here.',
      'A remark of our own.',
    ].join('\n');
    expect(cardText(trained, translators.ja).split('\n')).toEqual([
      '# Prostate、バージョン 7',
      'このプロジェクトの承認済みの版。データセット「May {n}」、SHA-256 `ab`。',
      '学習 3 件、学習中の検証なし。成績は固定テスト 2 件によるもので、その患者がここで学習に使われたことはありません。',
      'A remark of our own.',
    ]);
  });
});

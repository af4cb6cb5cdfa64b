import { describe, expect, it } from 'vitest';
import { inOuterAir, isOfAir, type Image } from './air';

const SHAPE = [2, 40, 40] as const;

/** A body that fills the middle, with a pocket of air in it, within air; a gap opens the pocket in the second slice. */
function image(level: { air: number; body: number }, unit: string, slope = 1): Image {
  const data = new Int16Array(2 * 1600);
  data.forEach((_, at) => {
    const [k, j, i] = [Math.floor(at / 1600), Math.floor(at / 40) % 40, at % 40];
    const body = Math.hypot(j - 20, i - 20) < 15;
    const pocket = Math.hypot(j - 20, i - 20) < 4 || (k === 1 && j === 20 && i > 20);
    data[at] = (body && !pocket ? level.body : level.air) + ((at * 7) % 5);
  });
  return { data, shape: SHAPE, unit, slope };
}

const CT = image({ air: -1000, body: 40 }, 'HU');

describe('the air around the patient', () => {
  it('hangs together with the border of the slice; the body and the air in it do not', () => {
    expect(inOuterAir(CT, [[0, 2, 2]])).toBe(true);
    expect(inOuterAir(CT, [[0, 20, 30]])).toBe(false);
    expect(inOuterAir(CT, [[0, 20, 20]])).toBe(false);
    expect(inOuterAir(CT, [[1, 20, 20]])).toBe(true);
  });

  it('is told by the values in their unit, whatever is stored', () => {
    expect(inOuterAir(image({ air: -2000, body: 80 }, 'HU', 0.5), [[0, 2, 2]])).toBe(true);
    expect(inOuterAir(image({ air: -400, body: 80 }, 'HU', 0.5), [[0, 2, 2]])).toBe(false); // -200 HU is no air
  });

  it('is the dark background of an image without a scale, and fat that is cut by the border is none', () => {
    expect(inOuterAir(image({ air: 3, body: 900 }, ''), [[0, 2, 2]])).toBe(true);
    expect(inOuterAir(image({ air: 3, body: 900 }, ''), [[0, 20, 30]])).toBe(false);
    expect(inOuterAir({ ...image({ air: 300, body: 900 }, ''), data: image({ air: 300, body: 900 }, '').data.fill(0, 0, 40) }, [[0, 4, 4]])).toBe(false);
  });

  it('counts where most of a scribble lies', () => {
    expect(inOuterAir(CT, [[0, 20, 30], [0, 20, 31], [0, 20, 39]])).toBe(false); // prettier-ignore
    expect(inOuterAir(CT, [[0, 20, 30], [0, 20, 38], [0, 20, 39]])).toBe(true); // prettier-ignore
  });
});

describe('structures of air', () => {
  it('are told by their names in TG-263', () => {
    const air = ['Trachea', 'Sinus_Maxilry_L', 'Lungs', 'Lung_L', 'Bronchus_Main_R', 'Cavity_Nasal', 'Larynx_SG', 'Nasopharynx', 'AirWay_Prox', 'Ear_External_R'];
    expect(air.filter((name) => !isOfAir(name))).toEqual([]);
    const none = ['GTVp', 'Parotid_L', 'Lens_L', 'Cavity', 'Brainstem', 'Heart', 'PTV_Lung', 'Earlobe'];
    expect(none.filter(isOfAir)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { ExportProfile, Structure, StudyDetail } from '../../api/types';
import { BitMask } from '../../lib/bits';
import { Problem, unreachable } from '../../api/problem';
import { dueAt, worst } from './autosave';
import { dice } from './conflict-dialog';
import { leavingOf } from './export-dialog';
import { diceText, differing, outside, sameFileAs } from './export-report';
import { commandOf, KEYMAP, keyOf, printed } from './keymap';
import { inOrder } from './order';
import { presetsFor } from './presets';
import { acceptRefused, reviewRefused } from './refusal';
import { sendRefused } from './send-to-peer';
import { nextUnchecked } from './workspace';
import { eligible, preselected } from './review-dialog';
import { withdrawnBySaving } from './withdraw';
import { volumeCell, volumeText } from './structure-list';
import { offered } from './name-offer';
import { offers } from './structure-names';
import { imagesOf, shownOf } from './opening';

const press = (key: string, held: { ctrlKey?: boolean; shiftKey?: boolean } = {}) =>
  commandOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, ...held });

describe('keys', () => {
  it('mean one thing each', () => {
    const keys = KEYMAP.flatMap((group) => group.bindings.flatMap((binding) => binding.keys));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('are recognised with and without modifiers', () => {
    expect(press('b')).toBe('tool.brush');
    expect(press('z', { ctrlKey: true })).toBe('undo');
    expect(press('Z', { ctrlKey: true, shiftKey: true })).toBe('redo');
    expect(press('S', { shiftKey: true })).toBe('structure.solo');
    expect(press('s')).toBe('structure.visible');
    expect(press('s', { ctrlKey: true })).toBe('save');
    expect(press('?', { shiftKey: true })).toBe('help');
    expect(press('+', { shiftKey: true })).toBe('op.grow');
    expect(press('ArrowDown', { shiftKey: true })).toBe('structure.next');
    expect(press('b', { ctrlKey: true })).toBeNull();
  });

  it('are printed as they stand on a keyboard', () => {
    expect(keyOf('undo')).toBe('Ctrl+Z');
    expect(printed('+')).toBe('+');
    expect(printed('Shift+ArrowUp')).toBe('Shift+↑');
  });
});

describe('autosave', () => {
  it('waits for a pause but never loses more than five seconds', () => {
    expect(dueAt(1000, 1000)).toBe(3000);
    expect(dueAt(4500, 1000)).toBe(5000);
    for (let now = 0; now < 20_000; now += 100) expect(dueAt(now, 0)).toBeLessThanOrEqual(5000);
  });
});

describe('drafts that the server has not taken', () => {
  const stale = new Problem({ status: 412, slug: 'stale-draft', title: 'A newer draft exists' });

  it('are said to be only here, with the reason when they were refused', () => {
    expect(worst([{ here: true, why: unreachable() }])).toEqual({ kind: 'offline', why: null });
    expect(worst([{ here: true, why: unreachable() }, { here: true, why: stale }])).toEqual({ kind: 'refused', why: stale });
  });

  it('are not said to be kept when they are nowhere', () => {
    expect(worst([{ here: true, why: stale }, { here: false, why: null }])).toEqual({ kind: 'unsaved', why: null });
  });
});

describe('review', () => {
  const structure = (id: string, state: Structure['state'], drawn: boolean): Structure => ({
    id, name: id, original_name: id, standard_name: null, colour: '#ffffff', kind: 'ORGAN', number: 1, state, assessment: 'none', plausibility: [],
    unknown: !drawn, contours_only: false, approval: null, involved: {}, derivation: null, consensus_id: null,
    head: drawn ? { number: 1, author: null, network_version: null, created_at: '', reason: '', tool: '', seconds: 0, volume_cc: 1, slices: 1, changed_voxels: 1, changed_slices: 1, sha256: '', parent: 0, derived_from: null, consensus: null } : null,
  }); // prettier-ignore
  const all = [structure('a', 'draft', true), structure('b', 'draft', false), structure('c', 'submitted', true), structure('d', 'returned', true)];

  const editor = { mayEdit: true, mayReview: false, userId: 'me' };
  const reviewer = { mayEdit: false, mayReview: true, userId: 'me' };

  it('goes on to the next contour of a network that nobody has judged, round the list', () => {
    const version = { id: 'v', name: 'head-neck-oar', version: 1 };
    const byNetwork = all.map((one) => (one.head === null ? one : { ...one, head: { ...one.head, network_version: version } }));
    expect(nextUnchecked(byNetwork, 'a', editor)?.id).toBe('d');
    expect(nextUnchecked(byNetwork, 'd', editor)?.id).toBe('a');
    expect(nextUnchecked(all, 'a', editor)).toBeNull();
    expect(nextUnchecked(byNetwork, 'a', reviewer)?.id).toBe('c');
    const own = byNetwork.map((one) => ({ ...one, involved: { me: 'submitted' as const } }));
    expect(nextUnchecked(own, 'a', reviewer)).toBeNull();
  });

  it('lets only an unchanged contour of a network be accepted, by who may edit', () => {
    const version = { id: 'v', name: 'head-neck-oar', version: 1 };
    const rule = structure('External', 'draft', true);
    const network = { ...rule, id: 'n', head: rule.head && { ...rule.head, network_version: version } };
    const person = { id: 'p', username: 'p', display_name: 'P' } as never;
    const clean = new Set<string>();
    expect(acceptRefused(network, clean, editor)).toBeNull();
    expect(acceptRefused(rule, clean, editor)).toEqual(['review.accept.network']);
    expect(acceptRefused(network, clean, reviewer)).toEqual(['viewer.refused.read-only']);
    expect(acceptRefused(null, clean, editor)).toEqual(['viewer.refused.no-structure']);
    expect(acceptRefused(network, new Set(['n']), editor)).toEqual(['viewer.save-first']);
    expect(acceptRefused({ ...network, assessment: 'accepted' }, clean, editor)).toEqual(['review.accept.already']);
    expect(acceptRefused({ ...network, unknown: true }, clean, editor)).toEqual(['review.unknown']);
    expect(acceptRefused({ ...network, state: 'approved' }, clean, editor)).toEqual(['review.accept.approved']);
    const corrected = { ...network, head: network.head && { ...network.head, author: person } };
    expect(acceptRefused(corrected, clean, editor)).toEqual(['review.accept.corrected']);
  });

  it('is by who may review, of what is submitted, and not of one’s own work', () => {
    const waiting = structure('c', 'submitted', true);
    expect([reviewRefused('approve', waiting, reviewer), reviewRefused('return', waiting, reviewer)]).toEqual([null, null]);
    expect(reviewRefused('return', waiting, editor)).toEqual(['review.nothing']);
    expect(reviewRefused('approve', structure('a', 'draft', true), reviewer)).toEqual(['review.nothing']);
    const own = { ...waiting, involved: { me: 'drew' as const } };
    expect(reviewRefused('approve', own, reviewer)).toEqual(['review.own.drew', 'review.own.why']);
    expect(reviewRefused('return', own, reviewer)).toBeNull();
    expect(reviewRefused('approve', { ...waiting, unknown: true }, reviewer)).toEqual(['review.unknown']);
    const behind = { ...waiting, derivation: { status: 'stale' } } as Structure;
    expect(reviewRefused('approve', behind, reviewer)).toEqual(['derive.stale.sign']);
    expect(reviewRefused('return', behind, reviewer)).toBeNull();
  });

  it('submits what is drawn and not yet submitted, also when it is only drawn here', () => {
    expect(eligible('submit', all, new Set()).map((one) => one.id)).toEqual(['a', 'd']);
    expect(eligible('submit', all, new Set(['b'])).map((one) => one.id)).toEqual(['a', 'b', 'd']);
  });

  it('leaves with all but the rejected and not found structures, and without unsaved changes', () => {
    const rejected = { ...structure('r', 'draft', true), unknown: true };
    const point = { ...structure('p', 'draft', true), unknown: true, contours_only: true, original_name: 'Iso 1' };
    const mapped = { ...structure('d', 'draft', false), name: 'Parotid_L', original_name: 'parotis li' };
    const { leaving, ...rest } = leavingOf([...all.slice(0, 3), mapped, rejected, point], new Set(['a']));
    expect(leaving.map((one) => one.id)).toEqual(['a', 'b', 'c', 'd']);
    expect(rest).toEqual({
      empty: ['b', 'Parotid_L'], unknown: ['r'], unsaved: ['a'], contoursOnly: ['Iso 1'], renamed: ['parotis li → Parotid_L'],
    }); // prettier-ignore
  });

  it('has the generic file for every system whose holes are written alike', () => {
    const profile = (name: string, holes: ExportProfile['holes'], name_length = 64): ExportProfile =>
      ({ name, title: name, holes, name_length, most_points: null, sources: {}, unsourced: [] });
    const generic = profile('generic', 'nested');
    const others = [profile('eclipse', 'nested', 16), profile('keyhole', 'keyhole'), generic];
    expect(others.map((one) => sameFileAs(one, [generic, ...others])?.name)).toEqual(['generic', undefined, undefined]);
  });

  it('is sent to a peer only when all that is drawn of it is approved', () => {
    const approved = structure('a', 'approved', true);
    const empty = structure('b', 'draft', false);
    const waiting = { ...structure('c', 'submitted', true), name: 'Larynx' };
    expect(sendRefused([approved, empty])).toBeNull();
    expect(sendRefused([approved, waiting])).toEqual(['network.unapproved', { names: 'Larynx' }]);
    expect(sendRefused([empty])).toEqual(['network.nothingDrawn', {}]);
  });

  it('says 1 of a file only where every voxel came back', () => {
    expect([1, 0.99999, 0.5].map(diceText)).toEqual(['1', '0.9999', '0.5000']);
    const row = { number: 1, drawn_cc: 1, read_cc: 1, enclosed_cc: 1, hausdorff_mm: 0, contours: 1, points: 4, warnings: [] };
    expect(differing([{ ...row, name: 'same', dice: 1 }, { ...row, name: 'other', dice: 0.99999 }])).toEqual(['other']);
  });

  it('names what the file holds outside the image, though every voxel came back', () => {
    const row = { number: 1, drawn_cc: 1, read_cc: 1, enclosed_cc: 2, dice: 1, hausdorff_mm: 0, contours: 1, points: 4 };
    const said = (name: string, ...slugs: string[]) => ({
      ...row, name, warnings: slugs.map((slug) => ({ slug, detail: '', severity: 'warning' as const, values: {} })),
    });
    const rows = [said('in'), said('odd', 'contours-overlap'), said('half', 'contours-overlap', 'contour-outside-volume')];
    expect(outside([...rows, said('gone', 'structure-outside-volume'), said('edge', 'contour-clipped')])).toEqual(['half', 'gone', 'edge']);
    expect(outside(rows.slice(0, 2))).toEqual([]);
  });

  it('approves and returns only what is submitted', () => {
    expect(eligible('approve', all, new Set()).map((one) => one.id)).toEqual(['c']);
    expect(eligible('return', all, new Set(['a'])).map((one) => one.id)).toEqual(['c']);
  });

  it('never takes a rejected contour for an empty truth', () => {
    const rejected = all.map((one) => ({ ...one, unknown: true }));
    expect(eligible('submit', rejected, new Set())).toEqual([]);
    expect(eligible('approve', rejected, new Set())).toEqual([]);
  });

  it('chooses beforehand nothing odd, nothing empty, no own work, and to return only the active one', () => {
    const sound = structure('sound', 'submitted', true);
    const odd = { ...structure('odd', 'submitted', true), plausibility: [{ slug: 'volume-small', detail: '', severity: 'warning', values: {} }] };
    const drawn = structure('empty', 'submitted', true);
    const empty = { ...drawn, head: drawn.head && { ...drawn.head, slices: 0 } };
    const own = { ...structure('own', 'submitted', true), involved: { me: 'accepted' as const } };
    const waiting = [sound, odd, empty, own];
    expect(preselected('approve', waiting, 'me', 'odd', new Set())).toEqual(['sound']);
    expect(preselected('submit', waiting, 'me', 'odd', new Set())).toEqual(['sound', 'own']);
    expect(preselected('return', waiting, 'me', 'odd', new Set())).toEqual(['odd']);
    const stale = { ...drawn, id: 'stale', derivation: { status: 'stale' } } as Structure;
    expect(preselected('approve', [stale, sound], 'me', null, new Set())).toEqual(['sound']);
  });

  it('asks before a save withdraws the approval of what is saved or of what is derived from it', () => {
    const approval = { user_name: 'R', at: '' };
    const follower = (id: string, source: string): Structure => {
      const derivation = { expression: { first: { kind: 'structure', structure_id: source }, steps: [] }, status: 'current' };
      return { ...structure(id, 'approved', true), approval, derivation: derivation as unknown as Structure['derivation'] };
    };
    const cord = { ...structure('cord', 'approved', true), approval };
    const structures = [cord, follower('ring', 'cord'), follower('later', 'ring'), follower('other', 'eye')];
    const asked = (dirty: string[]): string[] =>
      withdrawnBySaving({ set: { structures }, session: { state: { dirty: new Set(dirty) } } } as never).map((one) => one.id);
    expect(asked(['cord'])).toEqual(['cord', 'ring', 'later']);
    expect(asked([])).toEqual([]);
  });

  it('submits again beforehand only what was changed after its return', () => {
    const drawn = structure('drawn', 'returned', true);
    const author = { id: 'u', username: 'u', display_name: 'U', is_administrator: false, active: true, created_at: '' };
    const corrected = { ...drawn, id: 'corrected', head: drawn.head && { ...drawn.head, author } };
    const returned = [{ ...drawn, head: drawn.head && { ...drawn.head, author: null } }, corrected];
    expect(preselected('submit', returned, 'me', null, new Set())).toEqual(['corrected']);
    expect(preselected('submit', returned, 'me', null, new Set(['drawn']))).toEqual(['drawn', 'corrected']);
  });
});

describe('the order of structures', () => {
  const made = (name: string, kind = 'ORGAN'): Structure => ({ id: name, name, kind }) as unknown as Structure;
  const set = [
    made('External', 'EXTERNAL'), made('Lung_R'), made('Lung_L'), made('Bones'), made('Parotid_R'), made('Cochlea_L'),
    made('SpinalCord'), made('Heart'), made('Parotid_L'), made('Brainstem'), made('Cochlea_R'),
  ]; // prettier-ignore
  const template = ['Brainstem', 'SpinalCord', 'Parotid_R', 'Larynx', 'Parotid_L'];
  const names = (origin: 'ai' | 'import', wanted: string[]): string[] => inOrder(set, origin, wanted).map((one) => one.name);

  it('is the template’s, sides of a pair together, what only supports at the end', () => {
    expect(names('ai', template)).toEqual([
      'Brainstem', 'SpinalCord', 'Parotid_R', 'Parotid_L', 'Cochlea_L', 'Cochlea_R', 'Heart', 'External', 'Lung_R', 'Lung_L', 'Bones',
    ]); // prettier-ignore
  });

  it('lists the lungs of a planner, and those that the template wants, among the organs', () => {
    expect(names('import', []).slice(0, 3)).toEqual(['Lung_R', 'Lung_L', 'Bones']);
    expect(names('import', []).at(-1)).toBe('External');
    expect(names('ai', ['Lung_L', 'Heart']).slice(0, 3)).toEqual(['Lung_L', 'Lung_R', 'Heart']);
  });

  it('leaves the set alone', () => {
    inOrder(set, 'ai', template);
    expect(set[0]?.name).toBe('External');
  });
});

describe('the TG-263 name of a text', () => {
  const certain = { name: 'Parotid_L', confidence: 'exact', side: 'L', finding: null, candidates: [] } as const;
  const open = { name: null, confidence: 'unknown', side: null, finding: 'side-missing', candidates: ['Eye_R', 'Eye_L'] } as const;

  it('is offered, unless it is typed already or taken', () => {
    expect(offered({ ...certain, candidates: [] }, '左耳下腺', new Set())).toEqual(['Parotid_L']);
    expect(offered({ ...certain, candidates: [] }, 'Parotid_L', new Set())).toEqual([]);
    expect(offered({ ...certain, candidates: [] }, '左耳下腺', new Set(['Parotid_L']))).toEqual([]);
  });

  it('is to be chosen where it is not certain', () => {
    expect(offered({ ...open, candidates: [...open.candidates] }, '眼球', new Set(['Eye_R']))).toEqual(['Eye_L']);
  });
});

it('offers the names of the template first, then those of TG-263, each once and none that is taken', () => {
  const names = offers(['Parotid_L', 'Ring'], new Set(['Brain', 'Ring'])).map((one) => one.name);
  expect(names.slice(0, 2)).toEqual(['Parotid_L', 'Brainstem']);
  expect(names).toContain('Femur_Head_R');
  expect(names.filter((name) => name === 'Parotid_L')).toHaveLength(1);
  expect(names).not.toContain('Brain');
  expect(names).not.toContain('Ring');
});

describe('comparison', () => {
  const line = (from: number, to: number): BitMask => {
    const mask = new BitMask([1, 1, 20]);
    for (let i = from; i < to; i += 1) mask.write(0, 0, i, true);
    return mask;
  };

  it('is Dice’s coefficient', () => {
    expect(dice(line(0, 10), line(5, 15))).toBe(0.5);
    expect(dice(line(0, 10), line(0, 10))).toBe(1);
    expect(dice(line(0, 5), line(10, 15))).toBe(0);
    expect(dice(line(0, 0), line(0, 0))).toBeNull();
  });
});

it('gives volumes three figures or so, the points above each other', () => {
  expect([0, 0.05, 9.994, 24.51, 12345.6].map(volumeText)).toEqual(['–', '0.05', '9.99', '24.5', '12346']);
  expect(volumeText(350 * 0.07)).toBe(volumeText(24.5));
  expect(volumeText(12.25 - 2e-15)).toBe(volumeText(12.25));
  const cells = [0.05, 24.51, 12345.6].map(volumeCell);
  expect(cells.map((cell) => cell.length - cell.trim().length)).toEqual([0, 1, 3]);
  expect(cells.map((cell) => cell.replace(/\s+$/, (padding) => '.00'.slice(3 - padding.length)))).toEqual(['0.05', '24.50', '12346.00']);
});

it('offers CT windows for HU and the image’s own for anything else', () => {
  expect(presetsFor('HU', { low: 0, high: 1 })).toHaveLength(6);
  expect(presetsFor('SUV', { low: 0, high: 8 })[0]?.window).toEqual({ low: 0, high: 8 });
});

it('opens the CT before the MR and never a dose grid', () => {
  const series = (modality: string, volume: object | null) => ({ id: modality, modality, volume, derived: false, instance_count: 1 });
  const study = { series: [series('RTDOSE', {}), series('MR', {}), series('PT', null), series('CT', {})] };
  expect(imagesOf(study as unknown as StudyDetail).map((one) => one.id)).toEqual(['CT', 'MR']);
});

describe('what a study opens with', () => {
  const series = ['CT', 'MR'].map((modality) => ({ id: modality, modality, volume: {}, derived: false, instance_count: 1 }));
  const structures = { total: 2, approved: 0 };
  const sets = [['drawn', 'import', 'MR'], ['ai', 'ai', 'CT'], ['mine', 'manual', 'CT']].map(([id, origin, series_id]) => ({
    id, origin, series_id, structures, by_rule: false,
  }));
  const study = { series, structure_sets: sets } as unknown as StudyDetail;
  const shown = (address: string, of = study): (string | undefined)[] => {
    const { image, set } = shownOf(of, new URLSearchParams(address));
    return [image?.id, set?.id];
  };

  it('is the network’s set and its image, or the newest set, or the likeliest image', () => {
    expect(shown('')).toEqual(['CT', 'ai']);
    expect(shown('', { ...study, structure_sets: study.structure_sets.filter((one) => one.id !== 'ai') })).toEqual(['CT', 'mine']);
    expect(shown('', { ...study, structure_sets: [] })).toEqual(['CT', undefined]);
  });

  it('is what the address names', () => {
    expect(shown('set=drawn')).toEqual(['MR', 'drawn']);
    expect(shown('series=MR')).toEqual(['MR', 'drawn']);
    expect(shown('set=gone&series=MR')).toEqual(['MR', undefined]);
  });
});

import { expect, it } from 'vitest';
import { History, type Edit } from './history';

const edit = (structureId: string, label: string): Edit => ({ structureId, label, runs: Int32Array.from([1, 2]) });

it('takes edits back in reverse order and does them again', () => {
  const history = new History();
  history.push(edit('a', 'one'));
  history.push(edit('a', 'two'));
  expect(history.undo('a')?.label).toBe('two');
  expect(history.nextUndo('a')).toBe('one');
  expect(history.redo('a')?.label).toBe('two');
  expect(history.redo('a')).toBeNull();
});

it('leaves the edits of other structures alone, whatever their order', () => {
  const history = new History();
  history.push(edit('a', 'one'));
  history.push(edit('b', 'two'));
  expect(history.undo('a')?.label).toBe('one');
  expect(history.undo('a')).toBeNull();
  history.push(edit('b', 'three'));
  expect(history.nextRedo('a')).toBe('one');
  expect(history.nextUndo('b')).toBe('three');
  expect(history.nextUndo(null)).toBeNull();
});

it('forgets what was undone once something new is drawn', () => {
  const history = new History();
  history.push(edit('a', 'one'));
  history.undo('a');
  history.push(edit('a', 'two'));
  expect(history.nextRedo('a')).toBeNull();
  expect(history.nextUndo('a')).toBe('two');
});

it('does not keep an edit that changed nothing', () => {
  const history = new History();
  history.push({ structureId: 'a', label: 'nothing', runs: new Int32Array(0) });
  expect(history.undo('a')).toBeNull();
});

it('keeps the last two hundred edits', () => {
  const history = new History();
  for (let n = 0; n < 250; n += 1) history.push(edit('a', String(n)));
  let steps = 0;
  while (history.undo('a') !== null) steps += 1;
  expect(steps).toBe(200);
});

it('forgets one structure and keeps the others', () => {
  const history = new History();
  history.push(edit('a', 'one'));
  history.push(edit('b', 'two'));
  history.forget('b');
  expect(history.undo('b')).toBeNull();
  expect(history.undo('a')?.label).toBe('one');
});

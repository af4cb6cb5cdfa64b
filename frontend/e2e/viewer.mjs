/** The viewer with mouse and keyboard; run by tests/e2e/test_viewer.py, which makes the study and the people. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { choose, drag, enter, given, launch, openStudy, row, saveState, slice, volume } from './browser.mjs';

let browser;
let drawer;

before(async () => {
  browser = await launch();
  drawer = await enter(browser, given.drawer);
});
afterEach(() => Promise.all(browser.contexts().flatMap((context) => context.pages().map((page) => page.close()))));
after(() => browser.close());

/** Sum of grey values in the middle of a view. */
const light = (page, plane) =>
  page.locator(`[data-plane=${plane}] canvas[data-layer=image]`).evaluate((canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(width / 4, height / 4, width / 2, height / 2);
    return data.reduce((sum, value) => sum + value, 0);
  });

test('three planes show the image and follow the crosshair', async () => {
  const page = await openStudy(drawer);
  for (const plane of ['axial', 'sagittal', 'coronal']) assert.ok((await light(page, plane)) > 0, plane);
  const before = await Promise.all(['axial', 'sagittal', 'coronal'].map((plane) => slice(page, plane)));
  await page.keyboard.press('v');
  await drag(page, 60, 90);
  const after = await Promise.all(['axial', 'sagittal', 'coronal'].map((plane) => slice(page, plane)));
  assert.equal(after[0], before[0]);
  assert.ok(after[1] > before[1], 'to the right is towards the left of the patient');
  assert.ok(after[2] > before[2], 'down is towards the back');
  await page.mouse.wheel(0, 120);
  await page.keyboard.press('ArrowDown');
  assert.equal(await slice(page, 'axial'), before[0] - 2);
  await page.keyboard.press('5');
  assert.match(await page.locator('footer').innerText(), /W 2000 L 500/);
  await drag(page, 40, 0, { button: 'right' });
  assert.doesNotMatch(await page.locator('footer').innerText(), /W 2000 L 500/);
  assert.deepEqual(page.failures, []);
});

test('every tool and every operation is undone and redone', async () => {
  const page = await openStudy(drawer);
  await choose(page, 'Brainstem');
  await page.keyboard.press('g');
  const history = [await volume(page, 'Brainstem')];
  const changed = async (what) => {
    await page.waitForFunction(
      ([name, old]) => !document.querySelector(`[data-structure="${name}"]`).innerText.trim().endsWith(old),
      ['Brainstem', history.at(-1).toFixed(history.at(-1) < 10 ? 2 : 1)],
    );
    history.push(await volume(page, 'Brainstem'));
    assert.notEqual(history.at(-1), history.at(-2), what);
  };
  for (const [key, dx] of [['b', 160], ['e', 60], ['t', 170]]) {
    await page.keyboard.press(key);
    await drag(page, dx, 60);
    await changed(key);
  }
  for (const key of ['+', '-']) {
    await page.keyboard.press(key);
    await changed(key);
  }
  await page.keyboard.press('m');
  const smoothed = page.getByText(/^Smooth: /);
  await smoothed.waitFor();
  if (/voxels changed/.test(await smoothed.innerText())) history.push(await volume(page, 'Brainstem')); // it keeps the volume
  const { length } = history;
  for (let n = length - 2; n >= 0; n -= 1) {
    await page.keyboard.press('Control+z');
    assert.equal(await volume(page, 'Brainstem'), history[n]);
  }
  for (let n = 1; n < length; n += 1) {
    await page.keyboard.press('Control+y');
    assert.equal(await volume(page, 'Brainstem'), history[n]);
  }
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await page.waitForFunction(() => !document.querySelector('[data-structure=Brainstem] [aria-label="Unsaved changes"]'));
  assert.equal(await volume(page, 'Brainstem'), history[0]);
  assert.deepEqual(page.failures, []);
});

test('a killed tab loses nothing that was kept, and the page says so', async () => {
  const page = await openStudy(drawer);
  await choose(page, 'SpinalCord');
  await page.keyboard.press('g');
  await page.keyboard.press('b');
  await drag(page, 260);
  const drawn = await volume(page, 'SpinalCord');
  await saveState(page, /Draft kept/);
  await page.close({ runBeforeUnload: false });
  const again = await openStudy(drawer);
  await again.getByTestId('restored').waitFor();
  assert.match(await again.getByTestId('restored').innerText(), /SpinalCord/);
  assert.equal(await volume(again, 'SpinalCord'), drawn);
  await again.keyboard.press('Control+s');
  await saveState(again, /^Saved/);
  assert.equal(await again.getByTestId('restored').count(), 0);
});

test('without the network work is kept on this computer and sent later', async () => {
  const page = await openStudy(drawer);
  await choose(page, 'Brainstem');
  await page.keyboard.press('g');
  await page.keyboard.press('b');
  await drawer.setOffline(true);
  await drag(page, 260);
  await saveState(page, /Offline/);
  await drawer.setOffline(false);
  await saveState(page, /Draft kept/);
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await saveState(page, /No changes/);
});

test('a stale save shows mine and theirs and overwrites neither', async () => {
  const other = await enter(browser, given.reviewer);
  const [mine, theirs] = [await openStudy(drawer), await openStudy(other)];
  for (const [page, dx] of [[mine, 260], [theirs, -260]]) {
    await choose(page, 'Parotid_L');
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await drag(page, dx);
  }
  const drawn = await volume(mine, 'Parotid_L');
  await theirs.keyboard.press('Control+s');
  await saveState(theirs, /^Saved/);
  await mine.keyboard.press('Control+s');
  const dialog = mine.getByRole('dialog');
  await dialog.waitFor();
  assert.match(await dialog.innerText(), /changed by someone else/);
  await dialog.getByRole('button', { name: 'Compare in the views' }).click();
  assert.equal(await volume(mine, 'Parotid_L'), drawn);
  await mine.keyboard.press('Control+s');
  await dialog.getByRole('button', { name: 'Save mine as the newest' }).click();
  await saveState(mine, /^Saved/);
  await mine.keyboard.press('y');
  await mine.getByText('Revision 3', { exact: true }).waitFor();
  assert.equal(await mine.getByRole('dialog').getByRole('listitem').count(), 3);
});

test('a new structure is drawn, interpolated, submitted, returned and approved', async () => {
  const page = await openStudy(drawer);
  await page.getByRole('button', { name: 'Add a structure' }).click();
  await page.getByRole('dialog').getByLabel(/Name/).fill('Cochlea_L');
  await page.keyboard.press('Enter');
  await row(page, 'Cochlea_L').waitFor();
  await page.keyboard.press('b');
  await drag(page, 40);
  for (let n = 0; n < 4; n += 1) await page.keyboard.press('ArrowDown');
  await drag(page, 40);
  const two = await volume(page, 'Cochlea_L');
  await page.keyboard.press('i');
  await page.getByText(/Interpolate between slices: \d+ voxels changed/).waitFor();
  assert.ok((await volume(page, 'Cochlea_L')) > 2 * two);
  await page.getByRole('button', { name: 'Submit for review' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Submit for review' }).click();
  await row(page, 'Cochlea_L').getByLabel('Submitted').waitFor();

  const context = await enter(browser, given.reviewer, 'ja-JP');
  const review = await openStudy(context);
  const bar = review.locator('header');
  await bar.getByRole('button', { name: '差し戻す', exact: true }).click();
  const dialog = review.getByRole('dialog');
  await dialog.getByRole('textbox').fill('前方が足りません');
  for (const box of await dialog.getByRole('checkbox').all()) await box.uncheck();
  await dialog.getByText('Brainstem').click();
  await dialog.getByRole('button', { name: '差し戻す' }).click();
  await row(review, 'Brainstem').getByLabel('差し戻し').waitFor();
  await bar.getByRole('button', { name: '承認', exact: true }).click();
  for (const box of await dialog.getByRole('checkbox').all()) await box.uncheck();
  await dialog.getByText('Cochlea_L').click();
  await dialog.getByRole('button', { name: '承認' }).click();
  await row(review, 'Cochlea_L').getByLabel('承認済み').waitFor();
  assert.deepEqual([...page.failures, ...review.failures], []);
});

test('every control has a name, and the help sheet every key', async () => {
  const page = await openStudy(drawer);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, select, a[href], summary')]
      .filter((one) => !(one.ariaLabel || one.textContent?.trim() || one.labels?.[0]?.textContent?.trim()))
      .map((one) => one.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(nameless, []);
  await page.keyboard.press('?');
  assert.ok((await page.getByRole('dialog').locator('kbd').count()) > 40);
});

/** Chromium for the tests that use the page as a person does. What to open comes in RINKAKU_E2E (JSON). */
import { chromium } from 'playwright-core';

export const given = JSON.parse(process.env.RINKAKU_E2E ?? '{}');

const ARGUMENTS = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'];

export const launch = () => chromium.launch({ executablePath: given.chromium, headless: true, args: ARGUMENTS });

/** A logged-in window of one person's own browser profile. */
export async function enter(browser, username, locale = 'en-GB') {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, locale });
  const headers = { 'X-Requested-With': 'rinkaku', Origin: given.url };
  const answer = await context.request.post(`${given.url}/api/session`, {
    headers,
    data: { username, password: given.password },
  });
  if (!answer.ok()) throw new Error(`login: ${answer.status()} ${await answer.text()}`);
  return context;
}

/** The study in the viewer with every contour loaded; errors of the page are collected in `page.failures`. */
export async function openStudy(context) {
  const page = await context.newPage();
  page.failures = [];
  page.on('pageerror', (error) => page.failures.push(error.message));
  await page.goto(`${given.url}/studies/${given.study}`);
  await page.waitForSelector('[data-structure]');
  await page.waitForFunction(() => !/…| %$/m.test(document.querySelector('aside')?.textContent ?? '…'));
  return page;
}

export const row = (page, name) => page.locator(`[data-structure="${name}"]`);
/** Volume of a structure in cm³ as the list shows it; 0 when empty. */
export const volume = async (page, name) => {
  const text = await row(page, name).innerText();
  return Number(/(\d+\.\d+)\s*$/.exec(text)?.[1] ?? 0);
};
export const choose = (page, name) => row(page, name).getByRole('button', { name, exact: true }).click();
export const slice = async (page, plane) => Number((await page.getByTestId(`slice-${plane}`).innerText()).split('/')[0]);

/** Draws a line from the middle of the axial view. */
export async function drag(page, dx, dy = 0, options = {}) {
  const box = await page.locator('[data-plane=axial]').boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down(options);
  await page.mouse.move(x + dx, y + dy, { steps: 12 });
  await page.mouse.up(options);
}

export const saveState = (page, pattern) =>
  page.waitForFunction(
    (source) => new RegExp(source).test(document.querySelector('[data-testid=autosave]')?.textContent ?? ''),
    pattern.source,
  );

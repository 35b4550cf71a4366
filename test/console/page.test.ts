import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Opened, openPage, startBrowser, violationsOf } from './browser.ts';
import { MARKUP, stageEverything } from './everything.ts';
import { SCENES, stage, type Staged } from './scenes.ts';

let browser: Browser | undefined;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

describe.each(SCENES)('in a browser, %s', (scene) => {
  let staged: Staged;
  let opened: Opened;
  const textOf = async (selector: string): Promise<string | undefined> =>
    (await opened.page.textContent(selector))?.replace(/\s+/g, ' ');

  beforeAll(async () => {
    if (!browser) return;
    staged = await stage(scene);
    opened = await openPage(browser, staged.url);
  });
  afterAll(async () => {
    await opened?.page.close();
    await staged?.close();
  });

  test('the page shows the state, logs no error and makes no other request', async (context) => {
    if (!browser) return context.skip('Chromium is not installed');
    const verdict = await textOf('#verdict');
    expect(verdict).toMatch(
      {
        empty: /No calls yet/,
        healthy: /Not limited.*Nearest/,
        saturated: /openai\/gpt-4o runs at its limit.*per minute.*calls wait/,
        outage: /anthropic\/\S+ does not answer.*Circuit open.*no limit of yours/,
      }[scene],
    );
    if (scene !== 'empty') expect(await textOf('#lane-rows')).toMatch(/openai\/gpt-4o.*requests\/min/);
    expect(opened.problems).toEqual([]);
    return undefined;
  });

  test.for(['light', 'dark'] as const)('axe finds nothing wrong, %s', async (theme, context) => {
    if (!browser) return context.skip('Chromium is not installed');
    await opened.page.emulateMedia({ colorScheme: theme });
    await opened.page.waitForFunction(
      (dark) => document.documentElement.hasAttribute('data-dark') === dark,
      theme === 'dark',
    );
    for (const summary of await opened.page.$$('summary')) {
      if (theme === 'dark') await summary.click();
    }
    // The colour-independent rules were checked before.
    const rules =
      theme === 'dark' ? ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable'] : undefined;
    expect(await violationsOf(opened.page, rules)).toEqual([]);
    expect(opened.problems).toEqual([]);
    return undefined;
  });
});

describe('in a browser, with everything at once', () => {
  let staged: Staged;
  beforeAll(async () => {
    if (browser) staged = await stageEverything();
  });
  afterAll(() => staged?.close());

  test('everything is shown, and axe finds nothing wrong', async (context) => {
    if (!browser) return context.skip('Chromium is not installed');
    const { page, problems } = await openPage(browser, staged.url);
    const text = (await page.innerText('body')).replace(/\s+/g, ' ');
    for (const part of [
      /http:\/\/127\.0\.0\.1:5\/metrics: ECONNREFUSED/,
      /Firing alerts page TidegateLimitReached since .* job=shop Runbook openai refuses calls\./,
      /Batches batch 1 40 of 100, 40 % · 2 failed · 3 in flight · 2 min left/,
      /Fleet openai\/gpt-4o shared · 3 processes · 2 active · store answers in 0\.5 s · tokens: 900 leased, 100 free/,
      /shared of openai\/gpt-4o \(tokens per minute\), because less remains than our own calls explain\./,
      /Last limit hits .* 90 of 100 used, asked for 40, wait 0\.5 s Slow down\./,
    ]) {
      expect(text).toMatch(part);
    }
    expect(text).toContain(`Slow down. ${MARKUP}`);
    expect(text).toContain(`groq/${MARKUP}`);
    expect(await page.$('img')).toBeNull();
    expect(await violationsOf(page)).toEqual([]);
    await page.selectOption('#theme', 'dark');
    expect(await violationsOf(page, ['color-contrast'])).toEqual([]);
    expect(problems).toEqual([]);
    await page.close();
    return undefined;
  });
});

describe('by keyboard', () => {
  let staged: Staged;
  beforeAll(async () => {
    if (browser) staged = await stage('healthy');
  });
  afterAll(() => staged?.close());

  test('everything is reached in reading order, with visible focus', async (context) => {
    if (!browser) return context.skip('Chromium is not installed');
    const { page, problems } = await openPage(browser, staged.url);
    const reached: string[] = [];
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate(() => {
          const { activeElement: element } = document;
          const outline = element ? getComputedStyle(element).outlineStyle : 'none';
          const beside = element?.nextElementSibling;
          const isSeen = outline !== 'none' || (beside && getComputedStyle(beside).outlineStyle !== 'none');
          return `${element?.id || element?.className || element?.getAttribute('value') || element?.tagName}${isSeen ? '' : ' unseen'}`;
        }),
      );
    }
    expect(reached.slice(0, 7)).toEqual(['skip', 'fine', 'pause', 'theme', 'wide', 'SUMMARY', 'SUMMARY']);
    await page.close();
    expect(problems).toEqual([]);
    return undefined;
  });

  test('a chart opens as a table, theme and range can be chosen, and updates can be paused', async (context) => {
    if (!browser) return context.skip('Chromium is not installed');
    const { page, problems } = await openPage(browser, staged.url);
    await page.focus('summary');
    await page.keyboard.press('Enter');
    await page.waitForSelector('details[open] .data th');
    await page.selectOption('#theme', 'dark');
    expect(await page.evaluate(() => document.documentElement.hasAttribute('data-dark'))).toBe(true);
    await page.focus('input[value=fine]');
    await page.keyboard.press('ArrowRight');
    expect(await page.textContent('#charts')).toContain('per minute');
    await page.focus('#pause');
    await page.keyboard.press('Enter');
    expect(await page.getAttribute('#pause', 'aria-pressed')).toBe('true');
    expect(await page.textContent('#fresh')).toContain('paused at');
    await page.close();
    expect(problems).toEqual([]);
    return undefined;
  });

  test('a lost server is reported', async (context) => {
    if (!browser) return context.skip('Chromium is not installed');
    const gone = await stage('empty');
    const { page } = await openPage(browser, gone.url);
    await gone.close();
    await page.waitForSelector('#lost:not([hidden])');
    expect(await page.textContent('#lost')).toMatch(/has not answered since \d\d:\d\d:\d\d/);
    await page.close();
    return undefined;
  });
});

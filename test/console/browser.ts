import { execFileSync } from 'node:child_process';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../tools/render/screenshot.ts';

/** Playwright's default of 30 s is too short when other tests use the machine. */
const GIVE_UP_MS = 90_000;

/** Launch options of a browser; undefined if none is installed, which is an error in CI. */
export async function startBrowser(): Promise<Browser | undefined> {
  const binary = findBrowser();
  if (binary === undefined) {
    if (process.env['CI']) throw new Error('Chromium is not installed, and CI may not skip this test');
    return undefined;
  }
  return chromium.launch({
    executablePath: execFileSync('which', [binary], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
    timeout: GIVE_UP_MS,
  });
}

export interface Opened {
  readonly page: Page;
  /** Errors logged by the browser, and its requests to other servers. */
  readonly problems: string[];
}

/** A page that has shown its first answer. */
export async function openPage(browser: Browser, url: string, dark = false): Promise<Opened> {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  page.setDefaultTimeout(GIVE_UP_MS);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) problems.push(`asked ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector('body[data-state=shown]');
  return { page, problems };
}

/** Violations found by axe, one line each. @param rules those to check; default all */
export async function violationsOf(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async (rules) => {
    interface Violation {
      readonly id: string;
      readonly help: string;
      readonly nodes: readonly { readonly html: string }[];
    }
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: readonly Violation[] }> };
    };
    const { violations } = await axe.run(rules ? { runOnly: rules } : {});
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
  }, rules);
}

import { execFileSync } from 'node:child_process';
import { chromium } from 'playwright-core';
import type { Report } from './page/main.ts';

const BINARIES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Timeout of each step, also on a busy machine. */
const DRAWN_WITHIN_MS = 120_000;

export interface Drawing extends Report {
  /** Errors that the browser logged. */
  readonly problems: readonly string[];
  readonly png: Buffer;
}

/** The browser on the PATH, if any. */
export function findBrowser(): string | undefined {
  return BINARIES.find((binary) => {
    try {
      execFileSync(binary, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Draws one dashboard and takes its picture.
 * @param height Pixels of the picture from the top; undefined for all of it.
 * @throws Error when the page is not drawn within two minutes
 */
export async function drawDashboard(
  binary: string,
  url: string,
  dashboard: string,
  { width = 1_500, height }: { readonly width?: number; readonly height?: number } = {},
): Promise<Drawing> {
  const browser = await chromium.launch({
    executablePath: execFileSync('which', [binary], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage({ viewport: { width, height: height ?? 1_000 } });
    page.setDefaultTimeout(DRAWN_WITHIN_MS);
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('response', (response) => {
      if (!response.ok()) problems.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(`${url}/?dashboard=${dashboard}`);
    await page.waitForSelector('body[data-state=done]', { state: 'attached' }).catch((error: unknown) => {
      throw new Error(`${dashboard} was not drawn: ${problems.join('\n')}`, { cause: error });
    });
    const report = JSON.parse((await page.getAttribute('body', 'data-report')) ?? '') as Report;
    return { ...report, problems, png: await page.screenshot({ fullPage: height === undefined }) };
  } finally {
    await browser.close();
  }
}

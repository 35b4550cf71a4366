import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';
import Groq from 'groq-sdk';
import OpenAI from 'openai';
import { chromium, type Page } from 'playwright-core';
import { batch } from '../../src/batch.ts';
import { createGuard } from '../../src/index.ts';
import { startSimulator } from '../../src/testing.ts';
import { findBrowser } from './screenshot.ts';

const HELP = `Usage: node tools/render/console-picture.ts [options]

Takes pictures of the console over guarded calls to simulated providers: a batch at its limit, steady traffic, a few refusals.

  --seconds <n>   how long it runs before. Default: 240
  --light <file>  PNG; default: docs/images/console.png
  --dark <file>   PNG; default: docs/images/console-dark.png
  --help          this text
`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '240' },
    light: { type: 'string', default: 'docs/images/console.png' },
    dark: { type: 'string', default: 'docs/images/console-dark.png' },
    help: { type: 'boolean', short: 'h' },
  },
});

const WIDTH = 1440;

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
const text = (words: number): string => 'Summarize what this customer wants. '.repeat(Math.ceil(words / 5));
const messages = (words: number): { role: 'user'; content: string }[] => [{ role: 'user', content: text(words) }];

async function main(): Promise<void> {
  const [openai, anthropic, groq] = await Promise.all([
    startSimulator({
      provider: 'openai',
      limits: { requestsPerMinute: 200, tokensPerMinute: 30_000 },
      latency: { baseMs: 600, perTokenMs: 8 },
    }),
    startSimulator({
      provider: 'anthropic',
      limits: { requestsPerMinute: 300, inputTokensPerMinute: 60_000, outputTokensPerMinute: 20_000 },
      latency: { baseMs: 900, perTokenMs: 10 },
    }),
    startSimulator({
      provider: 'groq',
      limits: { requestsPerMinute: 120, tokensPerMinute: 18_000 },
      latency: { baseMs: 150, perTokenMs: 1 },
    }),
  ]);
  const guard = createGuard({ telemetry: false, prices: { '*': { input: 2.5, output: 10 } } });
  guard.on('warning', () => undefined);
  const gpt = guard.wrap(new OpenAI({ apiKey: 'k', baseURL: openai.url }));
  const claude = guard.wrap(new Anthropic({ apiKey: 'k', baseURL: anthropic.url }));
  const llama = guard.wrap(new Groq({ apiKey: 'k', baseURL: groq.url }));
  const served = await guard.serveConsole({ port: 0 });
  const ignore = (): undefined => undefined;
  const stop = new AbortController();
  const { signal } = stop;
  const every = async (ms: number, call: () => Promise<unknown>): Promise<void> => {
    while (!signal.aborted) {
      call().catch(ignore);
      await pause(ms * (0.5 + Math.random()));
    }
  };
  const rows = Array.from({ length: 2_000 }, (_, index) => index);
  const ask = (index: number): Promise<unknown> =>
    gpt.chat.completions.create({ model: 'gpt-4o', max_tokens: 60, messages: messages(40 + (index % 7) * 20) });
  void (async () => {
    for await (const result of batch(rows, ask, { guard, total: rows.length, maxConcurrent: 60 }))
      if (signal.aborted) return result;
    return undefined;
  })().catch(ignore);
  const traffic = [
    every(900, () => gpt.chat.completions.create({ model: 'gpt-4o-mini', max_tokens: 80, messages: messages(50) })),
    every(700, () => claude.messages.create({ model: 'claude-sonnet-5', max_tokens: 90, messages: messages(90) })),
    every(650, () =>
      llama.chat.completions.create({ model: 'llama-3.3-70b-versatile', max_tokens: 60, messages: messages(80) }),
    ),
    every(40_000, () => {
      anthropic.update({ faults: { script: ['overloaded', 'none', 'server_error'] } });
      return Promise.resolve();
    }),
  ];
  await takePictures(served.url, Number(values.seconds));
  stop.abort();
  await guard.close();
  await Promise.all([openai.close(), anthropic.close(), groq.close()]);
  await Promise.all(traffic);
}

async function takePictures(url: string, seconds: number): Promise<void> {
  const binary = findBrowser();
  if (binary === undefined) throw new Error('Chromium is not on the PATH.');
  const browser = await chromium.launch({
    executablePath: execFileSync('which', [binary], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: WIDTH, height: 1000 } });
    await page.goto(url);
    await pause(seconds * 1000);
    writeFileSync(values.light, await picture(page));
    await page.emulateMedia({ colorScheme: 'dark' });
    await pause(2_500);
    writeFileSync(values.dark, await picture(page));
  } finally {
    await browser.close();
  }
}

/** From the top to the end of the charts. */
async function picture(page: Page): Promise<Buffer> {
  const charts = await page.locator('#charts').boundingBox();
  const height = Math.ceil((charts?.y ?? 0) + (charts?.height ?? 0)) + 12;
  return page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: WIDTH, height } });
}

if (values.help === true) console.log(HELP);
else await main();

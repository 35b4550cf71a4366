import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, pack, type Packed } from './packed.ts';

let packed: Packed;
let app: App;

beforeAll(async () => {
  packed = await pack();
  app = await packed.app('copies', [
    'openai',
    '@opentelemetry/api',
    '@opentelemetry/sdk-metrics',
    '@opentelemetry/exporter-prometheus',
  ]);
  // A library with a copy of its own, and one with an incompatible copy.
  await installCopy('library', (text) => text);
  await installCopy('stranger', (text) => text.replace('const PROTOCOL = 1;', 'const PROTOCOL = 999;'));
});
afterAll(() => packed?.remove());

async function installCopy(library: string, change: (text: string) => string): Promise<void> {
  const root = join(app.directory, 'node_modules', library);
  const copy = join(root, 'node_modules/tidegate');
  await mkdir(join(root, 'node_modules'), { recursive: true });
  await cp(packed.directory, copy, { recursive: true });
  let changed = 0;
  for (const file of await readdir(join(copy, 'dist/shared'))) {
    const path = join(copy, 'dist/shared', file);
    const before = await readFile(path, 'utf8');
    const after = change(before);
    if (after !== before) changed++;
    await writeFile(path, after);
  }
  if (library === 'stranger' && changed !== 2) throw new Error('The protocol of a copy could not be changed');
  await writeFile(
    join(root, 'package.json'),
    JSON.stringify({ name: library, version: '1.0.0', exports: { import: './index.mjs', require: './index.cjs' } }),
  );
  await writeFile(
    join(root, 'index.mjs'),
    `export { default as OpenAI } from 'tidegate/openai'; export * from 'tidegate';`,
  );
  await writeFile(
    join(root, 'index.cjs'),
    `module.exports = { ...require('tidegate'), OpenAI: require('tidegate/openai') };`,
  );
}

/** The copies as the application reaches them, by name. */
const COPIES = `
  import { createRequire } from 'node:module';
  const require = createRequire(import.meta.url);
  const copies = {
    es: { ...await import('tidegate'), OpenAI: (await import('tidegate/openai')).default },
    cjs: { ...require('tidegate'), OpenAI: require('tidegate/openai') },
    libraryEs: { ...await import('library') },
    libraryCjs: require('library'),
  };
  const strangers = { ...await import('stranger') };
  const warnings = [];
  process.on('warning', ({ message }) => warnings.push(message));
  const { startSimulator } = await import('tidegate/testing');
  const simulator = await startSimulator({ provider: 'openai', reply: () => 'answer' });
  const request = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
  const options = { apiKey: 'k', baseURL: simulator.url };
  const ask = (client) => client.chat.completions.create(request);
`;

async function run(name: string, source: string): Promise<unknown> {
  await app.write(name, `${COPIES}\n${source}\nawait simulator.close();`);
  return JSON.parse(await app.node(name)) as unknown;
}

describe('compatible copies of tidegate in one process', () => {
  it('share the default guard, its lanes and its counts', async () => {
    const rows = await run(
      'lanes.mjs',
      `for (const { OpenAI } of Object.values(copies)) await ask(new OpenAI(options));
       const snapshots = Object.values(copies).map(({ defaultGuard }) =>
         defaultGuard.snapshot().map(({ counts }) => counts.succeeded));
       console.log(JSON.stringify([snapshots, warnings]));`,
    );
    expect(rows).toEqual([[[4], [4], [4], [4]], []]);
  });

  it('share the lanes of guards with options of their own', async () => {
    const counts = await run(
      'guards.mjs',
      `const guards = Object.values(copies).map(({ createGuard }) => createGuard({ deadlineMs: 60_000 }));
       const { OpenAI } = require('openai');
       for (const guard of guards) await ask(guard.wrap(new OpenAI(options)));
       console.log(JSON.stringify(guards.map((guard) => guard.snapshot()[0].counts.attempts)));`,
    );
    expect(counts).toEqual([4, 4, 4, 4]);
  });

  it('never guard a client twice', async () => {
    const requests = await run(
      'twice.mjs',
      `const client = new copies.es.OpenAI(options);
       for (const { wrap } of Object.values(copies)) if (wrap(client) !== client) throw new Error('another client');
       const { makeRequest } = client;
       await ask(client);
       const [{ counts }] = copies.cjs.defaultGuard.snapshot();
       console.log(JSON.stringify([simulator.stats().requests, counts.attempts, client.makeRequest === makeRequest]));`,
    );
    expect(requests).toEqual([1, 1, true]);
  });

  it('see call options that another one set', async () => {
    const outcomes = await run(
      'call.mjs',
      `const outcomes = [];
       const fetch = (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
       for (const { withCall } of Object.values(copies)) for (const { OpenAI } of Object.values(copies)) {
         const call = () => ask(new OpenAI({ ...options, fetch }));
         const error = await withCall({ deadlineMs: 5 }, call).catch((thrown) => thrown);
         outcomes.push(error.code);
       }
       console.log(JSON.stringify([outcomes.length, ...new Set(outcomes)]));`,
    );
    expect(outcomes).toEqual([16, 'deadline_exceeded']);
  });

  it('recognize one another’s errors', async () => {
    const known = await run(
      'errors.mjs',
      `const known = [];
       for (const { createGuard } of Object.values(copies)) {
         let bad, setup;
         try { createGuard({ deadlineMs: -1 }); } catch (error) { bad = error; }
         try { createGuard().wrap({}); } catch (error) { setup = error; }
         for (const { TidegateOptionError, TidegateSetupError, isTidegateError } of Object.values(copies)) {
           class Mine extends TidegateSetupError {}
           known.push([bad instanceof TidegateOptionError, bad instanceof TidegateSetupError, setup instanceof TidegateSetupError,
             setup instanceof TidegateOptionError, isTidegateError(bad), setup instanceof Mine, new Mine('closed', 'x') instanceof Mine].join());
         }
       }
       console.log(JSON.stringify([...new Set(known)]));`,
    );
    expect(known).toEqual(['true,false,true,false,true,false,true']);
  });
});

const METRICS = `
  const { metrics } = await import('@opentelemetry/api');
  const { MeterProvider } = await import('@opentelemetry/sdk-metrics');
  const { PrometheusExporter, PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus');
  const reader = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const scrape = async () => new PrometheusSerializer(undefined, false, undefined, true, true)
    .serialize((await reader.collect()).resourceMetrics).split('\\n').filter((line) => !line.startsWith('#'));
  const calls = async () => (await scrape()).filter((line) => line.startsWith('tidegate_calls_total') && line.includes('outcome="success"'));
  const valueOf = (line) => Number(line.split(' ').at(-1));
`;

describe('the counters of a process with several copies', () => {
  it('only ever increase, in one series', async () => {
    const seen = await run(
      'metrics.mjs',
      `${METRICS}
       const seen = [];
       for (let round = 0; round < 2; round++) for (const { OpenAI } of Object.values(copies)) {
         await ask(new OpenAI(options));
         const lines = await calls();
         seen.push([lines.length, valueOf(lines[0])]);
       }
       console.log(JSON.stringify(seen));`,
    );
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((count) => [1, count]));
  });

  it('are kept apart if the copies are incompatible, which is reported once', async () => {
    const [lines, sums, distinct, warnings, twice] = (await run(
      'strangers.mjs',
      `${METRICS}
       const { es } = copies;
       await ask(new es.OpenAI(options));
       for (let round = 0; round < 2; round++) await ask(new strangers.OpenAI(options));
       const all = (await scrape()).map((line) => line.slice(0, line.lastIndexOf(' ')));
       const client = new es.OpenAI(options);
       let twice;
       try { strangers.wrap(client); } catch (error) { twice = error.message; }
       await new Promise(setImmediate);
       const lines = await calls();
       console.log(JSON.stringify([lines, lines.map(valueOf), new Set(all).size === all.length, warnings, twice]));`,
    )) as [string[], number[], boolean, string[], string];
    expect(lines).toHaveLength(2);
    expect(lines[0]).not.toContain('tidegate_copy');
    expect(lines[1]).toMatch(/tidegate_copy="\d+\.\d+\.\d+\/999"/);
    expect(sums).toEqual([1, 2]);
    expect(distinct).toBe(true);
    expect(warnings).toEqual([
      expect.stringMatching(/^Versions .* of tidegate are loaded in this process and cannot share/),
    ]);
    expect(twice).toContain('This client is already guarded');
  });
});

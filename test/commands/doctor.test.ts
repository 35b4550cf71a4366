import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dispatch } from '../../src/commands/dispatch.ts';
import { type Finding, findings } from '../../src/commands/doctor/findings.ts';
import { VERSION } from '../../src/telemetry/names.ts';
import { FakeIo } from './fake-io.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function install(packages: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, version] of Object.entries(packages)) {
    const path = join(folder, 'node_modules', name);
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'package.json'), JSON.stringify({ name, version, exports: { '.': './index.js' } }));
    await writeFile(join(path, 'index.js'), '');
  }
}

const look = (env: Record<string, string> = {}, port = 0): Promise<Finding[]> => findings({ folder, env, port });

const about = (found: Finding[], name: string): (readonly [string, string])[] =>
  found.filter((each) => each.about === name).map(({ state, text }) => [state, text]);

test('reports which SDKs are supported, and which are not', async () => {
  await install({ openai: '4.104.0', '@anthropic-ai/sdk': '1.14.0', 'groq-sdk': '1.6.0', tidegate: VERSION });
  const found = await look();
  expect(about(found, 'openai')).toEqual([['wrong', '4.104.0 is not supported: tidegate needs >=5.0.0 <8']]);
  expect(about(found, '@anthropic-ai/sdk')).toEqual([['ok', '1.14.0']]);
  expect(about(found, 'groq-sdk')).toEqual([['ok', '1.6.0']]);
  expect(about(found, 'tidegate')).toEqual([['ok', VERSION]]);
  expect(about(found, 'Node')).toEqual([['ok', process.version]]);
});

test('reports what is missing of OpenTelemetry, and other retry layers', async () => {
  await install({
    '@opentelemetry/api': '1.10.0',
    '@opentelemetry/sdk-node': '0.301.0',
    ai: '7.0.0',
    'p-retry': '9.0.0',
  });
  const found = await look();
  expect(about(found, 'OpenTelemetry')).toEqual([
    ['note', 'startTelemetry() needs @opentelemetry/exporter-prometheus'],
  ]);
  expect(about(found, 'retries')).toEqual([
    ['note', 'ai 7.0.0 retries too: maxRetries: 0 in its calls'],
    ['note', 'p-retry 9.0.0 retries too: no p-retry around guarded calls'],
  ]);
  await install({ '@opentelemetry/exporter-prometheus': '0.301.0' });
  expect(about(await look(), 'OpenTelemetry')).toEqual([['ok', 'ready for startTelemetry()']]);
});

test('reports whether keys are set, and never their values', async () => {
  const found = await look({ OPENAI_API_KEY: 'sk-secret', ANTHROPIC_API_KEY: '"sk-ant-secret"', GROQ_API_KEY: '' });
  expect(about(found, 'keys')).toEqual([
    ['ok', 'OPENAI_API_KEY is set'],
    ['wrong', 'ANTHROPIC_API_KEY contains quotes, a space or a line break'],
  ]);
  expect(JSON.stringify(found)).not.toContain('secret');
  expect(about(await look(), 'keys')[0]![1]).toContain('none of OPENAI_API_KEY');
});

test('reports whether the port is free', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(about(await look({}, port), 'port')[0]).toEqual(['note', expect.stringContaining(`${port} is in use`)]);
  server.close();
  await once(server, 'close');
  expect(about(await look({}, port), 'port')).toEqual([['ok', `${port} is free for /metrics`]]);
});

test('exits with 1 if something is wrong, and prints a line each, or JSON', async () => {
  vi.stubEnv('OPENAI_API_KEY', 'sk-good');
  const good = new FakeIo();
  expect(await dispatch(['doctor', '--port', '0'], good, '1')).toBe(0);
  expect(good.outLines.join('\n')).toMatch(/ok .*openai .*7\.59\.0[^]*Nothing is wrong\.$/);
  vi.stubEnv('OPENAI_API_KEY', 'sk-bad\n');
  const bad = new FakeIo();
  expect(await dispatch(['doctor', '--port', '0', '--json'], bad, '1')).toBe(1);
  expect(JSON.parse(bad.outLines.join(''))).toMatchObject({ wrong: 1 });
  expect(await dispatch(['doctor', '--port', 'many'], new FakeIo(), '1')).toBe(2);
  vi.unstubAllEnvs();
});

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/testing.ts';
import { withWorkload } from '../ops/workload.ts';
import { pack, type Packed } from './packed.ts';
import { until } from '../helpers/real-time.ts';

const ROWS = 60;

let packed: Packed;
let cli: string;
let folder: string;
let simulator: Simulator;
beforeAll(async () => {
  packed = await pack();
  cli = join(packed.directory, 'dist/cli.js');
});
afterAll(() => packed?.remove());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terminal-'));
  simulator = await startSimulator({
    provider: 'openai',
    latency: { baseMs: 100 },
    limits: { requestsPerMinute: 60_000 },
  });
  await writeFile(join(folder, 'in.txt'), Array.from({ length: ROWS }, (_, index) => `prompt ${index}`).join('\n'));
});
afterEach(() => Promise.all([simulator.close(), rm(folder, { recursive: true })]));

interface Terminal {
  readonly child: ChildProcess;
  readonly exit: Promise<number>;
  text(): string;
  type(keys: string): void;
  until(pattern: RegExp): Promise<void>;
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  OPENAI_API_KEY: 'sk-test',
  OPENAI_BASE_URL: simulator.url,
  TERM: 'xterm',
});

/** The built command on a pseudo-terminal, by script(1); input reaches it as from a keyboard. */
function terminal(...args: string[]): Terminal {
  const command = [process.execPath, cli, ...args].map((arg) => `'${arg}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, env: environment() });
  let text = '';
  // Escape is shown as a visible character.
  child.stdout.on('data', (part) => (text += String(part).replaceAll('\u001B', '␛')));
  const exit = once(child, 'close').then(([code]) => code as number);
  return {
    child,
    exit,
    text: () => text,
    type: (keys) => void child.stdin.write(keys),
    async until(pattern) {
      await until(`the terminal shows ${pattern}`, () => {
        const shown = pattern.test(text);
        if (!shown && child.exitCode !== null) throw new Error(`It ended without ${pattern}: ${text}`);
        return shown;
      });
    },
  };
}

const hasScript = spawnSync('script', ['--version']).status === 0;

describe.skipIf(!hasScript)('the built command at a terminal', () => {
  const batch = (): string[] => [
    'batch',
    'in.txt',
    '--out',
    'out.jsonl',
    '--model',
    'gpt-4o-mini',
    '--max-concurrent',
    '4',
  ];

  it('draws a bar on its line, and removes it', async () => {
    const run = terminal(...batch());
    expect(await run.exit).toBe(0);
    expect(run.text()).toMatch(
      /␛\[1G\[#+\.+\] +\d+ %  \d+ of 60 rows, .* left␛\[0K\r\n␛\[1G\d+ in flight, [\d.]+ rows\/s, /,
    );
    // Only the summary remains, on a line of its own.
    expect(run.text().trimEnd()).toMatch(/␛\[1G␛\[0J60 of 60 rows in [\d.]+ s, [^\r]*$/);
    // No colours, except the lines' own.
    expect(run.text()).not.toMatch(/␛\[[\d;]*m/);
  });

  it('Ctrl-C finishes what is in flight and prints the command that resumes', async () => {
    const run = terminal(...batch());
    await run.until(/[1-9]\d* of 60 rows/);
    run.type('\u0003');
    expect(await run.exit).toBe(130);
    const [, resume] = /To resume: npx tidegate (.*?)\r/.exec(run.text())!;
    const { requests, completed } = simulator.stats();
    expect([requests, requests < ROWS]).toEqual([completed, true]);
    expect((await readFile(join(folder, 'out.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(requests);
    const again = terminal(...resume!.split(' '));
    expect(await again.exit).toBe(0);
    expect(simulator.stats().requests).toBe(ROWS);
  });

  it('Ctrl-C twice ends at once', async () => {
    const run = terminal('batch', 'in.txt', '--out', 'out.jsonl', '--model', 'gpt-4o-mini', '--rpm', '1');
    await run.until(/of 60 rows/);
    run.type('\u0003');
    await run.until(/Stopping/);
    run.type('\u0003');
    expect(await run.exit).toBe(130);
  });

  it('top draws the whole screen, handles keys, and restores the terminal', async () => {
    await withWorkload(async ({ url, call }) => {
      await call();
      const run = terminal('top', url, '--interval', '0.2');
      await run.until(/gpt-4o-mini/);
      run.type('s');
      await run.until(/by calls/);
      run.type('/none\r');
      await run.until(/of none/);
      run.type('q');
      expect(await run.exit).toBe(0);
      expect(run.text()).toContain('␛[?1049h');
      expect(run.text().trimEnd()).toMatch(/␛\[\?1049l$/);
    });
  });
});

describe('the built command in pipes', () => {
  const piped = (args: string[], input = '') =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const child = spawn(process.execPath, [cli, ...args], { cwd: folder, env: environment() });
      const said = { out: '', err: '' };
      child.stdout.on('data', (part) => (said.out += String(part)));
      child.stderr.on('data', (part) => (said.err += String(part)));
      child.on('close', (code) => resolve({ code: code!, ...said }));
      child.stdin.end(input);
    });

  it('reads and writes them, and omits terminal control', async () => {
    const { code, out, err } = await piped(['batch', '-', '--out', '-', '--model', 'gpt-4o-mini'], 'one\ntwo\n');
    expect([code, out.trim().split('\n').length]).toEqual([0, 2]);
    // oxlint-disable-next-line no-control-regex -- It is what must not be there.
    expect(out + err).not.toMatch(/[\u001B\r]/);
  });

  it.each([
    // Its answers are lost.
    ['stdout', 1],
    // The reader has gone, and the work continues.
    ['stderr', 0],
  ] as const)('a reader that leaves %s ends a batch with %i', async (stream, code) => {
    const args = ['batch', 'in.txt', '--out', '-', '--model', 'gpt-4o-mini', '--max-concurrent', '4'];
    const child = spawn(process.execPath, [cli, ...args, '--json'], { cwd: folder, env: environment() });
    child[stream].destroy();
    child[stream === 'stdout' ? 'stderr' : 'stdout'].resume();
    expect(await once(child, 'close')).toEqual([code, null]);
  });

  it('exits with the documented code', async () => {
    const codes = [
      await piped(['batch', 'in.txt', '--out', 'o', '--model', 'gpt-4o-mini']),
      await piped(['batch', 'in.txt']),
      await piped(
        [
          'batch',
          'in.txt',
          '--out',
          'p',
          '--model',
          'gpt-4o-mini',
          '--max-tokens',
          '5',
          '--max-cost',
          '0.0000001',
        ].concat(['--prices', 'prices.json']),
      ),
      await piped(['report', 'none.jsonl']),
      await piped(['top', '--once', 'http://127.0.0.1:1/']),
      await piped(['limits', '--provider', 'openai']),
      await piped(['doctor', '--port', '0']),
      await piped(['completion', 'zsh']),
      await piped(['nothing']),
    ].map(({ code }) => code);
    expect(codes).toEqual([0, 2, 2, 1, 1, 0, 0, 0, 2]);
    await writeFile(join(folder, 'prices.json'), JSON.stringify({ '*': { input: 1, output: 1 } }));
    const args = [
      'batch',
      'in.txt',
      '--out',
      'p',
      '--model',
      'gpt-4o-mini',
      '--max-tokens',
      '5',
      '--prices',
      'prices.json',
    ];
    expect((await piped([...args, '--max-cost', '0.0000001'])).code).toBe(3);
  });

  it('demo runs from the package in an empty folder', async () => {
    const app = await packed.installed('empty', []);
    const text = await app.run('npx', '--offline', 'tidegate', 'demo', '--calls', '30', '--rpm', '600');
    expect(text).toMatch(/calls lost +│ +\d+ │ +0 │/);
  });

  it('every command has a help with examples and exit codes', async () => {
    const { out } = await piped(['help']);
    const commands = [...out.matchAll(/^ {2}([a-z]+) {2,}/gm)]
      .map(([, name]) => name!)
      .filter((name) => name !== 'help');
    expect(commands).toEqual([
      'batch',
      'demo',
      'report',
      'limits',
      'top',
      'console',
      'doctor',
      'simulate',
      'alerts',
      'rules',
      'completion',
    ]);
    expect(out).toMatch(/Examples:\n\n[^]*Exit codes: 0/);
    for (const command of commands) {
      const help = await piped([command, '--help']);
      expect([help.code, help.err]).toEqual([0, '']);
      expect(help.out).toContain(`Usage: tidegate ${command}`);
      // Data on standard output is left unchanged.
      expect(/^ +--json /m.test(help.out)).toBe(!['rules', 'completion'].includes(command));
      expect(help.out).toMatch(/Examples:\n\n/);
      expect(help.out).toContain('Exit codes: 0');
    }
  });
});

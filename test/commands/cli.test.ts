import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { firing, notification } from './notification.ts';

const CLI = new URL('../../src/cli.ts', import.meta.url).pathname;
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

interface Run {
  readonly child: ChildProcess;
  readonly output: { out: string; err: string };
  readonly exit: Promise<number | null>;
  /** Resolves when standard output matches. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
}

function cli(...args: string[]): Run {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.err += text));
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    output,
    exit,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output.out);
          if (match) resolve(match);
        };
        child.stdout.on('data', look);
        void exit.then(() => reject(new Error(`ended without ${pattern}: ${output.out}${output.err}`)));
        look();
      }),
  };
}

describe('the process', () => {
  test('exits with 0 after a known command, on standard output', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    const run = cli('--version');
    expect([await run.exit, run.output]).toEqual([0, { out: `${version}\n`, err: '' }]);
  });

  test('exits with 2 after an unknown one, on standard error', async () => {
    const run = cli('bogus');
    expect(await run.exit).toBe(2);
    expect(run.output.out).toBe('');
    expect(run.output.err).toContain('Unknown command "bogus".');
  });
});

describe('commands that run until they are stopped', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('simulate serves until %s', async (signal) => {
    const run = cli('simulate', '--provider', 'openai', '--rpm', '600', '--latency-ms', '0');
    const [, url] = await run.until(/OPENAI_BASE_URL=(\S+)/);
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hi' }] }),
    });
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('600');
    await response.text();
    run.child.kill(signal);
    expect(await run.exit).toBe(0);
    expect(run.output.out).toContain('1 requests: 1 admitted');
  });

  test('alerts prints what is posted', async () => {
    const run = cli('alerts', '--port', '0');
    const [, url] = await run.until(/at (http:\S+)/);
    await fetch(url!, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(notification([firing])),
    });
    await run.until(/FIRING {4}warning {3}TidegateRetrySpike/);
    run.child.kill('SIGINT');
    expect(await run.exit).toBe(0);
  });

  test('a closed pipe ends it quietly', async () => {
    const run = cli('alerts', '--port', '0');
    const [, url] = await run.until(/at (http:\S+)/);
    run.child.stdout!.destroy();
    // The first write after the reader has gone reports the broken pipe; the answer may then be missing.
    await fetch(url!, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(notification([firing])),
    }).catch(() => undefined);
    expect(await run.exit).toBe(0);
    expect(run.output.err).toBe('');
  });
});

test.skipIf(process.platform !== 'linux')('a full disk behind standard output is reported in plain words', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [CLI, 'completion', 'zsh'], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  const [code, err] = await Promise.all([once(child, 'close'), text(child.stderr!)]);
  expect([code[0], err]).toEqual([1, 'Standard output: The disk is full.\n']);
});

test.each([
  ['alerts', '--host'],
  ['simulate', '--provider', 'openai', '--host'],
  ['limits', '--model'],
  ['console', '--hits'],
])('an empty value counts as none: %s', async (...args) => {
  const run = cli(...args, '');
  expect(await run.exit).toBe(2);
  expect(run.output.err).toContain(`Expected ${args.at(-1)} to have a value, got "".`);
});

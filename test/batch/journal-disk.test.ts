import { execFile } from 'node:child_process';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batch, BatchError } from '../../src/batch.ts';

const run = promisify(execFile);
const ITEMS = Array.from({ length: 400 }, (_, index) => `item ${index}`);
const DONE = ITEMS.map((item) => item.toUpperCase());

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-disk-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

let called = 0;
beforeEach(() => {
  called = 0;
});

/** The results of a run; `during` is called while an item in the middle runs, and ends before the run does. */
async function valuesOf(journal: string, during?: () => Promise<unknown>): Promise<unknown[]> {
  let meanwhile: Promise<unknown> | undefined;
  try {
    const rows = await batch(
      ITEMS,
      async (item) => {
        called++;
        if (item === ITEMS[200]) await (meanwhile = during?.());
        return item.toUpperCase();
      },
      { journal, maxConcurrent: 4 },
    );
    return rows.map((row) => (row.status === 'ok' ? row.value : row.error));
  } finally {
    // A failed run does not wait for items.
    await meanwhile;
  }
}

const failing = async (made: Promise<unknown>): Promise<BatchError> => {
  const error: unknown = await made.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BatchError);
  return error as BatchError;
};

describe('a journal path that is not a file', () => {
  it.each(['/dev/full', '/dev/zero', '/dev/null'])('is refused: %s', async (path) => {
    expect((await failing(valuesOf(path))).code).toBe('journal_invalid');
    expect(called).toBe(0);
  });

  it('is refused if it is a folder, and keeps no lock', async () => {
    const path = join(folder, 'run.jsonl');
    await mkdir(path);
    expect((await failing(valuesOf(path))).code).toBe('journal_invalid');
    await rm(path, { recursive: true });
    expect(await valuesOf(path)).toEqual(DONE);
  });

  it('is refused if it is a pipe, which would wait for its writer', async () => {
    const path = join(folder, 'run.jsonl');
    await run('mkfifo', [path]);
    expect((await failing(valuesOf(path))).code).toBe('journal_invalid');
  });

  it('is refused if it is a dangling link', async () => {
    const path = join(folder, 'run.jsonl');
    await symlink(join(folder, 'nothing.jsonl'), path);
    const error = await failing(valuesOf(path));
    expect([error.code, (error.cause as { code?: string }).code]).toEqual(['journal_failed', 'EEXIST']);
  });

  it('is refused below a file', async () => {
    await writeFile(join(folder, 'file'), '');
    const error = await failing(valuesOf(join(folder, 'file', 'run.jsonl')));
    expect(error.code).toBe('journal_failed');
    expect(error.message).toContain('run.jsonl');
  });
});

describe('a journal that is removed during the run', () => {
  const path = (): string => join(folder, 'run.jsonl');

  it.each([
    ['removed', () => rm(path())],
    ['moved', () => rename(path(), join(folder, 'elsewhere.jsonl'))],
    ['cut', () => truncate(path(), 0)],
    [
      'replaced',
      async () => {
        await rename(path(), join(folder, 'elsewhere.jsonl'));
        await writeFile(path(), await readFile(join(folder, 'elsewhere.jsonl')));
      },
    ],
  ])('%s: stops the run before much is lost', async (_, take) => {
    const error = await failing(valuesOf(path(), take));
    expect(error.code).toBe('journal_failed');
    expect(error.message).toContain('removed, replaced or truncated');
    expect(called).toBeLessThan(ITEMS.length);
    called = 0;
    // Nothing blocks the next run.
    expect(await valuesOf(path())).toEqual(DONE);
    expect(called).toBeGreaterThan(0);
  });

  it('folder removed: stops the run', async () => {
    const inside = join(folder, 'deep', 'run.jsonl');
    const error = await failing(valuesOf(inside, () => rm(join(folder, 'deep'), { recursive: true })));
    expect(error.code).toBe('journal_failed');
  });

  it('moved and moved back: the next run continues', async () => {
    const aside = join(folder, 'aside.jsonl');
    await failing(valuesOf(path(), () => rename(path(), aside)));
    await rename(aside, path());
    const before = (await readFile(path(), 'utf8')).match(/"status":"ok"/g)!.length;
    called = 0;
    expect(await valuesOf(path())).toEqual(DONE);
    expect(called).toBe(ITEMS.length - before);
  });
});

describe('a failing disk', () => {
  it('full when the journal is created: is reported, and leaves nothing behind', async ({ skip }) => {
    const small = join(folder, 'small');
    await mkdir(small);
    const mount = await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small]).catch(() => undefined);
    if (!mount) skip('mounting takes root');
    try {
      await run('sh', ['-c', `cat /dev/zero > ${join(small, 'filler')} || true`]);
      const error = await failing(valuesOf(join(small, 'run.jsonl')));
      expect([error.code, (error.cause as { code?: string }).code]).toEqual(['journal_failed', 'ENOSPC']);
      expect(called).toBe(0);
      await rm(join(small, 'filler'));
      expect(await valuesOf(join(small, 'run.jsonl'))).toEqual(DONE);
    } finally {
      await run('umount', [small]);
    }
  });

  it('read-only: is reported before any call', async ({ skip }) => {
    const small = join(folder, 'small');
    await mkdir(small);
    const mount = await run('mount', ['-t', 'tmpfs', 'tmpfs', small]).catch(() => undefined);
    if (!mount) skip('mounting takes root');
    try {
      await appendFile(join(small, 'run.jsonl'), '');
      await run('mount', ['-o', 'remount,ro', small]);
      const error = await failing(valuesOf(join(small, 'run.jsonl')));
      expect([error.code, (error.cause as { code?: string }).code]).toEqual(['journal_failed', 'EROFS']);
      expect(called).toBe(0);
    } finally {
      await run('umount', [small]);
    }
  });

  it('without permission: is reported before any call', async ({ skip }) => {
    const path = join(folder, 'run.jsonl');
    await writeFile(path, '');
    await chmod(path, 0o444);
    await chmod(folder, 0o777);
    const asNobody = process.getuid?.() === 0;
    if (asNobody) process.seteuid!(65_534);
    try {
      const error = await failing(valuesOf(path));
      expect([error.code, (error.cause as { code?: string }).code]).toEqual(['journal_failed', 'EACCES']);
      expect(called).toBe(0);
    } finally {
      if (asNobody) process.seteuid!(0);
    }
    if (process.platform === 'win32') skip();
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { condense, readEmails } from '../../demo/emails.ts';

describe('the corpus', () => {
  test('yields real e-mails, half of them spam, always the same', async () => {
    const emails = await readEmails(40);
    expect(emails.filter(({ id }) => id.startsWith('spam'))).toHaveLength(20);
    expect(new Set(emails.map(({ id }) => id)).size).toBe(40);
    expect(await readEmails(40)).toEqual(emails);
    for (const { text } of emails) {
      expect(text.length).toBeGreaterThan(20);
      expect(text.length).toBeLessThanOrEqual(1_000);
      expect(text).not.toMatch(/^received:/im);
    }
  });

  test('spreads over the whole corpus', async () => {
    const folders = new Set((await readEmails(60)).map(({ id }) => id.split('/')[0]));
    expect([...folders].toSorted()).toEqual(['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2']);
  });
});

describe('a corpus that cannot be read', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidegate-emails-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is reported with what to do', async () => {
    await expect(readEmails(2, folder)).rejects.toThrow(/cannot be read: ENOENT[\s\S]*Run npm ci/);
  });

  test.each([
    ['broken', '{"text":'],
    ['of another form', '{"body":"Hi"}'],
  ])('an e-mail that is %s', async (_name, json) => {
    await writeFile(join(folder, 'file_list.json'), '["spam-1.txt","ham-1.txt"]');
    await writeFile(join(folder, 'spam-1.json'), json);
    await writeFile(join(folder, 'ham-1.json'), '{"text":"Hi"}');
    await expect(readEmails(2, folder)).rejects.toThrow('cannot be read');
  });
});

test('condense keeps sender, subject and readable text', () => {
  const raw = [
    'Received: from a by b',
    'From: A <a@example.com>',
    'Subject: Hello',
    'X-Mailer: none',
    '',
    '<html><style>p { color: red }</style><p>Good   day</p>',
    '',
    '<b>sir</b></html>',
  ].join('\r\n');
  expect(condense(raw)).toBe('From: A <a@example.com>\nSubject: Hello\n\nGood day\nsir');
  expect(condense('no headers at all')).toBe('\n\nno headers at all');
});

import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages, read, ROOT } from './pages.ts';

/** Without code blocks, in which brackets are not links. */
const prose = (path: string): string =>
  read(path)
    .replaceAll(/^```[^]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '``');

/** Anchors of a page, as GitHub makes them. */
function anchorsOf(path: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of read(path)
    .replaceAll(/^```[^]*?^```$/gm, '')
    .matchAll(/^#+ +(.+)$/gm)) {
    const plain = heading!
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = plain;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${plain}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function brokenLinks(path: string): string[] {
  const broken: string[] = [];
  for (const [, target] of prose(path).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target!)) continue;
    const [file, anchor] = target!.split('#') as [string, string?];
    const to = file === '' ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(ROOT, to))) broken.push(`${target}: no such file`);
    else if (anchor !== undefined && to.endsWith('.md') && !anchorsOf(to).has(anchor)) {
      broken.push(`${target}: no such heading`);
    }
  }
  return broken;
}

describe('links', () => {
  it.each(pages())('of %s lead to existing files and headings', (path) => {
    expect(brokenLinks(path)).toEqual([]);
  });

  it('reach every page of docs/ from its index, and the index from the README', () => {
    const linked = (path: string): string[] =>
      [...prose(path).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, target]) => normalize(join(dirname(path), target!)));
    const index = linked('docs/README.md');
    const own = pages().filter((path) => /^docs\/[^/]+\.md$/.test(path) && path !== 'docs/README.md');
    expect(own.filter((path) => !index.includes(path))).toEqual([]);
    expect(linked('README.md')).toContain('docs/README.md');
  });
});

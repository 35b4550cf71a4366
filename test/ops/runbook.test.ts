import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { METRICS } from '../../ops/metrics.ts';
import { familyName } from '../../ops/naming.ts';
import { ruleGroups } from '../../ops/rules.ts';
import { type Manifest, runbookUrl } from '../../ops/runbook-url.ts';
import { seriesIn } from './promql.ts';
import { need, ROOT, runTool } from './tools.ts';

const text = readFileSync(join(ROOT, 'prometheus/runbook.md'), 'utf8');
const sections = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
);
const names = new Set(ruleGroups().flatMap((group) => group.rules.flatMap((rule) => rule.alert ?? [])));
const queries = [...text.matchAll(/```promql\n([\s\S]*?)```/g)].map((match) => match[1]!.trim());

test('there is one heading for each alert and no other', () => {
  const headings = [...sections.keys()].toSorted();
  expect(headings, 'a new alert needs a section in prometheus/runbook.md').toEqual([...names].toSorted());
});

test('every alert links to its heading at the URL in package.json', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest & { files: string[] };
  expect(manifest.files).toContain('prometheus');
  const page = runbookUrl(manifest);
  // GitHub's anchors are lower case, and these headings need no other change.
  const anchors = [...sections.keys()].map((heading) => `${page}#${heading.toLowerCase()}`);
  const links = ruleGroups().flatMap(({ rules }) => rules.flatMap((rule) => rule.annotations?.runbook_url ?? []));
  expect(links.length).toBeGreaterThan(20);
  for (const link of links) expect(anchors).toContain(link);
  const own = ruleGroups({ runbookUrl: 'https://wiki.example/llm' });
  expect(own.find(({ name }) => name === 'tidegate-retries')!.rules[0]!.annotations).toEqual(
    expect.objectContaining({ runbook_url: 'https://wiki.example/llm#tidegateretryspike' }),
  );
});

test("a dashboard, which knows only an alert's name, finds an anchor of that spelling", () => {
  const anchors = [...text.matchAll(/^<a id="(\w+)"><\/a>\n\n### (\w+)$/gm)];
  expect(anchors.map(([, id]) => id)).toEqual([...sections.keys()]);
  for (const [, id, heading] of anchors) expect(id).toBe(heading);
});

test.each([
  [{ url: 'git+https://github.com/acme/tide.gate.git' }, 'https://github.com/acme/tide.gate/blob/HEAD/'],
  ['git@github.com:acme/tidegate.git', 'https://github.com/acme/tidegate/blob/HEAD/'],
  ['github:acme/tidegate', 'https://github.com/acme/tidegate/blob/HEAD/'],
  ['acme/tidegate', 'https://github.com/acme/tidegate/blob/HEAD/'],
  ['https://gitlab.com/acme/tidegate.git', 'https://unpkg.com/tidegate/'],
  [undefined, 'https://unpkg.com/tidegate/'],
])('with the repository %j the runbook is at %s', (repository, base) => {
  const manifest: Manifest = { name: 'tidegate', ...(repository !== undefined && { repository }) };
  expect(runbookUrl(manifest)).toBe(`${base}prometheus/runbook.md`);
});

test.each([...sections])('%s has meaning, impact, first query and action', (_, section) => {
  for (const part of ['Meaning', 'Impact', 'First query', 'Action']) expect(section).toContain(`\n**${part}.** `);
  expect(section).toContain('```promql\n');
});

test('links lead to headings', () => {
  for (const [, anchor] of text.matchAll(/\]\(#([^)]+)\)/g)) {
    expect([...names].map((name) => name.toLowerCase())).toContain(anchor);
  }
});

test('queries use metrics that are emitted or recorded', () => {
  const known = new Set(Object.entries(METRICS).map(([name, metric]) => familyName(name, metric)));
  const recorded = new Set(ruleGroups().flatMap((group) => group.rules.map((rule) => rule.record)));
  expect(queries).toHaveLength(names.size);
  const strange = queries
    .flatMap(seriesIn)
    .map(({ name }) => name)
    .filter((name) => !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, '')) && !recorded.has(name));
  expect([...new Set(strange)].toSorted()).toEqual(['ALERTS', 'up']);
});

test('queries are valid', (context) => {
  const promtool = need('promtool', context);
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-runbook-'));
  try {
    const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
    writeFileSync(join(folder, 'queries.yml'), stringify({ groups: [{ name: 'runbook', rules }] }));
    expect(runTool(promtool, ['check', 'rules', join(folder, 'queries.yml')])).toContain(
      `${queries.length} rules found`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { shippedFindings } from '../../tools/sbom/advisories.ts';
import type { BundledPackage } from '../../tools/sbom/bundled-packages.ts';
import { type Sbom, sbomOf } from '../../tools/sbom/sbom.ts';
import { read, ROOT } from '../docs/pages.ts';

const BUNDLED: readonly BundledPackage[] = [
  { name: 'cockatiel', version: '4.0.0', path: 'node_modules/cockatiel' },
  { name: 'tslib', version: '2.3.0', path: 'node_modules/echarts/node_modules/tslib' },
  { name: 'tslib', version: '2.3.0', path: 'node_modules/zrender/node_modules/tslib' },
];

describe('the SBOM', () => {
  const component = (name: string, version: string): Sbom['components'][number] => ({
    'bom-ref': `${name}@${version}`,
    name,
    version,
    scope: 'optional',
    properties: [{ name: 'cdx:npm:package:development', value: 'true' }],
  });
  const all: Sbom = {
    metadata: { component: { 'bom-ref': 'tidegate@1.0.0', name: 'a-folder' } },
    components: [component('cockatiel', '4.0.0'), component('tslib', '2.3.0'), component('vitest', '5.1.1')],
    dependencies: [],
  };

  it('lists bundled packages as shipped, once, and nothing else', () => {
    const { components, dependencies, metadata } = sbomOf(all, 'tidegate', BUNDLED);
    expect(components.map((each) => [each['bom-ref'], each.scope])).toEqual([
      ['cockatiel@4.0.0', 'required'],
      ['tslib@2.3.0', 'required'],
    ]);
    expect(dependencies[0]).toEqual({ ref: 'tidegate@1.0.0', dependsOn: ['cockatiel@4.0.0', 'tslib@2.3.0'] });
    expect(metadata.component['name']).toBe('tidegate');
  });

  it('is not made if npm does not know a bundled package', () => {
    const unknown = [{ name: 'left-pad', version: '1.3.0', path: 'node_modules/left-pad' }];
    expect(() => sbomOf(all, 'tidegate', unknown)).toThrow('left-pad@1.3.0');
  });
});

describe('the audit', () => {
  const report = (name: string, node: string) => ({ [name]: { name, severity: 'high', nodes: [node] } });

  it('finds advisories about the bundled copies', () => {
    expect(shippedFindings(report('cockatiel', 'node_modules/cockatiel'), BUNDLED)).toEqual(['cockatiel: high']);
    expect(shippedFindings(report('tslib', 'node_modules/zrender/node_modules/tslib'), BUNDLED)).toEqual([
      'tslib: high',
    ]);
    expect(shippedFindings(report('tslib', 'node_modules/tslib'), BUNDLED)).toEqual([]);
    expect(shippedFindings(report('vitest', 'node_modules/vitest'), BUNDLED)).toEqual([]);
  });

  describe('of a registry', () => {
    const ADVISORY = { name: 'cockatiel', severity: 'high', nodes: ['node_modules/cockatiel'] };
    const ANSWERS = {
      'that has no advisories': { vulnerabilities: {} },
      'that has one about a bundled package': { vulnerabilities: { cockatiel: ADVISORY } },
      'that answers no audits': { message: '405 Method Not Allowed' },
    };
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'audit-'));
      // A stand-in for npm that prints a given answer.
      await writeFile(join(folder, 'npm'), '#!/bin/sh\necho "$NPM_SAYS"\n', { mode: 0o755 });
    });
    afterAll(() => rm(folder, { recursive: true }));

    const audit = (answer: object, ...args: string[]): SpawnSyncReturns<string> =>
      spawnSync(process.execPath, ['tools/sbom/audit.ts', ...args], {
        cwd: ROOT,
        encoding: 'utf8',
        env: { ...process.env, NPM_SAYS: JSON.stringify(answer), PATH: `${folder}:${process.env['PATH']}` },
      });

    it.each([
      ['that has no advisories', [], 0, /^No advisory is about the \d+ packages/],
      ['that has one about a bundled package', ['--if-answered'], 1, /^cockatiel: high$/],
      ['that answers no audits', [], 2, /^No audit: 405 Method Not Allowed$/],
      ['that answers no audits', ['--if-answered'], 0, /^No audit: 405 Method Not Allowed$/],
    ] as const)('%s with %j exits with %d', (registry, args, code, words) => {
      const { status, stdout, stderr } = audit(ANSWERS[registry], ...args);
      expect(`${stdout}${stderr}`.trim()).toMatch(words);
      expect(status).toBe(code);
    });
  });

  it('is part of the gate, which tolerates no answer, and of workflows, which do not', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };
    expect(scripts['check:static']).toContain('npm run audit -- --if-answered');
    for (const name of ['ci', 'release']) expect(read(`.github/workflows/${name}.yml`)).toMatch(/npm run audit$/m);
  });
});

describe('workflows', () => {
  interface Workflow {
    readonly permissions: Readonly<Record<string, string>>;
    readonly jobs: Readonly<
      Record<string, { readonly permissions?: Readonly<Record<string, string>>; readonly steps: readonly Step[] }>
    >;
  }
  interface Step {
    readonly run?: string;
    readonly uses?: string;
    readonly env?: Readonly<Record<string, string>>;
  }
  const workflow = (name: string): Workflow => parse(read(`.github/workflows/${name}.yml`)) as Workflow;
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };

  it.each(['ci', 'release'])('%s calls existing scripts', (name) => {
    const steps = Object.values(workflow(name).jobs).flatMap((job) => job.steps);
    const called = steps.flatMap(({ run }) =>
      [...(run ?? '').matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script!),
    );
    expect(called.length).toBeGreaterThan(0);
    expect(called.filter((script) => scripts[script] === undefined)).toEqual([]);
  });

  it('publish with provenance, after the gate and the audit, without an npm token', () => {
    const { permissions, jobs } = workflow('release');
    expect(permissions).toEqual({});
    const { permissions: own, steps } = jobs['release']!;
    expect(own?.['id-token']).toBe('write');
    const at = (text: string): number => steps.findIndex(({ run, uses }) => (run ?? uses ?? '').includes(text));
    const publish = at('changesets/action');
    for (const before of ['.ci/run', 'npm run audit', 'npm run sbom']) {
      expect(at(before)).toBeGreaterThan(-1);
      expect(at(before)).toBeLessThan(publish);
    }
    expect(read('.github/workflows/release.yml')).not.toMatch(/NPM_TOKEN|NODE_AUTH_TOKEN/);
    const { publishConfig } = JSON.parse(read('package.json')) as { publishConfig: object };
    expect(publishConfig).toEqual({ access: 'public', provenance: true });
  });

  it('have write permissions only where needed', () => {
    expect(workflow('ci').permissions).toEqual({ contents: 'read' });
  });
});

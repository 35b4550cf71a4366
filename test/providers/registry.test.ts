import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLAUDE_ONLY, PROVIDER_NAMES } from '../../src/core/provider.ts';
import { ANTHROPIC_API } from '../../src/providers/apis/anthropic-api.ts';
import { adapterFor, knownClass, PROVIDERS, providerOfHost } from '../../src/providers/registry.ts';
import { FAMILIES, SDKS } from '../../src/providers/sdks.ts';
import { isSdkModule } from '../../src/register/sdk-modules.ts';
import { PROVIDERS as LABELS } from '../../src/telemetry/contract/closed-sets.ts';

const at = (path: string): URL => new URL(`../../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(at(path), 'utf8');
const rows = Object.values(PROVIDERS);
const manifest = JSON.parse(read('package.json')) as {
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

describe('every provider is complete', () => {
  it('every name has one row, one adapter and one label', () => {
    expect(Object.keys(PROVIDERS).toSorted()).toEqual([...PROVIDER_NAMES].toSorted());
    expect(Object.keys(LABELS).toSorted(), 'PROVIDERS in src/telemetry/contract/closed-sets.ts').toEqual(
      [...PROVIDER_NAMES].toSorted(),
    );
    for (const [name, row] of Object.entries(PROVIDERS)) {
      expect(row.name).toBe(name);
      expect(adapterFor(row.name).provider).toBe(name);
    }
  });

  it('no two rows claim the same host, class or fingerprint', () => {
    for (const list of ['hosts', 'fingerprints'] as const) {
      const all = rows.flatMap((row) => row[list]);
      expect(new Set(all).size).toBe(all.length);
    }
    const classes = rows.flatMap((row) => Object.keys(row.classes));
    expect(new Set(classes).size).toBe(classes.length);
  });

  it.each(rows)('$name is found by the data of its row', ({ name, hosts, classes }) => {
    expect(hosts.length + Object.keys(classes).length).toBeGreaterThan(0);
    for (const host of hosts) {
      expect(host).toMatch(/^[a-z\d.-]+$/);
      expect(providerOfHost(`https://${host.startsWith('.') ? `resource${host}` : host}/v1`)).toBe(name);
      expect(providerOfHost(`https://${host.replace(/^\./, '')}.evil.test/v1`)).toBeUndefined();
    }
    for (const [known, family] of Object.entries(classes))
      expect(knownClass(known)).toEqual({ provider: name, family });
  });

  it('only Claude is served where the API is Anthropic’s', () => {
    const claude = rows.filter(({ api }) => api === ANTHROPIC_API).map(({ name }) => name);
    expect(claude.toSorted(), 'CLAUDE_ONLY in src/core/provider.ts').toEqual([...CLAUDE_ONLY].toSorted());
  });

  it('the SDKs match package.json, and `register` patches every package with a class', () => {
    for (const family of FAMILIES) {
      const { package: name, range, client } = SDKS[family];
      expect(manifest.peerDependencies[name]).toBe(range);
      expect(knownClass(client)?.family).toBe(family);
    }
    const packages = [...FAMILIES.map((family) => SDKS[family].package), ...rows.flatMap((row) => row.packages)];
    for (const name of packages) {
      expect(Object.keys(manifest.devDependencies)).toContain(name);
      expect(isSdkModule(at(`node_modules/${name}/client.js`).href)).toBe(true);
    }
  });

  it('every row has a file of its own or is in the table of compatible ones, and is documented', () => {
    const files = readdirSync(at('src/providers')).filter((file) => file.endsWith('.ts'));
    const text = files.map((file) => read(`src/providers/${file}`)).join('\n');
    const page = read('docs/add-a-provider.md');
    for (const { name } of rows) {
      expect(text.split(`name: '${name}'`)).toHaveLength(2);
      expect(page).toContain(`\`${name}\``);
    }
  });
});

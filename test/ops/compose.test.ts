import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT, runTool } from './tools.ts';

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[]; readonly start_period: string };
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly profiles?: readonly string[];
  readonly network_mode?: string;
  readonly command?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const compose = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;
const services = Object.entries(compose.services);

test('the linter reports nothing', () => {
  expect(() =>
    runTool(process.execPath, ['node_modules/dclint/bin/dclint.cjs', '--max-warnings=0', 'docker-compose.yml']),
  ).not.toThrow();
});

test('it runs Prometheus, Alertmanager, Grafana, the demo and the inbox; traces only on request', () => {
  const always = services.filter(([, service]) => service.profiles === undefined).map(([name]) => name);
  expect(always).toEqual(['alertmanager', 'demo', 'grafana', 'inbox', 'prometheus']);
  expect(compose.services['jaeger']?.profiles).toEqual(['traces']);
});

describe.each(services)('%s', (_, service) => {
  test('is pinned, has a health check, and no more rights than it needs', () => {
    expect(service.image).toMatch(/:v?\d+\.\d+\.\d+(-[a-z-]+)?@sha256:[0-9a-f]{64}$/);
    expect(service.healthcheck?.test[0]).toBe('CMD');
    expect(service.healthcheck?.start_period).toBeTruthy();
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(service.mem_limit).toBeTruthy();
    expect(service.user).toMatch(/^(node|[1-9]\d*:\d+)$/);
  });

  test('listens on loopback and mounts the repository read-only', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const volume of service.volumes ?? []) {
      // Only parts of the repository: the whole contains secrets.
      expect(volume).toMatch(/^(\.\/[\w./-]+:\/[\w./-]+:ro|[\w-]+-data:\/[\w./-]+)$/);
    }
    const sources = (service.volumes ?? [])
      .map((volume) => volume.split(':')[0]!)
      .filter((source) => source.startsWith('.'));
    expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
  });

  test('runs files that exist in the container, with their imports', () => {
    const mounted = (service.volumes ?? []).map((volume) => join(ROOT, volume.split(':')[0]!));
    const files = (service.command ?? []).filter((word) => word.endsWith('.ts')).map((word) => join(ROOT, word));
    // Iterating a Set includes what is added meanwhile.
    const all = new Set(files);
    for (const file of all) {
      for (const [, imported] of readFileSync(file, 'utf8').matchAll(/(?: from |\bimport\()'(\.{1,2}\/[^']+)'/g)) {
        all.add(join(file, '..', imported!));
      }
    }
    const absent = [...all].filter((file) => !mounted.some((path) => file === path || file.startsWith(`${path}/`)));
    expect(absent).toEqual([]);
    expect(all.size > 20).toBe(files.length > 0);
  });
});

test('Grafana requires a password set by the user', () => {
  const { environment } = compose.services['grafana']!;
  expect(environment).toMatchObject({
    GF_AUTH_ANONYMOUS_ENABLED: 'false',
    GF_USERS_ALLOW_SIGN_UP: 'false',
    GF_SECURITY_ADMIN_PASSWORD__FILE: '/run/secrets/grafana_admin_password',
  });
  expect(environment).not.toHaveProperty('GF_SECURITY_ADMIN_PASSWORD');
  // `:?` makes compose refuse to start when the variable is not set.
  expect(compose.secrets['grafana_admin_password']?.file).toMatch(/^\$\{GRAFANA_ADMIN_PASSWORD_FILE:\?.+\}$/);
});

test('secrets stay out of git', () => {
  for (const folder of ['prometheus/secrets', 'grafana/secrets']) {
    expect(readFileSync(join(ROOT, folder, '.gitignore'), 'utf8').split('\n')[0]).toBe('*');
  }
});

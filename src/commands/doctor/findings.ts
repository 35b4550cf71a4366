import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { satisfies } from 'semver';
import { VERSION } from '../../telemetry/names.ts';

export interface Finding {
  readonly state: 'ok' | 'note' | 'wrong';
  readonly about: string;
  readonly text: string;
}

interface Place {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly port: number;
}

interface Manifest {
  readonly version: string;
  readonly engines?: { readonly node?: string };
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const SDKS = ['openai', '@anthropic-ai/sdk', 'groq-sdk'];

const KEYS = ['OPENAI_API_KEY', 'AZURE_OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GROQ_API_KEY'];

/** Libraries with retries of their own, and how to turn those off. */
const RETRIERS: Readonly<Record<string, string>> = {
  ai: 'maxRetries: 0 in its calls',
  '@langchain/core': 'maxRetries: 0 in its models',
  '@openai/agents-core': 'maxRetries: 0 of its client',
  llamaindex: 'maxRetries: 0 of its model',
  'p-retry': 'no p-retry around guarded calls',
  'async-retry': 'no async-retry around guarded calls',
  '@mastra/core': 'maxRetries: 0 of its model',
};

/** Findings about an application's folder. Sends nothing and shows no key. */
export async function findings(place: Place): Promise<Finding[]> {
  const own = await manifestOf(findPackageJSON(import.meta.url));
  return [
    node(own),
    ...(await copies(place)),
    ...(await sdks(place, own)),
    ...(await telemetry(place)),
    ...(await prices(place, own)),
    ...(await retriers(place)),
    ...keys(place),
    await metricsPort(place),
  ];
}

function node(own: Manifest | undefined): Finding {
  const { version } = process;
  const range = own?.engines?.node ?? '*';
  return satisfies(version, range)
    ? { state: 'ok', about: 'Node', text: version }
    : { state: 'wrong', about: 'Node', text: `${version}: tidegate needs ${range}` };
}

async function copies({ folder }: Place): Promise<Finding[]> {
  const found = await installed('tidegate', folder);
  if (!found) {
    return [{ state: 'note', about: 'tidegate', text: `${VERSION}; not installed here: npm install tidegate` }];
  }
  const same = found.version === VERSION;
  const text = same
    ? VERSION
    : `${found.version} is installed, but ${VERSION} is running: npx tidegate@${found.version}`;
  return [{ state: same ? 'ok' : 'note', about: 'tidegate', text }];
}

async function sdks({ folder }: Place, own: Manifest | undefined): Promise<Finding[]> {
  const made: Finding[] = [];
  for (const name of SDKS) {
    const found = await installed(name, folder);
    if (!found) continue;
    const range = own?.peerDependencies?.[name] ?? '*';
    made.push(
      satisfies(found.version, range, { includePrerelease: true })
        ? { state: 'ok', about: name, text: found.version }
        : { state: 'wrong', about: name, text: `${found.version} is not supported: tidegate needs ${range}` },
    );
  }
  if (made.length > 0) return made;
  return [{ state: 'note', about: 'SDKs', text: `none of ${SDKS.join(', ')} is installed; guarded fetch needs none` }];
}

async function telemetry({ folder }: Place): Promise<Finding[]> {
  const api = await installed('@opentelemetry/api', folder);
  const others = ['@opentelemetry/sdk-node', '@opentelemetry/exporter-prometheus'];
  const missing: string[] = [];
  for (const name of others) if (!(await installed(name, folder))) missing.push(name);
  if (!api && missing.length === others.length) {
    return [
      {
        state: 'note',
        about: 'OpenTelemetry',
        text: 'not installed, so there are no spans and metrics: npm install ' + others.join(' '),
      },
    ];
  }
  const ready = missing.length === 0;
  return [
    {
      state: ready ? 'ok' : 'note',
      about: 'OpenTelemetry',
      text: ready ? `ready for startTelemetry()` : `startTelemetry() needs ${missing.join(' and ')}`,
    },
  ];
}

async function prices({ folder }: Place, own: Manifest | undefined): Promise<Finding[]> {
  const name = '@pydantic/genai-prices';
  const found = await installed(name, folder);
  if (!found) return [{ state: 'note', about: 'prices', text: `none: npm install ${name}, or a table of your own` }];
  const range = own?.peerDependencies?.[name] ?? '*';
  return [
    satisfies(found.version, range)
      ? { state: 'ok', about: 'prices', text: `${name} ${found.version}` }
      : { state: 'wrong', about: 'prices', text: `${name} ${found.version} is not supported: tidegate needs ${range}` },
  ];
}

async function retriers({ folder }: Place): Promise<Finding[]> {
  const made: Finding[] = [];
  for (const [name, cure] of Object.entries(RETRIERS)) {
    const found = await installed(name, folder);
    if (found) made.push({ state: 'note', about: 'retries', text: `${name} ${found.version} retries too: ${cure}` });
  }
  return made;
}

function keys({ env }: Place): Finding[] {
  const there = KEYS.filter((name) => env[name] !== undefined && env[name] !== '');
  if (there.length === 0) return [{ state: 'note', about: 'keys', text: `none of ${KEYS.join(', ')} is set` }];
  return there.map((name): Finding => {
    const spoiled = /^\s|\s$|^["']|["']$|[^\x21-\x7e]/.test(env[name]!);
    return spoiled
      ? { state: 'wrong', about: 'keys', text: `${name} contains quotes, a space or a line break` }
      : { state: 'ok', about: 'keys', text: `${name} is set` };
  });
}

async function metricsPort({ port }: Place): Promise<Finding> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return { state: 'ok', about: 'port', text: `${port} is free for /metrics` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const taken = code === 'EADDRINUSE';
    return {
      state: taken ? 'note' : 'wrong',
      about: 'port',
      text: taken ? `${port} is in use: by your own application, or startTelemetry({ port })` : `${port}: ${code}`,
    };
  } finally {
    server.close();
  }
}

function installed(name: string, folder: string): Promise<Manifest | undefined> {
  try {
    return manifestOf(findPackageJSON(name, pathToFileURL(join(folder, 'application.js'))));
  } catch {
    return Promise.resolve(undefined);
  }
}

async function manifestOf(path: string | undefined): Promise<Manifest | undefined> {
  try {
    return path === undefined ? undefined : (JSON.parse(await readFile(path, 'utf8')) as Manifest);
  } catch {
    return undefined;
  }
}

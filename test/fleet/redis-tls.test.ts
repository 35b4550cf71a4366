import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RedisClient } from '../../src/fleet/redis-client.ts';
import { callNow, joinFleet } from './real-process.ts';
import { freePort, RedisServer } from './redis-server.ts';
import { eventually } from '../helpers/eventually.ts';

let folder: string;
let server: RedisServer;
let port: number;
let ca: Buffer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const made = ['-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', ...made, ...names], { stdio: 'ignore' });
  ca = readFileSync(cert);
  port = await freePort();
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
  server = await RedisServer.start('--tls-port', String(port), '--tls-auth-clients', 'no', ...files);
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Opened {
  readonly client: RedisClient;
  close(): void;
}

/** A client as applications configure it, for a server whose certificate is signed by one of `trusted`. */
const CLIENTS: Readonly<Record<string, (trusted: Buffer | undefined) => Opened>> = {
  ioredis: (trusted) => {
    const tls = trusted ? { ca: trusted } : {};
    const client = new Redis({ host: '127.0.0.1', port, tls, maxRetriesPerRequest: 0, retryStrategy: () => 200 });
    client.on('error', () => undefined);
    return { client, close: () => client.disconnect() };
  },
  redis: (trusted) => {
    const socket = { host: '127.0.0.1', port, tls: true as const, reconnectStrategy: () => 200 };
    const client = createClient({ disableOfflineQueue: true, socket: { ...socket, ...(trusted && { ca: trusted }) } });
    client.on('error', () => undefined);
    void client.connect().catch(() => undefined);
    return { client, close: () => client.destroy() };
  },
};

it.each(Object.keys(CLIENTS))('divides limits over TLS by a client of %s', async (kind) => {
  const opened = [CLIENTS[kind]!(ca), CLIENTS[kind]!(ca)];
  const processes = opened.map(({ client }) => joinFleet(client));
  try {
    for (const process of processes) await callNow(process);
    const shares = (): unknown[] => processes.map(({ share }) => [share.mode, share.fleet]);
    const both = [
      ['shared', 2],
      ['shared', 2],
    ];
    await eventually(() => expect(shares()).toEqual(both));
  } finally {
    for (const { lane } of processes) lane.lane.close();
    for (const { close } of opened) close();
  }
});

it.each(Object.keys(CLIENTS))('continues alone when %s does not trust the certificate', async (kind) => {
  const { client, close } = CLIENTS[kind]!(undefined);
  const process = joinFleet(client);
  try {
    await callNow(process);
    await eventually(() => expect(process.share.mode).toBe('alone'));
    await callNow(process);
    expect(process.warnings).toHaveLength(1);
  } finally {
    process.lane.lane.close();
    close();
  }
});

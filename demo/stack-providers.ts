import { setTimeout as wait } from 'node:timers/promises';
import type { Guard } from '../src/index.ts';
import { startSimulator } from '../src/testing.ts';
import { createClassifier, PROVIDERS } from './classifier.ts';
import type { ProviderId } from './classifier.ts';
import type { Email } from './emails.ts';
import type { Scene } from './stack-scenes.ts';
import { PAUSE_MS, SIMULATED } from './stack-scenes.ts';

/** Simulated providers with calm traffic. */
export interface Providers {
  /** Begins a fault. @returns a function that ends it */
  disturb(scene: Pick<Scene, 'provider' | 'fault'>): () => void;
  /** Stops the calls and closes the servers. */
  close(): Promise<void>;
}

/** Starts them and the traffic to them through the guard. */
export async function openProviders(
  guard: Guard,
  models: Readonly<Record<ProviderId, string>>,
  emails: readonly Email[],
): Promise<Providers> {
  const closed = new AbortController();
  const opened = await Promise.all(
    PROVIDERS.map(async (provider) => {
      const simulator = await startSimulator(SIMULATED[provider]);
      const access = { apiKey: 'simulated', baseURL: simulator.url };
      const classify = createClassifier(provider, models[provider], access, (client) => guard.wrap(client));
      let next = 0;
      const call = async (): Promise<void> => {
        await classify(emails[next++ % emails.length]!.text);
      };
      return [provider, { simulator, call }] as const;
    }),
  );
  const byProvider = new Map(opened);
  for (const [provider, { call }] of byProvider) void sendCalmly(call, PAUSE_MS[provider], closed.signal);
  return {
    disturb({ provider, fault }) {
      const { simulator, call } = byProvider.get(provider)!;
      if ('faults' in fault) {
        simulator.update({ faults: fault.faults });
        return () => simulator.update({ faults: {} });
      }
      const ended = new AbortController();
      const signal = AbortSignal.any([ended.signal, closed.signal]);
      for (let i = 0; i < fault.callers; i++) void sendEagerly(call, signal);
      return () => ended.abort();
    },
    async close() {
      closed.abort();
      await Promise.all(Array.from(byProvider.values(), ({ simulator }) => simulator.close()));
    },
  };
}

// The alerts report failed calls.

/** At a steady rate, however long each call takes. */
async function sendCalmly(call: () => Promise<void>, pauseMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    call().catch(() => {});
    await wait(pauseMs);
  }
}

/** One call after the other. */
async function sendEagerly(call: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await call().catch(() => wait(100));
}

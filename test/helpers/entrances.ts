import { onTestFinished, vi } from 'vitest';
import type { GuardEvent } from '../../src/core/events.ts';
import type { GuardCore } from '../../src/guard.ts';
import type { GuardOptions } from '../../src/options.ts';
import { type FakeFetch, fakeFetch, type Reply } from './fake-fetch.ts';
import { guardedClient, testGuard } from './guarded.ts';
import { type AnyClient, type SdkCase, SDKS } from './sdk-matrix.ts';
import { VirtualClock } from './virtual-clock.ts';

/** The code paths by which a call reaches a lane: a guarded client, and a stock one with a guarded fetch. */
export const ENTRANCES = ['wrap', 'fetch'] as const;
export type Entrance = (typeof ENTRANCES)[number];

const NEWEST = ['openai 7.59', 'anthropic 1.14', 'groq 1.6'];

/** Every provider by every entrance. */
export const ENTERED: readonly { readonly entrance: Entrance; readonly family: string; readonly sdk: SdkCase }[] =
  SDKS.filter(({ name }) => NEWEST.includes(name)).flatMap((sdk) =>
    ENTRANCES.map((entrance) => ({ entrance, family: sdk.family, sdk })),
  );

export interface Entered {
  readonly clock: VirtualClock;
  readonly guard: GuardCore & { events: GuardEvent[] };
  readonly client: AnyClient;
  readonly requests: FakeFetch['requests'];
}

/** A client with an account of its own on virtual time, whose requests `replies` answer in turn. */
export function enter(entrance: Entrance, sdk: SdkCase, options: GuardOptions, ...replies: Reply[]): Entered {
  const clock = new VirtualClock();
  const guard = testGuard(options, { clock, random: () => 0.5 });
  const { fetch, requests } = fakeFetch(...replies);
  if (entrance === 'wrap') return { clock, guard, client: guardedClient(sdk, guard, fetch), requests };
  vi.stubGlobal('fetch', fetch);
  onTestFinished(() => void vi.unstubAllGlobals());
  const client = new sdk.Client({ apiKey: `fetch-key-${Math.random()}`, fetch: guard.fetch, maxRetries: 0 });
  return { clock, guard, client, requests };
}

import { startSimulator } from '../src/testing.ts';
import type { Simulator } from '../src/testing.ts';
import type { Guarding, ProviderId } from './classifier.ts';
import { createClassifier } from './classifier.ts';
import { countingFetch, trafficOf } from './meter.ts';
import type { DemoOptions } from './options.ts';
import { DemoError } from './options.ts';
import type { Lane } from './phase.ts';
import { PROVIDERS } from './classifier.ts';
import { TIERS } from './tiers.ts';

/** New providers for one phase: no limit is used up yet. */
export interface Lanes {
  readonly lanes: readonly Lane[];
  close(): Promise<void>;
}

const KEYS: Readonly<Record<ProviderId, string>> = {
  openai: 'OPENAI_API_KEY',
  anthropic: 'ANTHROPIC_API_KEY',
  groq: 'GROQ_API_KEY',
};

export async function openLanes(options: DemoOptions, guarding: Guarding): Promise<Lanes> {
  return options.live ? liveLanes(options, guarding) : simulatedLanes(options, guarding);
}

/** The providers of this run. @throws DemoError when no key is set */
export function providersOf(options: DemoOptions, env: NodeJS.ProcessEnv): ProviderId[] {
  if (!options.live) return [...PROVIDERS];
  const found = PROVIDERS.filter((provider) => env[KEYS[provider]]);
  if (found.length === 0) throw new DemoError(`--live needs at least one of ${Object.values(KEYS).join(', ')}.`);
  return found;
}

async function simulatedLanes({ models }: DemoOptions, guarding: Guarding): Promise<Lanes> {
  const simulators: Simulator[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(simulators.map((simulator) => simulator.close()));
  };
  try {
    const lanes: Lane[] = [];
    for (const provider of PROVIDERS) {
      const simulator = await startSimulator(TIERS[provider].options);
      simulators.push(simulator);
      const access = { apiKey: 'simulated', baseURL: simulator.url };
      lanes.push({
        provider,
        classify: createClassifier(provider, models[provider], access, guarding),
        traffic: () => trafficOf(simulator.stats()),
      });
    }
    return { lanes, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function liveLanes(options: DemoOptions, guarding: Guarding): Lanes {
  const lanes = providersOf(options, process.env).map((provider): Lane => {
    const meter = countingFetch();
    const access = { apiKey: process.env[KEYS[provider]]!, fetch: meter.fetch };
    return {
      provider,
      classify: createClassifier(provider, options.models[provider], access, guarding),
      traffic: () => meter.traffic(),
    };
  });
  return { lanes, close: () => Promise.resolve() };
}

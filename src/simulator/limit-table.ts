import type { SimulatorProvider } from './limit-rules.ts';
import type { LimitsByModel, SimulatorLimits } from './limits.ts';
import { checkLimits, checkLimitsByModel, limitsOfPool } from './limits.ts';
import type { Preset, PresetName } from './presets.ts';
import { DEFAULT_PRESET, PRESETS } from './presets.ts';
import { oneOf } from './validate.ts';

/** The three places where limits come from; later ones override earlier ones, limit by limit. */
export interface LimitSources {
  readonly preset?: PresetName;
  readonly limits?: SimulatorLimits;
  readonly modelLimits?: LimitsByModel;
}

export function presetOf(provider: SimulatorProvider, sources: LimitSources, path: string): Preset | undefined {
  const presets = PRESETS[provider];
  if (sources.preset !== undefined) {
    const name = oneOf(sources.preset, path, Object.keys(presets), sources.preset);
    return presets[name];
  }
  // Somebody who names limits means these and no others.
  if (sources.limits !== undefined || sources.modelLimits !== undefined) return undefined;
  return presets[DEFAULT_PRESET[provider]];
}

/**
 * Checks the sources and returns the limits of each pool.
 * `prefix` stands before the option's name in errors.
 */
export function limitTable(
  provider: SimulatorProvider,
  sources: LimitSources,
  prefix = '',
): (pool: string) => SimulatorLimits {
  const preset = presetOf(provider, sources, `${prefix}preset`);
  const { limits = {}, modelLimits = {} } = sources;
  checkLimits(limits, `${prefix}limits`);
  checkLimitsByModel(modelLimits, `${prefix}modelLimits`);
  return (pool) => ({
    ...(preset && (limitsOfPool(preset.models, pool) ?? preset.limits)),
    ...limits,
    ...limitsOfPool(modelLimits, pool),
  });
}

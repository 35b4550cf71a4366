import type { SimulatorProvider } from './limit-rules.ts';
import type { LimitsByModel, SimulatorLimits } from './limits.ts';
import { checkLimits, checkLimitsByModel, limitsOfPool } from './limits.ts';
import type { Preset, PresetName } from './presets.ts';
import { DEFAULT_PRESET, PRESETS } from './presets.ts';
import { oneOf } from '../validate.ts';

/** The three sources of limits; later ones override earlier ones, limit by limit. */
export interface LimitSources {
  readonly preset?: PresetName;
  readonly limits?: SimulatorLimits;
  readonly modelLimits?: LimitsByModel;
}

/**
 * Initial sources: options with limits mean only these limits,
 * options without any mean the provider's first tier.
 */
export function initialSources(provider: SimulatorProvider, sources: LimitSources): LimitSources {
  const { preset, limits, modelLimits } = sources;
  if (preset === undefined && limits === undefined && modelLimits === undefined) {
    return { preset: DEFAULT_PRESET[provider] };
  }
  return mergeSources({}, sources);
}

/** Given values replace the previous ones. */
export function mergeSources(before: LimitSources, given: LimitSources): LimitSources {
  const { preset = before.preset, limits = before.limits, modelLimits = before.modelLimits } = given;
  return {
    ...(preset === undefined ? {} : { preset }),
    ...(limits === undefined ? {} : { limits }),
    ...(modelLimits === undefined ? {} : { modelLimits }),
  };
}

export function presetOf(provider: SimulatorProvider, sources: LimitSources, path: string): Preset | undefined {
  if (sources.preset === undefined) return undefined;
  const presets = PRESETS[provider];
  return presets[oneOf<string>(sources.preset, path, Object.keys(presets), sources.preset)];
}

/**
 * Checks the sources and returns the limits of each pool.
 * `prefix` precedes the option's name in errors.
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

import type { Attributes } from '@opentelemetry/api';
import { isOneOf } from './contract/closed-set.ts';
import { PROVIDERS } from './contract/closed-sets.ts';
import type { LabelsOf } from './contract/labels-of.ts';
import { ATTR, OTHER } from './names.ts';

export type ProviderLabels = Pick<LabelsOf<'tidegate.call.duration_seconds'>, typeof ATTR.provider>;

/** The attributes of all points, and the provider. */
export function providerLabels(common: Attributes, provider: string): ProviderLabels {
  return { ...common, [ATTR.provider]: isOneOf(PROVIDERS, provider) ? provider : OTHER };
}

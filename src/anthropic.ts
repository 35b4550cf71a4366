/**
 * Drop-in for `@anthropic-ai/sdk`: everything that the SDK exports, with the client classes guarded.
 * The published types are the SDK's own, see `types/anthropic.d.ts`.
 *
 * @module
 */
import * as sdk from '@anthropic-ai/sdk';
import { dropInDefault, dropInExport } from './drop-in.ts';

export * from '@anthropic-ai/sdk';

export const Anthropic: typeof sdk.Anthropic = dropInExport(sdk, 'Anthropic');
export const BaseAnthropic: typeof sdk.BaseAnthropic = dropInExport(sdk, 'BaseAnthropic');
const main: typeof sdk.Anthropic = dropInDefault(sdk, 'Anthropic', Anthropic);
export default main;

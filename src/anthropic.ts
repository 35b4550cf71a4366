/**
 * Drop-in for `@anthropic-ai/sdk`: everything that the SDK exports, with the client classes guarded.
 * The published types are the SDK's own, see `types/anthropic.d.ts`.
 *
 * @module
 */
import * as sdk from '@anthropic-ai/sdk';
import { dropIn } from './drop-in.ts';

export * from '@anthropic-ai/sdk';

export const Anthropic: typeof sdk.Anthropic = dropIn(sdk.Anthropic);
export const BaseAnthropic: typeof sdk.BaseAnthropic = dropIn(sdk.BaseAnthropic);
export default Anthropic;

/**
 * Drop-in for `openai`: everything that the SDK exports, with the client classes guarded.
 * The published types are the SDK's own, see `types/openai.d.ts`.
 *
 * @module
 */
import * as sdk from 'openai';
import { dropIn } from './drop-in.ts';

export * from 'openai';

export const OpenAI: typeof sdk.OpenAI = dropIn(sdk.OpenAI);
export const AzureOpenAI: typeof sdk.AzureOpenAI = dropIn(sdk.AzureOpenAI);
// Absent before openai 6.
export const BedrockOpenAI: typeof sdk.BedrockOpenAI = sdk.BedrockOpenAI && dropIn(sdk.BedrockOpenAI);
export default OpenAI;

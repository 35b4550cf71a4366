/**
 * Drop-in for `openai`: everything that the SDK exports, with the client classes guarded.
 * The published types are the SDK's own, see `types/openai.d.ts`.
 *
 * @module
 */
import * as sdk from 'openai';
import { dropInDefault, dropInExport } from './drop-in.ts';

export * from 'openai';

export const OpenAI: typeof sdk.OpenAI = dropInExport(sdk, 'OpenAI');
export const AzureOpenAI: typeof sdk.AzureOpenAI = dropInExport(sdk, 'AzureOpenAI');
// Absent before openai 6.
export const BedrockOpenAI: typeof sdk.BedrockOpenAI = dropInExport(sdk, 'BedrockOpenAI');
const main: typeof sdk.OpenAI = dropInDefault(sdk, 'OpenAI', OpenAI);
export default main;

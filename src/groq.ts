/**
 * Drop-in for `groq-sdk`: everything that the SDK exports, with the client class guarded.
 * The published types are the SDK's own, see `types/groq.d.ts`.
 *
 * @module
 */
import * as sdk from 'groq-sdk';
import { dropInDefault, dropInExport } from './drop-in.ts';

export * from 'groq-sdk';

export const Groq: typeof sdk.Groq = dropInExport(sdk, 'Groq');
const main: typeof sdk.Groq = dropInDefault(sdk, 'Groq', Groq);
export default main;

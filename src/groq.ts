/**
 * Drop-in for `groq-sdk`: everything that the SDK exports, with the client class guarded.
 * The published types are the SDK's own, see `types/groq.d.ts`.
 *
 * @module
 */
import * as sdk from 'groq-sdk';
import { dropIn } from './drop-in.ts';

export * from 'groq-sdk';

export const Groq: typeof sdk.Groq = dropIn(sdk.Groq);
export default Groq;

import type { GuardOptions } from '../dist/types/options.cjs';

export * from 'groq-sdk';
export { default } from 'groq-sdk';

declare module 'groq-sdk/client' {
  interface ClientOptions {
    /** Options of the guard of this client; clones made by `withOptions()` share it. */
    tidegate?: GuardOptions | undefined;
  }
}

import type { GuardOptions } from '../dist/types/options.js';

export * from 'openai';
export { default } from 'openai';

declare module 'openai/client' {
  interface ClientOptions {
    /** Options of the guard of this client; clones made by `withOptions()` share it. */
    tidegate?: GuardOptions | undefined;
  }
}

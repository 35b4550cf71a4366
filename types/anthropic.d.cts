import type { GuardOptions } from '../dist/types/options.cjs';

export * from '@anthropic-ai/sdk';
export { default } from '@anthropic-ai/sdk';

declare module '@anthropic-ai/sdk/client' {
  interface ClientOptions {
    /** Options of the guard of this client; clones made by `withOptions()` share it. */
    tidegate?: GuardOptions | undefined;
  }
}

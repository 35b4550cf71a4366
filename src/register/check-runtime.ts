import nodeModule from 'node:module';
import { TidegateSetupError } from '../errors.ts';

// Asked before anything else of register is run; by name the import itself would be the error.
if (typeof nodeModule.registerHooks !== 'function') {
  const error = new TidegateSetupError(
    'unsupported_runtime',
    `tidegate/register needs Node.js 22.15 or later and this is ${runtime()}, so no client would be guarded: ` +
      'run a later Node.js, or use the drop-in modules (tidegate/openai, ...) or wrap().',
  );
  // Its frames are all Node's and ours.
  error.stack = `${error.name}: ${error.message}`;
  throw error;
}

function runtime(): string {
  const { bun, deno, node } = process.versions;
  if (bun) return `Bun ${bun}`;
  return deno ? `Deno ${deno}` : `Node.js ${node}`;
}

import nodeModule from 'node:module';
import { TidegateSetupError } from '../errors.ts';

const { bun, deno, node } = process.versions;

// Asked before anything else of register is run; by name the import itself would be the error. Deno has the function and
// calls it for `require` alone.
if (bun === undefined && (deno !== undefined || typeof nodeModule.registerHooks !== 'function')) {
  const error = new TidegateSetupError(
    'unsupported_runtime',
    `tidegate/register needs Node.js 22.15 or later and this is ${deno === undefined ? `Node.js ${node}` : `Deno ${deno}`}, so no client would be guarded: ` +
      'run a later Node.js, or use the drop-in modules (tidegate/openai, ...) or wrap().',
  );
  // Its frames are all Node's and ours.
  error.stack = `${error.name}: ${error.message}`;
  throw error;
}

import nodeModule from 'node:module';
import { TidegateSetupError } from '../errors.ts';

const { bun, deno, node } = process.versions;

// Checked before anything else of register runs. A named import would fail by itself where it is missing. Deno has the
// function but applies it to `require` only.
if (bun === undefined && (deno !== undefined || typeof nodeModule.registerHooks !== 'function')) {
  const error = new TidegateSetupError(
    'unsupported_runtime',
    `tidegate/register needs Node.js 22.15 or later and this is ${deno === undefined ? `Node.js ${node}` : `Deno ${deno}`}, so no client would be guarded: ` +
      'run a later Node.js, or use the drop-in modules (tidegate/openai, ...) or wrap().',
  );
  // All of its frames are Node's or ours.
  error.stack = `${error.name}: ${error.message}`;
  throw error;
}

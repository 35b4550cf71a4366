/**
 * Guards every OpenAI, Anthropic and Groq client of a process with no code change:
 * `node --import tidegate/register app.js`.
 *
 * @module
 */
import './register/check-runtime.ts';
import workerThreads from 'node:worker_threads';
import { engine } from './engine.ts';
import { hookLoaders } from './register/hooks.ts';
import { patchLoaded } from './register/patch-loaded.ts';

// `--require` is obeyed in the thread of other packages' loaders as well, and some versions of Node fail on hooks there.
if (!workerThreads.isInternalThread) {
  hookLoaders();
  patchLoaded();
  engine().noticeUnguarded();
}

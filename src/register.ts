/**
 * Guards every OpenAI, Anthropic and Groq client of a process with no code change:
 * `node --import tidegate/register app.js`.
 *
 * @module
 */
import './register/check-runtime.ts';
import workerThreads from 'node:worker_threads';
import { engine } from './engine.ts';
import { recordHits } from './hits/record-hits.ts';
import { hookBun } from './register/bun.ts';
import { hookLoaders } from './register/hooks.ts';
import { offerPatch } from './register/patched-source.ts';
import { patchLoaded } from './register/patch-loaded.ts';
import { sharedRedis } from './register/shared-redis.ts';

// `--require` also applies in the thread of other packages' loaders, where some versions of Node fail on hooks.
if (!workerThreads.isInternalThread) {
  offerPatch();
  if (process.versions['bun'] === undefined) hookLoaders();
  else hookBun();
  patchLoaded();
  engine().noticeUnguarded();
  const redis = process.env['TIDEGATE_REDIS_URL'];
  if (redis) engine().share(sharedRedis(redis));
  const hits = process.env['TIDEGATE_HITS'];
  if (hits) recordHits({ path: hits });
}

import fc from 'fast-check';
import { afterEach } from 'vitest';
import { closeAll } from './helpers/after-test.ts';

afterEach(closeAll);

// The gate gives the same result for the same tree; FC_SEED=$RANDOM npm test searches further.
fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 20_261_124) });

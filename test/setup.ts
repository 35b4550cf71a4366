import fc from 'fast-check';
import { afterEach } from 'vitest';
import { closeAll } from './helpers/after-test.ts';

afterEach(closeAll);

// The gate gives the same answer for the same tree; FC_SEED=$RANDOM npm test looks further.
fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 20_261_124) });

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { optionsPage } from './options-page.ts';

/**
 * Writes the pages of `docs/` that are generated from the source. `ops/build.ts` writes those about metrics and alerts.
 */
await writeFile(join(import.meta.dirname, '../../docs/options.md'), await optionsPage());

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { optionsPage } from './options-page.ts';

/** Writes the pages of `docs/` that are made from the source. Those about metrics and alerts are made by `ops/build.ts`. */
await writeFile(join(import.meta.dirname, '../../docs/options.md'), await optionsPage());

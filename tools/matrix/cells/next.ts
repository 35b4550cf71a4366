import type { Cell, Folder } from '../cell.ts';
import { packages, version } from '../versions.ts';
import { DRIVE, NEXT_APP } from './next-app.ts';

const SECTION = 'Frameworks';
const FOLDER: Folder = {
  name: 'next',
  packages: packages(
    'openai',
    'next',
    'react',
    'react-dom',
    '@opentelemetry/api',
    '@opentelemetry/sdk-node',
    '@opentelemetry/exporter-prometheus',
  ),
};

/** Server components and route handlers may each get a copy of tidegate; lanes and counters belong to the process. */
export const nextCells: readonly Cell[] = (['turbopack', 'webpack'] as const).map((bundler) => ({
  id: `next, ${bundler}`,
  place: [SECTION, `Next.js ${version('next')}`, bundler],
  folder: FOLDER,
  files: { ...NEXT_APP, 'drive.mjs': DRIVE },
  steps: [
    { argv: ['next', 'build', `--${bundler}`], env: { NEXT_TELEMETRY_DISABLED: '1' } },
    { argv: ['node', 'drive.mjs'], env: { NEXT_TELEMETRY_DISABLED: '1' } },
  ],
  expect: 'guarded',
  seconds: 240,
}));

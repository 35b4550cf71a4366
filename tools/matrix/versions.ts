import manifest from '../../package.json' with { type: 'json' };

const development: Readonly<Record<string, string>> = manifest.devDependencies;

/** Packages that only the matrix uses: the newest versions when the table was last updated. */
const OTHERS: Readonly<Record<string, string>> = {
  '@llamaindex/openai': '0.4.23',
  '@mastra/core': '1.71.0',
  '@nestjs/common': '12.5.1',
  '@nestjs/core': '12.5.1',
  '@opentelemetry/auto-instrumentations-node': '0.82.0',
  '@opentelemetry/instrumentation': '0.301.1',
  '@rollup/plugin-commonjs': '29.0.3',
  '@rollup/plugin-json': '6.1.0',
  '@rollup/plugin-node-resolve': '16.0.3',
  '@sentry/node': '11.12.0',
  '@vercel/ncc': '0.45.0',
  bun: '1.4.5',
  'dd-trace': '6.21.0',
  deno: '2.9.6',
  esbuild: '0.28.2',
  jest: '30.5.2',
  llamaindex: '0.12.1',
  mocha: '12.0.3',
  next: '16.4.6',
  react: '19.3.1',
  'react-dom': '19.3.1',
  'reflect-metadata': '0.2.2',
  rollup: '4.68.8',
  rxjs: '7.8.2',
  'ts-jest': '29.4.15',
  tsdown: '0.23.7',
  tsup: '9.0.0',
  tsx: '4.23.15',
  vite: '8.3.8',
  webpack: '5.112.2',
  workerd: '1.20261117.1',
  'webpack-cli': '7.3.1',
};

/** The version of a package in cells: development's if it is used there. */
export function version(name: string): string {
  const found = development[name] ?? OTHERS[name];
  if (found === undefined) throw new Error(`Expected a version of ${name} in versions.ts.`);
  return found;
}

export function packages(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, version(name)]));
}

export const sdkPackages: Readonly<Record<string, string>> = packages('openai', '@anthropic-ai/sdk', 'groq-sdk');

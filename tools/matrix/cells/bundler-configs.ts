/** Configuration files of bundlers as their users write them. */

const EXTERNAL = '/^(tidegate|openai|groq-sdk|@anthropic-ai)/';

export const ROLLUP = (format: 'esm' | 'cjs', inlined: boolean): string => `
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import resolve from '@rollup/plugin-node-resolve';

export default {
  input: 'app.mjs',
  output: { file: 'out.${format === 'esm' ? 'mjs' : 'cjs'}', format: '${format}', inlineDynamicImports: true },
  external: [/^node:/${inlined ? '' : `, ${EXTERNAL}`}],
  plugins: [resolve({ preferBuiltins: true }), commonjs(), json()],
};
`;

export const WEBPACK = (format: 'esm' | 'cjs', inlined: boolean): string => `
module.exports = {
  mode: 'production',
  target: 'node',
  entry: './app.mjs',
  ${
    format === 'esm'
      ? "experiments: { outputModule: true }, output: { path: __dirname, filename: 'out.mjs', module: true, chunkFormat: 'module' },"
      : "output: { path: __dirname, filename: 'out.cjs' },"
  }
  ${inlined ? '' : `externals: [({ request }, done) => ${EXTERNAL}.test(request) ? done(null, '${format === 'esm' ? 'module' : 'commonjs'} ' + request) : done()],`}
};
`;

export const VITE = (inlined: boolean): string => `
export default {
  ssr: { ${inlined ? 'noExternal: true' : 'external: true'} },
  build: { outDir: '.', emptyOutDir: false, rollupOptions: { output: { entryFileNames: 'out.mjs' } } },
};
`;
